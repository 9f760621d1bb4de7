//! Responses, which must not be cached (RFC 9111 §5.2.2.5), and the details that the log reports about them.

use std::{borrow::Cow, time::Duration};

use axum::{
    body::{Body, Bytes},
    response::{IntoResponse, Response},
};
use chrono::{DateTime, Utc};
use hyper::{
    StatusCode,
    header::{
        ALLOW, CACHE_CONTROL, CONTENT_TYPE, HeaderName, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE,
        X_CONTENT_TYPE_OPTIONS,
    },
};
use serde_json::Value;

use super::{
    api_error::{ApiError, NoToken},
    profile::RequestedToken,
};
use crate::{
    client::AccessToken,
    json,
    tokens::{ObtainedToken, TokenOrigin},
};

pub(super) const JSON: HeaderValue = HeaderValue::from_static("application/json");
pub(super) const TEXT: HeaderValue = HeaderValue::from_static("text/plain; charset=utf-8");

/// The details that the log reports about a request. They are attached to the response as an extension.
#[derive(Clone)]
pub(super) struct HandledRequest {
    pub(super) what: Cow<'static, str>,
    /// The requested token.
    pub(super) wanted: Option<RequestedToken>,
    /// What is wrong with the request itself.
    pub(super) error: Option<Box<ApiError>>,
}

impl HandledRequest {
    pub(super) fn new(what: impl Into<Cow<'static, str>>) -> Self {
        Self { what: what.into(), wanted: None, error: None }
    }

    /// Describes a request for a token.
    pub(super) fn for_token(wanted: RequestedToken, taken: &Result<ObtainedToken, NoToken>) -> Self {
        let what = match taken {
            Ok(obtained) => match obtained.origin {
                TokenOrigin::Memory => "memory".into(),
                TokenOrigin::Disk => "disk".into(),
                TokenOrigin::Server => "fresh".into(),
                TokenOrigin::LastResort => "memory, no newer token available".into(),
            },
            Err(missing) if missing.is_paused => {
                format!("{}, waiting before the next attempt", missing.error.code()).into()
            }
            Err(missing) => missing.error.code().to_owned().into(),
        };
        Self { what, wanted: Some(wanted), error: None }
    }

    pub(super) fn attach_to(self, mut response: Response) -> Response {
        response.extensions_mut().insert(self);
        response
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let mut response = json(self.status, &self.to_json());
        if self.status == 401 {
            response.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        let handled = HandledRequest::new(self.code().to_owned());
        HandledRequest { error: Some(Box::new(self)), ..handled }.attach_to(response)
    }
}

/// Returns the token endpoint's response as a body that keeps no copy of the token.
pub(super) fn token_body(token: &AccessToken) -> Bytes {
    Bytes::from_owner(TokenBody(token.clone()))
}

struct TokenBody(AccessToken);

impl AsRef<[u8]> for TokenBody {
    fn as_ref(&self) -> &[u8] {
        self.0.expose_answer().as_bytes()
    }
}

/// Returns the seconds until a token expires; 0 when that is unknown.
pub(super) fn seconds_left(token: &AccessToken, now: DateTime<Utc>) -> i64 {
    token.expires_at().map_or(0, |end| (end - now).num_seconds())
}

/// Makes a response with this body.
pub(super) fn with_body(status: u16, media_type: HeaderValue, body: impl Into<Bytes>) -> Response {
    let mut response = Response::new(Body::from(body.into()));
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, media_type);
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}

pub(super) fn json(status: u16, value: &Value) -> Response {
    with_body(status, JSON, json::line(value))
}

pub(super) fn with_header(mut response: Response, name: HeaderName, value: HeaderValue) -> Response {
    response.headers_mut().insert(name, value);
    response
}

/// Makes the response when there is no token, with the time of the next attempt. The status is 503 during a
/// backoff.
pub(super) fn no_token(missing: &NoToken, body: &Value) -> Response {
    with_retry_after(json(if missing.is_paused { 503 } else { missing.error.status }, body), missing.retry_after)
}

/// Adds the time until the next attempt.
pub(super) fn with_retry_after(response: Response, pause: Option<Duration>) -> Response {
    let Some(pause) = pause else { return response };
    let seconds = pause.as_secs() + u64::from(pause.subsec_nanos() > 0);
    with_header(response, RETRY_AFTER, HeaderValue::from(seconds))
}

/// Makes the response to a method that a path does not accept.
pub(super) fn method_not_allowed(allowed: &'static str) -> Response {
    let error = ApiError::new(405, "method_not_allowed", "this path does not accept the method");
    let response = json(405, &error.hint(&format!("use {allowed}")).to_json());
    HandledRequest::new("method").attach_to(with_header(response, ALLOW, HeaderValue::from_static(allowed)))
}
