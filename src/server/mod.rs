//! A token server: HTTP on this machine, tokens in memory alone.
//!
//! `GET /` fetches a token and answers with the token endpoint's JSON; `GET /?cache=true` answers from memory. That is
//! the contract of Altinn's `MaskinportenTokenGenerator`, so scripts written for it work. Beside it stand ready-made
//! headers, a page for a browser, metrics, and the token API that NAIS gives an application.
//!
//! Every request passes `guard` before its path is looked at. `tokens` makes one request to the token endpoint for
//! any number of callers. Where tokens come from is a [`TokenSource`]'s affair: this room opens no key, reads no profile
//! and writes no file.

mod answer;
mod app;
mod body;
mod connection;
mod connections;
mod credentials;
mod error;
mod event;
mod failed;
mod guard;
mod introspect;
mod listen;
mod metrics;
mod mistake;
mod nais;
mod page;
mod passed;
mod profile;
mod query;
mod route;
mod tls;
mod tokens;
mod turn;

use std::{fmt, path::PathBuf, sync::Arc};

use secrecy::SecretString;

use self::{
    app::App, connection::Answering, connections::Door, credentials::Credentials, guard::Guard, listen::Listening,
    metrics::Metrics, tokens::Tokens,
};
pub use self::{
    error::ServerError,
    event::{Event, Observer},
    failed::ApiError,
    listen::Listen,
    passed::InheritedSocket,
    profile::{AllowedScopes, Profile, TokenSource, Wanted},
};
use crate::clock::{Clock, SystemClock};

/// How to serve.
pub struct Options {
    /// Where to listen.
    pub listen: Vec<Listen>,
    /// Sockets that listen already.
    pub passed: Vec<InheritedSocket>,
    /// What callers must send as `Authorization: Bearer`.
    pub secret: Option<SecretString>,
    /// The certificate to serve https with.
    pub tls: Option<TlsFiles>,
    /// Whether addresses that others can reach may go without TLS.
    pub insecure_plain_http: bool,
    /// Origins whose pages may ask, such as `https://app.example.no`.
    pub allow_origins: Vec<String>,
    /// The clock that lifetimes are measured by.
    pub clock: Arc<dyn Clock>,
    /// Who is told what happens.
    pub observer: Option<Observer>,
}

/// Where certificate chain and key are, in PEM.
#[derive(Debug, Clone)]
pub struct TlsFiles {
    /// The certificate, and those above it.
    pub certificate: PathBuf,
    /// Its private key.
    pub key: PathBuf,
}

impl Options {
    /// Options for these sockets: no secret, no TLS, no origin but its own.
    #[must_use]
    pub fn new(listen: Vec<Listen>) -> Self {
        Self {
            listen,
            passed: Vec::new(),
            secret: None,
            tls: None,
            insecure_plain_http: false,
            allow_origins: Vec::new(),
            clock: Arc::new(SystemClock),
            observer: None,
        }
    }
}

impl fmt::Debug for Options {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Options").field("listen", &self.listen).finish_non_exhaustive()
    }
}

/// A server that listens and is ready to serve.
pub struct Server<S> {
    doors: Vec<Door<S>>,
    app: Arc<App<S>>,
    credentials: Arc<Credentials>,
    places: Vec<String>,
}

/// Tells a running server what its source has come by.
pub struct Handle<S> {
    tokens: Arc<Tokens<S>>,
    credentials: Arc<Credentials>,
}

impl<S: TokenSource> Handle<S> {
    /// The profiles have changed: tokens of those that are no longer served are let go, and a server that was left
    /// alone after a failure is asked again.
    pub fn reloaded(&self) {
        self.tokens.reloaded();
    }

    /// Takes another secret and certificate in place of those that are there, from the next request and connection on.
    ///
    /// # Errors
    /// [`ServerError`] for files of TLS that cannot be used; then everything stays as it was.
    pub fn renew(&self, secret: Option<&SecretString>, tls: Option<&TlsFiles>) -> Result<(), ServerError> {
        self.credentials.renew(secret, tls)
    }
}

impl<S: TokenSource> Server<S> {
    /// Listens; connections wait until [`Server::serve`] runs. To be called from within a tokio runtime.
    ///
    /// # Errors
    /// [`ServerError`] for a socket that cannot be had or is not guarded as it must be, and for files of TLS.
    pub fn bind(mut options: Options, source: Arc<S>) -> Result<Self, ServerError> {
        if let Some(origin) = options.allow_origins.iter().find(|origin| !is_origin(origin)) {
            return Err(ServerError::Origin(origin.clone()));
        }
        let credentials = Arc::new(Credentials::new(options.secret.as_ref(), options.tls.as_ref())?);
        let listening = listen::open(&mut options)?;
        let metrics = Arc::new(Metrics::default());
        let scheme = if options.tls.is_some() { "https" } else { "http" };
        let Options { allow_origins, clock, observer, .. } = options;
        let tokens = Tokens::new(Arc::clone(&source), Arc::clone(&clock), Arc::clone(&metrics), observer.clone());
        let app =
            App { source, tokens: Arc::new(tokens), issuers: introspect::Issuers::default(), metrics, clock, observer };
        let app = Arc::new(app);
        let places = listening.iter().filter_map(|listening| listening.place(scheme)).collect();
        let door = |listening: Listening| {
            // On an address that others can reach, the secret stands in for the name.
            let loopback = listening.address().filter(|address| address.ip().is_loopback());
            let guard = Guard::new(loopback, scheme, Arc::clone(&credentials), allow_origins.clone());
            let answering = Arc::new(Answering::new(guard, Arc::clone(&app)));
            Door { listening, credentials: Arc::clone(&credentials), answering }
        };
        let doors = listening.into_iter().map(door).collect();
        Ok(Self { doors, app, credentials, places })
    }

    /// Where it listens: `http://127.0.0.1:17823/`, or a Unix socket's path.
    #[must_use]
    pub fn places(&self) -> &[String] {
        &self.places
    }

    /// What tells it of changes while it serves.
    #[must_use]
    pub fn handle(&self) -> Handle<S> {
        Handle { tokens: Arc::clone(&self.app.tokens), credentials: Arc::clone(&self.credentials) }
    }

    /// Serves until `stop` is ready; requests that are open then have two seconds to finish.
    pub async fn serve(self, stop: impl Future<Output = ()>) {
        connections::serve(self.doors, stop).await;
    }
}

/// A scheme, a host and perhaps a port, as browsers write it (RFC 6454 §6.2).
fn is_origin(text: &str) -> bool {
    url::Url::parse(text).is_ok_and(|url| url.has_host() && url.origin().ascii_serialization() == text)
}
