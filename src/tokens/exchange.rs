//! From settings to one token: endpoint, key, signature, request, and the exchange at Altinn; with the disk cache in front
//! when there is one.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use tokio::sync::OnceCell;

use super::{GrantOverrides, TokenError, TokenEvent, TokenOrigin, blocking, key::LazyKey};
use crate::{
    altinn::{AltinnClient, AltinnError, AltinnExchange},
    cache::{Cache, CacheKey, EndpointId, FetchOptions},
    client::{
        AccessToken, ClientError, MinimumLifetime, RefusalFacts, RetryPolicy, TokenClient, discover, is_endpoint_of,
    },
    clock::Clock,
    environment::Environment,
    grant::{Grant, default_resource},
    http::{Endpoint, HttpOptions},
};

/// Where tokens are requested.
#[derive(Debug, Clone)]
pub enum TokenEndpoint {
    /// This token endpoint.
    Fixed(Endpoint),
    /// The token endpoint in an authorization server's metadata (RFC 8414), which is fetched before the first request.
    Discovered {
        /// The address of the metadata, or of its issuer.
        metadata: Endpoint,
        /// Whether the issuer in the metadata replaces the audience of the grant.
        replaces_audience: bool,
        /// A token endpoint to use instead of the one in the metadata.
        token_endpoint: Option<Endpoint>,
        /// Whether the token endpoint must belong to the audience, because the addresses are not the user's own choice.
        is_confined: bool,
    },
}

impl TokenEndpoint {
    /// Returns what identifies the endpoint for the token cache; the metadata is not fetched.
    #[must_use]
    pub fn id(&self, environment: Option<Environment>, http: &HttpOptions) -> EndpointId {
        let (token_endpoint, metadata) = match self {
            Self::Fixed(endpoint) => (Some(endpoint.clone()), None),
            Self::Discovered { metadata, token_endpoint, .. } => (token_endpoint.clone(), Some(metadata.clone())),
        };
        let environment = environment.map_or("", Environment::name).to_owned();
        EndpointId { environment, token_endpoint, metadata, ca_file: http.ca_file.clone() }
    }

    /// Returns audience and token endpoint; fetches the metadata if it has them. `notify` is called before each retry.
    ///
    /// # Errors
    /// As [`discover`], and [`ClientError::ForeignEndpoint`].
    pub async fn resolve(
        &self,
        audience: &str,
        http: &HttpOptions,
        retry_policy: RetryPolicy,
        notify: impl FnMut(&ClientError, Duration),
    ) -> Result<(String, Endpoint), ClientError> {
        let (metadata, replaces_audience, token_endpoint, is_confined) = match self {
            Self::Fixed(endpoint) => return Ok((audience.to_owned(), endpoint.clone())),
            Self::Discovered { metadata, replaces_audience, token_endpoint, is_confined } => {
                (metadata, *replaces_audience, token_endpoint.clone(), *is_confined)
            }
        };
        let addresses = discover(metadata.as_str(), http, retry_policy, notify).await?;
        let audience = if replaces_audience { addresses.issuer } else { audience.to_owned() };
        let endpoint = token_endpoint.map_or_else(|| Endpoint::parse(&addresses.token_endpoint), Ok);
        let endpoint = endpoint.map_err(ClientError::Endpoint)?;
        if is_confined && !is_endpoint_of(&audience, &endpoint) {
            return Err(ClientError::ForeignEndpoint { audience, endpoint });
        }
        Ok((audience, endpoint))
    }
}

