//! A failure, ready to be shown to a person or a program, and the code that the program exits with.

use std::io;

use maskinporten_token_generator::{
    client::{ClientError, Refusal},
    environment::LocalError,
    explain::Explain,
    grant::GrantError,
    http::HttpError,
    keystore::KeystoreError,
    language::Language,
    printer::Painter,
    profile::ProfileError,
    text::printable_lines,
    tokens::TokenError,
};
use serde_json::{Value, json};

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
    /// What was verified does not hold; the report is printed all the same.
    Fault = 7,
    NotStarted = 125,
    NotRun = 126,
    NotFound = 127,
    Interrupted = 130,
}

impl Exit {
    /// Every code but that of success.
    pub(crate) const ALL: [Self; 11] = [
        Self::Other,
        Self::Usage,
        Self::Configuration,
        Self::Key,
        Self::Refused,
        Self::Unreachable,
        Self::Fault,
        Self::NotStarted,
        Self::NotRun,
        Self::NotFound,
        Self::Interrupted,
    ];

    /// When the program exits with it, in the README's words.
    pub(crate) const fn when(self) -> &'static str {
        match self {
            Self::Other => "anything not below",
            Self::Usage => "usage: an option that is wrong, or excludes another",
            Self::Configuration => "configuration: a value is missing, or a variable or config file is wrong",
            Self::Key => "key: keystore, password, certificate, JWK, hardware token",
            Self::Refused => "refused: the server answered with an OAuth error",
            Self::Unreachable => "unreachable: DNS, connection, TLS, time-out, 5xx, an answer that makes no sense",
            Self::Fault => "`check` or `inspect --verify` found a fault; the report is on stdout",
            Self::NotStarted => {
                "`exec` or `curl` failed before the command ran, for whatever cause; `--error-format json` names it"
            }
            Self::NotRun => "`exec` or `curl`: the command is there, but cannot be run",
            Self::NotFound => "`exec` or `curl`: there is no such command",
            Self::Interrupted => "interrupted; a server that is told to stop ends with 0",
        }
    }
}

/// A failure, ready to be shown to a person or a program.
#[derive(Debug, Clone)]
pub(crate) struct Failure {
    pub(crate) exit: Exit,
    code: &'static str,
    message: String,
    causes: Vec<String>,
    hint: Option<String>,
    refusal: Option<Box<Refusal>>,
    http_status: Option<u16>,
    /// Somebody stopped reading our stdout: nothing is said about that.
    pub(super) quiet: bool,
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

    /// The same with another way out of it.
    pub(crate) fn advising(self, hint: String) -> Self {
        Self { hint: Some(hint), ..self }
    }

    /// The failure of a command that was to run another program, before that was run: the program's own exit codes are
    /// left to it.
    pub(crate) fn before_the_program(self) -> Self {
        let kept = matches!(self.exit, Exit::Interrupted | Exit::NotRun | Exit::NotFound);
        if kept { self } else { Self { exit: Exit::NotStarted, ..self } }
    }

    /// What happened, why, and what to do: for a report that is not about failing.
    pub(crate) fn parts(&self) -> (&str, &[String], Option<&str>) {
        (&self.message, &self.causes, self.hint.as_deref())
    }

    /// With which code the program exits.
    pub(crate) fn exit(&self) -> Exit {
        self.exit
    }

    pub(crate) fn interrupted() -> Self {
        Self::plain(Exit::Interrupted, "interrupted", "interrupted".to_owned(), None)
    }

    pub(crate) fn of_output(error: &io::Error) -> Self {
        let message = format!("could not write the result: {error}");
        let quiet = error.kind() == io::ErrorKind::BrokenPipe;
        Self { quiet, ..Self::plain(Exit::Other, "output", message, None) }
    }

    /// The failure with what a refusal means and what to do about it, in this language.
    pub(super) fn in_language(&self, language: Language) -> Self {
        let mut told = self.clone();
        if let Some(refusal) = &self.refusal {
            told.causes.extend(refusal.meaning(language));
            told.hint = Some(refusal.remedy(language));
        }
        told
    }

    /// The failure without anything that a file or a server could do to a terminal.
    pub(super) fn harmless(&self) -> Self {
        Self {
            message: printable_lines(&self.message),
            causes: self.causes.iter().map(|cause| printable_lines(cause)).collect(),
            hint: self.hint.as_deref().map(printable_lines),
            ..self.clone()
        }
    }

    pub(super) fn text(&self, painter: Painter) -> String {
        let message = format!("{} {}\n", painter.paint(Painter::FAULT, "error:"), self.message);
        let causes = self.causes.iter().map(|cause| format!("caused by: {cause}\n"));
        let hint = self.hint.iter().map(|hint| format!("{} {hint}\n", painter.paint(Painter::GOOD, "hint:")));
        std::iter::once(message).chain(causes).chain(hint).collect()
    }

    pub(super) fn json(&self, warnings: &[String]) -> Value {
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
        Self::from(&error)
    }
}

impl From<&GrantError> for Failure {
    fn from(error: &GrantError) -> Self {
        let exit = match error {
            GrantError::NoCertificate | GrantError::Algorithm(_) | GrantError::Signing(_) => Exit::Key,
            _ => Exit::Configuration,
        };
        Self::new(exit, error)
    }
}

impl From<ClientError> for Failure {
    fn from(error: ClientError) -> Self {
        Self::from(&error)
    }
}

impl From<&TokenError> for Failure {
    fn from(error: &TokenError) -> Self {
        match error {
            TokenError::Client(error) => Self::from(&**error),
            TokenError::Key(error) => Self::new(Exit::Key, &**error),
            TokenError::Local(_) => Self::new(Exit::Configuration, error),
            TokenError::Paused { error, .. } => Self::from(&**error),
            TokenError::Cache(_) | TokenError::Lost => Self::new(Exit::Other, error),
        }
    }
}

impl From<TokenError> for Failure {
    fn from(error: TokenError) -> Self {
        Self::from(&error)
    }
}

impl From<&ClientError> for Failure {
    fn from(error: &ClientError) -> Self {
        match error {
            ClientError::Grant(error) => Self::from(error),
            ClientError::Refused(refusal) => Self::of_refusal(refusal.clone()),
            ClientError::Http(HttpError::CaFile { .. } | HttpError::ProxySetting(_)) | ClientError::Endpoint(_) => {
                Self::new(Exit::Configuration, error)
            }
            ClientError::Unavailable { status, .. } => {
                Self { http_status: Some(*status), ..Self::new(Exit::Unreachable, error) }
            }
            ClientError::UnexpectedResponse(what) => {
                Self { http_status: Some(what.status), ..Self::new(Exit::Unreachable, error) }
            }
            ClientError::Http(_) => Self::new(Exit::Unreachable, error),
        }
    }
}

impl Failure {
    /// A refusal, in the server's own words; what they mean is added when it is known in which language.
    fn of_refusal(refusal: Box<Refusal>) -> Self {
        let words = refusal.description.as_ref().map(|words| format!("the server says: {words}"));
        let error = ClientError::Refused(refusal.clone());
        Self {
            causes: words.into_iter().collect(),
            http_status: Some(refusal.status),
            refusal: Some(refusal),
            ..Self::new(Exit::Refused, &error)
        }
    }
}
