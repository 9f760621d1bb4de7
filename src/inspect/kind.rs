//! Determines the kind of a token from its issuer and claims, without its signature.

use std::fmt;

use serde::Serialize;
use serde_json::Value;

use super::Jwt;
use crate::environment::{Environment, KnownIssuer, Service};

/// The kind of a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum TokenKind {
    /// A Maskinporten access token.
    MaskinportenAccessToken,
    /// An ID-porten access token.
    IdportenAccessToken,
    /// An ID-porten ID token.
    IdportenIdToken,
    /// A token issued by Altinn's exchange.
    AltinnToken,
    /// The access token of an Altinn app or of a component of Altinn, which names itself as issuer.
    AltinnAppToken,
    /// A Skyporten token.
    SkyportenToken,
    /// A token made by Altinn's test tools, not issued by Altinn.
    TestToolsToken,
    /// A JWT bearer grant (RFC 7523 §2.1).
    Grant,
    /// A client assertion for client authentication (RFC 7523 §2.2).
    ClientAssertion,
    /// Any other signed token.
    Unknown,
}

impl TokenKind {
    /// Determines the kind; `issuer` is the known issuer that `iss` identifies.
    pub(super) fn new(jwt: &Jwt, issuer: Option<&KnownIssuer>) -> Self {
        if jwt.text("actual_iss") == Some("altinn-test-tools") {
            return Self::TestToolsToken;
        }
        match issuer.map(|issuer| issuer.service) {
            Some(Service::Altinn) | None if jwt.has("urn:altinn:app") => Self::AltinnAppToken,
            Some(Service::Maskinporten) => Self::MaskinportenAccessToken,
            Some(Service::Skyporten) => Self::SkyportenToken,
            Some(Service::Altinn) => Self::AltinnToken,
            // Only an access token has a scope.
            Some(Service::Idporten) if jwt.has("scope") => Self::IdportenAccessToken,
            Some(Service::Idporten) => Self::IdportenIdToken,
            None => Self::from_client(jwt),
        }
    }

    /// Determines the kind of a token that a client may have signed, with its client id as issuer.
    fn from_client(jwt: &Jwt) -> Self {
        let is_url = jwt.issuer().is_some_and(|issuer| issuer.contains("://"));
        // Only servers set these claims.
        let is_issued = ["client_id", "client_amr", "token_type"].iter().any(|claim| jwt.has(claim));
        if is_url || is_issued {
            return Self::Unknown;
        }
        let to_maskinporten = audiences(jwt).any(is_maskinporten_url);
        if jwt.has("scope") || to_maskinporten || jwt.header().contains_key("x5c") {
            return Self::Grant;
        }
        let about_itself = jwt.issuer().is_some() && jwt.issuer() == jwt.text("sub");
        if about_itself && jwt.has("aud") { Self::ClientAssertion } else { Self::Unknown }
    }

    /// Returns whether a client signs such tokens, with a key of its own.
    #[must_use]
    pub fn is_client_assertion(self) -> bool {
        matches!(self, Self::Grant | Self::ClientAssertion)
    }
}

/// Returns the values of `aud`, which is a string or an array of strings (RFC 7519 §4.1.3).
pub(crate) fn audiences(jwt: &Jwt) -> impl Iterator<Item = &str> {
    let aud = jwt.claims().get("aud");
    let list = aud.and_then(Value::as_array).into_iter().flatten();
    aud.filter(|aud| aud.is_string()).into_iter().chain(list).filter_map(Value::as_str)
}

/// Returns whether an audience is a URL on a host of Maskinporten's, with any path.
pub(super) fn is_maskinporten_url(audience: &str) -> bool {
    let host = |text: &str| text.split('/').nth(2).unwrap_or_default().to_ascii_lowercase();
    let mut known = Environment::ALL.into_iter().filter_map(Environment::addresses);
    known.any(|addresses| host(&addresses.issuer) == host(audience))
}

impl fmt::Display for TokenKind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::MaskinportenAccessToken => "Maskinporten access token",
            Self::IdportenAccessToken => "ID-porten access token",
            Self::IdportenIdToken => "ID-porten ID token",
            Self::AltinnToken => "exchanged Altinn token",
            Self::AltinnAppToken => "access token of an Altinn app",
            Self::SkyportenToken => "Skyporten token",
            Self::TestToolsToken => "token made by Altinn's test tools",
            Self::Grant => "JWT bearer grant",
            Self::ClientAssertion => "client assertion",
            Self::Unknown => "signed token of unknown kind",
        })
    }
}
