//! The server's log on stderr: lines of text or JSON, written on a separate thread.
//!
//! A stopped terminal or a full pipe must not delay requests: lines that cannot be written in time are dropped, and the
//! log reports how many.

use std::{
    fmt::Write as _,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
        mpsc::{Receiver, SyncSender, TrySendError, sync_channel},
    },
    thread::JoinHandle,
    time::{Duration, Instant},
};

use chrono::{SecondsFormat, Utc};
use maskinporten::{
    json,
    language::Language,
    server::{Event, Observer},
    text,
};
use serde_json::{Value, json};

use crate::cli::{
    args::LogFormat,
    report::{Failure, Report, eprint},
};

/// The number of lines that may wait to be written.
const QUEUE_LENGTH: usize = 4096;
/// How long to wait for the last line.
const END_TIME: Duration = Duration::from_millis(500);

/// The server's log; with `--quiet` there is none.
pub(super) struct ServerLog(Option<LogThread>);

struct LogThread {
    queue: LogQueue,
    writer: JoinHandle<()>,
}

#[derive(Clone)]
struct LogQueue {
    format: LogFormat,
    language: Language,
    /// Lines; `None` ends the log.
    sender: SyncSender<Option<String>>,
    dropped: Arc<AtomicU64>,
}

impl ServerLog {
    /// Starts the thread that writes the log.
    pub(super) fn start(format: LogFormat, report: &Report) -> Self {
        if report.is_quiet() {
            return Self(None);
        }
        let (sender, receiver) = sync_channel(QUEUE_LENGTH);
        let queue = LogQueue { format, language: report.language(), sender, dropped: Arc::default() };
        let dropped = Arc::clone(&queue.dropped);
        let writer = std::thread::spawn(move || write(&receiver, &dropped));
        Self(Some(LogThread { queue, writer }))
    }

    /// Returns the observer that logs the server's events.
    pub(super) fn observer(&self) -> Option<Observer> {
        let queue = self.0.as_ref()?.queue.clone();
        Some(Arc::new(move |event: &Event| queue.add(&event.to_string(), || event.to_json())))
    }

    /// Reports where the server listens and what it serves.
    pub(super) fn listening(&self, places: &[String], profiles: &[String]) {
        let text = format!("listening on {} (serving {})", places.join(" and "), profiles.join(", "));
        self.add(&text, || json!({ "event": "listening", "on": places, "profiles": profiles }));
    }

    /// Reports that config and keys were reloaded.
    pub(super) fn reloaded(&self, profiles: &[String]) {
        let text = format!("reloaded config and keys (serving {})", profiles.join(", "));
        self.add(&text, || json!({ "event": "reloaded", "profiles": profiles }));
    }

    /// Reports why config and keys could not be reloaded.
    pub(super) fn not_reloaded(&self, failure: &Failure) {
        let (why, hint_too) = reason(failure);
        let text = format!("could not reload config and keys, so the previous ones stay in use: {why}{hint_too}");
        self.add(&text, || json!({ "event": "not reloaded", "error": why, "hint": failure.parts().2 }));
    }

    /// Reports why there is no token of a profile.
    pub(super) fn no_token(&self, profile: &str, failure: &Failure) {
        let (why, hint_too) = reason(failure);
        let text = format!("no token for {profile}: {why}{hint_too}");
        self.add(&text, || json!({ "event": "no token", "profile": profile, "error": why, "hint": failure.parts().2 }));
    }

    /// Returns the report for reading config and keys. A JSON log also receives its warnings.
    pub(super) fn report_for(format: LogFormat, report: &Arc<Report>) -> Arc<Report> {
        match format {
            LogFormat::Text => Arc::clone(report),
            LogFormat::Json => Arc::new(report.keeping_warnings()),
        }
    }

    /// Logs the warnings that such a report has kept.
    pub(super) fn log_warnings(&self, report: &Report) {
        for warning in report.take_warnings() {
            self.add(&warning, || json!({ "event": "warning", "message": warning }));
        }
    }

    /// Adds one line: this text, or this JSON.
    pub(super) fn add(&self, text: &str, json: impl FnOnce() -> Value) {
        if let Some(thread) = &self.0 {
            thread.queue.add(text, json);
        }
    }

    /// Waits until the last line is written, up to a limit.
    pub(super) fn end(self) {
        let Some(LogThread { queue, writer }) = self.0 else { return };
        let _ = queue.sender.try_send(None);
        let began = Instant::now();
        while !writer.is_finished() && began.elapsed() < END_TIME {
            std::thread::sleep(Duration::from_millis(1));
        }
    }
}

impl LogQueue {
    fn add(&self, text: &str, json: impl FnOnce() -> Value) {
        let line = match self.format {
            LogFormat::Text => text::printable(&self.language.translate(text)),
            LogFormat::Json => {
                let mut json = json();
                json["time"] = Utc::now().to_rfc3339_opts(SecondsFormat::Millis, true).into();
                json::line(&json)
            }
        };
        if let Err(TrySendError::Full(_)) = self.sender.try_send(Some(line + "\n")) {
            self.dropped.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// Returns a failure with its causes, and what a line appends to that: the hint.
fn reason(failure: &Failure) -> (String, String) {
    let (message, causes, hint) = failure.parts();
    let why = causes.iter().fold(message.to_owned(), |message, cause| format!("{message}: {cause}"));
    (why, hint.map(|hint| format!("; {hint}")).unwrap_or_default())
}

/// Writes lines, as many at a time as are queued.
fn write(lines: &Receiver<Option<String>>, dropped: &AtomicU64) {
    let mut is_last = false;
    while !is_last && let Ok(Some(mut text)) = lines.recv() {
        for more in lines.try_iter().take(QUEUE_LENGTH) {
            match more {
                Some(more) => text += &more,
                None => is_last = true,
            }
        }
        let count = dropped.swap(0, Ordering::Relaxed);
        if count > 0 {
            let _ = writeln!(text, "({count} lines were dropped)");
        }
        eprint(&text);
    }
}
