//! Why the self-service API did not do what was asked.

use super::{AdminOperation, AdminProblem};
use crate::{
    client::{ClientError, CodeGroup, Explanation, RefusalFacts, ServiceError},
    explain::Explain,
    http::{Endpoint, Response},
    language::Language,
};

/// Why the self-service API did not do what was asked.
pub type AdminError = ServiceError<AdminRefusal>;

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

impl AdminRefusal {
    /// Reads a response with a status of 4xx.
    pub(super) fn read(operation: AdminOperation, endpoint: &Endpoint, response: &Response) -> Self {
        let problem = AdminProblem::read(&response.body);
        let mut facts = RefusalFacts::default();
        let scopes = operation.scopes().join(" or ");
        facts.set("needed_scope", Some(scopes.as_str()).filter(|scopes| !scopes.is_empty()));
        Self { operation, endpoint: endpoint.clone(), status: response.status, problem, facts }
    }
}

impl AdminError {
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

impl Explain for AdminRefusal {
    fn code(&self) -> &'static str {
        "admin_refused"
    }

    fn hint(&self) -> Option<String> {
        Some(explanation(self.status)?.hint(&self.facts, Language::English))
    }
}
