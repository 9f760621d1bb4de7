//! Accepts connections and serves HTTP/1.1 on them (RFC 9112), within limits on time and number.
//!
//! `axum::serve` sets no timer and therefore has no time-out for headers, so hyper's connections are driven here.

use std::{
    io::{self, IoSlice},
    pin::{Pin, pin},
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use axum::{Extension, Router};
use futures_util::future::join_all;
use hyper::server::conn::http1;
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    service::TowerToHyperService,
};
use rustls::{
    pki_types::{CertificateDer, PrivateKeyDer},
    server::danger::ClientCertVerifier,
};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpListener,
    sync::{OwnedSemaphorePermit, Semaphore, watch},
    task::JoinSet,
    time::{Sleep, sleep, timeout},
};
use tokio_rustls::TlsAcceptor;

/// How long open requests may take after the server was stopped.
const CLOSING_TIME: Duration = Duration::from_millis(1800);
/// How long the responses that [`Phase::Over`] causes may take.
const LAST_RESPONSES_TIME: Duration = Duration::from_millis(200);
/// How long to wait after `accept` failed, for example because the process is out of file descriptors.
const ACCEPT_BACKOFF: Duration = Duration::from_millis(50);

/// The limits of a server.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    /// Connections that are served at a time; further ones wait.
    pub(crate) connections: usize,
    /// Time for a TLS handshake, for the next request's headers to arrive, and for the client to take a response.
    pub(crate) idle_time: Duration,
    /// Time after which a connection is closed, even if it is in use.
    pub(crate) lifetime: Duration,
    /// Headers of a request.
    pub(crate) headers: usize,
    /// Bytes of a request's headers.
    pub(crate) header_bytes: usize,
}

/// The phase of a server's life.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Phase {
    /// It accepts connections.
    Serving,
    /// Open requests may still be answered.
    Closing,
    /// Open requests must be answered now.
    Over,
}

/// A listening socket and the routes that are served on it.
pub(crate) struct Listener {
    pub(crate) socket: ListeningSocket,
    /// The certificate for new connections, which may change; `None` without TLS.
    pub(crate) tls: Option<watch::Receiver<TlsAcceptor>>,
    pub(crate) router: Router,
}

