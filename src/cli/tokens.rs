//! Gets access tokens and signed grants, as the settings ask for them.

use std::sync::{
    Arc, Mutex, PoisonError,
    atomic::{AtomicBool, Ordering::Relaxed},
};

use maskinporten::{
    cache::Cache,
    client::{AccessToken, ClientError},
    clock::{Clock as _, SystemClock},
    grant::{Assertion, Grant},
    http::Endpoint,
    keystore::SigningKey,
    sessions::KeyedToken,
    tokens::{Freshness, TokenEvent, TokenObserver, TokenOrigin, TokenSource, TokenSourceBuilder},
};

use super::{
    erased_key::ErasedOnceOpen,
    located_key::LocatedKey,
    person_tokens::SessionTokens,
    progress::Progress,
    prompt::Answers,
    report::{Failure, Report, report_retry, with_cause},
    settings::{KeySettings, NetworkSettings, SettingSources, Settings, TestTokenSettings},
    signals,
    test_tokens::TestTokens,
};

/// The tokens of one command, from the token cache or the server.
pub(crate) struct Tokens {
    source: Source,
    report: Arc<Report>,
}

/// Where the tokens come from.
enum Source {
    /// Maskinporten or another server, for a signed grant, and whether the next token must be a new one.
    Grant(TokenSource, AtomicBool),
    /// Altinn's test token generator.
    TestTokens(TestTokens),
    /// A kept login.
    Person(Box<SessionTokens>),
}

impl Tokens {
    /// Makes the source of tokens that the settings name.
    pub(crate) fn from_sources(sources: &mut SettingSources, report: &Arc<Report>) -> Result<Self, Failure> {
        let source = if let Some(settings) = TestTokenSettings::parse(sources, report)? {
            Source::TestTokens(TestTokens::new(settings, Arc::default(), report)?)
        } else if let Some(tokens) = SessionTokens::from_sources(sources, report)? {
            Source::Person(Box::new(tokens))
        } else {
            return Self::new(Settings::from_sources(sources, report)?, report);
        };
        Ok(Self { source, report: Arc::clone(report) })
    }

    /// Opens the cache and locates the key. The key is opened when a request is signed: a password is not asked for if a
    /// token is cached, nor for a misspelt option.
    pub(crate) fn new(settings: (Settings, KeySettings), report: &Arc<Report>) -> Result<Self, Failure> {
        Self::with_answers(settings, Arc::default(), report)
    }

    /// Does what [`Tokens::new`] does, with the answers to questions that were asked before.
    pub(crate) fn with_answers(
        (settings, key): (Settings, KeySettings),
        answers: Arc<Answers>,
        report: &Arc<Report>,
    ) -> Result<Self, Failure> {
        warn_of_algorithm(&settings.grant, report);
        if let Some(file) = &settings.network.http.ca_file {
            report.warn_of_unsafe_file("CA file", file);
        }
        let cache = if settings.cache.is_off { None } else { open_cache(report)? };
        let key = LocatedKey::read(key, answers, report)?;
        let refresh = AtomicBool::new(settings.cache.refresh);
        let key_facts = key.refusal_facts();
        let source = TokenSource::for_grant(settings.grant, settings.endpoint, ErasedOnceOpen::from(key))
            .environment(settings.environment.map(|setting| setting.value))
            .http_options(settings.network.http)
            .retry_policy(settings.network.retry_policy)
            .altinn(settings.altinn)
            .minimum_lifetime(settings.cache.minimum)
            .refusal_facts(&settings.origins)
            .refusal_facts(&key_facts)
            .observer(observer(Arc::clone(report)));
        let source = cache.into_iter().fold(source, TokenSourceBuilder::cache).build()?;
        Ok(Self { source: Source::Grant(source, refresh), report: Arc::clone(report) })
    }

