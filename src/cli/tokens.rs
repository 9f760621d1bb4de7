//! Gets an access token from the token cache or the server, as the settings ask for it.

use std::sync::{Arc, OnceLock};

use maskinporten_token_generator::{
    cache::{
        Cache, CacheError, CacheKey, FetchOptions, KeySource as KeyIdentity, KeyThumbprint, Origin as TokenOrigin,
        Shape,
    },
    client::{self, AccessToken, ClientError, RetryPolicy, TokenClient},
    clock::{Clock as _, SystemClock},
    environment::Environment,
    explain::Explain as _,
    grant::{Assertion, AuthorizationDetails, Grant, KeyReference, PersonIdentifier, Resource},
    http::{Endpoint, HttpOptions},
    keystore::{SignatureAlgorithm, SigningKey},
    organisation::OrganisationNumber,
};

use super::{
    located_key::LocatedKey,
    progress::Progress,
    report::{Exit, Failure, Report, with_cause},
    settings::{GrantSettings, KeySettings, Server, Settings},
    signals,
};

/// The tokens of one request: the settings, the key, which is opened when it is needed, and the cache.
pub(crate) struct Tokens {
    settings: Settings,
    key: Arc<LocatedKey>,
    opened: OnceLock<SigningKey>,
    cache: Option<Cache>,
    report: Arc<Report>,
}

impl From<CacheError> for Failure {
    fn from(error: CacheError) -> Self {
        Self::new(Exit::Other, &error)
    }
}

impl Tokens {
    /// Opens the cache and locates the key. The key is opened last: a password is not asked for if a token is cached, nor
    /// for a misspelt option.
    pub(crate) fn new((settings, key): (Settings, KeySettings), report: &Arc<Report>) -> Result<Self, Failure> {
        let cache = if settings.cache.is_off { None } else { open_cache(report)? };
        let key = Arc::new(LocatedKey::read(key, Arc::default())?);
        Ok(Self { settings, key, opened: OnceLock::new(), cache, report: Arc::clone(report) })
    }

    /// Returns a token from the cache, or else a new one.
    pub(crate) async fn token(&self) -> Result<AccessToken, Failure> {
        let Some(cache) = &self.cache else { return self.request().await };
        let key = self.cache_key(cache).await?;
        let options = FetchOptions {
            minimum: self.settings.cache.minimum,
            refresh: self.settings.cache.refresh,
            wait: self.settings.network.retry_policy.timeout,
        };
        let fetched = cache.fetch(&key, options, &SystemClock, self.request()).await?;
        for warning in &fetched.remarks {
            self.report.detail(&warning.to_string());
        }
        if fetched.origin == TokenOrigin::Server {
            return Ok(fetched.token);
        }
        let token = fetched.token.as_of(SystemClock.now());
        let left = token.expires_in_seconds.unwrap_or_default();
        self.report.detail(&format!("using the cached token, which is valid for another {left} s"));
        Ok(token)
    }

    /// Returns a token in place of one that an API has refused.
    pub(crate) async fn instead_of(&self, refused: &AccessToken) -> Result<AccessToken, Failure> {
        if let Some(cache) = &self.cache {
            cache.forget(&self.cache_key(cache).await?, refused)?;
        }
        self.token().await
    }

    /// Removes a token that an API has refused from the cache, so that the next call requests another.
    pub(crate) fn forget(&self, refused: &AccessToken) -> Result<(), Failure> {
        let Some(cache) = &self.cache else { return Ok(()) };
        let identity = self.key.identity();
        if let Some(thumbprint) = cache.thumbprint_of(&identity)? {
            cache.forget(&cache_key(&self.settings, thumbprint, &identity), refused)?;
        }
        Ok(())
    }

    /// Opens the key, once.
    async fn key(&self) -> Result<&SigningKey, Failure> {
        if let Some(key) = self.opened.get() {
            return Ok(key);
        }
        let key = self.key.open(&self.report).await?;
        Ok(self.opened.get_or_init(|| key))
    }

