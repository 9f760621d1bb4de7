//! The server's log on stderr: a line each, as text or JSON, written on a thread of its own.
//!
//! A terminal that is stopped, or a pipe that nobody reads, must not keep callers waiting: what it cannot take in time is
//! left out, and the log says how much was.

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
use maskinporten_token_generator::{
    server::{Event, Observer},
    text,
};
use serde_json::{Value, json};

use crate::cli::{
    args::LogFormat,
    report::{Failure, Report, eprint},
};

/// As many lines may wait to be written.
const WAITING: usize = 4096;
/// For as long is the last line waited for.
const END_TIME: Duration = Duration::from_millis(500);

/// The log; quiet, it says nothing.
pub(super) struct Log(Option<Writing>);

struct Writing {
    lines: Lines,
    writer: JoinHandle<()>,
}

#[derive(Clone)]
struct Lines {
    format: LogFormat,
    /// Lines, and nothing when there are no more.
    sender: SyncSender<Option<String>>,
    lost: Arc<AtomicU64>,
}

impl Log {
    /// Starts the thread that writes.
    pub(super) fn start(format: LogFormat, report: &Report) -> Self {
        if report.is_quiet() {
            return Self(None);
        }
        let (sender, receiver) = sync_channel(WAITING);
        let lines = Lines { format, sender, lost: Arc::default() };
        let lost = Arc::clone(&lines.lost);
        let writer = std::thread::spawn(move || write(&receiver, &lost));
        Self(Some(Writing { lines, writer }))
    }

    /// What the server tells.
    pub(super) fn observer(&self) -> Option<Observer> {
        let lines = self.0.as_ref()?.lines.clone();
        Some(Arc::new(move |event: &Event| lines.say(&event.to_string(), || event.to_json())))
    }

    /// Where it listens, and what it serves: from now on it can be asked.
    pub(super) fn listening(&self, places: &[String], profiles: &[String]) {
        let text = format!("listening on {} (serving {})", places.join(" and "), profiles.join(", "));
        self.say(&text, || json!({ "event": "listening", "on": places, "profiles": profiles }));
    }

    /// What was read again.
    pub(super) fn reloaded(&self, profiles: &[String]) {
        let text = format!("read config and keys again (serving {})", profiles.join(", "));
        self.say(&text, || json!({ "event": "reloaded", "profiles": profiles }));
    }

    /// Why what is there is kept.
    pub(super) fn not_reloaded(&self, failure: &Failure) {
        let (message, causes, hint) = failure.parts();
        let why = causes.iter().fold(message.to_owned(), |told, cause| format!("{told}: {cause}"));
        let hint_too = hint.map(|hint| format!("; {hint}")).unwrap_or_default();
        let text = format!("could not read config and keys again, and goes on with what it has: {why}{hint_too}");
        self.say(&text, || json!({ "event": "not reloaded", "error": why, "hint": hint }));
    }

    /// Where reading config and keys says what it has to say: into the log, when that is for programs.
    pub(super) fn report_of(format: LogFormat, report: &Arc<Report>) -> Arc<Report> {
        match format {
            LogFormat::Text => Arc::clone(report),
            LogFormat::Json => Arc::new(report.keeping_warnings()),
        }
    }

    /// The warnings that such a report has kept.
    pub(super) fn warnings_of(&self, report: &Report) {
        for warning in report.take_warnings() {
            self.say(&warning, || json!({ "event": "warning", "message": warning }));
        }
    }

    fn say(&self, text: &str, json: impl FnOnce() -> Value) {
        if let Some(writing) = &self.0 {
            writing.lines.say(text, json);
        }
    }

    /// Waits for the last line, if stderr takes it.
    pub(super) fn end(self) {
        let Some(Writing { lines, writer }) = self.0 else { return };
        let _ = lines.sender.try_send(None);
        let began = Instant::now();
        while !writer.is_finished() && began.elapsed() < END_TIME {
            std::thread::sleep(Duration::from_millis(1));
        }
    }
}

impl Lines {
    fn say(&self, text: &str, json: impl FnOnce() -> Value) {
        let line = match self.format {
            LogFormat::Text => text::printable(text),
            LogFormat::Json => {
                let mut json = json();
                json["time"] = Utc::now().to_rfc3339_opts(SecondsFormat::Millis, true).into();
                json.to_string()
            }
        };
        if let Err(TrySendError::Full(_)) = self.sender.try_send(Some(line + "\n")) {
            self.lost.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// Writes as many lines at a time as there are.
fn write(lines: &Receiver<Option<String>>, lost: &AtomicU64) {
    let mut is_last = false;
    while !is_last && let Ok(Some(mut text)) = lines.recv() {
        for more in lines.try_iter().take(WAITING) {
            match more {
                Some(more) => text += &more,
                None => is_last = true,
            }
        }
        let count = lost.swap(0, Ordering::Relaxed);
        if count > 0 {
            let _ = writeln!(text, "({count} lines were left out)");
        }
        eprint(&text);
    }
}
