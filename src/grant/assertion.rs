//! The signed assertion: a secret until it has been used or has expired.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use secrecy::{ExposeSecret as _, SecretString};
use serde::Serialize;
use serde_json::Value;

use super::request::RequestParts;

/// A signed assertion, as it is sent in the parameter `assertion` (RFC 7523 §2.1), with what is sent beside it.
///
/// # Security
/// Until it expires or has been used, it can be exchanged for an access token. So `{:?}` does not show it, and it is
/// erased when dropped.
#[derive(Debug, Clone)]
pub struct Assertion {
    compact: SecretString,
    beside: RequestParts,
}

/// Header and claims of an assertion, for people to read; the signature is left out.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Decoded {
    /// The JOSE header.
    pub header: Value,
    /// The claims.
    pub claims: Value,
}

impl Assertion {
    pub(super) fn new(compact: SecretString, beside: RequestParts) -> Self {
        Self { compact, beside }
    }

    /// Returns the compact serialization (RFC 7515 §7.1).
    #[must_use]
    pub fn expose(&self) -> &str {
        self.compact.expose_secret()
    }

    /// Returns the parameters of the token request that follow the assertion.
    pub fn other_parameters(&self) -> impl Iterator<Item = (&str, &SecretString)> + Clone {
        self.beside.parameters.iter().map(|(name, value)| (name.as_str(), value))
    }

    /// Returns the header `Authorization` of the token request, if it has one.
    #[must_use]
    pub fn authorization(&self) -> Option<&SecretString> {
        self.beside.authorization.as_ref()
    }

    /// Decodes header and claims from the text that would be sent.
    #[must_use]
    pub fn decode(&self) -> Decoded {
        let mut parts = self.expose().split('.').map(|part| {
            let octets = URL_SAFE_NO_PAD.decode(part).unwrap_or_default();
            serde_json::from_slice(&octets).unwrap_or_default()
        });
        Decoded { header: parts.next().unwrap_or_default(), claims: parts.next().unwrap_or_default() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn does_not_show_in_debug_output() {
        let beside = RequestParts {
            parameters: vec![("client_secret".to_owned(), "hunter2".into())],
            authorization: Some("Basic aHVudGVyMg==".into()),
        };
        let assertion = Assertion::new("eyJhbGciOiJSUzI1NiJ9.e30.c2ln".into(), beside);

        let shown = format!("{assertion:?}");

        let hidden = "SecretBox<str>([REDACTED])";
        let beside =
            format!(r#"RequestParts {{ parameters: [("client_secret", {hidden})], authorization: Some({hidden}) }}"#);
        assert_eq!(shown, format!("Assertion {{ compact: {hidden}, beside: {beside} }}"));
    }
}
