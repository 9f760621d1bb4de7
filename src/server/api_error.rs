//! The errors that callers get: a JSON object that is never empty and never contains an assertion.

use std::{sync::Arc, time::Duration};

use serde_json::{Value, json};

use crate::{
    altinn::AltinnRefusal,
    client::{ClientError, Refusal},
    explain::Explain,
    http::HttpError,
    language::Language,
    tokens::TokenError,
};

/// Why a request failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiError {
    /// The HTTP status: 502 when the token endpoint refused or was unreachable, 504 when it timed out, 500 when this
    /// machine is at fault.
    pub status: u16,
    /// The OAuth error of a refusal, or this program's own error code.
    pub error: Box<str>,
    /// What happened; of a refusal the token endpoint's `error_description`.
    pub description: Box<str>,
    /// The refusal of the token endpoint.
    pub refusal: Option<Box<Refusal>>,
    /// The refusal of Altinn's exchange.
    pub altinn: Option<Arc<AltinnRefusal>>,
    /// The language in which a refusal, or what the person must do, is explained.
    pub language: Language,
    /// What to do about anything else.
    pub remedy: Option<Box<str>>,
}

/// Why a caller gets no token.
pub(super) struct NoToken {
    pub(super) error: ApiError,
    /// Whether no request was sent, because an earlier one has failed.
    pub(super) is_paused: bool,
    /// The time until the next request may be sent.
    pub(super) retry_after: Option<Duration>,
}

impl ApiError {
    fn from_client_error(error: &ClientError, language: Language) -> Self {
        match error {
            ClientError::Refused(refusal) => Self::from_refusal(refusal, language),
            ClientError::Http(HttpError::TimedOut { .. }, _) => Self::from_error(504, error),
            ClientError::Http(HttpError::CaFile { .. } | HttpError::ProxySetting(_) | HttpError::Tls(_), _)
            | ClientError::Grant(_)
            | ClientError::Endpoint(_)
            | ClientError::ForeignEndpoint { .. } => Self::from_error(500, error),
            ClientError::Http(..) | ClientError::Unavailable { .. } | ClientError::UnexpectedResponse(_) => {
                Self::from_error(502, error)
            }
        }
    }

    /// Returns the error of a token source.
    #[must_use]
    pub fn from_token_error(error: &TokenError, language: Language) -> Self {
        match error {
            TokenError::Client(error) => Self::from_client_error(error, language),
            TokenError::Altinn(refusal) => {
                Self { altinn: Some(Arc::clone(refusal)), language, ..Self::from_error(502, &**refusal) }
            }
            TokenError::Paused { error, .. } => Self::from_token_error(error, language),
            TokenError::LoginRequired(_) => Self { language, ..Self::from_error(502, error) },
            TokenError::Key(_)
            | TokenError::Provider(_)
            | TokenError::Cache(_)
            | TokenError::Local(_)
            | TokenError::Lost => Self::from_error(500, error),
        }
    }

    /// Returns the error with its causes in the description.
    #[must_use]
    pub fn from_error(status: u16, error: &dyn Explain) -> Self {
        let causes = std::iter::successors(error.source(), |cause| (*cause).source());
        let description = causes.fold(error.to_string(), |message, cause| format!("{message}: {cause}"));
        Self { remedy: error.hint().map(Into::into), ..Self::new(status, error.code(), description) }
    }

    /// Makes an error with this status and error code.
    #[must_use]
    pub fn new(status: u16, error: &str, description: impl Into<Box<str>>) -> Self {
        Self {
            status,
            error: error.into(),
            description: description.into(),
            refusal: None,
            altinn: None,
            language: Language::English,
            remedy: None,
        }
    }

    /// Makes the error for a path that is not served.
    pub(super) fn not_found() -> Self {
        Self::new(404, "not_found", "unknown path").hint("use GET / or GET /headers, or POST /api/v1/token")
    }

    /// Makes the error for a malformed request.
    pub(super) fn bad_request(description: impl Into<Box<str>>) -> Self {
        Self::new(400, "invalid_request", description)
    }

    /// Sets the remedy.
    #[must_use]
    pub fn hint(self, remedy: &str) -> Self {
        Self { remedy: Some(remedy.into()), ..self }
    }

    fn from_refusal(refusal: &Refusal, language: Language) -> Self {
        let own = || format!("the token endpoint refused the grant with HTTP {}", refusal.status);
        Self {
            refusal: Some(Box::new(refusal.clone())),
            language,
            ..Self::new(502, &refusal.error, refusal.description.clone().unwrap_or_else(own))
        }
    }

    /// Returns the code for logs and metrics: the MP code, else the error.
    #[must_use]
    pub fn code(&self) -> &str {
        self.refusal.as_ref().and_then(|refusal| refusal.mp_code.as_deref()).unwrap_or(&self.error)
    }

    /// Returns what a known refusal means.
    pub(super) fn meaning(&self, language: Language) -> Option<String> {
        let altinn = || self.altinn.as_ref()?.meaning(language);
        self.refusal.as_ref().map_or_else(altinn, |refusal| refusal.known_meaning(language))
    }

    /// Returns what to do.
    pub(super) fn remedy(&self, language: Language) -> Option<String> {
        let altinn = || Some(self.altinn.as_ref()?.remedy(language));
        let refused = self.refusal.as_ref().map(|refusal| refusal.remedy(language));
        refused.or_else(altinn).or_else(|| Some(language.translate(self.remedy.as_deref()?).into_owned()))
    }

    pub(super) fn to_json(&self) -> Value {
        json!({
            "error": self.error,
            "error_description": self.language.translate(&self.description),
            "mp_code": self.refusal.as_ref().and_then(|refusal| refusal.mp_code.as_deref()),
            "meaning": self.meaning(self.language),
            "remedy": self.remedy(self.language),
            "trace_id": self.refusal.as_ref().and_then(|refusal| refusal.trace_id.as_deref()),
        })
    }
}
