//! Describes a token as lists that a printer can write.

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::{Map, Value};

use super::{
    InputFormat, Jwt, Organisation, TimeClaim, TokenKind, TokenWarning, certificates, organisations, personal, warnings,
};
use crate::{environment::KnownIssuer, keystore::CertificateSummary};

/// The content of a token. Anyone may have written it until the signature has been verified.
#[derive(Debug, Clone, Serialize)]
pub struct Inspection {
    /// The kind of token.
    pub kind: TokenKind,
    /// The issuer that the token names, if it is known.
    pub issuer: Option<KnownIssuer>,
    /// What surrounded the token in the input.
    pub wrapped_in: Vec<InputFormat>,
    /// The JOSE header, its members in their original order.
    pub header: Map<String, Value>,
    /// The claims in their original order, with persons' numbers masked unless requested.
    pub claims: Map<String, Value>,
    /// The claims that hold times.
    pub times: Vec<TimeClaim>,
    /// The organisations that the claims name.
    pub organisations: Vec<Organisation>,
    /// The certificates in `x5c`, leaf first.
    pub certificates: Vec<CertificateSummary>,
    /// The warnings.
    pub warnings: Vec<TokenWarning>,
}

impl Inspection {
    /// Inspects a token at a point in time; `more` are issuers that are known here, such as those of the simulator.
    #[must_use]
    pub fn new(jwt: &Jwt, more: &[KnownIssuer], now: DateTime<Utc>, show_persons: bool) -> Self {
        let identifier = jwt.issuer().unwrap_or_default();
        let issuer = more.iter().find(|own| own.identifier == identifier).cloned();
        let issuer = issuer.or_else(|| KnownIssuer::find(identifier));
        let kind = TokenKind::new(jwt, issuer.as_ref());
        let organisations = organisations::find(jwt.claims());
        let chain = certificates::parse(jwt);
        let mut warnings = warnings::all(jwt, kind, issuer.as_ref(), &organisations, now);
        // Altinn's test tools put a thumbprint there.
        if let Some(Err(error)) = &chain
            && kind != TokenKind::TestToolsToken
        {
            warnings.push(TokenWarning::new("certificates", error.to_string()));
        }
        Self {
            kind,
            wrapped_in: jwt.input_formats().to_vec(),
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
