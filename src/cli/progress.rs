//! Shows a line on the terminal while something takes longer than a second.

use std::{
    sync::{
        atomic::{AtomicBool, Ordering},
        mpsc::{self, RecvTimeoutError, Sender},
    },
    thread::JoinHandle,
    time::Duration,
};

use super::report::{Report, eprint};

/// Whether a line is on the terminal.
static IS_SHOWN: AtomicBool = AtomicBool::new(false);

/// Shows its line after a second, until it is dropped.
pub(crate) struct Progress(Option<(Sender<()>, JoinHandle<()>)>);

impl Progress {
    /// Starts waiting; nothing is shown if stderr is not a terminal.
    pub(crate) fn start(what: &str, report: &Report) -> Self {
        if !report.may_show_progress() {
            return Self(None);
        }
        let line = format!("{} …", report.language().translate(what));
        let (done, waiting) = mpsc::channel();
        let shown = std::thread::Builder::new().spawn(move || {
            if waiting.recv_timeout(Duration::from_secs(1)) == Err(RecvTimeoutError::Timeout) {
                IS_SHOWN.store(true, Ordering::SeqCst);
                eprint(&line);
                let _ = waiting.recv();
                clear();
            }
        });
        Self(shown.ok().map(|shown| (done, shown)))
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Some((done, shown)) = self.0.take() {
            drop(done);
            let _ = shown.join();
        }
    }
}

/// Removes the line from the terminal, even if the work continues.
pub(crate) fn clear() {
    if IS_SHOWN.swap(false, Ordering::SeqCst) {
        eprint("\r\u{1b}[K");
    }
}
