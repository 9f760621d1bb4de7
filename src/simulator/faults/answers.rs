//! Turns a true answer into a faulty one.

use std::{
    io,
    pin::Pin,
    sync::atomic::{AtomicU32, Ordering},
    task::{Context, Poll},
    time::Duration,
};

use axum::{
    body::{Body, Bytes},
    http::{HeaderName, HeaderValue, StatusCode, header},
    response::Response,
};

use hyper::body::Frame;

use super::{Answer, Faults};

/// No answer is held back longer.
const MAXIMUM_DELAY: Duration = Duration::from_mins(1);
/// More than any client should read.
const HUGE_BYTES: usize = 8 * 1024 * 1024;

const HTML: &str =
    "<!DOCTYPE html>\n<html><head><title>Proxy</title></head><body><h1>Sign in to continue</h1></body></html>\n";

/// Holds an answer of the token endpoint back and replaces it, as the faults say; `shown` counts those that were
/// replaced.
pub(crate) async fn of_token(faults: &Faults, shown: &AtomicU32, truth: Response) -> Response {
    if faults.delay_milliseconds > 0 {
        let delay = Duration::from_millis(faults.delay_milliseconds.into());
        tokio::time::sleep(delay.min(MAXIMUM_DELAY)).await;
    }
    let Some(answer) = faults.answer else { return truth };
    let limit = faults.first_requests.unwrap_or(u32::MAX);
    let counted = shown
        .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |count| (count < limit).then(|| count.saturating_add(1)));
    if counted.is_err() && faults.first_requests.is_some() {
        return truth;
    }
    of_document(faults, Some(answer), truth)
}

/// Replaces an answer when there is another for its path.
pub(crate) fn of_document(faults: &Faults, answer: Option<Answer>, truth: Response) -> Response {
    let Some(answer) = answer else { return truth };
    let status = faults.status.filter(|status| (200..600).contains(status));
    let status = status.and_then(|status| StatusCode::from_u16(status).ok());
    let mut response = replaced(answer, status, truth);
    if let Some(status) = status {
        *response.status_mut() = status;
    }
    if let Some(seconds) = faults.retry_after_seconds {
        response.headers_mut().insert(header::RETRY_AFTER, seconds.into());
    }
    response
}

/// A status, and its reason for a line of text.
fn bare(status: StatusCode) -> Response {
    let reason = format!("{}\n", status.canonical_reason().unwrap_or("No reason"));
    with_status(status, typed("text/plain; charset=utf-8", reason.into()))
}

fn replaced(answer: Answer, status: Option<StatusCode>, mut truth: Response) -> Response {
    match answer {
        Answer::Status => bare(status.unwrap_or(StatusCode::SERVICE_UNAVAILABLE)),
        Answer::Html => typed("text/html; charset=utf-8", HTML.into()),
        Answer::Huge => {
            let mut text = String::with_capacity(HUGE_BYTES);
            text.push_str("{\"access_token\":\"");
            text.extend(std::iter::repeat_n('a', HUGE_BYTES - text.len() - 2));
            text.push_str("\"}");
            json(text.into())
        }
        Answer::Cut => {
            let part = Body::new(Cut { rest: Some(Bytes::from_static(b"{\"access_token\":\"eyJ")), paused: false });
            with_header(header::CONTENT_LENGTH, "1000", json(part))
        }
        Answer::BrokenJson => json("{\"access_token\":\"eyJ".into()),
        Answer::WrongContentType => {
            truth.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain"));
            truth
        }
        Answer::Redirect => {
            let response = with_status(StatusCode::TEMPORARY_REDIRECT, plain("Moved\n"));
            with_header(header::LOCATION, "/elsewhere", response)
        }
        Answer::EmptyAccessToken => {
            json("{\"access_token\":\"\",\"token_type\":\"Bearer\",\"expires_in\":119,\"scope\":\"\"}".into())
        }
    }
}

/// A body that breaks off after what it has sent.
struct Cut {
    rest: Option<Bytes>,
    paused: bool,
}

impl hyper::body::Body for Cut {
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
            // In the pause hyper sends what it has; without it nothing at all would leave.
            self.paused = true;
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        Poll::Ready(Some(Err(io::ErrorKind::UnexpectedEof.into())))
    }
}

/// A JSON answer that nobody may keep (RFC 6749 §5.1).
pub(crate) fn json(body: Body) -> Response {
    let response = typed("application/json", body);
    with_header(header::PRAGMA, "no-cache", with_header(header::CACHE_CONTROL, "no-store", response))
}

/// A line of text.
pub(crate) fn plain(text: &'static str) -> Response {
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

fn typed(content_type: &'static str, body: Body) -> Response {
    with_header(header::CONTENT_TYPE, content_type, Response::new(body))
}