/// The certificates that a client sent in the TLS handshake: an extension of its requests.
#[derive(Debug, Clone)]
#[cfg_attr(not(feature = "simulator"), expect(dead_code, reason = "only the simulator asks for certificates"))]
pub(crate) struct PeerCertificates(pub(crate) Arc<[CertificateDer<'static>]>);

/// A listening socket.
#[derive(Debug)]
pub(crate) enum ListeningSocket {
    Tcp(TcpListener),
    #[cfg(all(unix, feature = "server"))]
    Unix(tokio::net::UnixListener),
}

/// The byte stream of a connection, with or without TLS.
trait ByteStream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> ByteStream for T {}

/// Serves until `stop` is ready, then closes the sockets and gives open requests two seconds to finish.
pub(crate) async fn serve(
    listeners: Vec<Listener>,
    limits: &Limits,
    phase: &watch::Sender<Phase>,
    stop: impl Future<Output = ()>,
) {
    let permits = Arc::new(Semaphore::new(limits.connections));
    // Dropped on return, which closes the connections that are still open.
    let mut connections: Vec<JoinSet<()>> = listeners.iter().map(|_| JoinSet::new()).collect();
    let accepting = listeners.into_iter().zip(&mut connections);
    let accepting = accepting.map(|(listener, connections)| {
        let connection = Connection::new(listener.router, listener.tls, limits, phase.subscribe());
        accept(listener.socket, connection, connections, &permits)
    });
    tokio::select! {
        () = stop => {}
        _ = join_all(accepting) => {}
    }
    phase.send_replace(Phase::Closing);
    let mut finished = pin!(async {
        for connections in &mut connections {
            while connections.join_next().await.is_some() {}
        }
    });
    if timeout(CLOSING_TIME, finished.as_mut()).await.is_err() {
        phase.send_replace(Phase::Over);
        let _ = timeout(LAST_RESPONSES_TIME, finished).await;
    }
}

async fn accept(
    socket: ListeningSocket,
    connection: Connection,
    connections: &mut JoinSet<()>,
    permits: &Arc<Semaphore>,
) {
    while let Ok(permit) = Arc::clone(permits).acquire_owned().await {
        let accepted = tokio::select! {
            Some(_) = connections.join_next() => continue,
            accepted = socket.accept() => accepted,
        };
        match accepted {
            Ok(stream) => drop(connections.spawn(connection.clone().run(stream, permit))),
            Err(_) => sleep(ACCEPT_BACKOFF).await,
        }
    }
}

impl ListeningSocket {
    async fn accept(&self) -> io::Result<Box<dyn ByteStream>> {
        match self {
            Self::Tcp(listener) => {
                let (stream, _) = listener.accept().await?;
                // Responses are written in one piece, so waiting for more bytes would only delay them.
                let _ = stream.set_nodelay(true);
                Ok(Box::new(stream))
            }
            #[cfg(all(unix, feature = "server"))]
            Self::Unix(listener) => Ok(Box::new(listener.accept().await?.0)),
        }
    }
}

/// What a listener's connections have in common.
#[derive(Clone)]
struct Connection {
    router: Router,
    tls: Option<watch::Receiver<TlsAcceptor>>,
    http: http1::Builder,
    limits: Limits,
    phase: watch::Receiver<Phase>,
}

impl Connection {
    fn new(
        router: Router,
        tls: Option<watch::Receiver<TlsAcceptor>>,
        limits: &Limits,
        phase: watch::Receiver<Phase>,
    ) -> Self {
        let mut http = http1::Builder::new();
        http.timer(TokioTimer::new()).header_read_timeout(limits.idle_time);
        http.max_headers(limits.headers).max_buf_size(limits.header_bytes);
        Self { router, tls, http, limits: *limits, phase }
    }

    /// Serves one connection; the permit is returned when it closes.
    async fn run(self, stream: Box<dyn ByteStream>, _permit: OwnedSemaphorePermit) {
        let _ = timeout(self.limits.lifetime, self.serve(stream)).await;
    }

    async fn serve(mut self, stream: Box<dyn ByteStream>) {
        let Some(stream) = self.encrypt(stream).await else { return };
        let stream = LimitedWrites { stream, limit: self.limits.idle_time, expiry: None };
        let service = TowerToHyperService::new(self.router);
        let mut connection = pin!(self.http.serve_connection(TokioIo::new(stream), service));
        tokio::select! {
            // An error on a connection affects only its client, so it is not reported.
            _ = connection.as_mut() => return,
            () = closing(&mut self.phase) => connection.as_mut().graceful_shutdown(),
        }
        let _ = connection.await;
    }

    /// Performs the TLS handshake, if there is one.
    async fn encrypt(&mut self, stream: Box<dyn ByteStream>) -> Option<Box<dyn ByteStream>> {
        let Some(tls) = &self.tls else { return Some(stream) };
        let acceptor = tls.borrow().clone();
        let stream = tokio::select! {
            accepted = timeout(self.limits.idle_time, acceptor.accept(stream)) => accepted.ok()?.ok()?,
            () = closing(&mut self.phase) => return None,
        };
        if let Some(certificates) = stream.get_ref().1.peer_certificates() {
            let certificates = PeerCertificates(certificates.iter().cloned().map(CertificateDer::into_owned).collect());
            self.router = self.router.clone().layer(Extension(certificates));
        }
        Some(Box::new(stream))
    }
}

/// Waits until the server is stopped.
async fn closing(phase: &mut watch::Receiver<Phase>) {
    let _ = phase.wait_for(|phase| *phase != Phase::Serving).await;
}

/// A stream on which writing fails when the client has not taken everything within a time limit. hyper has none.
struct LimitedWrites<T> {
    stream: T,
    limit: Duration,
    /// Set from the first write that had to wait until everything is flushed.
    expiry: Option<Pin<Box<Sleep>>>,
}

impl<T> LimitedWrites<T> {
    fn limit<R>(&mut self, context: &mut Context<'_>, result: Poll<io::Result<R>>) -> Poll<io::Result<R>> {
        if result.is_ready() {
            return result;
        }
        let limit = self.limit;
        let expiry = self.expiry.get_or_insert_with(|| Box::pin(sleep(limit)));
        expiry.as_mut().poll(context).map(|()| Err(io::ErrorKind::TimedOut.into()))
    }
}

impl<T: AsyncRead + Unpin> AsyncRead for LimitedWrites<T> {
    fn poll_read(mut self: Pin<&mut Self>, context: &mut Context<'_>, to: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, to)
    }
}

impl<T: AsyncWrite + Unpin> AsyncWrite for LimitedWrites<T> {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, from: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(context, from);
        self.limit(context, written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        from: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(context, from);
        self.limit(context, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = Pin::new(&mut self.stream).poll_flush(context);
        if flushed.is_ready() {
            self.expiry = None;
        }
        self.limit(context, flushed)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let closed = Pin::new(&mut self.stream).poll_shutdown(context);
        self.limit(context, closed)
    }
}

/// Sets up TLS 1.2 and 1.3 (RFC 8446) on ring, without process-wide settings.
#[cfg(feature = "server")]
pub(crate) fn tls_acceptor(
    certificates: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
) -> Result<TlsAcceptor, rustls::Error> {
    tls_acceptor_with(certificates, key, rustls::server::WebPkiClientVerifier::no_client_auth())
}

/// Does the same, and asks clients for certificates.
pub(crate) fn tls_acceptor_with(
    certificates: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
    clients: Arc<dyn ClientCertVerifier>,
) -> Result<TlsAcceptor, rustls::Error> {
    let config = rustls::ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_client_cert_verifier(clients)
        .with_single_cert(certificates, key)?;
    Ok(TlsAcceptor::from(Arc::new(config)))
}
