//! The token request, built in one place: a printed curl command sends exactly this request.

use secrecy::{ExposeSecret as _, SecretString};

use crate::{
    grant::Assertion,
    http::{Endpoint, encode_form},
};

/// The grant type of RFC 7523 §2.1.
const GRANT_TYPE: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";

/// A request for an access token; its form contains the assertion, so it is a secret.
#[derive(Debug)]
pub struct TokenRequest {
    endpoint: Endpoint,
    form: SecretString,
    authorization: Option<SecretString>,
}

impl TokenRequest {
    /// Builds the request for an assertion.
    #[must_use]
    pub fn new(endpoint: Endpoint, assertion: &Assertion) -> Self {
        let others = assertion.other_parameters().map(|(name, value)| (name, value.expose_secret()));
        let own = [("grant_type", GRANT_TYPE), ("assertion", assertion.expose())];
        let parameters = own.into_iter().chain(others);
        Self { endpoint, form: encode_form(parameters), authorization: assertion.authorization().cloned() }
    }

    /// Returns the token endpoint.
    #[must_use]
    pub fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    /// Returns the body, in `application/x-www-form-urlencoded`.
    #[must_use]
    pub fn form(&self) -> &SecretString {
        &self.form
    }

    /// Returns the header `Authorization`, if the request has one.
    #[must_use]
    pub fn authorization(&self) -> Option<&SecretString> {
        self.authorization.as_ref()
    }

    /// Returns the body as text, for a printer.
    #[must_use]
    pub fn expose_form(&self) -> &str {
        self.form.expose_secret()
    }
}
