//! Connections: accepted up to a number, each a task of its own, ended in good order.

use std::{
    pin::{Pin, pin},
    sync::Arc,
    time::Duration,
};

use futures_util::future::join_all;
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore, watch},
    task::JoinSet,
    time::{sleep, timeout},
};

use super::{
    TokenSource,
    connection::{Answering, Phase, Stop, TIME},
    credentials::Credentials,
    listen::{Listening, Stream},
};

/// No more connections are served at a time; further ones wait.
const MAXIMUM_CONNECTIONS: usize = 2048;
/// For as long do open requests have after the server has been told to stop.
const CLOSING_TIME: Duration = Duration::from_millis(1800);
/// And for as long are those that are still open told that it has stopped.
const LAST_WORDS: Duration = Duration::from_millis(200);

/// One listening socket, and what stands behind it.
pub(super) struct Door<S> {
    pub(super) listening: Listening,
    pub(super) credentials: Arc<Credentials>,
    pub(super) answering: Arc<Answering<S>>,
}

/// Serves at every door until `stop` is ready, then closes them and lets open requests finish.
pub(super) async fn serve<S: TokenSource>(doors: Vec<Door<S>>, stop: impl Future<Output = ()>) {
    let permits = Arc::new(Semaphore::new(MAXIMUM_CONNECTIONS));
    let (stopping, stopped) = watch::channel(Phase::Serving);
    // Dropped at the end, which ends what is still open then.
    let mut connections: Vec<JoinSet<()>> = doors.iter().map(|_| JoinSet::new()).collect();
    let accepting = doors.into_iter().zip(&mut connections);
    let accepting = accepting.map(|(door, connections)| accept(door, connections, &permits, &stopped));
    tokio::select! {
        () = stop => {}
        _ = join_all(accepting) => {}
    }
    stopping.send_replace(Phase::Stopping);
    let mut finished = pin!(async {
        for connections in &mut connections {
            while connections.join_next().await.is_some() {}
        }
    });
    if timeout(CLOSING_TIME, finished.as_mut()).await.is_err() {
        stopping.send_replace(Phase::Over);
        let _ = timeout(LAST_WORDS, finished).await;
    }
}

async fn accept<S: TokenSource>(
    door: Door<S>,
    connections: &mut JoinSet<()>,
    permits: &Arc<Semaphore>,
    stopped: &Stop,
) {
    while let Ok(permit) = Arc::clone(permits).acquire_owned().await {
        let accepted = tokio::select! {
            Some(_) = connections.join_next() => continue,
            accepted = door.listening.accept() => accepted,
        };
        let Ok(stream) = accepted else {
            // Out of file handles, or the peer has gone: the next one may fare better.
            sleep(Duration::from_millis(50)).await;
            continue;
        };
        connections.spawn(connection(stream, &door, permit, stopped.clone()));
    }
}

/// What becomes of a connection, on the heap: each kind takes no more room than it needs.
fn connection<S: TokenSource>(
    stream: Stream,
    door: &Door<S>,
    permit: OwnedSemaphorePermit,
    stop: Stop,
) -> Pin<Box<dyn Future<Output = ()> + Send>> {
    let answering = Arc::clone(&door.answering);
    match (stream, door.credentials.tls()) {
        (Stream::Tcp(stream), None) => Box::pin(answering.serve(stream, stop, permit)),
        (Stream::Tcp(stream), Some(acceptor)) => Box::pin(async move {
            let mut stopping = stop.clone();
            let accepted = tokio::select! {
                accepted = timeout(TIME, acceptor.accept(stream)) => accepted,
                _ = stopping.wait_for(|phase| *phase != Phase::Serving) => return,
            };
            if let Ok(Ok(stream)) = accepted {
                Box::pin(answering.serve(stream, stop, permit)).await;
            }
        }),
        #[cfg(unix)]
        (Stream::Unix(stream), _) => Box::pin(answering.serve(stream, stop, permit)),
    }
}
