//! The tokens of a login for a program that runs for long: renewed while the server allows it, until the person must log in
//! again, elsewhere or in the browser.

use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use tokio::sync::OnceCell;

use super::{KeptSession, Renewal, SecretPlace, SessionError, SessionInfo, SessionStore};
use crate::{
    client::{AccessToken, ClientError, MinimumLifetime},
    clock::{Clock as _, SystemClock},
    environment::IdentityProvider,
    explain::Explain,
    grant::{Grant, Sign},
    login::{LoginClient, LoginError, LoginRequest, LoginServer, PendingLogin},
    tokens::{AccessTokenProvider, ProvidedToken, TokenError, TokenOrigin, blocking},
};

/// How long the address of a login is used: ID-porten's page is open for a few minutes.
const PENDING_TIME: Duration = Duration::from_mins(5);

/// Is called when the secrets of a login had to be written elsewhere.
type OnMoved = Box<dyn Fn(&SecretPlace) + Send + Sync>;

/// The tokens of a login.
pub struct PersonTokens {
    store: SessionStore,
    name: String,
    server: LoginServer,
    grant: Grant,
    key: Option<Arc<dyn Sign>>,
    client: OnceCell<LoginClient>,
    browser: Option<BrowserLogin>,
    notify: OnMoved,
}

/// The login in the browser, if a person can log in at this program.
struct BrowserLogin {
    request: LoginRequest,
    /// The page where it starts.
    page: String,
    pending: Mutex<Option<(Arc<PendingLogin>, Instant)>>,
}

/// The person must log in at this program.
#[derive(Debug, thiserror::Error)]
#[error("no person is logged in")]
struct NotLoggedIn {
    page: String,
    source: SessionError,
}

impl Explain for NotLoggedIn {
    fn code(&self) -> &'static str {
        self.source.code()
    }

    fn hint(&self) -> Option<String> {
        Some(format!("open {} in a browser, and log in", self.page))
    }
}

impl PersonTokens {
    /// Makes them of the session with this name; `key` is the one with which the client authenticates itself, if it has one,
    /// and `notify` is called when renewed secrets had to be written elsewhere.
    pub fn new(
        (store, name): (SessionStore, String),
        server: LoginServer,
        (grant, key): (Grant, Option<Arc<dyn Sign>>),
        notify: impl Fn(&SecretPlace) + Send + Sync + 'static,
    ) -> Self {
        let (client, notify) = (OnceCell::new(), Box::new(notify));
        Self { store, name, server, grant, key, client, browser: None, notify }
    }

    /// Lets a person log in with the browser, which comes back to the redirect address of the request; `page` is where that
    /// starts.
    #[must_use]
    pub fn with_browser(self, request: LoginRequest, page: String) -> Self {
        Self { browser: Some(BrowserLogin { request, page, pending: Mutex::default() }), ..self }
    }

    /// Returns the service where the person logs in.
    #[must_use]
    pub fn identity_provider(&self) -> IdentityProvider {
        IdentityProvider::of_issuer(&self.server.issuer)
    }

    /// Whether a person can log in with the browser.
    #[must_use]
    pub fn has_browser_login(&self) -> bool {
        self.browser.is_some()
    }

    /// Returns what is known of the login; `None` if there is none.
    pub async fn info(&self) -> Option<SessionInfo> {
        let (store, name) = (self.store.clone(), self.name.clone());
        blocking(move || store.info(&name).ok()).await
    }

    /// Returns the address for the browser of a person who must log in; `None` if a person cannot do that here. It is the same
    /// for some minutes, since browsers load pages in advance, or twice.
    ///
    /// # Errors
    /// As [`LoginClient::start`].
    pub async fn login_url(&self) -> Result<Option<String>, LoginError> {
        let Some(browser) = &self.browser else { return Ok(None) };
        if let Some(pending) = browser.pending() {
            return Ok(Some(pending.url().to_owned()));
        }
        let pending = self.client().await?.start(browser.request.clone()).await?;
        let url = pending.url().to_owned();
        *browser.lock() = Some((Arc::new(pending), Instant::now()));
        Ok(Some(url))
    }

