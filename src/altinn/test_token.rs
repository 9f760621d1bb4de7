//! Tokens of Altinn's test token generator, for Altinn's test environments.
//!
//! <https://github.com/Altinn/AltinnTestTools>: they have the claims of Altinn's tokens and are signed with the key of the
//! environment, for any organisation or person. The generator is protected with a user name and a password.

use std::time::Duration;

use base64::{Engine as _, prelude::BASE64_STANDARD};
use secrecy::{ExposeSecret as _, SecretString};
use zeroize::Zeroizing;

use super::{AltinnClient, AltinnError, AltinnOperation, AltinnPlatform, AltinnRequest};
use crate::{client::AccessToken, clock::Clock, explain::Explain, text::excerpt};

/// What a test token is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TestTokenKind {
    /// An organisation, as after a login at Maskinporten.
    Enterprise,
    /// A person, as after a login at ID-porten.
    Person,
    /// A system user.
    SystemUser,
}

/// A request for a test token.
#[derive(Debug, Clone)]
pub struct TestTokenRequest {
    /// What the token is for.
    pub kind: TestTokenKind,
    /// The parameters: `env`, `scopes`, and what describes the organisation or the person.
    pub parameters: Vec<(String, String)>,
    /// The user name and the password for the generator, as the value of `Authorization`.
    pub authorization: SecretString,
}

/// Why a user name cannot be used for basic authentication.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the user name `{0}` has a colon, which ends it")]
pub struct UserNameError(String);

impl Explain for UserNameError {
    fn code(&self) -> &'static str {
        "user_name"
    }

    fn hint(&self) -> Option<String> {
        Some("pass the user name alone, and the password as a secret".to_owned())
    }
}

impl TestTokenKind {
    /// The names of the kinds.
    pub const NAMES: [&str; 3] = ["enterprise", "person", "system-user"];

    /// Finds the kind with this name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        let all = [Self::Enterprise, Self::Person, Self::SystemUser];
        all.into_iter().zip(Self::NAMES).find(|(_, own)| *own == name).map(|(kind, _)| kind)
    }

    /// Returns the name of the generator's function.
    fn function(self) -> &'static str {
        match self {
            Self::Enterprise => "GetEnterpriseToken",
            Self::Person => "GetPersonalToken",
            Self::SystemUser => "GetSystemUserToken",
        }
    }
}

impl TestTokenRequest {
    /// The base URL of Altinn's generator.
    pub const GENERATOR: &'static str = "https://altinn-testtools-token-generator.azurewebsites.net";

    /// Returns the value of `Authorization` for a user name and a password (RFC 7617 §2).
    ///
    /// # Errors
    /// [`UserNameError`] when the user name has a colon.
    pub fn basic_authentication(user_name: &str, password: &SecretString) -> Result<SecretString, UserNameError> {
        if user_name.contains(':') {
            return Err(UserNameError(excerpt(user_name.split(':').next().unwrap_or_default(), 60)));
        }
        let pair = Zeroizing::new(format!("{user_name}:{}", password.expose_secret()));
        let encoded = Zeroizing::new(BASE64_STANDARD.encode(pair.as_bytes()));
        Ok(SecretString::from(format!("Basic {}", *encoded)))
    }

    /// Requests a token from a generator; `notify` is called before each retry.
    ///
    /// # Errors
    /// [`AltinnError`].
    pub async fn send(
        &self,
        generator: &AltinnClient,
        clock: &dyn Clock,
        notify: impl FnMut(&AltinnError, Duration),
    ) -> Result<AccessToken, AltinnError> {
        let path = ["api", self.kind.function()];
        let query: Vec<(&str, &str)> = self.parameters.iter().map(|(name, value)| (&**name, &**value)).collect();
        let request = AltinnRequest {
            query: &query,
            ..AltinnRequest::get(AltinnOperation::TestToken, &path, &self.authorization)
        };
        generator.fetch_token(&request, clock, notify).await
    }
}

impl AltinnPlatform {
    /// Returns Altinn's test token generator.
    #[must_use]
    #[expect(clippy::expect_used, clippy::missing_panics_doc, reason = "the URL is a constant that a test parses")]
    pub fn test_token_generator() -> Self {
        Self::parse(TestTokenRequest::GENERATOR).expect("the URL is https")
    }
}
