//! Connections: accepted up to a number, served by hyper with limits on time and size, ended in good order.
//!
//! What is sent is HTTP/1.1 (RFC 9112). A request's headers must come within ten seconds, and so must the next request on
//! a connection that is kept; larger headers than any of ours are refused (431).

use std::{convert::Infallible, sync::Arc, time::Duration};

use futures_util::future::join_all;
use hyper::{server::conn::http1, service::service_fn};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    server::graceful::{GracefulShutdown, Watcher},
};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    sync::Semaphore,
    task::JoinSet,
};
use tokio_rustls::TlsAcceptor;

use super::{
    TokenSource,
    app::App,
    guard::Guard,
    listen::{Listening, Stream},
};

/// No more connections are served at a time; further ones wait.
const MAXIMUM_CONNECTIONS: usize = 2048;
/// For as long may a TLS handshake take, and the headers of a request.
const HEADER_TIME: Duration = Duration::from_secs(10);
/// For as long may a connection be kept, whatever happens on it: one that never takes its answers is let go then.
const CONNECTION_TIME: Duration = Duration::from_hours(1);
/// For as long do open requests have after the server has been told to stop.
const CLOSING_TIME: Duration = Duration::from_secs(2);
const MAXIMUM_HEADERS: usize = 64;
const MAXIMUM_HEADER_BYTES: usize = 16 * 1024;

/// One listening socket, and what is served there.
pub(super) struct Door<S> {
    pub(super) listening: Listening,
    pub(super) inside: Arc<Inside<S>>,
}

/// What stands behind a listening socket.
pub(super) struct Inside<S> {
    pub(super) guard: Guard,
    pub(super) tls: Option<TlsAcceptor>,
    pub(super) app: Arc<App<S>>,
}

/// Serves at every door until `stop` is ready, then closes them and lets open requests finish.
pub(super) async fn serve<S: TokenSource>(doors: Vec<Door<S>>, stop: impl Future<Output = ()>) {
    let permits = Arc::new(Semaphore::new(MAXIMUM_CONNECTIONS));
    let graceful = GracefulShutdown::new();
    // Dropped at the end, which ends what is still open then.
    let mut connections: Vec<JoinSet<()>> = doors.iter().map(|_| JoinSet::new()).collect();
    let accepting = doors.into_iter().zip(&mut connections);
    let accepting = accepting.map(|(door, connections)| accept(door, connections, &permits, &graceful));
    tokio::select! {
        () = stop => {}
        _ = join_all(accepting) => {}
    }
    let _ = tokio::time::timeout(CLOSING_TIME, graceful.shutdown()).await;
}

async fn accept<S: TokenSource>(
    door: Door<S>,
    connections: &mut JoinSet<()>,
    permits: &Arc<Semaphore>,
    graceful: &GracefulShutdown,
) {
    while let Ok(permit) = Arc::clone(permits).acquire_owned().await {
        let accepted = tokio::select! {
            Some(_) = connections.join_next() => continue,
            accepted = door.listening.accept() => accepted,
        };
        let Ok(stream) = accepted else {
            // Out of file handles, or the peer has gone: the next one may fare better.
            tokio::time::sleep(Duration::from_millis(50)).await;
            continue;
        };
        let (inside, watcher) = (Arc::clone(&door.inside), graceful.watcher());
        connections.spawn(async move {
            let _ = tokio::time::timeout(CONNECTION_TIME, inside.connection(stream, watcher)).await;
            drop(permit);
        });
    }
}

impl<S: TokenSource> Inside<S> {
    async fn connection(self: Arc<Self>, stream: Stream, watcher: Watcher) {
        match (stream, self.tls.clone()) {
            (Stream::Tcp(stream), None) => self.requests(stream, watcher).await,
            // On the heap, for the sake of all the others.
            (Stream::Tcp(stream), Some(acceptor)) => {
                let handshake = Box::pin(tokio::time::timeout(HEADER_TIME, acceptor.accept(stream)));
                if let Ok(Ok(stream)) = handshake.await {
                    Box::pin(self.requests(stream, watcher)).await;
                }
            }
            #[cfg(unix)]
            (Stream::Unix(stream), _) => Box::pin(self.requests(stream, watcher)).await,
        }
    }

    async fn requests(self: Arc<Self>, stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static, watcher: Watcher) {
        let service = service_fn(move |request| {
            let inside = Arc::clone(&self);
            async move { Ok::<_, Infallible>(inside.app.handle(&inside.guard, request).await) }
        });
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(HEADER_TIME)
            .max_headers(MAXIMUM_HEADERS)
            .max_buf_size(MAXIMUM_HEADER_BYTES)
            .serve_connection(TokioIo::new(stream), service);
        // A connection that breaks is the client's affair.
        let _ = watcher.watch(connection).await;
    }
}
