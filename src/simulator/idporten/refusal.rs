//! The refusals of the endpoints, in the form of ID-porten's.

use axum::{
    http::{HeaderName, HeaderValue, StatusCode, header},
    response::Response,
};
use serde_json::json;

use super::dpop::NONCE_HEADER;
use crate::simulator::{
    faults::responses::respond,
    login_state::LoginStoreError,
    validator::{GrantRefusal, trace_id},
};

/// Why a request was refused (RFC 6749 §4.1.2.1 and §5.2).
#[derive(Debug)]
pub(super) struct LoginRefusal {
    pub(super) error: &'static str,
    pub(super) description: String,
    status: StatusCode,
    /// What the log has and the response does not.
    reason: Option<String>,
    /// The nonce that the next proof must contain.
    nonce: Option<String>,
}

impl LoginRefusal {
    pub(super) fn new(error: &'static str, description: impl Into<String>) -> Self {
        Self { error, description: description.into(), status: StatusCode::BAD_REQUEST, reason: None, nonce: None }
    }

    pub(super) fn request(description: impl Into<String>) -> Self {
        Self::new("invalid_request", description)
    }

    pub(super) fn grant(description: &str) -> Self {
        Self::new("invalid_grant", description)
    }

    /// Refuses the authentication of a client.
    pub(super) fn client(description: &str) -> Self {
        let mut refusal = Self::new("invalid_client", format!("Client authentication failed. {description}"));
        refusal.status = StatusCode::UNAUTHORIZED;
        refusal
    }

    /// Refuses a client assertion for the same reason as Maskinporten would refuse it as a grant.
    pub(super) fn assertion(refusal: &GrantRefusal) -> Self {
        let mut own = Self::client(&refusal.text().replace("Client authentication failed. ", ""));
        own.reason = Some(refusal.summary());
        own
    }

    pub(super) fn server_error() -> Self {
        let mut refusal = Self::new("server_error", "The simulator could not create an answer.");
        refusal.status = StatusCode::INTERNAL_SERVER_ERROR;
        refusal
    }

    /// Refuses more codes, tokens and pages than the simulator keeps.
    pub(super) fn busy() -> Self {
        let mut refusal = Self::new("temporarily_unavailable", "The simulator cannot keep more logins for now.");
        refusal.status = StatusCode::SERVICE_UNAVAILABLE;
        refusal
    }

    /// Asks for a proof with a nonce (RFC 9449 §8).
    pub(super) fn nonce_needed(nonce: String) -> Self {
        let mut refusal = Self::new("use_dpop_nonce", "DPoP proof must contain a nonce of this server.");
        refusal.nonce = Some(nonce);
        refusal
    }

    /// Returns the text of `error_description`, and the text for the log.
    pub(super) fn texts(&self) -> (String, String) {
        let trace_id = trace_id();
        let reason = self.reason.as_deref().unwrap_or(&self.description);
        (
            format!("{} (trace_id: {trace_id})", self.description),
            format!("{} ({reason}) trace_id {trace_id}", self.error),
        )
    }

    /// Returns the response of an endpoint that clients call.
    pub(super) fn response(self) -> Response {
        let (description, decision) = self.texts();
        let body = json!({ "error": self.error, "error_description": description });
        let mut response = respond(self.status, &body, decision);
        let challenge = (self.status == StatusCode::UNAUTHORIZED).then(|| HeaderValue::from_static("Basic"));
        let nonce = self.nonce.and_then(|nonce| HeaderValue::from_str(&nonce).ok());
        response.headers_mut().extend(challenge.map(|challenge| (header::WWW_AUTHENTICATE, challenge)));
        response.headers_mut().extend(nonce.map(|nonce| (HeaderName::from_static(NONCE_HEADER), nonce)));
        response
    }
}

impl From<LoginStoreError> for LoginRefusal {
    fn from(error: LoginStoreError) -> Self {
        match error {
            LoginStoreError::Full => Self::busy(),
            LoginStoreError::Random(_) => Self::server_error(),
        }
    }
}
