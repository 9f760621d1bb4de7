//! The failures of the login of a person.

use maskinporten_token_generator::login::LoginError;

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
