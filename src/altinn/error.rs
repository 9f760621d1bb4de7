//! Why Altinn did not do what was asked.

use std::{fmt::Write as _, time::Duration};

use super::{AltinnOperation, AltinnProblem};
use crate::{
    client::{ClientError, CodeGroup, Explanation, RefusalFacts, Transient},
    environment::KnownIssuer,
    explain::Explain,
    http::{Endpoint, HttpError, Response},
    language::Language,
};

/// Why Altinn did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum AltinnError {
    /// There was no response, or not one that such a server sends: the error is that of any request.
    #[error(transparent)]
    Client(#[from] ClientError),
    /// Altinn refused the request.
    #[error(transparent)]
    Refused(Box<AltinnRefusal>),
}

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

    /// Returns the error of a response whose status is not 2xx.
    pub(super) fn of_response(operation: AltinnOperation, endpoint: &Endpoint, response: &Response) -> Self {
        match response.status {
            429 | 500..=599 => ClientError::unavailable(endpoint, response).into(),
            status @ 400..=499 => {
                let problem = AltinnProblem::read(&response.body);
                let mut facts = RefusalFacts::default();
                facts.set("platform", Some(endpoint.host()));
                Self::Refused(Box::new(AltinnRefusal { operation, endpoint: endpoint.clone(), status, problem, facts }))
            }
            300..=399 => {
                ClientError::unexpected(endpoint, response, "it is a redirect, which is never followed").into()
            }
            _ => ClientError::unexpected(endpoint, response, "this API does not use this status").into(),
        }
    }
}

impl AltinnRefusal {
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

impl From<HttpError> for AltinnError {
    fn from(error: HttpError) -> Self {
        ClientError::from(error).into()
    }
}

impl Transient for AltinnError {
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

impl Explain for AltinnError {
    fn code(&self) -> &'static str {
        match self {
            Self::Client(error) => error.code(),
            Self::Refused(refusal) => refusal.code(),
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Client(error) => error.hint(),
            Self::Refused(refusal) => refusal.hint(),
        }
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
