//! The terminal's rules, written once: what goes to stderr, and how it looks there.

mod failure;

use std::{
    error::Error,
    io::{self, IsTerminal as _, Write as _},
    sync::Mutex,
};

use maskinporten_token_generator::{language::Language, printer::Painter, profile, text::printable_lines};
use serde_json::json;

pub(crate) use self::failure::{Exit, Failure};
use super::args::ErrorFormat;

/// Where everything that is not the artefact goes.
pub(crate) struct Report {
    json: bool,
    loudness: Loudness,
    painter: Painter,
    paints_stdout: bool,
    shows_progress: bool,
    language: Language,
    warnings: Mutex<Vec<String>>,
}

/// How much is said beside the artefact.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Loudness {
    /// Errors.
    Quiet,
    /// Warnings too.
    Usual,
    /// What is done, too.
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
        }
    }

    /// The same, for a stdout that shows colour or does not.
    pub(crate) fn painting_stdout(self, color: bool) -> Self {
        Self { paints_stdout: color, ..self }
    }

    /// Whether an artefact that is a report for people may have colour.
    pub(crate) fn paints_stdout(&self) -> bool {
        self.paints_stdout
    }

    /// One that keeps the warnings for somebody else to tell, and says nothing but what takes long.
    pub(crate) fn keeping_warnings(&self) -> Self {
        Self { shows_progress: self.shows_progress, ..Self::new(ErrorFormat::Json, Loudness::Usual, false) }
    }

    /// The warnings that were kept.
    pub(crate) fn take_warnings(&self) -> Vec<String> {
        self.warnings.lock().map(|mut warnings| std::mem::take(&mut *warnings)).unwrap_or_default()
    }

    /// The same, with refusals explained in this language.
    pub(crate) fn in_language(self, language: Language) -> Self {
        Self { language, ..self }
    }

    /// The language in which refusals are explained.
    pub(crate) fn language(&self) -> Language {
        self.language
    }

    /// Says that something is not as it should be and goes on. As JSON, warnings come in one object at the end.
    pub(crate) fn warning(&self, text: &str) {
        if self.loudness == Loudness::Quiet {
            return;
        }
        if let (true, Ok(mut warnings)) = (self.json, self.warnings.lock()) {
            warnings.push(text.to_owned());
            return;
        }
        eprint(&format!("{} {}\n", self.painter.paint(Painter::WARNING, "warning:"), printable_lines(text)));
    }

    /// Says what a config file has that is not as it should be.
    pub(crate) fn warn_of(&self, warnings: &[profile::ProfileWarning]) {
        for warning in warnings {
            self.warning(&format!("{warning}; {}", warning.hint()));
        }
    }

    /// Says what is being done, for those who asked with `-v`.
    pub(crate) fn detail(&self, text: &str) {
        if self.loudness == Loudness::Verbose && !self.json {
            eprint(&format!("{}\n", printable_lines(text)));
        }
    }

    /// Whether nothing but errors is said.
    pub(crate) fn is_quiet(&self) -> bool {
        self.loudness == Loudness::Quiet
    }

    /// Says what a long-running command does, unless it was asked not to.
    pub(crate) fn note(&self, text: &str) {
        if self.loudness > Loudness::Quiet && !self.json {
            eprint(&format!("{}\n", printable_lines(text)));
        }
    }

    /// Whether a line that comes and goes may be shown.
    pub(crate) fn may_show_progress(&self) -> bool {
        self.shows_progress
    }

    /// Says why there is no artefact, as the last thing.
    pub(crate) fn failure(&self, failure: &Failure) {
        if failure.quiet {
            return;
        }
        let failure = failure.in_language(self.language);
        if self.json {
            let warnings = self.warnings.lock().map(|warnings| warnings.clone()).unwrap_or_default();
            eprint(&format!("{}\n", failure.json(&warnings)));
        } else {
            eprint(&failure.harmless().text(self.painter));
        }
    }

    /// The end of a command that succeeded: as JSON, the warnings are still to be said.
    pub(crate) fn finish(&self) {
        let warnings = self.take_warnings();
        if !warnings.is_empty() {
            eprint(&format!("{}\n", json!({ "warnings": warnings })));
        }
    }
}

/// An error and why, on one line.
pub(crate) fn with_cause(error: &dyn Error) -> String {
    error.source().map_or_else(|| error.to_string(), |cause| format!("{error}: {cause}"))
}

/// Writes to stderr; when that is gone there is nobody left to tell.
pub(crate) fn eprint(text: &str) {
    let _ = io::stderr().write_all(text.as_bytes());
}

/// Writes an artefact to stdout, whole or with an error.
pub(crate) fn print(artefact: &[u8]) -> Result<(), Failure> {
    let mut out = io::stdout();
    out.write_all(artefact).and_then(|()| out.flush()).map_err(|error| Failure::of_output(&error))
}
