//! A line on the terminal for what takes longer than a second, gone when it is done.

use std::{
    sync::mpsc::{self, RecvTimeoutError, Sender},
    thread::JoinHandle,
    time::Duration,
};

use super::report::{Report, eprint};

/// Shows its line from the second second on, until it is dropped.
pub(crate) struct Progress(Option<(Sender<()>, JoinHandle<()>)>);

impl Progress {
    /// Starts waiting; nothing is shown where nobody looks.
    pub(crate) fn start(what: &str, report: &Report) -> Self {
        if !report.may_show_progress() {
            return Self(None);
        }
        let line = format!("{what} …");
        let (done, waiting) = mpsc::channel();
        let shown = std::thread::spawn(move || {
            if waiting.recv_timeout(Duration::from_secs(1)) == Err(RecvTimeoutError::Timeout) {
                eprint(&line);
                let _ = waiting.recv();
                eprint("\r\u{1b}[K");
            }
        });
        Self(Some((done, shown)))
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
