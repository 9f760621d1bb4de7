//! Bodies of requests, read up to a limit and not for ever.

use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use hyper::body::{Body as _, Incoming};
use zeroize::Zeroizing;

use super::Failed;

/// A token to introspect has a few kilobytes; everything else is shorter.
const MAXIMUM_BYTES: usize = 64 * 1024;

/// For as long may a body take.
const TIME: Duration = Duration::from_secs(10);

/// Reads a body to its end.
pub(super) async fn read(body: Incoming) -> Result<Zeroizing<Vec<u8>>, Failed> {
    let told = usize::try_from(body.size_hint().lower()).unwrap_or(usize::MAX);
    if told > MAXIMUM_BYTES {
        return Err(too_large());
    }
    let mut body = std::pin::pin!(Limited::new(body, MAXIMUM_BYTES));
    let mut read = Zeroizing::new(Vec::with_capacity(MAXIMUM_BYTES.min(told.max(4096))));
    let all = async {
        while let Some(frame) = body.frame().await {
            match frame {
                Ok(frame) => read.extend_from_slice(frame.data_ref().map(Bytes::as_ref).unwrap_or_default()),
                Err(error) if error.is::<LengthLimitError>() => return Err(too_large()),
                Err(_) => return Err(Failed::new(400, "invalid_request", "the body could not be read to its end")),
            }
        }
        Ok(())
    };
    match tokio::time::timeout(TIME, all).await {
        Ok(outcome) => outcome.map(|()| read),
        Err(_) => Err(Failed::new(408, "request_timeout", "the body did not come in time")),
    }
}

fn too_large() -> Failed {
    Failed::new(413, "too_large", format!("the body is longer than {MAXIMUM_BYTES} bytes"))
}
