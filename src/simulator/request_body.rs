//! Reads the bodies of requests, within limits on size and time.

use std::time::Duration;

use axum::{
    body::{Body, Bytes, to_bytes},
    http::StatusCode,
    response::Response,
};

use super::faults::responses::{plain, with_status};

/// Maximum size of a body; a larger one gets 413.
const MAXIMUM_BYTES: usize = 64 * 1024;
/// Time limit for receiving a body.
const MAXIMUM_TIME: Duration = Duration::from_secs(10);

/// Reads a body; the error is the response to a request whose body is too large or too slow.
pub(crate) async fn read(body: Body) -> Result<Bytes, Box<Response>> {
    let refuse = |status, text: &'static str| Box::new(with_status(status, plain(text)));
    match tokio::time::timeout(MAXIMUM_TIME, to_bytes(body, MAXIMUM_BYTES)).await {
        Ok(Ok(body)) => Ok(body),
        Ok(Err(_)) => Err(refuse(StatusCode::PAYLOAD_TOO_LARGE, "Payload Too Large\n")),
        Err(_) => Err(refuse(StatusCode::REQUEST_TIMEOUT, "Request Timeout\n")),
    }
}
