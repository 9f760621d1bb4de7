//! Why Altinn did not do what was asked.

use std::fmt::Write as _;

use super::{AltinnOperation, AltinnProblem};
use crate::{
    client::{CodeGroup, Explanation, RefusalFacts, ServiceError},
    environment::KnownIssuer,
    explain::Explain,
    http::{Endpoint, Response},
    language::Language,
};

/// Why Altinn did not do what was asked.
pub type AltinnError = ServiceError<AltinnRefusal>;

/// A request that Altinn refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("Altinn refused to {operation}: HTTP {status}{}", described(.problem))]
pub struct AltinnRefusal {
    /// What was asked for.
    pub operation: AltinnOperation,
    /// The endpoint.
    pub endpoint: Endpoint,
    /// The status code, 4xx.
    pub status: u16,
    /// What Altinn says about it; often nothing.
    pub problem: AltinnProblem,
    /// What the explanation can name.
    pub facts: RefusalFacts,
}

impl AltinnError {
    /// Returns the error with what else is known about the token that Altinn did not accept, and its issuer.
    #[must_use]
    pub fn knowing(mut self, facts: &RefusalFacts, issuer: &str) -> Self {
        if let Self::Refused(refusal) = &mut self {
            refusal.facts.add(facts);
            refusal.facts.set("environment", KnownIssuer::find(issuer).map(|known| known.environment));
        }
        self
    }
}

impl AltinnRefusal {
    /// Reads a response with a status of 4xx.
    pub(super) fn read(operation: AltinnOperation, endpoint: &Endpoint, response: &Response) -> Self {
        let problem = AltinnProblem::read(&response.body);
        let mut facts = RefusalFacts::default();
        facts.set("platform", Some(endpoint.host()));
        Self { operation, endpoint: endpoint.clone(), status: response.status, problem, facts }
    }

    /// Returns the explanation of the first known code, or else of this status of the operation.
    #[must_use]
    pub fn explanation(&self) -> Option<&'static Explanation> {
        let find = |code: &str| CodeGroup::for_code(code)?.explanation(code);
        let of_status = || find(&format!("{}-{}", self.operation.code_prefix()?, self.status));
        self.problem.codes().find_map(find).or_else(of_status)
    }

    /// Returns what it means, if that is known.
    #[must_use]
    pub fn meaning(&self, language: Language) -> Option<String> {
        Some(self.explanation()?.meaning(&self.facts, language))
    }

    /// Returns what to do.
    #[must_use]
    pub fn remedy(&self, language: Language) -> String {
        if let Some(known) = self.explanation() {
            return known.hint(&self.facts, language);
        }
        let hint = match (self.status, self.operation.scopes()) {
            (401, _) => {
                "check that the token is for this environment of Altinn, and that it has not expired".to_owned()
            }
            (403, []) => "check that the organisation and the token's scopes may do this".to_owned(),
            (403, scopes) => format!(
                "check that the organisation is the vendor of the system, and that its token has the scope {}",
                scopes.join(" or ")
            ),
            (404, _) => "check the id and the environment".to_owned(),
            _ => "look it up in https://docs.altinn.studio/api/".to_owned(),
        };
        language.translate(&hint).into_owned()
    }
}

impl Explain for AltinnRefusal {
    fn code(&self) -> &'static str {
        "altinn_refused"
    }

    fn hint(&self) -> Option<String> {
        Some(self.remedy(Language::English))
    }
}

/// Describes what Altinn says, after a status code.
fn described(problem: &AltinnProblem) -> String {
    let mut parts = String::new();
    if let Some(code) = &problem.code {
        let _ = write!(parts, ", {code}");
    }
    if let Some(text) = problem.detail.as_ref().or(problem.title.as_ref()) {
        let _ = write!(parts, ": {text}");
    }
    for error in &problem.validation_errors {
        let paths = if error.paths.is_empty() { String::new() } else { format!(" at {}", error.paths.join(", ")) };
        let detail = error.detail.as_ref().map(|detail| format!(": {detail}")).unwrap_or_default();
        let _ = write!(parts, "; {}{paths}{detail}", error.code);
    }
    parts
}
