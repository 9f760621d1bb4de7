//! Answers, built from octets that are there already; none of them may be kept by anybody (RFC 9111 §5.2.2.5).

use bytes::Bytes;
use http_body_util::Full;
use hyper::{
    Response, StatusCode,
    header::{
        AGE, ALLOW, CACHE_CONTROL, CONTENT_TYPE, HeaderName, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE,
        X_CONTENT_TYPE_OPTIONS,
    },
};
use serde_json::Value;

use super::{ApiError, tokens::Refused};

pub(super) type Answer = Response<Full<Bytes>>;

const NO_STORE: HeaderValue = HeaderValue::from_static("no-store");
const NO_SNIFF: HeaderValue = HeaderValue::from_static("nosniff");
pub(super) const JSON: HeaderValue = HeaderValue::from_static("application/json");
pub(super) const TEXT: HeaderValue = HeaderValue::from_static("text/plain; charset=utf-8");

/// An answer with this body.
pub(super) fn with(status: u16, media_type: HeaderValue, body: impl Into<Bytes>) -> Answer {
    let mut answer = Response::new(Full::new(body.into()));
    *answer.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let headers = answer.headers_mut();
    headers.insert(CONTENT_TYPE, media_type);
    headers.insert(CACHE_CONTROL, NO_STORE);
    headers.insert(X_CONTENT_TYPE_OPTIONS, NO_SNIFF);
    answer
}

/// JSON, with how old it is when it comes from memory.
pub(super) fn aged(body: Bytes, age: u64) -> Answer {
    with_header(with(200, JSON, body), AGE, HeaderValue::from(age))
}

pub(super) fn json(status: u16, value: &Value) -> Answer {
    with(status, JSON, value.to_string())
}

/// Why there is nothing better to answer.
pub(super) fn failed(failed: &ApiError) -> Answer {
    let answer = json(failed.status, &failed.to_json());
    match failed.status {
        401 => with_header(answer, WWW_AUTHENTICATE, HeaderValue::from_static("Bearer")),
        _ => answer,
    }
}

/// Why there is no token, and when to ask again. A server that is left alone cannot serve now: 503.
pub(super) fn refused(refused: &Refused) -> Answer {
    refused_with(refused, &refused.failed.to_json())
}

/// The same, in other words.
pub(super) fn refused_with(refused: &Refused, body: &Value) -> Answer {
    let status = if refused.unasked { 503 } else { refused.failed.status };
    let answer = json(status, body);
    match refused.pause {
        Some(pause) => {
            let seconds = pause.as_secs() + u64::from(pause.subsec_nanos() > 0);
            with_header(answer, RETRY_AFTER, HeaderValue::from(seconds))
        }
        None => answer,
    }
}

/// The path is there, the method is not.
pub(super) fn method_not_allowed(allowed: &'static str) -> Answer {
    let told = ApiError::new(405, "method_not_allowed", "this path takes other methods");
    with_header(failed(&told.hint(&format!("use {allowed}"))), ALLOW, HeaderValue::from_static(allowed))
}

pub(super) fn with_header(mut answer: Answer, name: HeaderName, value: HeaderValue) -> Answer {
    answer.headers_mut().insert(name, value);
    answer
}