    /// Returns a token from the cache, or else a new one.
    pub(crate) async fn token(&self) -> Result<AccessToken, Failure> {
        let obtained = match &self.source {
            Source::Grant(source, refresh) => {
                let freshness = if refresh.swap(false, Relaxed) { Freshness::Fresh } else { Freshness::Cached };
                source.obtain(freshness).await?
            }
            Source::TestTokens(source) => return source.token().await,
            Source::Person(source) => return Box::pin(source.token(None)).await.map(|keyed| keyed.token),
        };
        if obtained.origin == TokenOrigin::Server {
            return Ok(obtained.token);
        }
        let token = obtained.token.as_of(SystemClock.now());
        let left = token.expires_in_seconds.unwrap_or_default();
        self.report.detail(&format!("using the cached token, which is valid for another {left} s"));
        Ok(token)
    }

    /// Returns a token as [`Tokens::token`] does, with the key that it is bound to.
    pub(crate) async fn token_with_key(&self) -> Result<KeyedToken, Failure> {
        match &self.source {
            Source::Person(source) => Box::pin(source.token(None)).await,
            _ => Ok(KeyedToken { token: self.token().await?, dpop: None }),
        }
    }

    /// Returns a token in place of one that an API has refused.
    pub(crate) async fn instead_of(&self, refused: &AccessToken) -> Result<KeyedToken, Failure> {
        if let Source::Person(source) = &self.source {
            return Box::pin(source.token(Some(refused))).await;
        }
        self.forget(refused)?;
        self.token_with_key().await
    }

    /// Removes a token that an API has refused from the cache, so that the next command requests another.
    pub(crate) fn forget(&self, refused: &AccessToken) -> Result<(), Failure> {
        match &self.source {
            Source::Grant(source, _) => Ok(source.forget(refused)?),
            Source::TestTokens(_) | Source::Person(_) => Ok(()),
        }
    }
}

/// Reports what a token source does, with a progress line while it waits for the server.
fn observer(report: Arc<Report>) -> TokenObserver {
    let progress = Mutex::new(None);
    let set_progress = move |line| *progress.lock().unwrap_or_else(PoisonError::into_inner) = line;
    Arc::new(move |event: &TokenEvent<'_>| match event {
        TokenEvent::Requesting { endpoint, scopes } => {
            report.detail(&format!("requesting a token from {endpoint} for {scopes}"));
            set_progress(Some(Progress::start(&format!("waiting for {endpoint}"), &report)));
        }
        TokenEvent::Exchanging { platform } => {
            report.detail(&format!("exchanging the token at {platform}"));
            set_progress(Some(Progress::start(&format!("waiting for {platform}"), &report)));
        }
        TokenEvent::Retrying { error, delay } => report_retry(&report, *error, *delay),
        TokenEvent::Requested { .. } | TokenEvent::Exchanged { .. } => set_progress(None),
        TokenEvent::CacheWarning(warning) => report.detail(&warning.to_string()),
        _ => {}
    })
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
        warn_of_algorithm(&settings.grant, report);
        let (audience, endpoint) = settings.addresses(report).await?;
        let report = Arc::clone(report);
        signals::blocking(move || {
            let key = LocatedKey::read(key, Arc::default(), &report)?.open_key()?;
            let mut grant = settings.grant;
            grant.audience = audience;
            let assertion = grant.sign(&key, &SystemClock)?;
            Ok(Self { grant, key, assertion, endpoint })
        })
        .await
    }
}

impl Settings {
    /// Returns audience and token endpoint; fetches the metadata if the settings say so.
    pub(crate) async fn addresses(&self, report: &Report) -> Result<(String, Endpoint), Failure> {
        let retrying = |error: &ClientError, delay| report_retry(report, error, delay);
        let NetworkSettings { http, retry_policy } = &self.network;
        Ok(self.endpoint.resolve(&self.grant.audience, http, *retry_policy, retrying).await?)
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

/// Warns if the settings name an algorithm that Maskinporten does not accept.
pub(crate) fn warn_of_algorithm(grant: &Grant, report: &Report) {
    if let Some(algorithm) = grant.algorithm.filter(|algorithm| !algorithm.is_accepted_by_maskinporten()) {
        report.warning(&format!("Maskinporten accepts RS256, RS384 and RS512, not {algorithm}"));
    }
}
