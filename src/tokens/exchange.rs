//! From settings to one token: endpoint, key, signature, request, and the exchange at Altinn; with the disk cache in front
//! when there is one.

use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::OnceCell;

use super::{
    AccessTokenProvider, GrantOverrides, TokenEndpoint, TokenError, TokenEvent, TokenOrigin, blocking, key::LazyKey,
};
use crate::{
    altinn::{AltinnClient, AltinnError, AltinnExchange},
    cache::{Cache, CacheKey, FetchOptions},
    client::{AccessToken, ClientError, MinimumLifetime, RefusalFacts, RetryPolicy, TokenClient},
    clock::Clock,
    environment::Environment,
    grant::{Grant, default_resource},
    http::HttpOptions,
};

/// The settings of a token source.
pub(super) struct Exchange {
    pub(super) grant: Grant,
    pub(super) requests: Requests,
    pub(super) environment: Option<Environment>,
    /// Whether a request for other scopes gets the resource that belongs to them.
    pub(super) resource_by_scope: bool,
    pub(super) http: HttpOptions,
    pub(super) retry_policy: RetryPolicy,
    pub(super) minimum: MinimumLifetime,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) cache: Option<Arc<Cache>>,
    /// What the explanation of a refusal can name besides the grant.
    pub(super) known: RefusalFacts,
    pub(super) altinn: Option<AltinnStep>,
}

/// How tokens are obtained.
pub(super) enum Requests {
    /// At a token endpoint, with grants that are signed.
    Signed(Box<SignedRequests>),
    /// In another way.
    Provided(Arc<dyn AccessTokenProvider>),
}

/// The token endpoint and the key of signed grants.
pub(super) struct SignedRequests {
    pub(super) endpoint: TokenEndpoint,
    pub(super) key: LazyKey,
    client: OnceCell<PreparedClient>,
}

impl SignedRequests {
    pub(super) fn new(endpoint: TokenEndpoint, key: LazyKey) -> Self {
        Self { endpoint, key, client: OnceCell::new() }
    }
}

/// The exchange at Altinn of every token.
pub(super) struct AltinnStep {
    pub(super) exchange: AltinnExchange,
    pub(super) client: OnceCell<AltinnClient>,
}

/// The token of Maskinporten that an entry's token was exchanged for, which may be exchanged again.
pub(super) type Exchangeable = Mutex<Option<AccessToken>>;

/// A client of the token endpoint, with the audience that belongs to it.
pub(super) struct PreparedClient {
    audience: String,
    client: TokenClient,
}

/// A token, and where it was found.
type Requested = Result<(AccessToken, TokenOrigin), TokenError>;

