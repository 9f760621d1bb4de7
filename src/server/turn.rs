//! Whose turn it is on a connection: told by what was read and written, for those who cannot look into hyper.

use std::{
    io::{self, IoSlice},
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    task::{Context, Poll},
};

use bytes::Bytes;
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
};
use tokio_rustls::server::TlsStream;

/// What is known of a connection. One task has it all: its parts are atomic only since a task may move.
#[derive(Default)]
pub(super) struct Turn {
    /// Something has come that is not answered.
    owed: AtomicBool,
    /// Some of what was written has not been taken.
    unsent: AtomicBool,
    /// There was nothing more to read.
    waits: AtomicBool,
    /// The body of the last request was read to its end.
    has_whole_body: AtomicBool,
    /// There was a request.
    was_asked: AtomicBool,
}

impl Turn {
    /// A request has come, perhaps together with the last one.
    pub(super) fn asked(&self) {
        self.was_asked.store(true, Relaxed);
        self.owed.store(true, Relaxed);
        self.has_whole_body.store(false, Relaxed);
    }

    /// The request's body has been read to its end.
    pub(super) fn has_whole_body(&self) {
        self.has_whole_body.store(true, Relaxed);
    }

    /// The answer is there. Unless the whole body was read, the connection is left to hyper then: what is left of a body
    /// must not be taken for the next request.
    pub(super) fn answered(&self, had_body: bool) {
        self.unsent.store(true, Relaxed);
        self.owed.store(had_body && !self.has_whole_body.load(Relaxed), Relaxed);
    }

    /// Whether there was a request at all.
    pub(super) fn was_asked(&self) -> bool {
        self.was_asked.load(Relaxed)
    }

    /// Whether the client has all it asked for, and nothing more has come from it.
    pub(super) fn is_over(&self) -> bool {
        self.waits.load(Relaxed) && !self.owed.load(Relaxed) && !self.is_unsent()
    }

    /// Whether the client has yet to take what is written.
    pub(super) fn is_unsent(&self) -> bool {
        self.unsent.load(Relaxed)
    }
}

/// A stream that keeps [`Turn`] up to date.
pub(super) struct Observed<T> {
    /// What was read of the stream before, and used by nobody.
    pub(super) before: Bytes,
    pub(super) stream: T,
    pub(super) turn: Arc<Turn>,
}

impl<T: AsyncRead + Unpin> AsyncRead for Observed<T> {
    fn poll_read(mut self: Pin<&mut Self>, context: &mut Context<'_>, to: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        if !self.before.is_empty() {
            let length = self.before.len().min(to.remaining());
            to.put_slice(&self.before.split_to(length));
            self.turn.owed.store(true, Relaxed);
            return Poll::Ready(Ok(()));
        }
        let read = Pin::new(&mut self.stream).poll_read(context, to);
        self.turn.waits.store(read.is_pending(), Relaxed);
        self.turn.owed.fetch_or(read.is_ready(), Relaxed);
        read
    }
}

impl<T: AsyncWrite + Unpin> AsyncWrite for Observed<T> {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, from: &[u8]) -> Poll<io::Result<usize>> {
        self.turn.unsent.store(true, Relaxed);
        Pin::new(&mut self.stream).poll_write(context, from)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = Pin::new(&mut self.stream).poll_flush(context);
        self.turn.unsent.store(flushed.is_pending(), Relaxed);
        flushed
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.turn.unsent.store(true, Relaxed);
        Pin::new(&mut self.stream).poll_shutdown(context)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        from: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.turn.unsent.store(true, Relaxed);
        Pin::new(&mut self.stream).poll_write_vectored(context, from)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}

/// A stream that can be waited for without a buffer.
pub(super) trait Readable: AsyncRead + AsyncWrite + Unpin + Send + 'static {
    /// Ready when there may be something to read, the end included; not again once a read has found nothing.
    fn readable(&self) -> impl Future<Output = io::Result<()>> + Send;
}

impl Readable for TcpStream {
    fn readable(&self) -> impl Future<Output = io::Result<()>> + Send {
        Self::readable(self)
    }
}

impl Readable for TlsStream<TcpStream> {
    async fn readable(&self) -> io::Result<()> {
        let (stream, session) = self.get_ref();
        // What came with the end of the handshake is decrypted already, and nothing may follow it.
        if session.wants_read() { stream.readable().await } else { Ok(()) }
    }
}

#[cfg(unix)]
impl Readable for tokio::net::UnixStream {
    fn readable(&self) -> impl Future<Output = io::Result<()>> + Send {
        Self::readable(self)
    }
}
