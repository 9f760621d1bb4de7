//! Why there is no token, as callers are told: one JSON object that is never empty and never holds an assertion.

use std::time::Duration;

use serde_json::{Value, json};

use crate::{
    client::{ClientError, Explanation, Refusal},
    explain::Explain,
    http::HttpError,
    language::Language,
};

/// Why there is no token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiError {
    /// The status that fits: 502 when the token endpoint refused or could not be reached, 504 when it was too slow, 500
    /// when the fault is on this side.
    pub status: u16,
    /// The OAuth error of a refusal, or this program's own name for what happened.
    pub error: Box<str>,
    /// What happened, in the server's words when they are its.
    pub description: Box<str>,
    /// Maskinporten's own code, such as `MP-200`.
    pub mp_code: Option<Box<str>>,
    /// What it means and what to do, when it is a refusal that is known.
    pub explanation: Option<&'static Explanation>,
    /// The language to tell that in.
    pub language: Language,
    /// What to do, when it is none.
    pub remedy: Option<Box<str>>,
    /// What Digdir's support finds the request by.
    pub trace_id: Option<Box<str>>,
    /// How long the server asks us to wait.
    pub retry_after: Option<Duration>,
    /// Whether the token endpoint refused this very grant; it may give a token for another.
    pub is_refusal: bool,
}

impl ApiError {
    /// What a token endpoint refused, or why it could not be asked.
    #[must_use]
    pub fn of_client(error: &ClientError, language: Language) -> Self {
        match error {
            ClientError::Refused(refusal) => Self::of_refusal(refusal, language),
            ClientError::Http(HttpError::TimedOut { .. }) => Self::of(504, error),
            ClientError::Unavailable { retry_after, .. } => Self { retry_after: *retry_after, ..Self::of(502, error) },
            ClientError::Http(HttpError::CaFile { .. } | HttpError::ProxySetting(_) | HttpError::Tls(_))
            | ClientError::Grant(_)
            | ClientError::Endpoint(_) => Self::of(500, error),
            ClientError::Http(_) | ClientError::UnexpectedResponse(_) => Self::of(502, error),
        }
    }

    /// Any other failure, with its causes.
    #[must_use]
    pub fn of(status: u16, error: &dyn Explain) -> Self {
        let causes = std::iter::successors(error.source(), |cause| (*cause).source());
        let description = causes.fold(error.to_string(), |told, cause| format!("{told}: {cause}"));
        Self { remedy: error.hint().map(Into::into), ..Self::new(status, error.code(), description) }
    }

    /// A failure with this status, under this name.
    #[must_use]
    pub fn new(status: u16, error: &str, description: impl Into<Box<str>>) -> Self {
        Self {
            status,
            error: error.into(),
            description: description.into(),
            mp_code: None,
            explanation: None,
            language: Language::English,
            remedy: None,
            trace_id: None,
            retry_after: None,
            is_refusal: false,
        }
    }

    /// The same, with what to do about it.
    #[must_use]
    pub fn hint(self, remedy: &str) -> Self {
        Self { remedy: Some(remedy.into()), ..self }
    }

    fn of_refusal(refusal: &Refusal, language: Language) -> Self {
        let own = || format!("the token endpoint refused the grant with HTTP {}", refusal.status);
        Self {
            mp_code: refusal.mp_code.as_deref().map(Into::into),
            explanation: refusal.explanation,
            language,
            remedy: Some(refusal.remedy(language).into()),
            trace_id: refusal.trace_id.as_deref().map(Into::into),
            is_refusal: true,
            ..Self::new(502, &refusal.error, refusal.description.clone().unwrap_or_else(own))
        }
    }

    /// What a log and a metric call it: the MP code, else the error.
    #[must_use]
    pub fn code(&self) -> &str {
        self.mp_code.as_deref().unwrap_or(&self.error)
    }

    /// Whether the token endpoint would have failed any other grant too: it is not there, too slow, or busy.
    pub(super) fn is_the_servers(&self) -> bool {
        !self.is_refusal && matches!(self.status, 502 | 504)
    }

    /// What it means.
    pub(super) fn meaning(&self, language: Language) -> Option<&'static str> {
        Some(self.explanation?.meaning.in_language(language))
    }

    /// What to do.
    pub(super) fn remedy(&self, language: Language) -> Option<String> {
        let known = self.explanation.map(|known| known.hint(language));
        known.or_else(|| self.remedy.as_deref().map(str::to_owned))
    }

    pub(super) fn to_json(&self) -> Value {
        json!({
            "error": self.error,
            "error_description": self.description,
            "mp_code": self.mp_code,
            "meaning": self.meaning(self.language),
            "remedy": self.remedy(self.language),
            "trace_id": self.trace_id,
        })
    }
}