/// Reports an event.
pub(super) type Notify<'notify> = &'notify (dyn Fn(&TokenEvent<'_>) + Send + Sync);

impl Exchange {
    /// Returns the grant of the settings, changed by these overrides.
    pub(super) fn grant(&self, overrides: &GrantOverrides) -> Grant {
        let mut grant = self.grant.clone();
        if let Some(scopes) = &overrides.scopes {
            grant.scopes = scopes.clone();
            if let Some(environment) = self.environment.filter(|_| self.resource_by_scope) {
                grant.resources = default_resource(environment, scopes).into_iter().collect();
            }
        }
        overrides.apply(&mut grant);
        grant
    }

    /// Returns a token from the disk cache or the server, exchanged if it must be.
    pub(super) async fn token(
        &self,
        grant: Grant,
        refresh: bool,
        exchangeable: &Exchangeable,
        notify: Notify<'_>,
    ) -> Requested {
        let stored = self.stored(&grant);
        let Some(altinn) = &self.altinn else {
            let request = self.request(grant, self.minimum, refresh, notify);
            return self.cached(stored, self.minimum, refresh, request, notify).await;
        };
        let exchanged = self.exchanged(altinn, grant, refresh, exchangeable, notify);
        let stored = stored.map(|(cache, key)| (cache, key.exchanged_for(&altinn.exchange.id())));
        // Not on the stack of every caller: it is two exchanges, each with its own request.
        Box::pin(self.cached(stored, self.minimum, refresh, exchanged, notify)).await
    }

    /// Returns the token that is stored in the disk cache, if there is one, or else the requested one.
    async fn cached(
        &self,
        stored: Option<(&Cache, CacheKey)>,
        minimum: MinimumLifetime,
        refresh: bool,
        request: impl Future<Output = Requested>,
        notify: Notify<'_>,
    ) -> Requested {
        let Some((cache, key)) = stored else { return request.await };
        let options = FetchOptions { minimum, refresh, wait: self.retry_policy.timeout };
        let request = async { request.await.map(|(token, _)| token) };
        let fetched = cache.fetch(&key, options, &*self.clock, request).await?;
        fetched.warnings.iter().for_each(|warning| notify(&TokenEvent::CacheWarning(warning)));
        if !fetched.from_cache {
            return Ok((fetched.token, TokenOrigin::Server));
        }
        notify(&TokenEvent::FoundOnDisk { token: &fetched.token });
        Ok((fetched.token, TokenOrigin::Disk))
    }

    /// Exchanges a token from memory, the disk cache or the server, and returns Altinn's.
    ///
    /// A stored token that Altinn does not accept is replaced once: it may have been withdrawn.
    async fn exchanged(
        &self,
        altinn: &AltinnStep,
        grant: Grant,
        refresh: bool,
        exchangeable: &Exchangeable,
        notify: Notify<'_>,
    ) -> Requested {
        let lock = || exchangeable.lock().unwrap_or_else(PoisonError::into_inner);
        let now = self.clock.now();
        let in_memory = lock().take().filter(|token| !refresh && MinimumLifetime::Usual.is_met_by(token, now));
        let obtain = async |refresh| {
            let request = self.request(grant.clone(), MinimumLifetime::Usual, refresh, notify);
            self.cached(self.stored(&grant), MinimumLifetime::Usual, refresh, request, notify).await
        };
        let (mut token, mut origin) = match in_memory {
            Some(token) => (token, TokenOrigin::Memory),
            None => obtain(refresh).await?,
        };
        let mut result = self.exchange(altinn, &token, &grant, notify).await;
        if origin != TokenOrigin::Server && matches!(&result, Err(TokenError::Altinn(refusal)) if refusal.status == 401)
        {
            (token, origin) = obtain(true).await?;
            result = self.exchange(altinn, &token, &grant, notify).await;
        }
        if !matches!(result, Err(TokenError::Altinn(_))) {
            *lock() = Some(token);
        }
        let is_last = origin == TokenOrigin::LastResort;
        result.map(|token| (token, if is_last { TokenOrigin::LastResort } else { TokenOrigin::Server }))
    }

    /// Sends a token to Altinn's exchange.
    async fn exchange(
        &self,
        altinn: &AltinnStep,
        token: &AccessToken,
        grant: &Grant,
        notify: Notify<'_>,
    ) -> Result<AccessToken, TokenError> {
        let platform = &altinn.exchange.platform;
        notify(&TokenEvent::Exchanging { platform: platform.base() });
        let result = async {
            let prepare = async || AltinnClient::new(platform.clone(), &self.http, self.retry_policy);
            let client = altinn.client.get_or_try_init(prepare).await?;
            let retrying = |error: &AltinnError, delay| notify(&TokenEvent::Retrying { error, delay });
            client.exchange(token, &altinn.exchange, &*self.clock, retrying).await
        };
        let result = result.await.map_err(|error| error.knowing(&self.known, &grant.audience).into());
        notify(&TokenEvent::Exchanged { error: result.as_ref().err() });
        result
    }

    /// Removes a token that an API has rejected from the disk cache, with the one that it was exchanged for.
    pub(super) fn forget(&self, grant: &Grant, rejected: &AccessToken) -> Result<(), TokenError> {
        let Some((cache, key)) = self.stored(grant) else { return Ok(()) };
        let Some(altinn) = &self.altinn else { return Ok(cache.forget(&key, rejected).map(drop)?) };
        if cache.forget(&key.exchanged_for(&altinn.exchange.id()), rejected)? {
            cache.remove(&key)?;
        }
        Ok(())
    }

    /// Returns the disk cache, with the place of a grant's token there; `None` if there is no cache.
    fn stored(&self, grant: &Grant) -> Option<(&Cache, CacheKey)> {
        let (Requests::Signed(signed), Some(cache)) = (&self.requests, &self.cache) else { return None };
        let endpoint = signed.endpoint.id(self.environment, &self.http);
        Some((cache, CacheKey::new(grant, &endpoint, &signed.key.provider.identity())))
    }

    /// Requests a token.
    async fn request(&self, grant: Grant, minimum: MinimumLifetime, refresh: bool, notify: Notify<'_>) -> Requested {
        let scopes = grant.scopes.clone();
        let result = match &self.requests {
            Requests::Signed(signed) => {
                // Not on the stack of every caller that finds its token on disk.
                Box::pin(self.post(signed, grant, notify)).await.map(|token| (token, TokenOrigin::Server))
            }
            Requests::Provided(provider) => provider.provide(minimum, refresh).await,
        };
        if !matches!(result, Ok((_, TokenOrigin::Disk | TokenOrigin::LastResort))) {
            notify(&TokenEvent::Requested { scopes: &scopes, error: result.as_ref().err() });
        }
        result
    }

    /// Signs and sends the request. The key is opened last, so that no password is asked for in vain.
    async fn post(
        &self,
        signed: &SignedRequests,
        mut grant: Grant,
        notify: Notify<'_>,
    ) -> Result<AccessToken, TokenError> {
        let prepared = self.prepare(signed, notify).await?;
        let client = prepared.client.clone();
        let key = signed.key.open(move || client.connect_early()).await?;
        grant.audience.clone_from(&prepared.audience);
        let grant = Arc::new(grant);
        notify(&TokenEvent::Requesting { endpoint: prepared.client.endpoint(), scopes: &grant.scopes });
        let sign = || {
            let (grant, key, clock) = (Arc::clone(&grant), Arc::clone(&key), Arc::clone(&self.clock));
            // A hardware token, a key service or a large key would block the other tasks of this thread.
            blocking(move || grant.sign(&*key, &*clock))
        };
        let retrying = |error: &ClientError, delay| notify(&TokenEvent::Retrying { error, delay });
        let fetched = prepared.client.fetch(sign, &*self.clock, retrying).await;
        Ok(fetched.map_err(|error| error.knowing(&self.known))?)
    }

    /// Prepares the client, which includes the metadata request when the endpoint is discovered.
    pub(super) async fn prepare<'signed>(
        &self,
        signed: &'signed SignedRequests,
        notify: Notify<'_>,
    ) -> Result<&'signed PreparedClient, TokenError> {
        let prepare = || async {
            let retrying = |error: &ClientError, delay| notify(&TokenEvent::Retrying { error, delay });
            let resolved = signed.endpoint.resolve(&self.grant.audience, &self.http, self.retry_policy, retrying);
            let (audience, endpoint) = resolved.await?;
            let client = TokenClient::new(endpoint, &self.http, self.retry_policy)?;
            Ok(PreparedClient { audience, client })
        };
        signed.client.get_or_try_init(prepare).await
    }
}
