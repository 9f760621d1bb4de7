//! Why the register of business units did not answer a question.

use serde_json::Value;

use crate::{
    client::ServiceError, explain::Explain, http::Response, organisation::OrganisationNumber, text::server_text,
};

/// Longer messages of the register are cut.
const MAXIMUM_CHARACTERS: usize = 300;

/// Why the register of business units did not answer a question.
pub type BusinessRegisterError = ServiceError<BusinessRegisterRefusal>;

/// What the register of business units does not have, or refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BusinessRegisterRefusal {
    /// There is no unit with this number.
    #[error("the register of business units has no unit {0}")]
    NotFound(OrganisationNumber),
    /// The unit was removed from the open data, for legal reasons.
    #[error("the unit {0} was removed from the open register of business units")]
    Removed(OrganisationNumber),
    /// The request was refused.
    #[error("the register of business units refused the request: HTTP {status}{message}")]
    Status {
        /// The status code, 4xx.
        status: u16,
        /// What the register says about it, after a colon.
        message: String,
    },
}

impl BusinessRegisterRefusal {
    /// Reads a response with a status of 4xx.
    pub(super) fn read(response: &Response) -> Self {
        let body: Value = serde_json::from_slice(&response.body).unwrap_or_default();
        let mut faults = body["valideringsfeil"].as_array().into_iter().flatten();
        let message = faults.find_map(|fault| fault["feilmelding"].as_str());
        let message = message.or_else(|| body["feilmelding"].as_str()).map(str::trim);
        let message = message.filter(|message| !message.is_empty());
        let message = message.map(|message| format!(": {}", server_text(message, MAXIMUM_CHARACTERS)));
        Self::Status { status: response.status, message: message.unwrap_or_default() }
    }
}

impl From<BusinessRegisterRefusal> for BusinessRegisterError {
    fn from(refusal: BusinessRegisterRefusal) -> Self {
        Self::Refused(Box::new(refusal))
    }
}

impl Explain for BusinessRegisterRefusal {
    fn code(&self) -> &'static str {
        match self {
            Self::NotFound(_) => "unit_not_found",
            Self::Removed(_) => "unit_removed",
            Self::Status { .. } => "register_refused",
        }
    }

    fn hint(&self) -> Option<String> {
        Some(match self {
            Self::NotFound(_) => "check the number, or search by name: maskinporten org search NAME".to_owned(),
            Self::Removed(_) => "ask the organisation itself: its data are not open".to_owned(),
            Self::Status { .. } => "check the words of the search, and --register-url".to_owned(),
        })
    }
}
