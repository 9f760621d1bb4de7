//! Builds responses, and replaces correct ones with faulty ones.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use axum::{
    body::{Body, Bytes},
    http::{HeaderName, HeaderValue, StatusCode, header},
    response::Response,
};
use hyper::body::Frame;
use serde::Serialize;

use super::{FaultAnswer, Faults};

/// Maximum delay of a response.
const MAXIMUM_DELAY: Duration = Duration::from_mins(1);
/// Size of a `huge` response, more than any client should read.
const HUGE_BYTES: usize = 8 * 1024 * 1024;

/// A decision for the log, which a response carries as an extension.
#[derive(Clone)]
pub(crate) struct Decision(pub(crate) String);

const HTML: &str =
    "<!DOCTYPE html>\n<html><head><title>Proxy</title></head><body><h1>Sign in to continue</h1></body></html>\n";

/// Delays a response; at most a minute.
pub(crate) async fn delay(milliseconds: u32) {
    if milliseconds > 0 {
        let delay = Duration::from_millis(milliseconds.into());
        tokio::time::sleep(delay.min(MAXIMUM_DELAY)).await;
    }
}

/// Replaces a response if the faults have another answer for its path.
pub(crate) fn replace(faults: &Faults, answer: Option<FaultAnswer>, correct: Response) -> Response {
    replace_with(answer, faults.status, faults.retry_after_seconds, correct)
}

/// Replaces a response if there is another answer, with its status and `Retry-After`.
pub(crate) fn replace_with(
    answer: Option<FaultAnswer>,
    status: Option<u16>,
    retry_after_seconds: Option<u32>,
    correct: Response,
) -> Response {
    let Some(answer) = answer else { return correct };
    let status = status.and_then(fault_status);
    let mut response = faulty(answer, status, correct);
    if let Some(status) = status {
        *response.status_mut() = status;
    }
    with_retry_after(retry_after_seconds, response)
}

/// Sets `Retry-After`, if it is given.
pub(crate) fn with_retry_after(seconds: Option<u32>, mut response: Response) -> Response {
    if let Some(seconds) = seconds {
        response.headers_mut().insert(header::RETRY_AFTER, seconds.into());
    }
    response
}

/// Returns the status of a faulty answer, 200 to 599.
pub(crate) fn fault_status(status: u16) -> Option<StatusCode> {
    Some(status).filter(|status| (200..600).contains(status)).and_then(|status| StatusCode::from_u16(status).ok())
}

fn status_only(status: StatusCode) -> Response {
    let reason = format!("{}\n", status.canonical_reason().unwrap_or("No reason"));
    with_status(status, typed("text/plain; charset=utf-8", reason.into()))
}

fn faulty(answer: FaultAnswer, status: Option<StatusCode>, mut correct: Response) -> Response {
    match answer {
        FaultAnswer::Status => status_only(status.unwrap_or(StatusCode::SERVICE_UNAVAILABLE)),
        FaultAnswer::Html => typed("text/html; charset=utf-8", HTML.into()),
        FaultAnswer::Huge => {
            let mut text = String::with_capacity(HUGE_BYTES);
            text.push_str("{\"access_token\":\"");
            text.extend(std::iter::repeat_n('a', HUGE_BYTES - text.len() - 2));
            text.push_str("\"}");
            json(text.into())
        }
        FaultAnswer::Cut => {
            let part =
                Body::new(TruncatedBody { rest: Some(Bytes::from_static(b"{\"access_token\":\"eyJ")), paused: false });
            with_header(header::CONTENT_LENGTH, "1000", json(part))
        }
        FaultAnswer::BrokenJson => json("{\"access_token\":\"eyJ".into()),
        FaultAnswer::WrongContentType => {
            correct.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain"));
            correct
        }
        FaultAnswer::Redirect => {
            let response = with_status(StatusCode::TEMPORARY_REDIRECT, plain("Moved\n"));
            with_header(header::LOCATION, "/elsewhere", response)
        }
        FaultAnswer::EmptyAccessToken => {
            json("{\"access_token\":\"\",\"token_type\":\"Bearer\",\"expires_in\":119,\"scope\":\"\"}".into())
        }
    }
}

/// A body that fails after its first frame.
struct TruncatedBody {
    rest: Option<Bytes>,
    paused: bool,
}

impl hyper::body::Body for TruncatedBody {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        if let Some(part) = self.rest.take() {
            return Poll::Ready(Some(Ok(Frame::data(part))));
        }
        if !self.paused {
            // While the body is pending, hyper sends the first frame. Without this nothing would be sent at all.
            self.paused = true;
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        Poll::Ready(Some(Err(io::ErrorKind::UnexpectedEof.into())))
    }
}

/// Returns a JSON response that must not be cached (RFC 6749 §5.1).
pub(crate) fn json(body: Body) -> Response {
    let response = typed("application/json", body);
    with_header(header::PRAGMA, "no-cache", with_header(header::CACHE_CONTROL, "no-store", response))
}

/// Returns a JSON response, or 500 if the body could not be serialized.
pub(crate) fn serialized(body: serde_json::Result<Vec<u8>>) -> Response {
    body.map_or_else(|_| internal_error(), |body| json(body.into()))
}

/// Returns a JSON response and a decision for the log.
pub(crate) fn ok(body: &impl Serialize, decision: String) -> Response {
    respond(StatusCode::OK, body, decision)
}

/// Returns a JSON response with a status, and a decision for the log.
pub(crate) fn respond(status: StatusCode, body: &impl Serialize, decision: String) -> Response {
    let mut response = with_status(status, serialized(serde_json::to_vec(body)));
    response.extensions_mut().insert(Decision(decision));
    response
}

/// Returns a response without a body, and a decision for the log.
pub(crate) fn empty(status: StatusCode, decision: impl Into<String>) -> Response {
    let mut response = with_status(status, Response::default());
    response.extensions_mut().insert(Decision(decision.into()));
    response
}

pub(crate) fn internal_error() -> Response {
    with_status(StatusCode::INTERNAL_SERVER_ERROR, plain("Internal Server Error\n"))
}

/// Returns a plain text response.
pub(crate) fn plain(text: impl Into<Body>) -> Response {
    typed("text/plain; charset=utf-8", text.into())
}

pub(crate) fn with_status(status: StatusCode, mut response: Response) -> Response {
    *response.status_mut() = status;
    response
}

pub(crate) fn with_header(name: HeaderName, value: &'static str, mut response: Response) -> Response {
    response.headers_mut().insert(name, HeaderValue::from_static(value));
    response
}

pub(crate) fn typed(content_type: &'static str, body: Body) -> Response {
    with_header(header::CONTENT_TYPE, content_type, Response::new(body))
}
