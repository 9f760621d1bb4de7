//! Refusals of the self-service API, with their bodies.
//!
//! The form of the bodies is that of real refusals of requests that are not valid; other refusals have it too, without
//! `errors`. The texts are the simulator's own, except that of missing terms of use.

use axum::{
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use chrono::{DateTime, SecondsFormat, Utc};
use serde::Serialize;
use serde_json::json;
use uuid::Uuid;

use crate::simulator::faults::responses::respond;

/// Why a request was refused.
#[derive(Debug, Clone)]
pub(super) enum SelfServiceProblem {
    /// Members or parameters are not valid.
    Invalid(Vec<InvalidMember>),
    /// There is no token, or it is not valid; the text is `None` when there is none.
    Unauthorized(Option<&'static str>),
    /// The token has none of the scopes that the operation requires.
    MissingScope(&'static [&'static str]),
    Forbidden(&'static str),
    NotFound(&'static str),
    Conflict(&'static str),
    /// The organisation has not signed the terms of use.
    TermsNotSigned,
    TooManyRequests,
    /// The simulator cannot store more.
    Full,
    /// The body was too large or too slow.
    Unread(StatusCode),
}

/// What is wrong with a member of a document, or with a parameter.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct InvalidMember {
    error_message: String,
    is_field_error: bool,
    object_name: &'static str,
    field_identifier: String,
}

impl InvalidMember {
    /// The message names the member, because clients show the messages alone.
    pub(super) fn new(object_name: &'static str, name: impl Into<String>, message: &str) -> Self {
        let name = name.into();
        Self { error_message: format!("{name} {message}"), is_field_error: true, object_name, field_identifier: name }
    }
}

impl SelfServiceProblem {
    /// Refuses one member.
    pub(super) fn invalid(object_name: &'static str, name: &str, message: &str) -> Self {
        Self::Invalid(vec![InvalidMember::new(object_name, name, message)])
    }

    /// Returns the refusal that a fault asks for by its status.
    pub(super) fn with_status(status: StatusCode) -> Option<Self> {
        Some(match status.as_u16() {
            400 => Self::Invalid(vec![InvalidMember::new(
                "Client",
                "client_name",
                "is refused by a fault of the simulator",
            )]),
            401 => Self::Unauthorized(Some("the token is refused by a fault of the simulator")),
            403 => Self::Forbidden("the operation is refused by a fault of the simulator"),
            404 => Self::NotFound("it is hidden by a fault of the simulator"),
            409 => Self::Conflict("it exists and is not active, by a fault of the simulator"),
            428 => Self::TermsNotSigned,
            429 => Self::TooManyRequests,
            _ => return None,
        })
    }

    /// Returns the status, `error` and `error_description`.
    fn row(&self) -> (StatusCode, String, String) {
        let texts = |status, error: &str, text: &str| (status, error.to_owned(), text.to_owned());
        match self {
            Self::Invalid(members) => {
                let messages: Vec<_> = members.iter().map(|member| member.error_message.as_str()).collect();
                // Real bodies have a comma before the first message, too.
                let error: String = messages.iter().flat_map(|message| [", ", message]).collect();
                (StatusCode::BAD_REQUEST, error, messages.join(", "))
            }
            Self::Unauthorized(reason) => {
                texts(StatusCode::UNAUTHORIZED, "unauthorized", reason.unwrap_or("the request has no Bearer token"))
            }
            Self::MissingScope(scopes) => {
                let text = format!("the token lacks the scope {}", scopes.join(" or "));
                (StatusCode::FORBIDDEN, "insufficient_scope".to_owned(), text)
            }
            Self::Forbidden(reason) => texts(StatusCode::FORBIDDEN, "forbidden", reason),
            Self::NotFound(reason) => texts(StatusCode::NOT_FOUND, "not_found", reason),
            Self::Conflict(reason) => texts(StatusCode::CONFLICT, "conflict", reason),
            Self::TermsNotSigned => texts(
                StatusCode::PRECONDITION_REQUIRED,
                "PRECONDITION_REQUIRED",
                "Virksomheten har ikke signert de relevante bruksvilkårene",
            ),
            Self::TooManyRequests => texts(StatusCode::TOO_MANY_REQUESTS, "too_many_requests", "too many requests"),
            Self::Full => {
                texts(StatusCode::SERVICE_UNAVAILABLE, "unavailable", "the simulator cannot store more entries")
            }
            Self::Unread(status) => texts(*status, "unread", status.canonical_reason().unwrap_or_default()),
        }
    }

    /// Returns the challenge of a refused token (RFC 6750 §3).
    fn challenge(&self) -> Option<String> {
        let error = |error, text: &str| format!("Bearer error=\"{error}\", error_description=\"{text}\"");
        match self {
            Self::Unauthorized(None) => Some("Bearer".to_owned()),
            Self::Unauthorized(Some(reason)) => Some(error("invalid_token", reason)),
            Self::MissingScope(scopes) => {
                Some(format!("Bearer error=\"insufficient_scope\", scope=\"{}\"", scopes.join(" ")))
            }
            _ => None,
        }
    }

    /// Returns the response.
    pub(super) fn response(&self, now: DateTime<Utc>) -> Response {
        let (status, error, description) = self.row();
        let mut body = json!({
            "status": status.as_u16(),
            "timestamp": now.to_rfc3339_opts(SecondsFormat::Nanos, true),
            "correlation_id": Uuid::new_v4().to_string(),
            "error": error,
            "error_description": description,
        });
        if let Self::Invalid(members) = self {
            body["errors"] = json!(members);
        }
        let mut response = respond(status, &body, description);
        if let Some(challenge) = self.challenge().and_then(|text| HeaderValue::try_from(text).ok()) {
            response.headers_mut().insert(header::WWW_AUTHENTICATE, challenge);
        }
        response
    }
}

/// The response carries the problem as an extension; the router, which has the time, makes the body.
impl IntoResponse for SelfServiceProblem {
    fn into_response(self) -> Response {
        let mut response = Response::default();
        response.extensions_mut().insert(self);
        response
    }
}
