//! The rules of the terminal: what goes to stderr, and how it looks there.

mod exit;
mod failure;

use std::{
    env,
    error::Error,
    io::{self, IsTerminal as _, Write as _},
    sync::Mutex,
    time::Duration,
};

use clap::ValueEnum;
use maskinporten::{
    explain::Explain,
    json,
    language::{Language, Words},
    printer::Painter,
    profile,
    text::printable_lines,
};
use serde_json::{Value, json};

pub(crate) use self::{exit::Exit, failure::Failure};

const WARNING: Words = Words { en: "warning:", nb: "advarsel:" };

/// How errors are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ErrorFormat {
    Text,
    Json,
}

/// When colour is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Color {
    Auto,
    Always,
    Never,
}

/// Prints everything that is not the artefact.
pub(crate) struct Report {
    json: bool,
    loudness: Loudness,
    painter: Painter,
    paints_stdout: bool,
    shows_progress: bool,
    language: Language,
    warnings: Mutex<Vec<String>>,
    /// Rewrites errors for another command line.
    words: fn(&str) -> String,
}

/// How much is printed beside the artefact.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Loudness {
    /// Errors.
    Quiet,
    /// Errors and warnings.
    Usual,
    /// Errors, warnings and steps.
    Verbose,
}

impl Report {
    pub(crate) fn new(format: ErrorFormat, loudness: Loudness, color: bool) -> Self {
        let json = format == ErrorFormat::Json;
        Self {
            json,
            loudness,
            painter: Painter::new(color),
            paints_stdout: false,
            shows_progress: loudness > Loudness::Quiet && !json && io::stderr().is_terminal(),
            language: Language::English,
            warnings: Mutex::new(Vec::new()),
            words: str::to_owned,
        }
    }

    /// Sets how errors are rewritten for another command line.
    pub(crate) fn in_words(self, words: fn(&str) -> String) -> Self {
        Self { words, ..self }
    }

    /// Sets whether artefacts may have colour.
    pub(crate) fn painting_stdout(self, color: bool) -> Self {
        Self { paints_stdout: color, ..self }
    }

    /// Whether an artefact that is a report to read may have colour.
    pub(crate) fn paints_stdout(&self) -> bool {
        self.paints_stdout
    }

    /// Makes a report that keeps its warnings for [`Report::take_warnings`], and prints only progress.
    pub(crate) fn keeping_warnings(&self) -> Self {
        Self {
            shows_progress: self.shows_progress,
            language: self.language,
            ..Self::new(ErrorFormat::Json, Loudness::Usual, false)
        }
    }

    /// Returns the warnings that were kept.
    pub(crate) fn take_warnings(&self) -> Vec<String> {
        self.warnings.lock().map(|mut warnings| std::mem::take(&mut *warnings)).unwrap_or_default()
    }

    /// Sets the language of messages.
    pub(crate) fn in_language(self, language: Language) -> Self {
        Self { language, ..self }
    }

    /// Returns the language of messages.
    pub(crate) fn language(&self) -> Language {
        self.language
    }

    /// Prints a warning. With JSON, warnings come in one object at the end.
    pub(crate) fn warning(&self, text: &str) {
        if self.loudness == Loudness::Quiet {
            return;
        }
        let text = self.language.translate(text);
        if let (true, Ok(mut warnings)) = (self.json, self.warnings.lock()) {
            warnings.push(text.into_owned());
            return;
        }
        let label = self.painter.paint(Painter::WARNING, WARNING.in_language(self.language));
        eprint(&format!("{label} {}\n", printable_lines(&text)));
    }

    /// Prints the warnings about config files.
    pub(crate) fn warn_of(&self, warnings: &[profile::ProfileWarning]) {
        for warning in warnings {
            self.warning(&format!("{warning}; {}", warning.hint()));
        }
    }

    /// Whether steps are printed.
    pub(crate) fn shows_details(&self) -> bool {
        self.loudness == Loudness::Verbose && !self.json
    }

    /// Prints a step, with `-v`.
    pub(crate) fn detail(&self, text: &str) {
        if self.shows_details() {
            eprint(&format!("{}\n", printable_lines(&self.language.translate(text))));
        }
    }

    /// Whether only errors are printed.
    pub(crate) fn is_quiet(&self) -> bool {
        self.loudness == Loudness::Quiet
    }

    /// Prints a message, unless `-q` was given.
    pub(crate) fn note(&self, text: &str) {
        if self.loudness > Loudness::Quiet && !self.json {
            eprint(&format!("{}\n", printable_lines(&self.language.translate(text))));
        }
    }

    /// Whether a progress line may be shown.
    pub(crate) fn may_show_progress(&self) -> bool {
        self.shows_progress
    }

    /// Prints why there is no artefact.
    pub(crate) fn failure(&self, failure: &Failure) {
        if failure.quiet {
            return;
        }
        let failure = failure.in_language(self.language).rewritten(self.words);
        if self.json {
            let warnings = self.warnings.lock().map(|warnings| warnings.clone()).unwrap_or_default();
            eprint(&(json::line(&failure.json(&warnings)) + "\n"));
        } else {
            // A file or a server could have put control characters in.
            eprint(&failure.rewritten(printable_lines).text(self.painter, self.language));
        }
    }

    /// Ends the report of a command that succeeded: with JSON, this prints the warnings.
    pub(crate) fn finish(&self) {
        let warnings = self.take_warnings();
        if !warnings.is_empty() {
            eprint(&(json::line(&json!({ "warnings": warnings })) + "\n"));
        }
    }
}

/// Formats an error and its cause on one line.
pub(crate) fn with_cause(error: &dyn Error) -> String {
    error.source().map_or_else(|| error.to_string(), |cause| format!("{error}: {cause}"))
}

/// Reports, with `-v`, that a request is tried again.
pub(crate) fn report_retry(report: &Report, error: &dyn Explain, delay: Duration) {
    let (cause, code, pause) = (with_cause(error), error.code(), delay.as_millis());
    report.detail(&format!("{cause} ({code}); trying again in {pause} ms"));
}

/// Writes to stderr; errors are ignored, since there is nowhere to report them.
pub(crate) fn eprint(text: &str) {
    let _ = io::stderr().write_all(text.as_bytes());
}

/// Writes an artefact to stdout, whole or with an error.
pub(crate) fn print(artefact: &[u8]) -> Result<(), Failure> {
    let mut out = io::stdout();
    out.write_all(artefact).and_then(|()| out.flush()).map_err(|error| Failure::from_output(&error))
}

/// Writes a result to stdout, as indented JSON.
pub(crate) fn print_json(artefact: &Value) -> Result<(), Failure> {
    print((json::indented(artefact) + "\n").as_bytes())
}

/// Whether colour is used on stderr.
pub(crate) fn wants_color(color: Color) -> bool {
    wants_color_on(color, io::stderr().is_terminal())
}

/// Whether colour is used on a stream. Any value of `NO_COLOR` that is not empty turns it off (<https://no-color.org>).
pub(crate) fn wants_color_on(color: Color, is_terminal: bool) -> bool {
    let is_set = |name| env::var_os(name).is_some_and(|value| !value.is_empty());
    match color {
        Color::Always => true,
        Color::Never => false,
        Color::Auto => is_terminal && !is_set("NO_COLOR") && env::var_os("TERM").is_none_or(|term| term != "dumb"),
    }
}
