//! From settings to one token: endpoint, key, signature, request; with the disk cache in front when there is one.

use std::{sync::Arc, time::Duration};

use tokio::sync::OnceCell;

use super::{GrantOverrides, TokenError, TokenEvent, TokenOrigin, blocking, key::LazyKey};
use crate::{
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
}

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

    /// Returns a token from the disk cache or the server.
    pub(super) async fn token(
        &self,
        grant: Grant,
        refresh: bool,
        notify: Notify<'_>,
    ) -> Result<(AccessToken, TokenOrigin), TokenError> {
        let Some(cache) = &self.cache else { return Ok((self.request(grant, notify).await?, TokenOrigin::Server)) };
        let key = self.cache_key(&grant);
        let options = FetchOptions { minimum: self.minimum, refresh, wait: self.retry_policy.timeout };
        let fetched = cache.fetch(&key, options, &*self.clock, self.request(grant, notify)).await?;
        fetched.warnings.iter().for_each(|warning| notify(&TokenEvent::CacheWarning(warning)));
        if !fetched.from_cache {
            return Ok((fetched.token, TokenOrigin::Server));
        }
        notify(&TokenEvent::FoundOnDisk { token: &fetched.token });
        Ok((fetched.token, TokenOrigin::Disk))
    }

    pub(super) fn cache_key(&self, grant: &Grant) -> CacheKey {
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
            let retrying = |error: &_, delay| notify(&TokenEvent::Retrying { error, delay });
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
            let retrying = |error: &_, delay| notify(&TokenEvent::Retrying { error, delay });
            let resolved = self.endpoint.resolve(&self.grant.audience, &self.http, self.retry_policy, retrying);
            let (audience, endpoint) = resolved.await?;
            let client = TokenClient::new(endpoint, &self.http, self.retry_policy)?;
            Ok(PreparedClient { audience, client })
        };
        self.client.get_or_try_init(prepare).await
    }
}
