//! Builds a token source.

use std::sync::Arc;

use tokio::sync::OnceCell;

use super::{
    AccessTokenProvider, GrantOverrides, KeyProvider, TokenEndpoint, TokenError, TokenObserver, TokenSource,
    entry::{Shared, TokenEntry},
    exchange::{AltinnStep, Exchange, Requests, SignedRequests},
    key::LazyKey,
};
use crate::{
    altinn::AltinnExchange,
    cache::Cache,
    client::{MinimumLifetime, RefusalFacts, RetryPolicy},
    clock::{Clock, SystemClock},
    environment::{Environment, LocalEnvironment},
    grant::{ClientId, Grant, Resource, Scopes, default_resource},
    http::{Endpoint, HttpOptions},
};

/// Builds a [`TokenSource`]; made by [`TokenSource::builder`] and [`TokenSource::for_grant`].
#[must_use]
pub struct TokenSourceBuilder {
    target: Target,
    scopes: Vec<String>,
    resources: Option<Vec<String>>,
    environment: Option<Environment>,
    resource_by_scope: bool,
    http: HttpOptions,
    client: Option<reqwest::Client>,
    retry_policy: RetryPolicy,
    minimum: MinimumLifetime,
    clock: Arc<dyn Clock>,
    cache: Option<Arc<Cache>>,
    observer: Option<TokenObserver>,
    known: RefusalFacts,
    altinn: Option<AltinnExchange>,
}

enum Target {
    Client { environment: Environment, client_id: String, key: LazyKey },
    Grant { grant: Box<Grant>, requests: Requests },
}

impl TokenSourceBuilder {
    pub(super) fn for_client(environment: Environment, client_id: String, key: impl KeyProvider) -> Self {
        let target = Target::Client { environment, client_id, key: LazyKey::new(key) };
        Self { environment: Some(environment), resource_by_scope: true, ..Self::new(target) }
    }

    pub(super) fn for_grant(grant: Grant, endpoint: TokenEndpoint, key: impl KeyProvider) -> Self {
        let requests = Requests::Signed(Box::new(SignedRequests::new(endpoint, LazyKey::new(key))));
        Self::new(Target::Grant { grant: Box::new(grant), requests })
    }

    pub(super) fn for_provider(grant: Grant, provider: Arc<dyn AccessTokenProvider>) -> Self {
        Self::new(Target::Grant { grant: Box::new(grant), requests: Requests::Provided(provider) })
    }

    fn new(target: Target) -> Self {
        Self {
            target,
            scopes: Vec::new(),
            resources: None,
            environment: None,
            resource_by_scope: false,
            http: HttpOptions::default(),
            client: None,
            retry_policy: RetryPolicy::default(),
            minimum: MinimumLifetime::default(),
            clock: Arc::new(SystemClock),
            cache: None,
            observer: None,
            known: RefusalFacts::default(),
            altinn: None,
        }
    }

    /// Adds a scope, or several separated by spaces or commas.
    pub fn scope(mut self, scope: impl Into<String>) -> Self {
        self.scopes.push(scope.into());
        self
    }

    /// Adds a resource (RFC 8707), in place of the one that belongs to Altinn's scopes.
    pub fn resource(mut self, resource: impl Into<String>) -> Self {
        self.resources.get_or_insert_default().push(resource.into());
        self
    }

    /// Requests tokens without a resource.
    pub fn no_resource(mut self) -> Self {
        self.resources = Some(Vec::new());
        self
    }

    /// Sets the environment that the endpoint of a grant belongs to: it is part of the cache key.
    pub fn environment(mut self, environment: impl Into<Option<Environment>>) -> Self {
        self.environment = environment.into();
        self
    }

    /// Sets whether [`TokenSource::derive`] sets the environment's resource for other scopes; otherwise they get the
    /// resources of the grant.
    pub fn resource_by_scope(mut self, by_scope: bool) -> Self {
        self.resource_by_scope = by_scope;
        self
    }

    /// Exchanges every token for one of Altinn's.
    pub fn altinn(mut self, exchange: impl Into<Option<AltinnExchange>>) -> Self {
        self.altinn = exchange.into();
        self
    }

