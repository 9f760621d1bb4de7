//! The access token, with what the server says about it (RFC 6749 §5.1).

use chrono::{DateTime, TimeDelta, Utc};
use secrecy::{ExposeSecret as _, SecretString};

/// An access token that was just issued.
#[derive(Debug, Clone)]
pub struct AccessToken {
    token: SecretString,
    answer: SecretString,
    /// How the token is used; always `Bearer` here.
    pub token_type: String,
    /// For how many seconds it is good, counted from `received_at`; `None` when the server does not say.
    pub expires_in_seconds: Option<u64>,
    /// The scopes it covers, parted by spaces; `None` when they are those asked for.
    pub scope: Option<String>,
    /// When it was received.
    pub received_at: DateTime<Utc>,
}

impl AccessToken {
    /// Takes a token whose characters have been checked, and the answer it came in.
    #[must_use]
    pub(super) fn new(
        token: SecretString,
        answer: SecretString,
        token_type: String,
        received_at: DateTime<Utc>,
    ) -> Self {
        Self { token, answer, token_type, expires_in_seconds: None, scope: None, received_at }
    }

    /// The whole answer as the server wrote it: JSON with the token in it.
    #[must_use]
    pub fn expose_answer(&self) -> &str {
        self.answer.expose_secret()
    }

    /// The token itself.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.token.expose_secret()
    }

    /// When it ends, if the server says so.
    #[must_use]
    pub fn expires_at(&self) -> Option<DateTime<Utc>> {
        let lifetime = TimeDelta::try_seconds(i64::try_from(self.expires_in_seconds?).ok()?)?;
        self.received_at.checked_add_signed(lifetime)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn does_not_show_in_debug_output() {
        let token = AccessToken::new("hemmelig".into(), "{hemmelig}".into(), "Bearer".to_owned(), DateTime::UNIX_EPOCH);
        assert!(!format!("{token:?}").contains("hemmelig"));
    }

    #[test]
    fn an_absurd_lifetime_has_no_end_instead_of_a_panic() {
        let mut token = AccessToken::new("t".into(), "{}".into(), "Bearer".to_owned(), DateTime::UNIX_EPOCH);
        token.expires_in_seconds = Some(u64::MAX);
        assert_eq!(token.expires_at(), None);
        token.expires_in_seconds = Some(119);
        assert_eq!(token.expires_at().map(|at| at.timestamp()), Some(119));
    }
}
