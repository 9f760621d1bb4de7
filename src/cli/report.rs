//! The terminal's rules, written once: what goes to stderr, how a failure looks, and with which code it exits.

use std::{
    io::{self, IsTerminal as _, Write as _},
    sync::Mutex,
};

use maskinporten_token_generator::{
    client::{ClientError, Refusal},
    environment::LocalError,
    explain::Explain,
    grant::GrantError,
    http::HttpError,
    keystore::KeystoreError,
    profile::{self, ProfileError},
};
use serde_json::{Value, json};

use super::args::ErrorFormat;

/// The exit codes, by cause.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Exit {
    Other = 1,
    Usage = 2,
    Configuration = 3,
    Key = 4,
    Refused = 5,
    Unreachable = 6,
    Interrupted = 130,
}

/// A failure, ready to be shown to a person or a program.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) exit: Exit,
    code: &'static str,
    message: String,
    causes: Vec<String>,
    hint: Option<String>,
    refusal: Option<Box<Refusal>>,
    http_status: Option<u16>,
    /// Somebody stopped reading our stdout: nothing is said about that.
    quiet: bool,
}

impl Failure {
    pub(crate) fn new(exit: Exit, error: &dyn Explain) -> Self {
        let causes = std::iter::successors(error.source(), |cause| (*cause).source());
        Self {
            exit,
            code: error.code(),
            message: error.to_string(),
            causes: causes.map(ToString::to_string).collect(),
            hint: error.hint(),
            refusal: None,
            http_status: None,
            quiet: false,
        }
    }

    /// A failure of the command line itself.
    pub(crate) fn plain(exit: Exit, code: &'static str, message: String, hint: Option<String>) -> Self {
        Self { exit, code, message, causes: Vec::new(), hint, refusal: None, http_status: None, quiet: false }
    }

    /// Says first what the failure is about; what happened becomes its cause.
    pub(crate) fn about(mut self, what: &str) -> Self {
        let happened = std::mem::replace(&mut self.message, what.to_owned());
        self.causes.insert(0, happened);
        self
    }

    pub(crate) fn interrupted() -> Self {
        Self::plain(Exit::Interrupted, "interrupted", "interrupted".to_owned(), None)
    }

    pub(crate) fn of_output(error: &io::Error) -> Self {
        let message = format!("could not write the result: {error}");
        let quiet = error.kind() == io::ErrorKind::BrokenPipe;
        Self { quiet, ..Self::plain(Exit::Other, "output", message, None) }
    }

    fn text(&self, paint: Paint) -> String {
        let message = format!("{} {}\n", paint.red("error:"), self.message);
        let causes = self.causes.iter().map(|cause| format!("caused by: {cause}\n"));
        let hint = self.hint.iter().map(|hint| format!("{} {hint}\n", paint.green("hint:")));
        std::iter::once(message).chain(causes).chain(hint).collect()
    }

    fn json(&self, warnings: &[String]) -> Value {
        let refusal = self.refusal.as_deref();
        json!({ "error": {
            "code": self.code,
            "message": self.message,
            "causes": self.causes,
            "hint": self.hint,
            "exit_code": self.exit as u8,
            "http_status": self.http_status,
            "oauth_error": refusal.map(|refusal| &refusal.error),
            "mp_code": refusal.and_then(|refusal| refusal.mp_code.as_ref()),
            "trace_id": refusal.and_then(|refusal| refusal.trace_id.as_ref()),
            "warnings": warnings,
        }})
    }
}

impl From<KeystoreError> for Failure {
    fn from(error: KeystoreError) -> Self {
        Self::new(Exit::Key, &error)
    }
}

impl From<LocalError> for Failure {
    fn from(error: LocalError) -> Self {
        Self::new(Exit::Configuration, &error)
    }
}

impl From<ProfileError> for Failure {
    fn from(error: ProfileError) -> Self {
        Self::new(Exit::Configuration, &error)
    }
}

impl From<GrantError> for Failure {
    fn from(error: GrantError) -> Self {
        let exit = match error {
            GrantError::NoCertificate | GrantError::Signing(_) => Exit::Key,
            _ => Exit::Configuration,
        };
        Self::new(exit, &error)
    }
}