/// The settings of a token source.
pub(super) struct Exchange {
    pub(super) grant: Grant,
    pub(super) endpoint: TokenEndpoint,
    pub(super) environment: Option<Environment>,
    /// Whether a request for other scopes gets the resource that belongs to them.
    pub(super) resource_by_scope: bool,
    pub(super) http: HttpOptions,
    pub(super) retry_policy: RetryPolicy,
    pub(super) minimum: MinimumLifetime,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) cache: Option<Arc<Cache>>,
    pub(super) key: LazyKey,
    /// What the explanation of a refusal can name besides the grant.
    pub(super) known: RefusalFacts,
    pub(super) client: OnceCell<PreparedClient>,
    pub(super) altinn: Option<AltinnStep>,
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
    ) -> Result<(AccessToken, TokenOrigin), TokenError> {
        let own = grant.clone();
        let key = || self.cache_key(&own);
        let Some(altinn) = &self.altinn else {
            return self.cached(key, self.minimum, refresh, self.request(grant, notify), notify).await;
        };
        let exchanged = self.exchanged(altinn, grant, refresh, exchangeable, notify);
        let key = || key().exchanged_for(&altinn.exchange.id());
        // Not on the stack of every caller: it is two exchanges, each with its own request.
        Box::pin(self.cached(key, self.minimum, refresh, exchanged, notify)).await
    }

    /// Returns the token that is stored under a key, or else the requested one.
    async fn cached(
        &self,
        key: impl FnOnce() -> CacheKey + Send,
        minimum: MinimumLifetime,
        refresh: bool,
        request: impl Future<Output = Result<AccessToken, TokenError>>,
        notify: Notify<'_>,
    ) -> Result<(AccessToken, TokenOrigin), TokenError> {
        let Some(cache) = &self.cache else { return Ok((request.await?, TokenOrigin::Server)) };
        let options = FetchOptions { minimum, refresh, wait: self.retry_policy.timeout };
        let fetched = cache.fetch(&key(), options, &*self.clock, request).await?;
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
    ) -> Result<AccessToken, TokenError> {
        let lock = || exchangeable.lock().unwrap_or_else(PoisonError::into_inner);
        let now = self.clock.now();
        let in_memory = lock().take().filter(|token| !refresh && MinimumLifetime::Usual.is_met_by(token, now));
        let obtain = async |refresh| {
            let request = self.request(grant.clone(), notify);
            self.cached(|| self.cache_key(&grant), MinimumLifetime::Usual, refresh, request, notify).await
        };
        let (mut token, origin) = match in_memory {
            Some(token) => (token, TokenOrigin::Memory),
            None => obtain(refresh).await?,
        };
        let mut result = self.exchange(altinn, &token, &grant, notify).await;
        if origin != TokenOrigin::Server && matches!(&result, Err(TokenError::Altinn(refusal)) if refusal.status == 401)
        {
            token = obtain(true).await?.0;
            result = self.exchange(altinn, &token, &grant, notify).await;
        }
        if !matches!(result, Err(TokenError::Altinn(_))) {
            *lock() = Some(token);
        }
        result
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
        let Some(cache) = &self.cache else { return Ok(()) };
        let key = self.cache_key(grant);
        let Some(altinn) = &self.altinn else { return Ok(cache.forget(&key, rejected).map(drop)?) };
        if cache.forget(&key.exchanged_for(&altinn.exchange.id()), rejected)? {
            cache.remove(&key)?;
        }
        Ok(())
    }

    fn cache_key(&self, grant: &Grant) -> CacheKey {
        let endpoint = self.endpoint.id(self.environment, &self.http);
        CacheKey::new(grant, &endpoint, &self.key.provider.identity())
    }

    /// Signs and sends the request. The key is opened last, so that no password is asked for in vain.
    async fn request(&self, mut grant: Grant, notify: Notify<'_>) -> Result<AccessToken, TokenError> {
        let scopes = grant.scopes.clone();
        let result = async {
            let prepared = self.prepare(notify).await?;
            let client = prepared.client.clone();
            let key = self.key.open(move || client.connect_early()).await?;
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
        };
        let result: Result<AccessToken, TokenError> = result.await;
        notify(&TokenEvent::Requested { scopes: &scopes, error: result.as_ref().err() });
        result
    }

    /// Prepares the client, which includes the metadata request when the endpoint is discovered.
    pub(super) async fn prepare(&self, notify: Notify<'_>) -> Result<&PreparedClient, TokenError> {
        let prepare = || async {
            let retrying = |error: &ClientError, delay| notify(&TokenEvent::Retrying { error, delay });
            let resolved = self.endpoint.resolve(&self.grant.audience, &self.http, self.retry_policy, retrying);
            let (audience, endpoint) = resolved.await?;
            let client = TokenClient::new(endpoint, &self.http, self.retry_policy)?;
            Ok(PreparedClient { audience, client })
        };
        self.client.get_or_try_init(prepare).await
    }
}
