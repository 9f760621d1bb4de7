//! Signals: Ctrl-C for every command, and what servers listen for beside it.
//!
//! A signal that the parent process made this one ignore stays ignored, as by `nohup` and a script's `&`: a handler would
//! end that, for this process and for a command that takes its place.

use std::sync::atomic::{AtomicUsize, Ordering};

/// The signal numbers (POSIX, kill(1)).
pub(crate) const INTERRUPT: u32 = 2;
#[cfg(unix)]
pub(crate) const HANGUP: u32 = 1;
#[cfg(unix)]
pub(crate) const TERMINATE: u32 = 15;

/// How many parts of the running command handle Ctrl-C themselves.
static HANDLERS: AtomicUsize = AtomicUsize::new(0);

/// Runs a command until it ends or Ctrl-C is pressed; `None` for the latter.
///
/// A command that never waits for anything is not listened for: Ctrl-C ends the process in the system's way then.
pub(crate) async fn unless_interrupted<T>(command: impl Future<Output = T>) -> Option<T> {
    tokio::select! {
        biased;
        result = command => Some(result),
        () = interrupted() => None,
    }
}

/// Handles SIGXFSZ, which would end the process when a file reaches the limit of `ulimit -f`: writing fails instead. A
/// program that takes this one's place gets the signal's default action back.
pub(crate) fn survive_file_size_limit() {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        // The handler stays when the listener is dropped.
        let _ = signal(SignalKind::from_raw(rustix::process::Signal::XFSZ.as_raw()));
    }
}

/// Waits for a Ctrl-C that the command does not handle itself.
async fn interrupted() {
    loop {
        next_interrupt().await;
        if HANDLERS.load(Ordering::Relaxed) == 0 {
            return;
        }
    }
}

/// Waits for the next Ctrl-C; forever, where it is ignored.
pub(crate) async fn next_interrupt() {
    if is_ignored(INTERRUPT) || tokio::signal::ctrl_c().await.is_err() {
        std::future::pending::<()>().await;
    }
}

/// Runs work that blocks its thread on another one, so that Ctrl-C is handled meanwhile.
pub(crate) async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    // The first wait of a command is when it begins to listen for Ctrl-C: before the work, which may ask for a password.
    tokio::task::yield_now().await;
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done,
        Err(lost) if lost.is_panic() => std::panic::resume_unwind(lost.into_panic()),
        // The program is ending.
        Err(_) => std::future::pending().await,
    }
}

/// Leaves Ctrl-C to the code that holds it, until it is dropped.
pub(crate) struct HandlesInterrupts(());

impl HandlesInterrupts {
    pub(crate) fn new() -> Self {
        HANDLERS.fetch_add(1, Ordering::Relaxed);
        Self(())
    }
}

impl Drop for HandlesInterrupts {
    fn drop(&mut self) {
        HANDLERS.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Whether the parent process made this one ignore a signal (signal(7); proc(5), `SigIgn`); `false` where that is unknown.
pub(crate) fn is_ignored(signal: u32) -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let ignored = ignored.and_then(|digits| u64::from_str_radix(digits.trim(), 16).ok()).unwrap_or_default();
    ignored >> (signal - 1) & 1 == 1
}

/// Listens for Ctrl-C and SIGTERM from the call on; the future is ready when one of them came.
///
/// A server calls it before it reports that it is ready, so that a quick signal does not kill it. From then on Ctrl-C is
/// handled by the command, also while it stops.
pub(crate) fn stop() -> impl Future<Output = ()> {
    std::mem::forget(HandlesInterrupts::new());
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        let (interrupt, terminate) = (signal(SignalKind::interrupt()), signal(SignalKind::terminate()));
        async move {
            match (interrupt, terminate) {
                (Ok(mut interrupt), Ok(mut terminate)) => {
                    tokio::select! {
                        _ = interrupt.recv() => {}
                        _ = terminate.recv() => {}
                    }
                }
                // The system gives no signals; then Ctrl-C ends the process by itself.
                _ => std::future::pending().await,
            }
        }
    }
    #[cfg(not(unix))]
    async {
        let _ = tokio::signal::ctrl_c().await;
    }
}

/// Listens for SIGHUP, the request to read files again, from the call on; systems without signals never send it.
pub(crate) struct Hangups(#[cfg(unix)] Option<tokio::signal::unix::Signal>);

impl Hangups {
    pub(crate) fn new() -> Self {
        #[cfg(unix)]
        {
            use tokio::signal::unix::{SignalKind, signal};
            Self(signal(SignalKind::hangup()).ok())
        }
        #[cfg(not(unix))]
        Self()
    }

    /// Waits for the next one.
    pub(crate) async fn next(&mut self) {
        #[cfg(unix)]
        if let Some(signal) = &mut self.0
            && signal.recv().await.is_some()
        {
            return;
        }
        std::future::pending::<()>().await;
    }
}
