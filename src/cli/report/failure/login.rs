//! The failures of the login of a person, of its tokens and of their key.

use maskinporten::{dpop::DpopError, login::LoginError, sessions::SessionError};

use super::{Exit, Failure};

impl From<LoginError> for Failure {
    fn from(error: LoginError) -> Self {
        match &error {
            LoginError::Client(error) => Self::from(error),
            LoginError::Grant(error) => Self::from(error),
            LoginError::Refused { refusal, .. } => {
                let failure = Self::from_refusal(&error, refusal);
                Self { http_status: failure.http_status.filter(|status| *status != 0), ..failure }
            }
            LoginError::NoPushedRequests => Self::new(Exit::Usage, &error),
            LoginError::Random => Self::new(Exit::Other, &error),
            LoginError::Dpop(_)
            | LoginError::State
            | LoginError::OtherIssuer(_)
            | LoginError::NoIssuer
            | LoginError::Answer(_)
            | LoginError::IdToken(_)
            | LoginError::AccessTokenExpired
            | LoginError::AccessTokenIssuedAt => Self::new(Exit::Unreachable, &error),
        }
    }
}

impl From<SessionError> for Failure {
    fn from(error: SessionError) -> Self {
        match error {
            SessionError::Login(error) => Self::from(*error),
            SessionError::Ended(_) | SessionError::Expired(_) => Self::new(Exit::Refused, &error),
            SessionError::NoFolder | SessionError::Missing(_) | SessionError::Bound => {
                Self::new(Exit::Configuration, &error)
            }
            SessionError::Unusable(..)
            | SessionError::Unsafe(..)
            | SessionError::Invalid(_)
            | SessionError::SecretStore(_)
            | SessionError::Locked(_) => Self::new(Exit::Other, &error),
        }
    }
}

impl From<DpopError> for Failure {
    fn from(error: DpopError) -> Self {
        Self::new(Exit::Key, &error)
    }
}