    /// Requests a token from the server.
    async fn request(&self) -> Result<AccessToken, Failure> {
        let Settings { server, grant, network, .. } = &self.settings;
        let (audience, endpoint) = server.addresses(&network.http, network.retry_policy).await?;
        let key = self.key().await?;
        let client = TokenClient::new(endpoint.clone(), &network.http, network.retry_policy)?;
        let grant = grant.to_grant(audience, key, &self.report)?;
        let report = &self.report;
        report.detail(&format!("requesting a token from {endpoint} for {}", grant.scopes));
        let _progress = Progress::start(&format!("waiting for {endpoint}"), report);
        let retrying = |error: &ClientError, pause: std::time::Duration| {
            let (error, code) = (with_cause(error), error.code());
            report.detail(&format!("{error} ({code}); trying again in {} ms", pause.as_millis()));
        };
        Ok(client.fetch(|| grant.sign(key, &SystemClock), &SystemClock, retrying).await?)
    }

    /// Returns the key of the token in the cache. The thumbprint of a key that was opened before is remembered there, so
    /// it is opened now only if it is new.
    async fn cache_key(&self, cache: &Cache) -> Result<CacheKey, Failure> {
        let identity = self.key.identity();
        if let Some(known) = cache.thumbprint_of(&identity)? {
            return Ok(cache_key(&self.settings, known, &identity));
        }
        let thumbprint = thumbprint(self.key().await?)?;
        match cache.remember(&identity, &thumbprint) {
            Err(error) if !error.is_unavailable() => return Err(error.into()),
            Err(error) => self.report.detail(&format!("the key is not remembered: {}", with_cause(&error))),
            Ok(()) => {}
        }
        Ok(cache_key(&self.settings, thumbprint, &identity))
    }
}

/// A grant that has been signed and not sent.
pub(crate) struct SignedGrant {
    pub(crate) grant: Grant,
    pub(crate) key: SigningKey,
    pub(crate) assertion: Assertion,
    pub(crate) endpoint: Endpoint,
}

impl SignedGrant {
    /// Opens the key and signs.
    pub(crate) async fn sign((settings, key): (Settings, KeySettings), report: &Arc<Report>) -> Result<Self, Failure> {
        let Settings { server, grant, network, .. } = settings;
        let (audience, endpoint) = server.addresses(&network.http, network.retry_policy).await?;
        let report = Arc::clone(report);
        signals::blocking(move || {
            let key = LocatedKey::read(key, Arc::default())?.open_here(&report)?;
            let grant = grant.to_grant(audience, &key, &report)?;
            let assertion = grant.sign(&key, &SystemClock)?;
            Ok(Self { grant, key, assertion, endpoint })
        })
        .await
    }
}

/// Opens the token cache; without one if it is not available.
fn open_cache(report: &Report) -> Result<Option<Cache>, Failure> {
    match Cache::usual_folder().and_then(|folder| Cache::open(&folder)) {
        Ok(cache) => Ok(Some(cache)),
        Err(error) if error.is_unavailable() => {
            report.detail(&format!("continuing without the token cache: {}", with_cause(&error)));
            Ok(None)
        }
        Err(error) => Err(error.into()),
    }
}

/// Returns the thumbprint that a key's tokens are cached under.
pub(crate) fn thumbprint(key: &SigningKey) -> Result<KeyThumbprint, Failure> {
    KeyThumbprint::parse(&key.thumbprint()).ok_or_else(|| {
        let message = "the key has no thumbprint that a token could be cached under".to_owned();
        Failure::plain(Exit::Key, "thumbprint", message, Some("use another key".to_owned()))
    })
}

impl Server {
    /// Returns audience and token endpoint; fetches the metadata if the settings say so.
    pub(crate) async fn addresses(
        &self,
        http: &HttpOptions,
        retry_policy: RetryPolicy,
    ) -> Result<(String, Endpoint), Failure> {
        let (url, audience, token_endpoint) = match self {
            Self::Named { audience, token_endpoint } => return Ok((audience.clone(), token_endpoint.clone())),
            Self::Discovered { url, audience, token_endpoint } => (url, audience, token_endpoint),
        };
        let deadline = std::time::Instant::now() + retry_policy.timeout;
        let metadata = client::discover(url, http, deadline).await?;
        let endpoint = match token_endpoint {
            Some(endpoint) => endpoint.clone(),
            None => {
                Endpoint::parse(&metadata.token_endpoint).map_err(|error| Failure::new(Exit::Unreachable, &error))?
            }
        };
        Ok((audience.clone().unwrap_or(metadata.issuer), endpoint))
    }
}

