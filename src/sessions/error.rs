//! Why a kept login cannot be used.

use std::{io, path::PathBuf, time::Duration};

use chrono::{DateTime, SecondsFormat, Utc};

use crate::{explain::Explain, file::UnsafePermissions, login::LoginError, secret_store::SecretStoreError};

/// Why a kept login cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SessionError {
    /// The user has no folder for it.
    #[error("could not find the state folder of this user")]
    NoFolder,
    /// The folder or a file cannot be read or written.
    #[error("could not use the kept login in `{}`", .0.display())]
    Unusable(PathBuf, #[source] io::Error),
    /// Others have access to the file.
    #[error("the kept login in `{}` is not safe", .0.display())]
    Unsafe(PathBuf, #[source] UnsafePermissions),
    /// The file or the secrets are not what this program writes.
    #[error("the kept login in `{}` is damaged, or another version wrote it", .0.display())]
    Invalid(PathBuf),
    /// The operating system's store did not give the secrets.
    #[error("could not get the secrets of the kept login")]
    SecretStore(#[from] SecretStoreError),
    /// Another process renews the session.
    #[error("another process has been renewing the login for {} s", .0.as_secs())]
    Locked(Duration),
    /// There is no session of this name.
    #[error("no login is kept under the name `{0}`")]
    Missing(String),
    /// The tokens have expired, at a time that may be known, and there is nothing to renew them with.
    #[error("{}", expired(*.0))]
    Expired(Option<DateTime<Utc>>),
    /// The tokens are bound to a key, which a program that gets them would need too.
    #[error("the login is bound to a key (DPoP), so its tokens cannot be passed on")]
    Bound,
    /// The server does not accept the refresh token: it was used before, was revoked, or has expired.
    #[error("the login has ended: the server does not renew its tokens any more")]
    Ended(#[source] Box<LoginError>),
    /// The renewal failed, and may succeed later.
    #[error(transparent)]
    Login(Box<LoginError>),
}

impl From<LoginError> for SessionError {
    fn from(error: LoginError) -> Self {
        Self::Login(Box::new(error))
    }
}

impl SessionError {
    /// Whether the person must log in again.
    #[must_use]
    pub fn needs_login(&self) -> bool {
        matches!(self, Self::Missing(_) | Self::Expired(_) | Self::Ended(_))
    }
}

impl Explain for SessionError {
    fn code(&self) -> &'static str {
        match self {
            Self::NoFolder | Self::Unusable(..) | Self::Unsafe(..) | Self::Invalid(_) => "session",
            Self::SecretStore(error) => error.code(),
            Self::Locked(_) => "session_locked",
            Self::Missing(_) => "session_missing",
            Self::Expired(_) => "session_expired",
            Self::Bound => "session_bound",
            Self::Ended(_) => "session_ended",
            Self::Login(error) => error.code(),
        }
    }

    fn hint(&self) -> Option<String> {
        Some(match self {
            Self::NoFolder => "set HOME or XDG_STATE_HOME".to_owned(),
            Self::Unusable(..) => "check the folder and its permissions".to_owned(),
            Self::Unsafe(path, _) | Self::Invalid(path) => {
                format!("remove the file, and log in again: rm '{}'", path.display())
            }
            Self::SecretStore(error) => return error.hint(),
            Self::Locked(_) => "try again; if it happens again, look for a process that hangs".to_owned(),
            Self::Missing(_) | Self::Expired(_) | Self::Ended(_) => {
                "log in with the same --env and --profile: maskinporten login --keep".to_owned()
            }
            Self::Bound => "log in again without --dpop: maskinporten login --keep".to_owned(),
            Self::Login(error) => return error.hint(),
        })
    }
}

fn expired(at: Option<DateTime<Utc>>) -> String {
    let when = |at: DateTime<Utc>| format!("the login expired at {}", at.to_rfc3339_opts(SecondsFormat::Secs, true));
    at.map_or_else(|| "the login has expired".to_owned(), when)
}