    /// Checks the query of the address that the browser came back to, exchanges its code, and keeps the login.
    ///
    /// # Errors
    /// [`SessionError::Login`] when the answer is not one to the login that was started, or a token fails a check; else those
    /// of the store.
    pub async fn finish_login(&self, query: &str) -> Result<(), SessionError> {
        let browser = self.browser.as_ref();
        let pending = browser.and_then(BrowserLogin::pending).ok_or(LoginError::State)?;
        let code = pending.read_answer(query)?;
        // Only now: any page can send the browser here, and must not end the login.
        if let Some(browser) = browser {
            *browser.lock() = None;
        }
        let client = self.client().await.map_err(LoginError::from)?;
        let tokens = client.finish(&pending, code).await?;
        let session = KeptSession::new(client, tokens, SystemClock.now());
        let _lock = self.store.lock(&self.name, self.server.retry_policy.timeout).await?;
        self.store.save(&self.name, &session).await.map(drop)
    }

    /// Makes the client, which reads the metadata the first time.
    async fn client(&self) -> Result<&LoginClient, ClientError> {
        let make = || self.server.client(self.grant.clone(), self.key.clone(), None);
        self.client.get_or_try_init(make).await
    }

    async fn obtain(
        &self,
        minimum: MinimumLifetime,
        refresh: bool,
    ) -> Result<(AccessToken, TokenOrigin), SessionError> {
        let renewal = Renewal { minimum, refresh, refused: None, wait: self.server.retry_policy.timeout };
        let client = async |_: &KeptSession| match self.client().await {
            Ok(client) => Ok(client.clone()),
            Err(error) => Err(SessionError::from(LoginError::from(error))),
        };
        let started = SystemClock.now();
        let keyed = self.store.token(&self.name, renewal, &SystemClock, client, &self.notify).await?;
        if keyed.dpop.is_some() {
            return Err(SessionError::Bound);
        }
        let token = keyed.token;
        let origin = if token.received_at > started {
            TokenOrigin::Server
        } else if refresh || !minimum.is_met_by(&token, SystemClock.now()) {
            TokenOrigin::LastResort
        } else {
            TokenOrigin::Disk
        };
        Ok((token, origin))
    }

    fn token_error(&self, error: SessionError) -> TokenError {
        match error {
            SessionError::Login(error) => match *error {
                LoginError::Client(error) => error.into(),
                LoginError::Refused { refusal, .. } => ClientError::Refused(refusal).into(),
                other => TokenError::Provider(Arc::new(other)),
            },
            source if source.needs_login() => TokenError::LoginRequired(match &self.browser {
                Some(browser) => Arc::new(NotLoggedIn { page: browser.page.clone(), source }),
                None => Arc::new(source),
            }),
            other => TokenError::Provider(Arc::new(other)),
        }
    }
}

impl AccessTokenProvider for PersonTokens {
    fn provide(&self, minimum: MinimumLifetime, refresh: bool) -> ProvidedToken<'_> {
        Box::pin(async move { self.obtain(minimum, refresh).await.map_err(|error| self.token_error(error)) })
    }
}

impl fmt::Debug for PersonTokens {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("PersonTokens")
            .field("name", &self.name)
            .field("issuer", &self.server.issuer)
            .finish_non_exhaustive()
    }
}

impl BrowserLogin {
    fn lock(&self) -> std::sync::MutexGuard<'_, Option<(Arc<PendingLogin>, Instant)>> {
        self.pending.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns the login that was started, if it is not too old.
    fn pending(&self) -> Option<Arc<PendingLogin>> {
        let pending = self.lock();
        let recent = pending.as_ref().filter(|(_, started)| started.elapsed() < PENDING_TIME);
        recent.map(|(pending, _)| Arc::clone(pending))
    }
}