    /// Sets how requests are sent.
    pub fn http_options(mut self, options: HttpOptions) -> Self {
        self.http = options;
        self
    }

    /// Sends requests with this client.
    ///
    /// # Security
    /// It must not follow redirects ([`reqwest::redirect::Policy::none`]): an assertion must reach no other server.
    pub fn http_client(mut self, client: reqwest::Client) -> Self {
        self.client = Some(client);
        self
    }

    /// Sets the time limit of a request and the number of retries.
    pub fn retry_policy(mut self, policy: RetryPolicy) -> Self {
        self.retry_policy = policy;
        self
    }

    /// Sets the remaining lifetime of the tokens that [`TokenSource::token`] returns from memory or disk.
    pub fn minimum_lifetime(mut self, minimum: MinimumLifetime) -> Self {
        self.minimum = minimum;
        self
    }

    /// Stores tokens on disk, so that other processes and later runs use them.
    pub fn cache(mut self, cache: impl Into<Arc<Cache>>) -> Self {
        self.cache = Some(cache.into());
        self
    }

    /// Sets the clock that lifetimes are measured by.
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }

    /// Adds what the explanation of a refusal can name besides the grant, such as where the client id is set.
    pub fn refusal_facts(mut self, facts: &RefusalFacts) -> Self {
        self.known.add(facts);
        self
    }

    /// Reports events to this function.
    pub fn observer(mut self, observer: TokenObserver) -> Self {
        self.observer = Some(observer);
        self
    }

    /// Builds the source. The key is not opened and nothing is sent.
    ///
    /// # Errors
    /// [`TokenError::Client`] for a client id, scope, resource or endpoint that is not valid, and when there is no
    /// scope; [`TokenError::Local`] when the simulator's addresses cannot be read.
    pub fn build(mut self) -> Result<TokenSource, TokenError> {
        let added = self.scopes.join(" ");
        let (mut grant, requests) = match self.target {
            Target::Client { environment, client_id, key } => {
                let (audience, endpoint) = addresses(environment, &mut self.http)?;
                let scopes = Scopes::parse(&added)?;
                let resources = default_resource(environment, &scopes).into_iter().collect();
                let grant = Grant::builder(audience, ClientId::parse(&client_id)?, scopes).resources(resources).build();
                let signed = SignedRequests::new(TokenEndpoint::Fixed(endpoint), key);
                (grant, Requests::Signed(Box::new(signed)))
            }
            Target::Grant { mut grant, requests } => {
                if !added.is_empty() {
                    grant.scopes = Scopes::parse(&format!("{} {added}", grant.scopes))?;
                }
                (*grant, requests)
            }
        };
        if let Some(resources) = self.resources {
            self.resource_by_scope = false;
            grant.resources = resources.iter().map(|text| Resource::parse(text)).collect::<Result<_, _>>()?;
        }
        let exchange = Exchange {
            grant,
            requests,
            environment: self.environment,
            resource_by_scope: self.resource_by_scope,
            http: HttpOptions { client: self.client.or(self.http.client), ..self.http },
            retry_policy: self.retry_policy,
            minimum: self.minimum,
            clock: self.clock,
            cache: self.cache,
            known: self.known,
            altinn: self.altinn.map(|exchange| AltinnStep { exchange, client: OnceCell::new() }),
        };
        let shared = Arc::new(Shared::new(exchange, self.observer));
        Ok(TokenSource { entry: Arc::new(TokenEntry::new(shared, GrantOverrides::default())) })
    }
}

/// Returns audience and token endpoint of an environment. The simulator's certificate authority is added to `http`.
fn addresses(environment: Environment, http: &mut HttpOptions) -> Result<(String, Endpoint), TokenError> {
    let (issuer, token_endpoint) = if let Some(addresses) = environment.addresses() {
        (addresses.issuer, addresses.token_endpoint)
    } else {
        let local = LocalEnvironment::read(&LocalEnvironment::path()?)?;
        http.ca_file = http.ca_file.take().or(local.ca_file);
        (local.issuer, local.token_endpoint)
    };
    Ok((issuer, Endpoint::parse(&token_endpoint)?))
}
