//! What happened, for a log: a line each, as text or as JSON. No event holds a token, a grant, a secret or a query.

use std::{fmt, sync::Arc};

use serde_json::{Value, json};

/// Is told what happens, one event at a time; called from where requests are served, so it must be quick.
pub type Observer = Arc<dyn Fn(&Event) + Send + Sync>;

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event {
    /// A request was answered.
    Request {
        /// The method, when it is one that is known.
        method: &'static str,
        /// The path, when it is one that is known.
        path: &'static str,
        /// The status of the answer.
        status: u16,
        /// How long it took.
        milliseconds: u128,
        /// The profile, when a token was wanted.
        profile: Option<String>,
        /// The scopes that were wanted.
        scope: Option<String>,
        /// What was done: `memory`, `fresh`, or why not.
        what: String,
    },
    /// A token was renewed ahead of its end, or could not be.
    Renewal {
        /// The profile.
        profile: String,
        /// The scopes.
        scope: String,
        /// The code of what went wrong.
        outcome: Result<(), String>,
    },
}

impl Event {
    /// The event as one JSON object.
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
                write!(formatter, "renewed ahead of its end ({profile}: {scope})")
            }
            Self::Renewal { profile, scope, outcome: Err(code) } => {
                write!(formatter, "could not renew: {code} ({profile}: {scope})")
            }
        }
    }
}
