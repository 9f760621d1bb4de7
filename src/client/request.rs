//! The token request, built in one place: a printed curl command sends exactly this request.

use secrecy::{ExposeSecret as _, SecretString};
use url::form_urlencoded;

use crate::{grant::Assertion, http::Endpoint};

/// The grant type of RFC 7523 §2.1.
const GRANT_TYPE: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";

/// A request for an access token; its form contains the assertion, so it is a secret.
#[derive(Debug)]
pub struct TokenRequest {
    endpoint: Endpoint,
    form: SecretString,
}

impl TokenRequest {
    /// Builds the form for an assertion.
    #[must_use]
    pub fn new(endpoint: Endpoint, assertion: &Assertion) -> Self {
        let form = form_urlencoded::Serializer::new(String::with_capacity(assertion.expose().len() + 128))
            .append_pair("grant_type", GRANT_TYPE)
            .append_pair("assertion", assertion.expose())
            .finish();
        Self { endpoint, form: SecretString::from(form) }
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

    /// Returns the body as text, for a printer.
    #[must_use]
    pub fn expose_form(&self) -> &str {
        self.form.expose_secret()
    }
}
