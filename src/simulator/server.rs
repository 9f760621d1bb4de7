//! Serves the routes on loopback, with limits on time and number (RFC 9112, RFC 8446).
//!
//! By hyper itself, since `axum::serve` sets no timer and therefore has no time-out for headers.

use std::{net::TcpListener as StdListener, sync::Arc, time::Duration};

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    server::graceful::{GracefulShutdown, Watcher},
    service::TowerToHyperService,
};
use openssl::{
    pkey::{PKey, Private},
    x509::X509,
};
use rustls::pki_types::{CertificateDer, PrivatePkcs8KeyDer};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpListener, TcpStream},
    sync::Semaphore,
    task::JoinSet,
};
use tokio_rustls::TlsAcceptor;

use super::Error;

/// No more connections are served at a time; further ones wait.
const MAXIMUM_CONNECTIONS: usize = 64;
/// For as long may a TLS handshake take, and the headers of a request.
const HANDSHAKE_TIME: Duration = Duration::from_secs(5);
/// A connection is closed after this time whatever happens on it.
const CONNECTION_TIME: Duration = Duration::from_mins(2);
/// For as long do open requests have after the simulator has been told to stop.
const CLOSING_TIME: Duration = Duration::from_secs(2);
const MAXIMUM_HEADERS: usize = 64;
const MAXIMUM_HEADER_BYTES: usize = 64 * 1024;

/// Serves until `stop` is ready, then lets open requests finish.
pub(crate) async fn serve(
    listener: StdListener,
    tls: Option<TlsAcceptor>,
    router: Router,
    stop: impl Future<Output = ()>,
) -> std::io::Result<()> {
    listener.set_nonblocking(true)?;
    let listener = TcpListener::from_std(listener)?;
    let permits = Arc::new(Semaphore::new(MAXIMUM_CONNECTIONS));
    let graceful = GracefulShutdown::new();
    // Dropped at the end, which ends what is still open then.
    let mut connections = JoinSet::new();
    let mut stop = std::pin::pin!(stop);
    loop {
        let accepted = async {
            let permit = Arc::clone(&permits).acquire_owned().await.ok()?;
            Some((permit, listener.accept().await))
        };
        let (permit, stream) = tokio::select! {
            () = &mut stop => break,
            Some(_) = connections.join_next() => continue,
            accepted = accepted => match accepted {
                Some((permit, Ok((stream, _)))) => (permit, stream),
                // Out of file handles, or the peer has gone: the next one may fare better.
                Some((_, Err(_))) => {
                    tokio::time::sleep(Duration::from_millis(50)).await;
                    continue;
                }
                None => break,
            },
        };
        let (tls, router, watcher) = (tls.clone(), router.clone(), graceful.watcher());
        connections.spawn(async move {
            let _ = tokio::time::timeout(CONNECTION_TIME, connection(stream, tls, router, watcher)).await;
            drop(permit);
        });
    }
    drop(listener);
    let _ = tokio::time::timeout(CLOSING_TIME, graceful.shutdown()).await;
    Ok(())
}

async fn connection(stream: TcpStream, tls: Option<TlsAcceptor>, router: Router, watcher: Watcher) {
    let _ = stream.set_nodelay(true);
    match tls {
        None => requests(stream, router, watcher).await,
        Some(acceptor) => {
            if let Ok(Ok(stream)) = tokio::time::timeout(HANDSHAKE_TIME, acceptor.accept(stream)).await {
                requests(stream, router, watcher).await;
            }
        }
    }
}

async fn requests<S>(stream: S, router: Router, watcher: Watcher)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HANDSHAKE_TIME)
        .max_headers(MAXIMUM_HEADERS)
        .max_buf_size(MAXIMUM_HEADER_BYTES)
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(router));
    // A connection that breaks is the client's affair.
    let _ = watcher.watch(connection).await;
}

/// Sets up TLS 1.2 and 1.3 with the server's certificate, on ring and nothing process-wide.
pub(crate) fn acceptor(certificate: &X509, key: &PKey<Private>) -> Result<TlsAcceptor, Error> {
    let certificate = CertificateDer::from(certificate.to_der()?);
    let key = PrivatePkcs8KeyDer::from(key.private_key_to_pkcs8()?);
    let config = rustls::ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .and_then(|builder| builder.with_no_client_auth().with_single_cert(vec![certificate], key.into()))
        .map_err(|error| Error::Tls(Box::new(error)))?;
    Ok(TlsAcceptor::from(Arc::new(config)))
}
