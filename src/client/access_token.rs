//! The access token, with what the server says about it (RFC 6749 §5.1).

use chrono::{DateTime, TimeDelta, Utc};
use secrecy::{ExposeSecret as _, SecretString};

use super::answer;

/// An access token, with the answer it came in.
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

    /// Takes up a token again from the answer it came in, as [`expose_answer`](Self::expose_answer) gives it. The
    /// answer is judged as a fresh one is.
    ///
    /// # Errors
    /// What is wrong with the answer, as the end of a sentence; nothing of the answer is in it.
    pub fn restore(answer: &str, received_at: DateTime<Utc>) -> Result<Self, &'static str> {
        answer::success(answer.as_bytes(), received_at)
    }

    /// The same token as it is at another moment: its lifetime is counted from then on.
    #[must_use]
    pub fn as_of(self, now: DateTime<Utc>) -> Self {
        let left = self.expires_at().map(|end| (end - now).num_seconds().try_into().unwrap_or_default());
        Self { expires_in_seconds: left.or(self.expires_in_seconds), received_at: now, ..self }
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
    fn is_restored_from_its_answer_as_it_was() {
        let answer = r#" {"access_token":"hemmelig","token_type":"bearer","expires_in":"119","scope":"a:b","new":[1]}"#;

        let token = AccessToken::restore(answer, DateTime::UNIX_EPOCH).unwrap();
        let again = AccessToken::restore(token.expose_answer(), token.received_at).unwrap();

        assert_eq!((again.expose(), again.expose_answer()), ("hemmelig", answer));
        assert_eq!((again.token_type.as_str(), again.scope.as_deref()), ("Bearer", Some("a:b")));
        assert_eq!((again.expires_in_seconds, again.received_at), (Some(119), DateTime::UNIX_EPOCH));
    }

    #[test]
    fn is_not_restored_from_what_would_be_refused_of_a_server() {
        let answer = "{\"access_token\":\"a\\r\\nX-Evil: 1\",\"token_type\":\"Bearer\"}";
        let problem = AccessToken::restore(answer, DateTime::UNIX_EPOCH).unwrap_err();
        assert_eq!(problem, "its `access_token` is empty or holds what no token holds");
    }

    #[test]
    fn at_another_moment_it_has_less_left_and_the_same_end() {
        let answer = r#"{"access_token":"t","token_type":"Bearer","expires_in":119}"#;
        let token = AccessToken::restore(answer, DateTime::UNIX_EPOCH).unwrap();

        let later = token.clone().as_of(DateTime::UNIX_EPOCH + TimeDelta::seconds(19));

        assert_eq!((later.expires_in_seconds, later.expires_at()), (Some(100), token.expires_at()));
        assert_eq!(later.as_of(DateTime::UNIX_EPOCH + TimeDelta::seconds(500)).expires_in_seconds, Some(0));
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
