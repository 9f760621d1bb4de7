//! The failures of a key that is not in a file, and of its signatures.

use std::error::Error;

use maskinporten::{
    grant::GrantError,
    key_services::{FaultKind, PlaceError},
    keystore::SigningError,
};

use super::{Exit, Failure};

impl From<&PlaceError> for Failure {
    fn from(error: &PlaceError) -> Self {
        Self { http_status: error.status(), ..Self::new(exit_of_place(error), error) }
    }
}

impl From<&GrantError> for Failure {
    fn from(error: &GrantError) -> Self {
        if let GrantError::Signing(SigningError::Remote(source)) = error {
            let source: &(dyn Error + 'static) = &**source;
            if let Some(source) = source.downcast_ref::<PlaceError>() {
                return Self { http_status: source.status(), ..Self::new(exit_of_place(source), error) };
            }
        }
        let exit = match error {
            GrantError::NoCertificate | GrantError::Algorithm(_) | GrantError::Signing(_) => Exit::Key,
            _ => Exit::Configuration,
        };
        Self::new(exit, error)
    }
}

fn exit_of_place(error: &PlaceError) -> Exit {
    match error.kind() {
        FaultKind::Configuration => Exit::Configuration,
        FaultKind::Key => Exit::Key,
        FaultKind::Refused => Exit::Refused,
        FaultKind::Unreachable => Exit::Unreachable,
    }
}

impl From<GrantError> for Failure {
    fn from(error: GrantError) -> Self {
        Self::from(&error)
    }
}
