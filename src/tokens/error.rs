//! Why there is no token.

use std::{sync::Arc, time::Duration};

use crate::{
    altinn::{AltinnError, AltinnRefusal},
    cache::CacheError,
    client::{ClientError, Transient as _},
    environment::LocalError,
    explain::Explain,
    grant::GrantError,
    http::{EndpointError, HttpError},
};

/// An error of a [`KeyProvider`](super::KeyProvider); it is returned unchanged in [`TokenError::Key`].
pub type KeyError = Arc<dyn Explain + Send + Sync>;

/// Why there is no token. It can be cloned, because callers that wait for one request share its outcome.
#[derive(Debug, Clone, thiserror::Error)]
pub enum TokenError {
    /// The assertion could not be signed, or the server sent no token.
    #[error(transparent)]
    Client(Arc<ClientError>),
    /// Altinn did not exchange the token.
    #[error(transparent)]
    Altinn(Arc<AltinnRefusal>),
    /// The key could not be opened. The error is that of the [`KeyProvider`](super::KeyProvider).
    #[error(transparent)]
    Key(KeyError),
    /// The person must log in. The error is that of the [`AccessTokenProvider`](super::AccessTokenProvider).
    #[error(transparent)]
    LoginRequired(KeyError),
    /// The provider of the tokens has failed. The error is that of the [`AccessTokenProvider`](super::AccessTokenProvider).
    #[error(transparent)]
    Provider(KeyError),
    /// Others have access to the disk cache.
    #[error(transparent)]
    Cache(Arc<CacheError>),
    /// The simulator's addresses could not be read.
    #[error(transparent)]
    Local(Arc<LocalError>),
    /// A request has failed a short time ago, so none is sent now.
    #[error("the last request failed; the next one is sent in {} s at the earliest", remaining.as_secs().max(1))]
    Paused {
        /// Why it failed.
        #[source]
        error: Box<TokenError>,
        /// The time until a request is sent again.
        remaining: Duration,
    },
    /// The task that sent the request has panicked or was cancelled.
    #[error("the task that sent the request was cancelled or panicked, which is a bug in this program")]
    Lost,
}

impl TokenError {
    /// Returns the delay that the server asks for.
    pub(super) fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Client(error) => error.retry_after(),
            _ => None,
        }
    }

    /// Whether every other request to this server would have failed too: it is down, too slow or busy.
    pub(super) fn is_server_failure(&self) -> bool {
        let Self::Client(error) = self else { return false };
        match &**error {
            ClientError::Http(HttpError::CaFile { .. } | HttpError::ProxySetting(_) | HttpError::Tls(_), _)
            | ClientError::Grant(_)
            | ClientError::Endpoint(_)
            | ClientError::ForeignEndpoint { .. }
            | ClientError::Refused(_) => false,
            ClientError::Http(..) | ClientError::Unavailable { .. } | ClientError::UnexpectedResponse(_) => true,
        }
    }
}

impl Explain for TokenError {
    fn code(&self) -> &'static str {
        match self {
            Self::Client(error) => error.code(),
            Self::Altinn(error) => error.code(),
            Self::Key(error) | Self::LoginRequired(error) | Self::Provider(error) => error.code(),
            Self::Cache(error) => error.code(),
            Self::Local(error) => error.code(),
            Self::Paused { error, .. } => error.code(),
            Self::Lost => "internal",
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Client(error) => error.hint(),
            Self::Altinn(error) => error.hint(),
            Self::Key(error) | Self::LoginRequired(error) | Self::Provider(error) => error.hint(),
            Self::Cache(error) => error.hint(),
            Self::Local(error) => error.hint(),
            Self::Paused { error, .. } => error.hint(),
            Self::Lost => None,
        }
    }
}

impl From<ClientError> for TokenError {
    fn from(error: ClientError) -> Self {
        Self::Client(Arc::new(error))
    }
}

impl From<AltinnError> for TokenError {
    /// A platform that cannot be reached or is down is an error as of any other server.
    fn from(error: AltinnError) -> Self {
        match error {
            AltinnError::Client(error) => error.into(),
            AltinnError::Refused(refusal) => Self::Altinn(Arc::from(refusal)),
        }
    }
}

impl From<GrantError> for TokenError {
    fn from(error: GrantError) -> Self {
        ClientError::Grant(error).into()
    }
}

impl From<EndpointError> for TokenError {
    fn from(error: EndpointError) -> Self {
        ClientError::Endpoint(error).into()
    }
}

impl From<CacheError> for TokenError {
    fn from(error: CacheError) -> Self {
        Self::Cache(Arc::new(error))
    }
}

impl From<LocalError> for TokenError {
    fn from(error: LocalError) -> Self {
        Self::Local(Arc::new(error))
    }
}
