//! Shows a line on the terminal while something takes longer than a second.

use std::{
    cell::Cell,
    sync::{
        atomic::{AtomicBool, Ordering},
        mpsc::{self, RecvTimeoutError, Sender},
    },
    thread::JoinHandle,
    time::{Duration, Instant},
};

use super::report::{Report, eprint};

/// Whether a line is on the terminal.
static IS_SHOWN: AtomicBool = AtomicBool::new(false);

/// Shows its line after a second, until it is dropped.
pub(crate) struct Progress(Option<(Sender<()>, JoinHandle<()>)>);

impl Progress {
    /// Starts waiting; nothing is shown if stderr is not a terminal, or has the line of the whole work already.
    pub(crate) fn start(what: &str, report: &Report) -> Self {
        if !report.may_show_progress() || IS_SHOWN.load(Ordering::SeqCst) {
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

impl Progress {
    /// Shows its line at once, with the time that is left; nothing is shown if stderr is not a terminal.
    pub(crate) fn countdown(what: &str, time: Duration, report: &Report) -> Self {
        if !report.may_show_progress() {
            return Self(None);
        }
        let line = report.language().translate(what).into_owned();
        let (done, waiting) = mpsc::channel();
        let shown = std::thread::Builder::new().spawn(move || {
            let end = Instant::now() + time;
            loop {
                // Rounded up: the last second is shown as one.
                let left = end.saturating_duration_since(Instant::now()).as_millis().div_ceil(1000);
                IS_SHOWN.store(true, Ordering::SeqCst);
                eprint(&format!("\r{line} … {}:{:02} \u{1b}[K", left / 60, left % 60));
                if waiting.recv_timeout(Duration::from_secs(1)) != Err(RecvTimeoutError::Timeout) {
                    clear();
                    return;
                }
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

/// Shows how many of several things are done, until it is dropped.
pub(crate) struct Counter<'a> {
    report: &'a Report,
    done: Cell<usize>,
    total: usize,
}

impl<'a> Counter<'a> {
    pub(crate) fn start(total: usize, report: &'a Report) -> Self {
        let counter = Self { report, done: Cell::new(0), total };
        counter.show();
        counter
    }

    /// Counts one more.
    pub(crate) fn count(&self) {
        self.done.set(self.done.get() + 1);
        self.show();
    }

    fn show(&self) {
        if self.report.may_show_progress() && self.total > 1 {
            let line = format!("{} of {} done", self.done.get(), self.total);
            IS_SHOWN.store(true, Ordering::SeqCst);
            eprint(&format!("\r{} \u{1b}[K", self.report.language().translate(&line)));
        }
    }
}

impl Drop for Counter<'_> {
    fn drop(&mut self) {
        clear();
    }
}

/// Removes the line from the terminal, even if the work continues.
pub(crate) fn clear() {
    if IS_SHOWN.swap(false, Ordering::SeqCst) {
        eprint("\r\u{1b}[K");
    }
}
