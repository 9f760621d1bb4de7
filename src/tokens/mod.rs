//! Keeps access tokens valid: in memory, with one request in flight, renewal before expiry and backoff after failures.
//!
//! A [`TokenSource`] is made once and asked for a token before every call to an API. It returns the token in memory as
//! long as enough of its lifetime is left. Callers that need a new one at the same time share one request. A token in
//! use is renewed in the background. After a failure no request is sent for a while, and a token that has not expired
//! is returned meanwhile. With [`TokenSourceBuilder::cache`], tokens are also stored on disk, and a token on disk needs
//! neither a request nor the key.
//!
//! # Examples
//! ```no_run
//! use maskinporten::{environment::Environment, keystore::SigningKey, tokens::TokenSource};
//!
//! # async fn run() -> Result<(), Box<dyn std::error::Error>> {
//! let key = SigningKey::from_pkcs12_file("enterprise.p12", &"password".into())?;
//! let tokens = TokenSource::builder(Environment::Test, "806e1e80-e3a7-4a73-980e-f92ba1c2bf86", key)
//!     .scope("altinn:serviceowner")
//!     .build()?;
//! let token = tokens.token().await?;
//! # drop(token);
//! # Ok(())
//! # }
//! ```

mod backoff;
mod builder;
mod endpoint;
mod entry;
mod error;
mod event;
mod exchange;
mod key;
mod overrides;
mod provider;
mod renewal;

use std::{fmt, sync::Arc, time::Duration};

pub use self::{
    builder::TokenSourceBuilder,
    endpoint::TokenEndpoint,
    error::{KeyError, TokenError},
    event::{TokenEvent, TokenObserver},
    key::KeyProvider,
    overrides::GrantOverrides,
    provider::{AccessTokenProvider, ProvidedToken},
};
use self::{entry::TokenEntry, exchange::Requests};
use crate::{client::AccessToken, environment::Environment, grant::Grant};

/// Returns valid access tokens for one client. Clones share their tokens, so it is cheap to clone.
///
/// It must be used within a tokio runtime.
#[derive(Clone)]
pub struct TokenSource {
    entry: Arc<TokenEntry>,
}

/// Which token is accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Freshness {
    /// A token from memory or disk that has enough of its lifetime left, else a new one.
    Cached,
    /// A new token from the server; a request in flight is joined.
    Fresh,
}

/// Where a token was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenOrigin {
    /// In memory.
    Memory,
    /// In the disk cache.
    Disk,
    /// At the token endpoint.
    Server,
    /// In memory, with less of its lifetime left than required, because no new one could be obtained.
    LastResort,
}

/// A token, and where it was found.
#[derive(Debug, Clone)]
pub struct ObtainedToken {
    /// The token.
    pub token: AccessToken,
    /// Where it was found.
    pub origin: TokenOrigin,
}

impl TokenSource {
    /// Starts a source for a client in an environment; at least one scope must be added.
    ///
    /// Altinn's `resource` is set when every scope is Altinn's. For other claims, use [`TokenSource::for_grant`].
    pub fn builder(
        environment: Environment,
        client_id: impl Into<String>,
        key: impl KeyProvider,
    ) -> TokenSourceBuilder {
        TokenSourceBuilder::for_client(environment, client_id.into(), key)
    }

    /// Starts a source for a grant.
    pub fn for_grant(grant: Grant, endpoint: TokenEndpoint, key: impl KeyProvider) -> TokenSourceBuilder {
        TokenSourceBuilder::for_grant(grant, endpoint, key)
    }

    /// Starts a source of tokens that are obtained in another way; the grant says which client and scopes they have. They
    /// are not stored on disk.
    pub fn for_provider(grant: Grant, provider: Arc<dyn AccessTokenProvider>) -> TokenSourceBuilder {
        TokenSourceBuilder::for_provider(grant, provider)
    }

    /// Returns a token that is valid for at least the minimum lifetime of this source.
    ///
    /// When there is no new token, the last one is returned until it expires.
    ///
    /// # Errors
    /// [`TokenError`]; [`TokenError::Paused`] shortly after a failure.
    pub async fn token(&self) -> Result<AccessToken, TokenError> {
        Ok(self.obtain(Freshness::Cached).await?.token)
    }

    /// Returns a new token from the server. A request in flight is joined.
    ///
    /// # Errors
    /// As [`TokenSource::token`].
    pub async fn fresh(&self) -> Result<AccessToken, TokenError> {
        Ok(self.obtain(Freshness::Fresh).await?.token)
    }

    /// Returns another token than this one, which an API has rejected with 401.
    ///
    /// # Errors
    /// As [`TokenSource::token`].
    pub async fn instead_of(&self, rejected: &AccessToken) -> Result<AccessToken, TokenError> {
        self.forget(rejected)?;
        self.token().await
    }

