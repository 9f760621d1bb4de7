//! Why the self-service API did not do what was asked.

use std::time::Duration;

use super::{AdminOperation, AdminProblem};
use crate::{
    client::{ClientError, CodeGroup, Explanation, RefusalFacts, Transient},
    explain::Explain,
    http::{Endpoint, HttpError, Response},
    language::Language,
};

/// Why the self-service API did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum AdminError {
    /// There was no response, or not one that such a server sends: the error is that of any request.
    #[error(transparent)]
    Client(#[from] ClientError),
    /// The request was refused.
    #[error(transparent)]
    Refused(Box<AdminRefusal>),
}

/// A request that the self-service API refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the self-service API refused to {operation}: HTTP {status}{problem}")]
pub struct AdminRefusal {
    /// What was asked for.
    pub operation: AdminOperation,
    /// The endpoint.
    pub endpoint: Endpoint,
    /// The status code, 4xx.
    pub status: u16,
    /// The API's description of the error.
    pub problem: AdminProblem,
    /// What the explanation can name.
    pub facts: RefusalFacts,
}

impl AdminError {
    /// Returns the error of a response whose status is not 2xx.
    pub(super) fn of_response(operation: AdminOperation, endpoint: &Endpoint, response: &Response) -> Self {
        match response.status {
            429 | 500..=599 => ClientError::unavailable(endpoint, response).into(),
            status @ 400..=499 => {
                let problem = AdminProblem::read(&response.body);
                let mut facts = RefusalFacts::default();
                facts.set(
                    "needed_scope",
                    Some(operation.scopes().join(" or ").as_str()).filter(|scope| !scope.is_empty()),
                );
                Self::Refused(Box::new(AdminRefusal { operation, endpoint: endpoint.clone(), status, problem, facts }))
            }
            300..=399 => {
                ClientError::unexpected(endpoint, response, "it is a redirect, which is never followed").into()
            }
            _ => ClientError::unexpected(endpoint, response, "this API does not use this status").into(),
        }
    }

    /// Returns the explanation of the response's status, with what it can name.
    #[must_use]
    pub fn explanation(&self) -> Option<(&'static Explanation, RefusalFacts)> {
        match self {
            Self::Refused(refusal) => Some((explanation(refusal.status)?, refusal.facts.clone())),
            // Retries may help, as with any server, but the limit is that of this API.
            Self::Client(ClientError::Unavailable { status: 429, .. }) => {
                Some((explanation(429)?, RefusalFacts::default()))
            }
            Self::Client(_) => None,
        }
    }

    /// Whether what was asked for does not exist.
    #[must_use]
    pub fn is_not_found(&self) -> bool {
        matches!(self, Self::Refused(refusal) if refusal.status == 404)
    }
}

/// Returns the explanation of a status.
fn explanation(status: u16) -> Option<&'static Explanation> {
    let code = format!("ADMIN-{status}");
    CodeGroup::for_code(&code)?.explanation(&code)
}

impl From<HttpError> for AdminError {
    fn from(error: HttpError) -> Self {
        ClientError::from(error).into()
    }
}

impl Transient for AdminError {
    fn is_passing(&self) -> bool {
        matches!(self, Self::Client(error) if error.is_passing())
    }

    fn retry_after(&self) -> Option<Duration> {
        if let Self::Client(error) = self { error.retry_after() } else { None }
    }

    fn after_attempts(self, attempts: usize) -> Self {
        match self {
            Self::Client(error) => Self::Client(error.after_attempts(attempts)),
            refused @ Self::Refused(_) => refused,
        }
    }
}

impl Explain for AdminError {
    fn code(&self) -> &'static str {
        match self {
            Self::Client(error) => error.code(),
            Self::Refused(_) => "admin_refused",
        }
    }

    fn hint(&self) -> Option<String> {
        match (self.explanation(), self) {
            (Some((explanation, facts)), _) => Some(explanation.hint(&facts, Language::English)),
            (None, Self::Client(error)) => error.hint(),
            (None, Self::Refused(_)) => None,
        }
    }
}
