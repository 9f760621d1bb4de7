//! What a token says, in words and lists that a printer can write down.

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::{Map, Value};

use super::{
    InputFormat, Jwt, Kind, Organisation, TimeClaim, Warning, certificates, organisations, personal, warnings,
};
use crate::{environment::KnownIssuer, keystore::CertificateSummary};

/// What a token says. Nobody vouches for it before the signature has been verified.
#[derive(Debug, Clone, Serialize)]
pub struct Inspection {
    /// Which kind of token it is.
    pub kind: Kind,
    /// Who issued it, by its own words, if that is somebody who is known.
    pub issuer: Option<KnownIssuer>,
    /// What it was wrapped in.
    pub wrapped_in: Vec<InputFormat>,
    /// The JOSE header, its members in their order.
    pub header: Map<String, Value>,
    /// The claims in their order, with persons' numbers hidden unless they were asked for.
    pub claims: Map<String, Value>,
    /// The claims that are times.
    pub times: Vec<TimeClaim>,
    /// The organisations that it names.
    pub organisations: Vec<Organisation>,
    /// The certificates that came along, leaf first.
    pub certificates: Vec<CertificateSummary>,
    /// What is odd about it.
    pub warnings: Vec<Warning>,
}

impl Inspection {
    /// Reads a token at a moment; `local` is the simulator on this machine, if there is one.
    #[must_use]
    pub fn of(jwt: &Jwt, local: Option<&KnownIssuer>, now: DateTime<Utc>, show_persons: bool) -> Self {
        let identifier = jwt.issuer().unwrap_or_default();
        let issuer = local.filter(|local| local.identifier == identifier).cloned();
        let issuer = issuer.or_else(|| KnownIssuer::find(identifier));
        let kind = Kind::of(jwt, issuer.as_ref());
        let organisations = organisations::find(jwt.claims());
        let chain = certificates::of(jwt);
        let mut warnings = warnings::all(jwt, kind, issuer.as_ref(), &organisations, now);
        // Altinn's test tools put a thumbprint there.
        if let Some(Err(fault)) = &chain
            && kind != Kind::TestToolsToken
        {
            warnings.push(Warning::new("certificates", fault.to_string()));
        }
        Self {
            kind,
            wrapped_in: jwt.wrappings().to_vec(),
            header: jwt.header().clone(),
            claims: if show_persons { jwt.claims().clone() } else { personal::masked(jwt.claims()) },
            times: TimeClaim::all(jwt.claims(), now),
            organisations,
            certificates: chain.and_then(Result::ok).iter().flatten().map(CertificateSummary::from).collect(),
            warnings,
            issuer,
        }
    }
}
