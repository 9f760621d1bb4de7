//! The signals that end a program in good order, unless whoever started it made it deaf to them: `nohup` does for hanging
//! up, and a script's `&` for Ctrl-C. Listening would end that, for us and for the command that takes our place. And the
//! signal that has a server read its files again.

/// The numbers that POSIX gives them (kill(1)).
pub(crate) const INTERRUPT: u32 = 2;
#[cfg(unix)]
pub(crate) const HANGUP: u32 = 1;
#[cfg(unix)]
pub(crate) const TERMINATE: u32 = 15;

/// Ready when Ctrl-C came; never, where it is ignored.
pub(crate) async fn interrupted() {
    if is_ignored(INTERRUPT) || tokio::signal::ctrl_c().await.is_err() {
        std::future::pending::<()>().await;
    }
}

/// Whether this process ignores a signal since it was started (signal(7); proc(5), `SigIgn`). Where nobody says, it does
/// not.
pub(crate) fn is_ignored(signal: u32) -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let ignored = ignored.and_then(|digits| u64::from_str_radix(digits.trim(), 16).ok()).unwrap_or_default();
    ignored >> (signal - 1) & 1 == 1
}

/// Listens for Ctrl-C and the system's request to end, from the call on; what is returned is ready when one came.
///
/// The listening begins before a server says that it is ready, so that nobody can end it the hard way by being quick.
pub(crate) fn stop() -> impl Future<Output = ()> {
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

/// Listens for the system's request to read files again (SIGHUP), from the call on; systems without it never ask.
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
