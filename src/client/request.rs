//! The token request, built in one place: what is shown as curl is what would be sent.

use secrecy::{ExposeSecret as _, SecretString};
use url::form_urlencoded;

use crate::{grant::Assertion, http::Endpoint};

/// The grant type of RFC 7523 §2.1.
const GRANT_TYPE: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";

/// A request for an access token; its form holds the assertion, so it is a secret.
#[derive(Debug)]
pub struct TokenRequest {
    endpoint: Endpoint,
    form: SecretString,
}

impl TokenRequest {
    /// Writes the form for an assertion.
    #[must_use]
    pub fn new(endpoint: Endpoint, assertion: &Assertion) -> Self {
        let form = form_urlencoded::Serializer::new(String::with_capacity(assertion.expose().len() + 128))
            .append_pair("grant_type", GRANT_TYPE)
            .append_pair("assertion", assertion.expose())
            .finish();
        Self { endpoint, form: SecretString::from(form) }
    }

    /// Where the request goes.
    #[must_use]
    pub fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    /// The body, in `application/x-www-form-urlencoded`.
    #[must_use]
    pub fn form(&self) -> &SecretString {
        &self.form
    }

    /// The body as text, for a printer.
    #[must_use]
    pub fn expose_form(&self) -> &str {
        self.form.expose_secret()
    }
}
