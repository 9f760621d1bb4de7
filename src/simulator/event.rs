//! What a running simulator reports: one event for each request, and problems with `clients.json`.

use std::{fmt, sync::Arc};

/// Receives events, one at a time. It is called while a request is being served, so it must not block.
pub type EventObserver = Arc<dyn Fn(&SimulatorEvent) + Send + Sync>;

/// An event. `Display` makes one line for a log, without assertions, tokens and passwords.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum SimulatorEvent {
    /// A request was answered.
    Request {
        /// The method.
        method: String,
        /// The path, without its query.
        path: String,
        /// The status of the response.
        status: u16,
        /// The decision, such as `client X: MP-200` or `client X: token issued for Y`.
        decision: String,
    },
    /// `clients.json` has changed and is not valid; its last valid content remains in effect.
    ClientsFile {
        /// What is wrong with it.
        problem: String,
    },
}

impl fmt::Display for SimulatorEvent {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Request { method, path, status, decision } => {
                write!(formatter, "{method} {path} {status} {decision}")
            }
            Self::ClientsFile { problem } => write!(formatter, "{problem}; the last valid content remains in effect"),
        }
    }
}
