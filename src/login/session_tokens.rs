//! The tokens of a person.

use chrono::{DateTime, Utc};
use secrecy::{ExposeSecret as _, SecretString};

use super::IdToken;
use crate::client::AccessToken;

/// The verified tokens of a person who has logged in.
#[derive(Debug, Clone)]
pub struct LoginTokens {
    /// The access token.
    pub access_token: AccessToken,
    /// Who has logged in; a refreshed response may have none.
    pub id_token: Option<IdToken>,
    /// The refresh token, if the client may have one.
    pub refresh_token: Option<RefreshToken>,
}

/// A refresh token, which gets new tokens without a login (RFC 6749 §1.5). It is erased when dropped.
#[derive(Debug, Clone)]
pub struct RefreshToken {
    token: SecretString,
    /// When it expires, if the server says so (`refresh_token_expires_in`).
    pub expires_at: Option<DateTime<Utc>>,
}

impl RefreshToken {
    /// Makes one of its text.
    #[must_use]
    pub fn new(token: SecretString, expires_at: Option<DateTime<Utc>>) -> Self {
        Self { token, expires_at }
    }

    /// Returns the token itself.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.token.expose_secret()
    }
}
