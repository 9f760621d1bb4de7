//! A token server: HTTP on this machine, with tokens in memory only.
//!
//! `GET /` requests a token and responds with the token endpoint's JSON; `GET /?cache=true` responds from memory. That is
//! the contract of Altinn's `MaskinportenTokenGenerator`, so scripts written for it work. There are also ready-made
//! headers, a page for a browser, metrics, and the token API that NAIS gives to applications.
//!
//! `routes` passes every request through `guard` before it reaches its handler. Profiles, each with its tokens, come from a
//! [`ProfileSource`]: this module opens no key, reads no profile and writes no file.

mod api_error;
mod app;
mod credentials;
mod error;
mod error_page;
mod event;
mod guard;
mod introspect;
mod listen;
mod login;
mod metrics;
mod nais;
mod nais_request;
mod page;
mod profile;
mod query;
mod response;
mod routes;

use std::{fmt, sync::Arc, time::Duration};

use secrecy::SecretString;
use tokio::sync::watch;

pub use self::{
    api_error::ApiError,
    credentials::TlsFiles,
    error::ServerError,
    event::{Event, Observer},
    listen::{InheritedSocket, Listen},
    profile::{AllowedScopes, ProfileSource, RequestedToken, ServedProfile},
};
use self::{
    app::{App, OtherTokens},
    credentials::Credentials,
    guard::Guard,
    introspect::Issuers,
    listen::ListenPolicy,
    metrics::Metrics,
};
use crate::{
    clock::{Clock, SystemClock},
    connections::{self, Limits, Listener, Phase},
    language::Language,
};

const LIMITS: Limits = Limits {
    connections: 2048,
    idle_time: Duration::from_secs(10),
    // A request may wait for the token endpoint for as long as the user's time-out allows.
    lifetime: Duration::MAX,
    headers: 64,
    header_bytes: 16 * 1024,
};

/// The options of a server.
pub struct ServerOptions {
    /// Where to listen.
    pub listen: Vec<Listen>,
    /// Sockets that listen already.
    pub inherited: Vec<InheritedSocket>,
    /// The secret that callers must send as `Authorization: Bearer`.
    pub secret: Option<SecretString>,
    /// The certificate for https.
    pub tls: Option<TlsFiles>,
    /// Whether addresses that other machines can reach may be served without TLS.
    pub insecure_plain_http: bool,
    /// Origins whose pages may send requests, such as `https://app.example.no`.
    pub allow_origins: Vec<String>,
    /// The clock for expiry.
    pub clock: Arc<dyn Clock>,
    /// Receives events for a log.
    pub observer: Option<Observer>,
    /// The language of explanations.
    pub language: Language,
}

impl ServerOptions {
    /// Makes options for these sockets: no secret, no TLS, no allowed origins.
    #[must_use]
    pub fn new(listen: Vec<Listen>) -> Self {
        Self {
            listen,
            inherited: Vec::new(),
            secret: None,
            tls: None,
            insecure_plain_http: false,
            allow_origins: Vec::new(),
            clock: Arc::new(SystemClock),
            observer: None,
            language: Language::English,
        }
    }
}

impl fmt::Debug for ServerOptions {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("ServerOptions").field("listen", &self.listen).finish_non_exhaustive()
    }
}

/// A server that listens and is ready to serve.
pub struct Server<S> {
    listeners: Vec<Listener>,
    /// Removed on drop.
    files: Vec<listen::SocketFile>,
    app: Arc<App<S>>,
    credentials: Arc<Credentials>,
    phase: watch::Sender<Phase>,
    places: Vec<String>,
}

/// Changes a running server.
pub struct ServerHandle<S> {
    app: Arc<App<S>>,
    credentials: Arc<Credentials>,
}

impl<S: ProfileSource> ServerHandle<S> {
    /// Applies changed profiles: tokens of profiles that are no longer served are dropped.
    pub fn reloaded(&self) {
        self.app.apply_profiles();
    }

    /// Replaces the secret and the certificate, from the next request and connection on.
    ///
    /// # Errors
    /// [`ServerError::Tls`] for TLS files that cannot be used; then nothing changes.
    pub fn renew(&self, secret: Option<&SecretString>, tls: Option<&TlsFiles>) -> Result<(), ServerError> {
        self.credentials.renew(secret, tls)
    }
}

impl<S: ProfileSource> Server<S> {
    /// Listens; connections wait until [`Server::serve`] runs. Must be called from within a tokio runtime.
    ///
    /// # Errors
    /// [`ServerError`] for a socket that cannot be opened or is not protected as it must be, and for TLS files.
    pub fn bind(options: ServerOptions, source: Arc<S>) -> Result<Self, ServerError> {
        let ServerOptions {
            listen,
            inherited,
            secret,
            tls,
            insecure_plain_http,
            allow_origins,
            clock,
            observer,
            language,
        } = options;
        if let Some(origin) = allow_origins.iter().find(|origin| !is_origin(origin)) {
            return Err(ServerError::Origin(origin.clone()));
        }
        let credentials = Arc::new(Credentials::new(secret.as_ref(), tls.as_ref())?);
        let policy = ListenPolicy { has_secret: secret.is_some(), is_encrypted: tls.is_some() || insecure_plain_http };
        let sockets = listen::open(inherited, &listen, policy)?;
        let metrics = Arc::new(Metrics::default());
        let (others, issuers) = (OtherTokens::default(), Issuers::default());
        let app = Arc::new(App { source, others, issuers, metrics, clock, observer, language });
        app.apply_profiles();
        let scheme = if tls.is_some() { "https" } else { "http" };
        let places = sockets.iter().filter_map(|socket| socket.place(scheme)).collect();
        let phase = watch::Sender::new(Phase::Serving);
        let (mut listeners, mut files) = (Vec::new(), Vec::new());
        for socket in sockets {
            let address = socket.address();
            // On an address that other machines can reach, the secret is required instead of a known name.
            let loopback = address.filter(|address| address.ip().is_loopback());
            let guard = Guard::new(loopback, scheme, Arc::clone(&credentials), allow_origins.clone());
            let router = routes::router(Arc::clone(&app), guard, phase.subscribe());
            // Unix sockets are not encrypted.
            let tls = address.and(credentials.tls());
            listeners.push(Listener { socket: socket.socket, tls, router });
            files.extend(socket.file);
        }
        Ok(Self { listeners, files, app, credentials, phase, places })
    }

    /// Returns where it listens: `http://127.0.0.1:17823/`, or the path of a Unix socket.
    #[must_use]
    pub fn places(&self) -> &[String] {
        &self.places
    }

    /// Returns a handle to change the server while it runs.
    #[must_use]
    pub fn handle(&self) -> ServerHandle<S> {
        ServerHandle { app: Arc::clone(&self.app), credentials: Arc::clone(&self.credentials) }
    }

    /// Serves until `stop` is ready, then gives open requests two seconds to finish.
    pub async fn serve(self, stop: impl Future<Output = ()>) {
        let files = self.files;
        let stop = async {
            stop.await;
            drop(files);
        };
        connections::serve(self.listeners, &LIMITS, &self.phase, stop).await;
    }
}

/// Whether the text is a scheme, a host and perhaps a port, as browsers write an origin (RFC 6454 §6.2).
fn is_origin(text: &str) -> bool {
    url::Url::parse(text).is_ok_and(|url| url.has_host() && url.origin().ascii_serialization() == text)
}
