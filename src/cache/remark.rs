//! What went less well than it could have, for those who ask for details. None of it costs the user the token.

use std::time::Duration;

use super::{CacheError, damage::CorruptEntry};

/// What went less well than it could have.
#[derive(Debug, thiserror::Error)]
pub enum Remark {
    /// What was stored cannot be used and is replaced.
    #[error("the stored token is not used: {0}")]
    Damaged(#[source] CorruptEntry),
    /// What is stored cannot be read.
    #[error("{}", with_cause(.0))]
    Unreadable(#[source] CacheError),
    /// There is no lock to be had, so that others may ask at the same time.
    #[error("asking without a lock: {}", with_cause(.0))]
    NoLock(#[source] CacheError),
    /// Another process asks for the same token and takes longer than is waited for.
    #[error("another process has been asking for the same token for {} ms; asking as well", .0.as_millis())]
    Impatient(Duration),
    /// The token is not stored.
    #[error("the token is not stored: {0}")]
    NotStored(#[source] NotStored),
}

/// Why a token is not stored.
#[derive(Debug, thiserror::Error)]
pub enum NotStored {
    /// Nobody could say whether it still counts.
    #[error("the server does not say how long it is good")]
    NoEnd,
    /// It would not be read again.
    #[error("it is larger than 256 KiB")]
    TooLarge,
    /// The disk said no.
    #[error("{}", with_cause(.0))]
    ApiError(#[source] CacheError),
}

/// An error and why, on one line.
fn with_cause(error: &CacheError) -> String {
    let why = std::error::Error::source(error).map(|cause| format!(": {cause}")).unwrap_or_default();
    format!("{error}{why}")
}