    /// Returns a token, and where it was found.
    ///
    /// # Errors
    /// As [`TokenSource::token`].
    pub async fn obtain(&self, freshness: Freshness) -> Result<ObtainedToken, TokenError> {
        match self.entry.obtain(freshness).await {
            Err(error) if freshness == Freshness::Cached => {
                self.in_memory().map(|token| ObtainedToken { token, origin: TokenOrigin::LastResort }).ok_or(error)
            }
            obtained => obtained,
        }
    }

    /// Removes a token that an API has rejected from memory and disk, unless another one has replaced it.
    ///
    /// # Errors
    /// [`TokenError::Cache`] when the disk cache cannot be read or written.
    pub fn forget(&self, rejected: &AccessToken) -> Result<(), TokenError> {
        let mut state = self.entry.lock();
        if state.token.as_ref().is_some_and(|token| token.expose() == rejected.expose()) {
            TokenEntry::clear(&mut state);
            self.entry.forget_exchangeable();
        }
        drop(state);
        let exchange = self.entry.shared.exchange();
        exchange.forget(&exchange.grant(&self.entry.overrides), rejected)
    }

    /// Returns a source for other scopes, another resource and so on. It shares settings, key, HTTP client and backoff
    /// with this one; of the sources derived from one, eight send a request at a time.
    #[must_use]
    pub fn derive(&self, overrides: GrantOverrides) -> Self {
        let shared = Arc::clone(&self.entry.shared);
        Self { entry: Arc::new(TokenEntry::new(shared, overrides.or(&self.entry.overrides))) }
    }

    /// Returns the grant that a source derived with these overrides requests.
    #[must_use]
    pub fn grant(&self, overrides: &GrantOverrides) -> Grant {
        self.entry.shared.exchange().grant(&overrides.clone().or(&self.entry.overrides))
    }

    /// Returns the token in memory if it has not expired.
    #[must_use]
    pub fn in_memory(&self) -> Option<AccessToken> {
        let now = self.entry.shared.exchange().clock.now();
        self.entry.lock().token.clone().filter(|token| token.expires_at().is_some_and(|end| end > now))
    }

    /// Whether a request is in flight.
    #[must_use]
    pub fn is_in_flight(&self) -> bool {
        self.entry.lock().in_flight.is_some()
    }

    /// Returns the time until the next request may be sent; `None` when there is no backoff.
    #[must_use]
    pub fn backoff(&self) -> Option<Duration> {
        Some(self.entry.backoff(&self.entry.lock())?.1)
    }

    /// Prepares the HTTP client, which fetches the metadata when the endpoint is discovered. Without this call the
    /// first request does it.
    ///
    /// # Errors
    /// [`TokenError::Client`] when the file with certificate authorities cannot be used, or there is no metadata.
    pub async fn prepare(&self) -> Result<(), TokenError> {
        let notify = |event: &TokenEvent<'_>| self.entry.shared.notify(event);
        let exchange = self.entry.shared.exchange();
        match &exchange.requests {
            Requests::Signed(signed) => exchange.prepare(signed, &notify).await.map(drop),
            Requests::Provided(_) => Ok(()),
        }
    }

    /// Uses the settings and the key of another source from the next request on, and ends the backoff. Tokens stay, so
    /// both must be for the same tokens. Derived sources follow.
    pub fn reconfigure(&self, other: &Self) {
        self.entry.shared.set_exchange(other.entry.shared.exchange());
        self.entry.lock().backoff = None;
    }

    /// Ends the backoff of this token.
    pub fn end_backoff(&self) {
        self.entry.lock().backoff = None;
    }

    /// Reports events of this source and those derived from it to this function, in place of the former one.
    pub fn set_observer(&self, observer: TokenObserver) {
        self.entry.shared.set_observer(observer);
    }
}

impl fmt::Debug for TokenSource {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let exchange = self.entry.shared.exchange();
        formatter
            .debug_struct("TokenSource")
            .field("client_id", &exchange.grant.client_id)
            .field("scopes", &self.entry.requested_scopes())
            .field("overrides", &self.entry.overrides)
            .finish_non_exhaustive()
    }
}

/// Runs a function that may block, on a separate thread. A panic continues in the calling task.
pub(crate) async fn blocking<T: Send + 'static>(run: impl FnOnce() -> T + Send + 'static) -> T {
    match tokio::task::spawn_blocking(run).await {
        Ok(result) => result,
        Err(lost) if lost.is_panic() => std::panic::resume_unwind(lost.into_panic()),
        // The runtime is shutting down.
        Err(_) => std::future::pending().await,
    }
}
