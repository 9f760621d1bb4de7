//! Bodies of requests, read up to a limit and not for ever.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use hyper::body::{Body as _, Incoming};
use tokio::sync::Semaphore;
use zeroize::Zeroizing;

use super::{ApiError, turn::Turn};

/// A token to introspect has a few kilobytes; everything else is shorter.
const MAXIMUM_BYTES: usize = 64 * 1024;
/// What nearly every body has room in.
const USUAL_BYTES: usize = 4 * 1024;
/// As many larger ones are read at a time; further ones wait.
static LARGER: Semaphore = Semaphore::const_new(64);

/// For as long may a body take.
const TIME: Duration = Duration::from_secs(10);

/// A body that has not been read, and whose turn it is where it comes from.
pub(super) struct Body {
    pub(super) incoming: Incoming,
    pub(super) turn: Arc<Turn>,
}

/// Reads a body to its end.
pub(super) async fn read(body: Body) -> Result<Zeroizing<Vec<u8>>, ApiError> {
    if body.incoming.size_hint().lower() > MAXIMUM_BYTES as u64 {
        return Err(too_large());
    }
    let Ok(read) = tokio::time::timeout(TIME, to_end(body.incoming)).await else {
        return Err(ApiError::new(408, "request_timeout", "the body did not come in time"));
    };
    if read.is_ok() {
        body.turn.has_whole_body();
    }
    read
}

async fn to_end(incoming: Incoming) -> Result<Zeroizing<Vec<u8>>, ApiError> {
    let mut body = std::pin::pin!(Limited::new(incoming, MAXIMUM_BYTES));
    let mut read = Zeroizing::new(Vec::with_capacity(USUAL_BYTES));
    let mut permit = None;
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| match error.downcast_ref::<LengthLimitError>() {
            Some(_) => too_large(),
            None => ApiError::new(400, "invalid_request", "the body could not be read to its end"),
        })?;
        let data = frame.data_ref().map(Bytes::as_ref).unwrap_or_default();
        if read.len() + data.len() > read.capacity() {
            if permit.is_none() {
                permit = LARGER.acquire().await.ok();
            }
            // What does not grow leaves no copy behind.
            let mut larger = Zeroizing::new(Vec::with_capacity(2 * (read.len() + data.len())));
            larger.extend_from_slice(&read);
            read = larger;
        }
        read.extend_from_slice(data);
    }
    Ok(read)
}

fn too_large() -> ApiError {
    ApiError::new(413, "too_large", format!("the body is longer than {MAXIMUM_BYTES} bytes"))
}
