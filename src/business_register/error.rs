//! Why the register of business units did not answer a question.

use std::time::Duration;

use serde_json::Value;

use crate::{
    client::{ClientError, Transient},
    explain::Explain,
    http::{Endpoint, HttpError, Response},
    organisation::OrganisationNumber,
    text::server_text,
};

/// Longer messages of the register are cut.
const MAXIMUM_CHARACTERS: usize = 300;

/// Why the register of business units did not answer a question.
#[derive(Debug, thiserror::Error)]
pub enum BusinessRegisterError {
    /// There was no response, or not one that such a server sends: the error is that of any request.
    #[error(transparent)]
    Client(#[from] ClientError),
    /// There is no unit with this number.
    #[error("the register of business units has no unit {0}")]
    NotFound(OrganisationNumber),
    /// The unit was removed from the open data, for legal reasons.
    #[error("the unit {0} was removed from the open register of business units")]
    Removed(OrganisationNumber),
    /// The request was refused.
    #[error("the register of business units refused the request: HTTP {status}{message}")]
    Refused {
        /// The status code, 4xx.
        status: u16,
        /// What the register says about it, after a colon.
        message: String,
    },
}

impl BusinessRegisterError {
    /// Returns the error of a response whose status is not 2xx.
    pub(super) fn of_response(endpoint: &Endpoint, response: &Response) -> Self {
        match response.status {
            429 | 500..=599 => ClientError::unavailable(endpoint, response).into(),
            status @ 400..=499 => {
                let body: Value = serde_json::from_slice(&response.body).unwrap_or_default();
                let mut faults = body["valideringsfeil"].as_array().into_iter().flatten();
                let message = faults.find_map(|fault| fault["feilmelding"].as_str());
                let message = message.or_else(|| body["feilmelding"].as_str()).map(str::trim);
                let message = message.filter(|message| !message.is_empty());
                let message = message.map(|message| format!(": {}", server_text(message, MAXIMUM_CHARACTERS)));
                Self::Refused { status, message: message.unwrap_or_default() }
            }
            300..=399 => {
                ClientError::unexpected(endpoint, response, "it is a redirect, which is never followed").into()
            }
            _ => ClientError::unexpected(endpoint, response, "this API does not use this status").into(),
        }
    }
}

impl From<HttpError> for BusinessRegisterError {
    fn from(error: HttpError) -> Self {
        ClientError::from(error).into()
    }
}

impl Transient for BusinessRegisterError {
    fn is_passing(&self) -> bool {
        matches!(self, Self::Client(error) if error.is_passing())
    }

    fn retry_after(&self) -> Option<Duration> {
        if let Self::Client(error) = self { error.retry_after() } else { None }
    }

    fn after_attempts(self, attempts: usize) -> Self {
        match self {
            Self::Client(error) => Self::Client(error.after_attempts(attempts)),
            other => other,
        }
    }
}

impl Explain for BusinessRegisterError {
    fn code(&self) -> &'static str {
        match self {
            Self::Client(error) => error.code(),
            Self::NotFound(_) => "unit_not_found",
            Self::Removed(_) => "unit_removed",
            Self::Refused { .. } => "register_refused",
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Client(error) => error.hint(),
            Self::NotFound(_) => Some("check the number, or search by name: maskinporten org search NAME".to_owned()),
            Self::Removed(_) => Some("ask the organisation itself: its data are not open".to_owned()),
            Self::Refused { .. } => Some("check the words of the search, and --register-url".to_owned()),
        }
    }
}