impl From<ClientError> for Failure {
    fn from(error: ClientError) -> Self {
        match error {
            ClientError::Grant(error) => Self::from(error),
            ClientError::Refused(refusal) => Self::of_refusal(refusal),
            ClientError::Http(HttpError::CaFile { .. } | HttpError::ProxySetting(_)) | ClientError::Endpoint(_) => {
                Self::new(Exit::Configuration, &error)
            }
            ClientError::Unavailable { status, .. } => {
                Self { http_status: Some(status), ..Self::new(Exit::Unreachable, &error) }
            }
            ClientError::Unintelligible(ref what) => {
                Self { http_status: Some(what.status), ..Self::new(Exit::Unreachable, &error) }
            }
            ClientError::Http(_) => Self::new(Exit::Unreachable, &error),
        }
    }
}

impl Failure {
    /// A refusal: the server's own words first, then what they mean; if nobody knows, where the server says more.
    fn of_refusal(refusal: Box<Refusal>) -> Self {
        let words = refusal.description.as_ref().map(|words| format!("the server says: {words}"));
        let meaning = match refusal.explanation {
            Some(known) => Some(format!("that means: {}", known.meaning)),
            None => refusal.uri.as_ref().map(|uri| format!("the server says more at {uri}")),
        };
        let error = ClientError::Refused(refusal.clone());
        Self {
            causes: words.into_iter().chain(meaning).collect(),
            http_status: Some(refusal.status),
            refusal: Some(refusal),
            ..Self::new(Exit::Refused, &error)
        }
    }
}

/// Where everything that is not the artefact goes.
pub(crate) struct Report {
    json: bool,
    loudness: Loudness,
    paint: Paint,
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
        Self { json, loudness, paint: Paint(color), warnings: Mutex::new(Vec::new()) }
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
        eprint(&format!("{} {text}\n", self.paint.yellow("warning:")));
    }

    /// Says what a config file has that is not as it should be.
    pub(crate) fn warn_of(&self, warnings: &[profile::Warning]) {
        for warning in warnings {
            self.warning(&format!("{warning}; {}", warning.hint()));
        }
    }

    /// Says what is being done, for those who asked with `-v`.
    pub(crate) fn detail(&self, text: &str) {
        if self.loudness == Loudness::Verbose && !self.json {
            eprint(&format!("{text}\n"));
        }
    }

    /// Says what a long-running command does, unless it was asked not to.
    pub(crate) fn note(&self, text: &str) {
        if self.loudness > Loudness::Quiet && !self.json {
            eprint(&format!("{text}\n"));
        }
    }

    /// Whether a line that comes and goes may be shown.
    pub(crate) fn may_show_progress(&self) -> bool {
        self.loudness > Loudness::Quiet && !self.json && io::stderr().is_terminal()
    }

    /// Says why there is no artefact, as the last thing.
    pub(crate) fn failure(&self, failure: &Failure) {
        if failure.quiet {
            return;
        }
        if self.json {
            let warnings = self.warnings.lock().map(|warnings| warnings.clone()).unwrap_or_default();
            eprint(&format!("{}\n", failure.json(&warnings)));
        } else {
            eprint(&failure.text(self.paint));
        }
    }

    /// The end of a command that succeeded: as JSON, the warnings are still to be said.
    pub(crate) fn finish(&self) {
        if let Ok(warnings) = self.warnings.lock()
            && !warnings.is_empty()
        {
            eprint(&format!("{}\n", json!({ "warnings": *warnings })));
        }
    }
}

/// Colours for labels, where they are wanted.
#[derive(Debug, Clone, Copy)]
struct Paint(bool);

impl Paint {
    fn with(self, colour: &str, text: &str) -> String {
        if self.0 { format!("\u{1b}[1;{colour}m{text}\u{1b}[0m") } else { text.to_owned() }
    }

    fn red(self, text: &str) -> String {
        self.with("31", text)
    }

    fn yellow(self, text: &str) -> String {
        self.with("33", text)
    }

    fn green(self, text: &str) -> String {
        self.with("32", text)
    }
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
