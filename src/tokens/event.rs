//! What a token source does, for logs, metrics and progress messages. No event formats a secret.

use std::{sync::Arc, time::Duration};

use super::TokenError;
use crate::{cache::CacheWarning, client::AccessToken, explain::Explain, grant::Scopes, http::Endpoint};

/// Is called with each event, on the thread that runs the request, so it must be quick.
pub type TokenObserver = Arc<dyn Fn(&TokenEvent<'_>) + Send + Sync>;

/// An event of a token source.
#[derive(Debug)]
#[non_exhaustive]
pub enum TokenEvent<'event> {
    /// A token request is about to be sent.
    Requesting {
        /// The token endpoint.
        endpoint: &'event Endpoint,
        /// The requested scopes.
        scopes: &'event Scopes,
    },
    /// A token of Maskinporten or ID-porten is about to be exchanged for one of Altinn's.
    Exchanging {
        /// The base URL of Altinn's platform.
        platform: &'event Endpoint,
    },
    /// An exchange has ended, all attempts included.
    Exchanged {
        /// Why there is no token.
        error: Option<&'event TokenError>,
    },
    /// An attempt has failed, and another one follows.
    Retrying {
        /// Why it failed.
        error: &'event (dyn Explain + Send + Sync),
        /// The delay before the next attempt.
        delay: Duration,
    },
    /// A token request has ended, all attempts included.
    Requested {
        /// The requested scopes.
        scopes: &'event Scopes,
        /// Why there is no token.
        error: Option<&'event TokenError>,
    },
    /// The disk cache had a token, so none was requested.
    FoundOnDisk {
        /// The token.
        token: &'event AccessToken,
    },
    /// The disk cache had a non-fatal problem.
    CacheWarning(&'event CacheWarning),
    /// A token in use was renewed before it expires, or could not be.
    Renewed {
        /// Its scopes.
        scopes: &'event Scopes,
        /// Why it could not be renewed.
        error: Option<&'event TokenError>,
    },
}
