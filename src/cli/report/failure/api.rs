//! The failures of requests to the APIs of Altinn, Digdir and the register of business units.

use maskinporten::{
    admin::AdminError,
    altinn::{AltinnError, AltinnRefusal},
    business_register::BusinessRegisterError,
};

use super::{Exit, Failure};

impl From<&AltinnRefusal> for Failure {
    fn from(refusal: &AltinnRefusal) -> Self {
        Self {
            http_status: Some(refusal.status),
            known: refusal.explanation().map(|explanation| Box::new((explanation, refusal.facts.clone()))),
            ..Self::new(Exit::Refused, refusal)
        }
    }
}

impl From<AltinnError> for Failure {
    fn from(error: AltinnError) -> Self {
        match &error {
            AltinnError::Client(error) => Self::from(error),
            AltinnError::Refused(refusal) => Self::from(&**refusal),
        }
    }
}

impl From<AdminError> for Failure {
    fn from(error: AdminError) -> Self {
        let failure = match &error {
            AdminError::Client(error) => Self::from(error),
            AdminError::Refused(refusal) => {
                Self { http_status: Some(refusal.status), ..Self::new(Exit::Refused, &error) }
            }
        };
        Self { known: error.explanation().map(Box::new), ..failure }
    }
}

impl From<BusinessRegisterError> for Failure {
    fn from(error: BusinessRegisterError) -> Self {
        match &error {
            BusinessRegisterError::Client(error) => Self::from(error),
            BusinessRegisterError::Refused(refusal) => Self::new(Exit::Refused, &**refusal),
        }
    }
}
