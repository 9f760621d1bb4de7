//! Serves the routes on loopback, with time limits and a connection limit (RFC 9112, RFC 8446).
//!
//! It uses hyper directly, because `axum::serve` sets no timer and so has no time limit for headers.

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

use super::error::SimulatorError;

/// Maximum number of connections at a time; further ones wait.
const MAXIMUM_CONNECTIONS: usize = 64;
/// Time limit for a TLS handshake, and for the headers of a request.
const HANDSHAKE_TIME: Duration = Duration::from_secs(5);
/// Maximum lifetime of a connection.
const CONNECTION_TIME: Duration = Duration::from_mins(2);
/// Time limit for in-flight requests during shutdown.
const CLOSING_TIME: Duration = Duration::from_secs(2);
const MAXIMUM_HEADERS: usize = 64;
const MAXIMUM_HEADER_BYTES: usize = 64 * 1024;

/// Serves until `stop` completes, then waits for in-flight requests.
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
    // Dropping the set aborts the connections that are still open.
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
                // Out of file descriptors, or closed by the client: accepting may succeed later.
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
    // An error on a connection concerns only its client.
    let _ = watcher.watch(connection).await;
}

/// Configures TLS 1.2 and 1.3 with ring, without a process-wide crypto provider.
pub(crate) fn acceptor(certificate: &X509, key: &PKey<Private>) -> Result<TlsAcceptor, SimulatorError> {
    let certificate = CertificateDer::from(certificate.to_der()?);
    let key = PrivatePkcs8KeyDer::from(key.private_key_to_pkcs8()?);
    let config = rustls::ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .and_then(|builder| builder.with_no_client_auth().with_single_cert(vec![certificate], key.into()))
        .map_err(|error| SimulatorError::Tls(Box::new(error)))?;
    Ok(TlsAcceptor::from(Arc::new(config)))
}