impl GrantSettings {
    /// Makes the grant for an audience; the key decides what the settings leave open.
    pub(crate) fn to_grant(&self, audience: String, key: &SigningKey, report: &Report) -> Result<Grant, Failure> {
        let algorithm = choose_algorithm(key, self.algorithm, report)?;
        let own_reference = || key.key_id().map_or(KeyReference::Chain, |id| KeyReference::KeyId(id.to_owned()));
        Ok(Grant {
            audience,
            client_id: self.client_id.clone(),
            scopes: self.scopes.clone(),
            resources: self.resources.as_slice().to_vec(),
            lifetime: self.lifetime,
            consumer_org: self.consumer_org.clone(),
            person: self.person.clone(),
            authorization_details: self.authorization_details.clone(),
            extra: self.extra.clone(),
            key_reference: self.key_reference.clone().unwrap_or_else(own_reference),
            algorithm,
        })
    }
}

/// Returns the algorithm to sign with: the one that was given, else the key's own, if Maskinporten accepts it.
fn choose_algorithm(
    key: &SigningKey,
    given: Option<SignatureAlgorithm>,
    report: &Report,
) -> Result<SignatureAlgorithm, Failure> {
    let own = key.algorithm().unwrap_or_else(|| key.default_algorithm());
    match given {
        Some(algorithm) => {
            if !algorithm.is_accepted_by_maskinporten() {
                report.warning(&format!("Maskinporten accepts RS256, RS384 and RS512, not {algorithm}"));
            }
            Ok(algorithm)
        }
        None if own.is_accepted_by_maskinporten() => Ok(own),
        None => {
            let message = format!("the key signs with {own}, which Maskinporten does not accept");
            let hint = format!("use an RSA key, or pass --alg {own} for a server that accepts it");
            Err(Failure::plain(Exit::Key, "algorithm", message, Some(hint)))
        }
    }
}

/// Returns the key that a token is cached under: everything that changes the token.
pub(crate) fn cache_key(settings: &Settings, key: KeyThumbprint, identity: &KeyIdentity) -> CacheKey {
    let Settings { environment, server, grant, network, .. } = settings;
    // What the key decides (its id, its certificates, its algorithm) is as it is in this source.
    let decided_by_key = || format!("of the key in {}", identity.hash());
    let (audience, endpoint) = match server {
        Server::Named { audience, token_endpoint } => (audience.clone(), token_endpoint.as_str().to_owned()),
        Server::Discovered { url, audience, token_endpoint } => {
            let endpoint = token_endpoint.as_ref().map(Endpoint::as_str).unwrap_or_default();
            (audience.clone().unwrap_or_else(|| url.clone()), format!("{endpoint} {url}"))
        }
    };
    // The trusted authorities decide which server answers.
    let ca_file = network.http.ca_file.as_ref().map(|file| file.display().to_string()).unwrap_or_default();
    let shape = Shape {
        environment: environment.as_ref().map_or("", |setting| Environment::name(setting.value)).to_owned(),
        endpoint: format!("{endpoint} {ca_file}"),
        audience,
        client_id: grant.client_id.as_str().to_owned(),
        key,
        key_reference: grant.key_reference.as_ref().map_or_else(decided_by_key, reference_text),
        algorithm: grant.algorithm.map_or_else(decided_by_key, |algorithm| algorithm.name().to_owned()),
        scopes: grant.scopes.iter().map(str::to_owned).collect(),
        resources: grant.resources.as_slice().iter().map(Resource::as_str).map(str::to_owned).collect(),
        consumer_org: grant.consumer_org.as_ref().map(OrganisationNumber::digits).map(str::to_owned),
        person: grant.person.as_ref().map(PersonIdentifier::digits).map(str::to_owned),
        authorization_details: grant.authorization_details.as_ref().map(AuthorizationDetails::to_value),
        extra_claims: grant.extra.members().clone(),
        exchange: None,
    };
    shape.key()
}

fn reference_text(reference: &KeyReference) -> String {
    match reference {
        KeyReference::KeyId(id) => format!("kid {id}"),
        KeyReference::Thumbprint => "kid of the certificate".to_owned(),
        KeyReference::Chain => "x5c chain".to_owned(),
        KeyReference::Leaf => "x5c leaf".to_owned(),
    }
}
