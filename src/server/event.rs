//! What a log reports. No event contains a token, an assertion, a secret or a query.

use std::{fmt, sync::Arc};

use serde_json::{Value, json};

use super::api_error::ApiError;
use crate::{grant::Scopes, language::Language, tokens::TokenError};

/// Receives events one at a time. It is called while a request is served, so it must return quickly.
pub type Observer = Arc<dyn Fn(&Event) + Send + Sync>;

/// What happened. `Display` makes one line for a log.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event {
    /// A request was answered.
    Request {
        /// The method, or `-` if it is unknown.
        method: &'static str,
        /// The path, or `-` if it is unknown.
        path: String,
        /// The status of the response.
        status: u16,
        /// How long it took.
        milliseconds: u128,
        /// The profile, if a token was requested.
        profile: Option<String>,
        /// The requested scopes.
        scope: Option<String>,
        /// The outcome: `memory`, `fresh`, or the code of an error.
        what: String,
    },
    /// A token was renewed before its expiry, or could not be.
    Renewal {
        /// The profile.
        profile: String,
        /// The scopes.
        scope: String,
        /// The code of the error.
        outcome: Result<(), String>,
    },
}

impl Event {
    /// Reports a renewal before expiry, or its error.
    #[must_use]
    pub fn renewal(profile: &str, scopes: &Scopes, error: Option<&TokenError>) -> Self {
        let code = |error| ApiError::from_token_error(error, Language::English).code().to_owned();
        let outcome = error.map_or(Ok(()), |error| Err(code(error)));
        Self::Renewal { profile: profile.to_owned(), scope: scopes.to_string(), outcome }
    }

    /// Returns the event as one JSON object.
    #[must_use]
    pub fn to_json(&self) -> Value {
        match self {
            Self::Request { method, path, status, milliseconds, profile, scope, what } => json!({
                "event": "request",
                "method": method,
                "path": path,
                "status": status,
                "milliseconds": u64::try_from(*milliseconds).unwrap_or(u64::MAX),
                "profile": profile,
                "scope": scope,
                "what": what,
            }),
            Self::Renewal { profile, scope, outcome } => json!({
                "event": "renewal",
                "profile": profile,
                "scope": scope,
                "error": outcome.as_ref().err(),
            }),
        }
    }
}

impl fmt::Display for Event {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Request { method, path, status, milliseconds, profile, scope, what } => {
                write!(formatter, "{method} {path} {status} {milliseconds} ms {what}")?;
                match (profile, scope) {
                    (Some(profile), Some(scope)) => write!(formatter, " ({profile}: {scope})"),
                    _ => Ok(()),
                }
            }
            Self::Renewal { profile, scope, outcome: Ok(()) } => {
                write!(formatter, "renewed before expiry ({profile}: {scope})")
            }
            Self::Renewal { profile, scope, outcome: Err(code) } => {
                write!(formatter, "could not renew: {code} ({profile}: {scope})")
            }
        }
    }
}
