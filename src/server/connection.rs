//! One connection: its requests one after the other.
//!
//! HTTP/1.1 (RFC 9112) is hyper's affair, which takes some 20 kB for a connection, most of them buffers. A client that
//! keeps its connection uses them for a moment only. So hyper is there from the first octet of a request to the last of
//! its answer; a connection that waits is a socket and little more.

use std::{
    convert::Infallible,
    future::poll_fn,
    pin::{Pin, pin},
    sync::Arc,
    task::Poll,
    time::Duration,
};

use bytes::Bytes;
use hyper::{Request, body::Body as _, body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::{
    sync::{OwnedSemaphorePermit, watch},
    time::{Instant, Sleep, sleep, timeout_at},
};

use super::{
    TokenSource,
    app::App,
    body::Body,
    guard::Guard,
    turn::{Observed, Readable, Turn},
};

/// For as long may a client take over a TLS handshake, the headers of a request, taking an answer, and its next request.
pub(super) const TIME: Duration = Duration::from_secs(10);
const MAXIMUM_HEADERS: usize = 64;
const MAXIMUM_HEADER_BYTES: usize = 16 * 1024;

/// How far the server is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    Serving,
    /// Open requests may still be answered.
    Stopping,
    /// Nothing is waited for any more.
    Over,
}

/// Tells connections how far the server is.
pub(super) type Stop = watch::Receiver<Phase>;

/// What answers on a connection.
pub(super) struct Answering<S> {
    guard: Guard,
    app: Arc<App<S>>,
    http: http1::Builder,
}

/// A connection that is kept.
struct Kept<T> {
    stream: T,
    /// What of the next request came with the last one.
    before: Bytes,
    /// By when the next request must begin. Octets that are none do not put it off, such as pieces of a TLS record.
    until: Instant,
}

impl<S: TokenSource> Answering<S> {
    pub(super) fn new(guard: Guard, app: Arc<App<S>>) -> Self {
        let mut http = http1::Builder::new();
        http.timer(TokioTimer::new()).header_read_timeout(TIME);
        http.max_headers(MAXIMUM_HEADERS).max_buf_size(MAXIMUM_HEADER_BYTES);
        Self { guard, app, http }
    }

    /// Answers until either side has had enough; the permit is given back then.
    pub(super) async fn serve(self: Arc<Self>, stream: impl Readable, mut stop: Stop, _permit: OwnedSemaphorePermit) {
        let mut kept = Kept { stream, before: Bytes::new(), until: Instant::now() + TIME };
        loop {
            if kept.before.is_empty() {
                let readable = tokio::select! {
                    biased;
                    _ = stop.wait_for(|phase| *phase != Phase::Serving) => return,
                    readable = timeout_at(kept.until, kept.stream.readable()) => readable,
                };
                if !matches!(readable, Ok(Ok(()))) {
                    return;
                }
            }
            // On the heap, and no longer than it lasts.
            match Box::pin(self.turn(kept, &mut stop)).await {
                Some(next) => kept = next,
                None => return,
            }
        }
    }

    /// Answers what has come, and what comes before the client waits.
    async fn turn<T: Readable>(self: &Arc<Self>, kept: Kept<T>, stop: &mut Stop) -> Option<Kept<T>> {
        let (turn, over) = (Arc::new(Turn::default()), stop.clone());
        let service = service_fn(|request: Request<Incoming>| {
            let (own, turn, over) = (Arc::clone(self), Arc::clone(&turn), over.clone());
            turn.asked();
            Box::pin(async move {
                let has_body = !request.body().is_end_stream();
                let request = request.map(|incoming| Body { incoming, turn: Arc::clone(&turn) });
                let answer = own.app.handle(&own.guard, request, over).await;
                turn.answered(has_body);
                Ok::<_, Infallible>(answer)
            })
        });
        let observed = Observed { before: kept.before, stream: kept.stream, turn: Arc::clone(&turn) };
        let mut connection = self.http.serve_connection(TokioIo::new(observed), service);
        let (mut stopping, mut ending) = (pin!(stop.wait_for(|phase| *phase != Phase::Serving)), false);
        let mut deadline: Option<Pin<Box<Sleep>>> = None;
        let is_kept = poll_fn(|context| {
            if !ending && stopping.as_mut().poll(context).is_ready() {
                ending = true;
                Pin::new(&mut connection).graceful_shutdown();
            }
            // A connection that breaks is the client's affair.
            if Pin::new(&mut connection).poll(context).is_ready() {
                return Poll::Ready(false);
            }
            if !ending && turn.is_over() {
                ending = true;
                Pin::new(&mut connection).graceful_shutdown();
                if let Poll::Ready(ended) = connection.poll_without_shutdown(context) {
                    return Poll::Ready(ended.is_ok());
                }
            }
            if !turn.is_unsent() {
                deadline = None;
                return Poll::Pending;
            }
            deadline.get_or_insert_with(|| Box::pin(sleep(TIME))).as_mut().poll(context).map(|()| false)
        });
        if !is_kept.await {
            return None;
        }
        let parts = connection.into_parts();
        // Nothing, in a buffer of 8 kB, is dropped for nothing.
        let before = if parts.read_buf.is_empty() { Bytes::new() } else { parts.read_buf };
        let until = if turn.was_asked() { Instant::now() + TIME } else { kept.until };
        Some(Kept { stream: parts.io.into_inner().stream, before, until })
    }
}
