//! Listens at the redirect address for the one answer of a login (RFC 8252 §7.3), and answers the browser with a page.
//!
//! Every program and page on this machine can send requests here. So only a navigation to the exact address counts, the
//! first one ends the listening, and what it contains is trusted only after [`PendingLogin::read_answer`] has checked it.
//!
//! [`PendingLogin::read_answer`]: super::PendingLogin::read_answer

use std::{
    io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use axum::{
    Router,
    body::Body,
    extract::{Request, State},
    response::Response,
};
use hyper::{
    Method, StatusCode,
    header::{HOST, HeaderName},
};
use tokio::{
    net::TcpListener,
    sync::{oneshot, watch},
    task::JoinHandle,
};
use zeroize::Zeroizing;

use super::{RedirectUri, page::LoginPage};
use crate::{
    connections::{self, Limits, Listener, ListeningSocket, Phase},
    language::Language,
};

const LIMITS: Limits = Limits {
    connections: 16,
    idle_time: Duration::from_secs(10),
    lifetime: Duration::from_hours(1),
    headers: 64,
    header_bytes: 64 * 1024,
};

/// Listens at a redirect address until the answer has come. Dropping it closes the address.
pub struct AnswerListener {
    redirect_uri: RedirectUri,
    answers: oneshot::Receiver<TakenAnswer>,
    server: AnswerServer,
}

/// The query that the browser came back with; the browser waits for [`ReceivedAnswer::respond`].
pub struct ReceivedAnswer {
    answer: TakenAnswer,
    server: AnswerServer,
}

struct TakenAnswer {
    query: Zeroizing<String>,
    language: Language,
    page: oneshot::Sender<LoginPage>,
}

/// The task that serves the address.
struct AnswerServer {
    stop: Option<oneshot::Sender<()>>,
    task: JoinHandle<()>,
}

struct ListenerState {
    path: String,
    host: String,
    /// `None` once the answer has come.
    waiting: Mutex<Option<oneshot::Sender<TakenAnswer>>>,
}

impl AnswerListener {
    /// Listens at a redirect address on this machine; port 0 stands for any that is free.
    ///
    /// # Errors
    /// The error of the system: the port is in use, or may not be used.
    ///
    /// # Panics
    /// Outside of a tokio runtime.
    pub async fn bind(redirect_uri: &RedirectUri) -> io::Result<Self> {
        let sockets = bind_all(redirect_uri).await?;
        let port = sockets[0].local_addr()?.port();
        let redirect_uri = redirect_uri.with_port(port);
        let (sender, answers) = oneshot::channel();
        // A browser leaves the port of the scheme out.
        let shown_port = if port == 80 { String::new() } else { format!(":{port}") };
        let state = Arc::new(ListenerState {
            path: redirect_uri.path().to_owned(),
            host: format!("{}{shown_port}", redirect_uri.host()),
            waiting: Mutex::new(Some(sender)),
        });
        let router = Router::new().fallback(receive).with_state(state);
        let listen = |socket| Listener { socket: ListeningSocket::Tcp(socket), tls: None, router: router.clone() };
        let listeners = sockets.into_iter().map(listen).collect();
        let (stop, stopped) = oneshot::channel::<()>();
        let task = tokio::spawn(async move {
            let stopped = async { drop(stopped.await) };
            connections::serve(listeners, &LIMITS, &watch::Sender::new(Phase::Serving), stopped).await;
        });
        Ok(Self { redirect_uri, answers, server: AnswerServer { stop: Some(stop), task } })
    }

    /// Returns the redirect address, with the port.
    #[must_use]
    pub fn redirect_uri(&self) -> &RedirectUri {
        &self.redirect_uri
    }

    /// Waits for the answer. Further requests are refused from then on.
    pub async fn answer(self) -> ReceivedAnswer {
        match self.answers.await {
            Ok(answer) => ReceivedAnswer { answer, server: self.server },
            // The task has ended, so no answer can come.
            Err(_) => std::future::pending().await,
        }
    }
}

impl ReceivedAnswer {
    /// Returns the query of the address.
    #[must_use]
    pub fn query(&self) -> &str {
        &self.answer.query
    }

    /// Returns the language that the browser prefers.
    #[must_use]
    pub fn language(&self) -> Language {
        self.answer.language
    }

    /// Answers the browser with a page, and closes the address.
    pub async fn respond(mut self, page: LoginPage) {
        // The person may have closed the browser.
        let _ = self.answer.page.send(page);
        drop(self.server.stop.take());
        let _ = (&mut self.server.task).await;
    }
}

impl Drop for AnswerServer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Binds every address that a browser may try: `localhost` is both 127.0.0.1 and `::1`, and another program must not be able
/// to take the one that is left.
async fn bind_all(uri: &RedirectUri) -> io::Result<Vec<TcpListener>> {
    let host = uri.host().trim_matches(['[', ']']);
    if let Ok(address) = host.parse::<IpAddr>() {
        return Ok(vec![TcpListener::bind(SocketAddr::new(address, uri.port())).await?]);
    }
    let first = TcpListener::bind((Ipv4Addr::LOCALHOST, uri.port())).await?;
    let second = TcpListener::bind((Ipv6Addr::LOCALHOST, first.local_addr()?.port())).await;
    match second {
        Ok(second) => Ok(vec![first, second]),
        Err(error) if error.kind() == io::ErrorKind::AddrInUse => Err(error),
        // The machine has no IPv6.
        Err(_) => Ok(vec![first]),
    }
}

/// Takes the answer, or refuses the request.
async fn receive(State(state): State<Arc<ListenerState>>, request: Request) -> Response<Body> {
    let language = Language::of_request(request.headers());
    let waiting = match state.check(&request) {
        Ok(()) => state.waiting.lock().unwrap_or_else(PoisonError::into_inner).take(),
        Err(status) => return LoginPage::not_an_answer(language).response(status, language),
    };
    let Some(waiting) = waiting else {
        return LoginPage::answered_before(language).response(StatusCode::GONE, language);
    };
    let (page, pages) = oneshot::channel();
    let query = Zeroizing::new(request.uri().query().unwrap_or_default().to_owned());
    let outcome = match waiting.send(TakenAnswer { query, language, page }) {
        Ok(()) => pages.await.ok(),
        Err(_) => None,
    };
    let page = outcome.unwrap_or_else(|| LoginPage::interrupted(language));
    let status = if page.is_success() { StatusCode::OK } else { StatusCode::BAD_REQUEST };
    page.response(status, language)
}

impl ListenerState {
    /// Checks that a request is a browser's navigation to the redirect address with an answer.
    fn check(&self, request: &Request) -> Result<(), StatusCode> {
        let headers = request.headers();
        let mut hosts = headers.get_all(HOST).iter();
        let host = hosts.next().filter(|_| hosts.next().is_none()).and_then(|host| host.to_str().ok());
        // A name that an attacker points at this machine has a page of its own (DNS rebinding).
        if !host.is_some_and(|host| host.eq_ignore_ascii_case(&self.host)) {
            return Err(StatusCode::MISDIRECTED_REQUEST);
        }
        if request.uri().path() != self.path {
            return Err(StatusCode::NOT_FOUND);
        }
        if request.method() != Method::GET {
            return Err(StatusCode::METHOD_NOT_ALLOWED);
        }
        // An image or a script of another page is not the person's browser coming back
        // (<https://www.w3.org/TR/fetch-metadata/>).
        let is_document = |value: &hyper::header::HeaderValue| value == "document";
        if !headers.get(HeaderName::from_static("sec-fetch-dest")).is_none_or(is_document) {
            return Err(StatusCode::FORBIDDEN);
        }
        let query = request.uri().query().unwrap_or_default();
        let has = |name: &str| url::form_urlencoded::parse(query.as_bytes()).any(|(own, _)| own == name);
        if has("state") || has("code") || has("error") { Ok(()) } else { Err(StatusCode::BAD_REQUEST) }
    }
}
