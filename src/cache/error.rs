//! Why the token cache, or an entry of it, is not used.
//!
//! A cache that another user could have written to is an error. A cache that cannot be opened or written is not: the
//! token is requested without it.

use std::{
    io,
    path::{Path, PathBuf},
    time::Duration,
};

use super::UnsafePermissions;
use crate::explain::Explain;

/// Why the token cache, or a file in it, is not used.
#[derive(Debug, thiserror::Error)]
pub enum CacheError {
    /// This system does not define a cache folder.
    #[error("this system does not define a cache folder")]
    NoFolder,
    /// The folder or a file could not be opened, read or written.
    #[error("could not use the token cache `{}`", path.display())]
    Unavailable {
        /// The folder, or the file in it.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Others have access to the folder.
    #[error("the folder of the token cache is not safe: `{}`", path.display())]
    UnsafeFolder {
        /// The folder.
        path: PathBuf,
        /// Why.
        source: UnsafePermissions,
    },
    /// Others have access to a file in the folder.
    #[error("a file of the token cache is not safe: `{}`", path.display())]
    UnsafeFile {
        /// The file.
        path: PathBuf,
        /// Why.
        source: UnsafePermissions,
    },
}

/// Why an entry is ignored and replaced.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CorruptEntry {
    /// It is too large.
    #[error("it is larger than 256 KiB")]
    TooLarge,
    /// It does not start like an entry.
    #[error("it is truncated, or not a cache entry")]
    NotAnEntry,
    /// It has the format of another version.
    #[error("another version wrote it")]
    Version,
    /// Its content is not what was written.
    #[error("it is truncated or was changed")]
    Checksum,
    /// Its content cannot be parsed.
    #[error("its content is not valid")]
    Content,
    /// It was written for another request and renamed.
    #[error("it belongs to another request")]
    OtherKey,
}

/// A non-fatal problem: the caller gets a token nevertheless.
#[derive(Debug, thiserror::Error)]
pub enum CacheWarning {
    /// The stored token is not usable and is replaced.
    #[error("the stored token is not used: {0}")]
    Corrupt(#[source] CorruptEntry),
    /// The stored token cannot be read.
    #[error("{}", with_cause(.0))]
    Unreadable(#[source] CacheError),
    /// There is no lock, so other processes may send the same request.
    #[error("requesting a token without a lock: {}", with_cause(.0))]
    NoLock(#[source] CacheError),
    /// Another process has held the lock for too long.
    #[error("another process has been requesting the same token for {} ms; requesting one as well", .0.as_millis())]
    LockTimeout(Duration),
    /// The token is not stored because its expiry is unknown or has passed.
    #[error("the token is not stored: its expiry is unknown or has passed")]
    UnknownExpiry,
    /// The token is not stored because it would not be read again.
    #[error("the token is not stored: it is larger than 256 KiB")]
    TooLarge,
    /// The token could not be written.
    #[error("the token is not stored: {}", with_cause(.0))]
    NotStored(#[source] CacheError),
}

impl CacheError {
    /// Whether the cache merely cannot be used; it is safe to continue without it.
    #[must_use]
    pub fn is_unavailable(&self) -> bool {
        matches!(self, Self::NoFolder | Self::Unavailable { .. })
    }

    /// Returns how to make the cache usable again.
    #[must_use]
    pub fn remedy(&self) -> String {
        match self {
            Self::NoFolder => "set HOME or XDG_CACHE_HOME".to_owned(),
            Self::Unavailable { .. } => "check the folder and its permissions".to_owned(),
            Self::UnsafeFolder { path, source } => folder_remedy(path, *source),
            Self::UnsafeFile { path, .. } => format!("remove it with: rm -rf {}", quoted(path)),
        }
    }
}

impl Explain for CacheError {
    fn code(&self) -> &'static str {
        "cache"
    }

    fn hint(&self) -> Option<String> {
        Some(format!("pass --no-cache, or {}", self.remedy()))
    }
}

fn folder_remedy(path: &Path, problem: UnsafePermissions) -> String {
    match problem {
        UnsafePermissions::Mode(_) => format!("remove the access of others with: chmod 700 {}", quoted(path)),
        UnsafePermissions::Owner(_) | UnsafePermissions::OtherOwner => {
            "set XDG_CACHE_HOME to a folder of your own".to_owned()
        }
        UnsafePermissions::AccessList => "set LOCALAPPDATA to a folder of your own".to_owned(),
        UnsafePermissions::Link => format!("remove the link with: rm {}", quoted(path)),
        UnsafePermissions::NotAFolder | UnsafePermissions::NotAFile => {
            format!("move it away with: mv {0} {0}.old", quoted(path))
        }
    }
}

/// Quotes a path for a POSIX shell: between single quotes only the single quote is special.
fn quoted(path: &Path) -> String {
    let text = path.display().to_string();
    let plain = text.chars().all(|character| character.is_ascii_alphanumeric() || "/._-".contains(character));
    if plain { text } else { format!("'{}'", text.replace('\'', r"'\''")) }
}

/// An error and its cause on one line.
fn with_cause(error: &CacheError) -> String {
    let cause = std::error::Error::source(error).map(|cause| format!(": {cause}")).unwrap_or_default();
    format!("{error}{cause}")
}
