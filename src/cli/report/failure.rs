//! A failure, as it is printed for a person or a program.

mod api;
mod key_place;
mod login;

use std::{error::Error, fmt, io};

use maskinporten::{
    cache::CacheError,
    client::{ClientError, Explanation, Refusal, RefusalFacts},
    environment::LocalError,
    explain::Explain,
    http::HttpError,
    keystore::KeystoreError,
    language::{Language, Words},
    printer::Painter,
    profile::ProfileError,
    tokens::TokenError,
};
use serde_json::{Value, json};

use super::exit::Exit;

const ERROR: Words = Words { en: "error:", nb: "feil:" };
const CAUSE: Words = Words { en: "caused by:", nb: "årsak:" };
const HINT: Words = Words { en: "hint:", nb: "råd:" };

/// A failure of a command.
#[derive(Debug, Clone)]
pub(crate) struct Failure {
    pub(crate) exit: Exit,
    code: &'static str,
    message: String,
    causes: Vec<String>,
    hint: Option<String>,
    refusal: Option<Box<Refusal>>,
    /// The explanation of what another server refused, and what it can name.
    known: Option<Box<(&'static Explanation, RefusalFacts)>>,
    http_status: Option<u16>,
    /// The reader of stdout has gone, which is not reported.
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
            known: None,
            http_status: None,
            quiet: false,
        }
    }

    /// A failure of the command line itself.
    pub(crate) fn plain(exit: Exit, code: &'static str, message: String, hint: Option<String>) -> Self {
        Self {
            exit,
            code,
            message,
            causes: Vec::new(),
            hint,
            refusal: None,
            known: None,
            http_status: None,
            quiet: false,
        }
    }

    /// Puts what the failure is about first; the message becomes its first cause.
    pub(crate) fn about(mut self, what: &str) -> Self {
        let happened = std::mem::replace(&mut self.message, what.to_owned());
        self.causes.insert(0, happened);
        self
    }

    /// Sets the causes.
    pub(crate) fn caused_by(self, causes: impl Iterator<Item = String>) -> Self {
        Self { causes: causes.collect(), ..self }
    }

    /// Replaces the hint.
    pub(crate) fn advising(self, hint: String) -> Self {
        Self { hint: Some(hint), ..self }
    }

    /// Changes the exit code to that of a failure before another program ran, so that it is not taken for the program's.
    pub(crate) fn before_the_program(self) -> Self {
        let kept = matches!(self.exit, Exit::Interrupted | Exit::NotRun | Exit::NotFound);
        if kept { self } else { Self { exit: Exit::NotStarted, ..self } }
    }

    /// Returns message, causes and hint.
    pub(crate) fn parts(&self) -> (&str, &[String], Option<&str>) {
        (&self.message, &self.causes, self.hint.as_deref())
    }

    pub(crate) fn interrupted() -> Self {
        Self::plain(Exit::Interrupted, "interrupted", "interrupted".to_owned(), None)
    }

    pub(crate) fn from_output(error: &io::Error) -> Self {
        let message = format!("could not write the result: {error}");
        let quiet = error.kind() == io::ErrorKind::BrokenPipe;
        Self { quiet, ..Self::plain(Exit::Other, "output", message, None) }
    }

    /// Returns the failure in a language, with the meaning of a refusal and what to do about it.
    pub(crate) fn in_language(&self, language: Language) -> Self {
        let translate = |text: &String| language.translate(text).into_owned();
        let mut translated = Self {
            message: translate(&self.message),
            causes: self.causes.iter().map(translate).collect(),
            hint: self.hint.as_ref().map(translate),
            ..self.clone()
        };
        if let Some(refusal) = &self.refusal {
            translated.causes.extend(refusal.meaning(language));
            translated.hint = Some(refusal.remedy(language));
        }
        if let Some((explanation, facts)) = self.known.as_deref() {
            translated.causes.push(explanation.meaning(facts, language));
            translated.hint = Some(explanation.hint(facts, language));
        }
        translated
    }

    /// Rewrites message, causes and hint.
    pub(super) fn rewritten(&self, rewrite: fn(&str) -> String) -> Self {
        Self {
            message: rewrite(&self.message),
            causes: self.causes.iter().map(|cause| rewrite(cause)).collect(),
            hint: self.hint.as_deref().map(rewrite),
            ..self.clone()
        }
    }

    pub(super) fn text(&self, painter: Painter, language: Language) -> String {
        let label = |words: Words| words.in_language(language);
        let message = format!("{} {}\n", painter.paint(Painter::FAULT, label(ERROR)), self.message);
        let causes = self.causes.iter().map(|cause| format!("{} {cause}\n", label(CAUSE)));
        let hint = self.hint.iter().map(|hint| format!("{} {hint}\n", painter.paint(Painter::GOOD, label(HINT))));
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

impl From<&ClientError> for Failure {
    fn from(error: &ClientError) -> Self {
        match error {
            ClientError::Grant(error) => Self::from(error),
            ClientError::Refused(refusal) => Self::from_refusal(error, refusal),
            ClientError::Http(HttpError::CaFile { .. } | HttpError::ProxySetting(_), _)
            | ClientError::Endpoint(_)
            | ClientError::ForeignEndpoint { .. } => Self::new(Exit::Configuration, error),
            ClientError::Unavailable { status, .. } => {
                Self { http_status: Some(*status), ..Self::new(Exit::Unreachable, error) }
            }
            ClientError::UnexpectedResponse(what) => {
                Self { http_status: Some(what.status), ..Self::new(Exit::Unreachable, error) }
            }
            ClientError::Http(..) => Self::new(Exit::Unreachable, error),
        }
    }
}

impl From<ClientError> for Failure {
    fn from(error: ClientError) -> Self {
        Self::from(&error)
    }
}

impl From<CacheError> for Failure {
    fn from(error: CacheError) -> Self {
        Self::new(Exit::Other, &error)
    }
}

impl From<TokenError> for Failure {
    fn from(error: TokenError) -> Self {
        match &error {
            TokenError::Client(error) => Self::from(&**error),
            TokenError::Altinn(refusal) => Self::from(&**refusal),
            // The provider of the key is ours, so its error is a failure already.
            TokenError::Key(key) => {
                let key: &(dyn Error + 'static) = &**key;
                key.downcast_ref().cloned().unwrap_or_else(|| Self::new(Exit::Key, &error))
            }
            TokenError::Local(error) => Self::new(Exit::Configuration, &**error),
            TokenError::Paused { error, .. } => Self::from((**error).clone()),
            TokenError::LoginRequired(_) => Self::new(Exit::Refused, &error),
            TokenError::Provider(_) | TokenError::Cache(_) | TokenError::Lost => Self::new(Exit::Other, &error),
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.message)
    }
}

impl Error for Failure {}

impl Explain for Failure {
    fn code(&self) -> &'static str {
        self.code
    }

    fn hint(&self) -> Option<String> {
        self.hint.clone()
    }
}

impl Failure {
    /// Makes the failure of a refusal, in the server's own words; their meaning is added in the language of the report.
    fn from_refusal(error: &dyn Explain, refusal: &Refusal) -> Self {
        let words = refusal.description.as_ref().map(|words| format!("the server says: {words}"));
        Self {
            causes: words.into_iter().collect(),
            http_status: Some(refusal.status),
            refusal: Some(Box::new(refusal.clone())),
            ..Self::new(Exit::Refused, error)
        }
    }
}
