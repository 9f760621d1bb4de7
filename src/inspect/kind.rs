//! Which kind of token it is, decided from issuer and claims; the signature has no part in it.

use std::fmt;

use serde::Serialize;
use serde_json::Value;

use super::Jwt;
use crate::environment::{Environment, KnownIssuer, Service};

/// A kind of token that people of this tool meet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// An access token of Maskinporten.
    MaskinportenAccessToken,
    /// An access token of ID-porten.
    IdportenAccessToken,
    /// An ID token of ID-porten.
    IdportenIdToken,
    /// A token that Altinn gave in exchange.
    AltinnToken,
    /// A token of Skyporten.
    SkyportenToken,
    /// A token of Altinn's test tools, which no Altinn issued.
    TestToolsToken,
    /// A JWT bearer grant (RFC 7523 §2.1).
    Grant,
    /// A client's assertion about itself (RFC 7523 §2.2).
    ClientAssertion,
    /// None of these.
    Unknown,
}

impl Kind {
    /// Decides from what a token says; `issuer` is who is known by its `iss`.
    pub(super) fn of(jwt: &Jwt, issuer: Option<&KnownIssuer>) -> Self {
        if jwt.text("actual_iss") == Some("altinn-test-tools") {
            return Self::TestToolsToken;
        }
        match issuer.map(|issuer| issuer.service) {
            Some(Service::Maskinporten) => Self::MaskinportenAccessToken,
            Some(Service::Skyporten) => Self::SkyportenToken,
            Some(Service::Altinn) => Self::AltinnToken,
            // Only an access token says what it gives access to.
            Some(Service::Idporten) if jwt.has("scope") => Self::IdportenAccessToken,
            Some(Service::Idporten) => Self::IdportenIdToken,
            None => Self::of_client(jwt),
        }
    }

    /// What a client signs names the client itself as issuer.
    fn of_client(jwt: &Jwt) -> Self {
        let is_address = jwt.issuer().is_some_and(|issuer| issuer.contains("://"));
        // The marks of a server: no client writes these.
        let is_issued = ["client_id", "client_amr", "token_type"].iter().any(|claim| jwt.has(claim));
        if is_address || is_issued {
            return Self::Unknown;
        }
        let to_maskinporten = audiences(jwt).any(is_maskinportens);
        if jwt.has("scope") || to_maskinporten || jwt.header().contains_key("x5c") {
            return Self::Grant;
        }
        let about_itself = jwt.issuer().is_some() && jwt.issuer() == jwt.text("sub");
        if about_itself && jwt.has("aud") { Self::ClientAssertion } else { Self::Unknown }
    }

    /// Whether a client signed it, with a key of its own.
    #[must_use]
    pub fn is_client_assertion(self) -> bool {
        matches!(self, Self::Grant | Self::ClientAssertion)
    }
}

/// The values of `aud`, which is one text or a list of them (RFC 7519 §4.1.3).
pub(super) fn audiences(jwt: &Jwt) -> impl Iterator<Item = &str> {
    let aud = jwt.claims().get("aud");
    let list = aud.and_then(Value::as_array).into_iter().flatten();
    aud.filter(|aud| aud.is_string()).into_iter().chain(list).filter_map(Value::as_str)
}

/// Whether an audience is on a host of Maskinporten's, whatever its path.
pub(super) fn is_maskinportens(audience: &str) -> bool {
    let host = |text: &str| text.split('/').nth(2).unwrap_or_default().to_ascii_lowercase();
    let mut known = Environment::ALL.into_iter().filter_map(Environment::addresses);
    known.any(|addresses| host(&addresses.issuer) == host(audience))
}

impl fmt::Display for Kind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::MaskinportenAccessToken => "access token of Maskinporten",
            Self::IdportenAccessToken => "access token of ID-porten",
            Self::IdportenIdToken => "ID token of ID-porten",
            Self::AltinnToken => "token that Altinn gave in exchange",
            Self::SkyportenToken => "token of Skyporten",
            Self::TestToolsToken => "token of Altinn's test tools",
            Self::Grant => "JWT bearer grant",
            Self::ClientAssertion => "client assertion",
            Self::Unknown => "signed token of an unknown kind",
        })
    }
}
