//! The access token and its metadata in the token response (RFC 6749 §5.1).

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use secrecy::{ExposeSecret as _, SecretString};
use serde::Serialize;

/// How much the clocks of machines that share a cache may differ.
const CLOCK_SKEW: TimeDelta = TimeDelta::seconds(5);

/// The longest lifetime that is counted with, a year: a longer one is a mistake, and its end may be no date.
const LONGEST_LIFETIME_SECONDS: u64 = 365 * 24 * 60 * 60;

/// An access token, with the response that it came in. Cloning it does not copy the token.
#[derive(Debug, Clone)]
pub struct AccessToken {
    pub(super) secrets: Arc<Secrets>,
    /// How the token is used: `Bearer`, or `DPoP` if it is bound to a key (RFC 9449).
    pub token_type: String,
    /// The lifetime in seconds, counted from `received_at`; `None` when the response has none.
    pub expires_in_seconds: Option<u64>,
    /// The granted scopes, separated by spaces; `None` when they are those of the request.
    pub scope: Option<String>,
    /// When it was received.
    pub received_at: DateTime<Utc>,
}

/// The texts that are erased with the last clone of a token.
#[derive(Debug)]
pub(super) struct Secrets {
    pub(super) token: SecretString,
    pub(super) response: SecretString,
}

/// The members of a token response, under their wire names.
#[derive(Serialize)]
pub(crate) struct TokenMembers<'token> {
    access_token: &'token str,
    token_type: &'token str,
    #[serde(skip_serializing_if = "Option::is_none")]
    expires_in: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    scope: Option<&'token str>,
}

/// The remaining lifetime that a cached token must have to be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum MinimumLifetime {
    /// 30 seconds, or a quarter of the token's lifetime when that is shorter.
    #[default]
    Usual,
    /// This number of seconds.
    Seconds(u64),
}

impl AccessToken {
    /// Returns the same token with its lifetime counted from `now`.
    #[must_use]
    pub fn as_of(self, now: DateTime<Utc>) -> Self {
        let left = self.expires_at().map(|end| (end - now).num_seconds().try_into().unwrap_or_default());
        Self { expires_in_seconds: left.or(self.expires_in_seconds), received_at: now, ..self }
    }

    /// Returns the whole response as the server wrote it: JSON with the token in it. Only deceptive characters are
    /// [escaped](crate::json::escaped), which means the same.
    #[must_use]
    pub fn expose_answer(&self) -> &str {
        self.secrets.response.expose_secret()
    }

    /// Returns the token itself.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.secrets.token.expose_secret()
    }

    /// Returns the members of its response.
    pub(crate) fn members(&self) -> TokenMembers<'_> {
        TokenMembers {
            access_token: self.expose(),
            token_type: &self.token_type,
            expires_in: self.expires_in_seconds,
            scope: self.scope.as_deref(),
        }
    }

    /// Returns when it expires, within a year; `None` when the response has no lifetime.
    #[must_use]
    pub fn expires_at(&self) -> Option<DateTime<Utc>> {
        let seconds = self.expires_in_seconds?.min(LONGEST_LIFETIME_SECONDS);
        let lifetime = TimeDelta::try_seconds(i64::try_from(seconds).ok()?)?;
        self.received_at.checked_add_signed(lifetime)
    }

    /// Returns the remaining lifetime. `None` when the token has expired, when its expiry is unknown, and when it was
    /// received in the future: the clock was set back, so its age is unknown.
    #[must_use]
    pub fn remaining_lifetime(&self, now: DateTime<Utc>) -> Option<TimeDelta> {
        let left = self.expires_at()?.signed_duration_since(now);
        let ahead = self.received_at.signed_duration_since(now);
        (left > TimeDelta::zero() && ahead <= CLOCK_SKEW).then_some(left)
    }
}

impl MinimumLifetime {
    /// The usual margin of a token with a long lifetime: time enough for one call to an API.
    pub const USUAL: TimeDelta = TimeDelta::seconds(30);

    /// Whether the token has this remaining lifetime. A token of unknown expiry has none.
    #[must_use]
    pub fn is_met_by(self, token: &AccessToken, now: DateTime<Utc>) -> bool {
        let Some(left) = token.remaining_lifetime(now) else { return false };
        match self {
            Self::Usual => token.expires_at().is_some_and(|end| left >= Self::USUAL.min((end - token.received_at) / 4)),
            Self::Seconds(seconds) => {
                i64::try_from(seconds).ok().and_then(TimeDelta::try_seconds).is_some_and(|minimum| left >= minimum)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn does_not_show_in_debug_output() {
        let answer = r#"{"access_token":"hemmelig","token_type":"Bearer"}"#;
        let token = AccessToken::restore(answer, DateTime::UNIX_EPOCH).unwrap();
        assert!(!format!("{token:?}").contains("hemmelig"));
    }

    #[test]
    fn is_restored_from_its_response_unchanged() {
        let answer = r#" {"access_token":"hemmelig","token_type":"bearer","expires_in":"119","scope":"a:b","new":[1]}"#;

        let token = AccessToken::restore(answer, DateTime::UNIX_EPOCH).unwrap();
        let again = AccessToken::restore(token.expose_answer(), token.received_at).unwrap();

        assert_eq!((again.expose(), again.expose_answer()), ("hemmelig", answer));
        assert_eq!((again.token_type.as_str(), again.scope.as_deref()), ("Bearer", Some("a:b")));
        assert_eq!((again.expires_in_seconds, again.received_at), (Some(119), DateTime::UNIX_EPOCH));
    }

    #[test]
    fn is_read_as_the_type_that_was_asked_for() {
        let read = |token_type: &str, wanted: &'static str| {
            let answer = format!(r#"{{"access_token":"t","token_type":"{token_type}"}}"#);
            AccessToken::read(answer.as_bytes(), wanted, DateTime::UNIX_EPOCH).map(|token| token.token_type)
        };
        assert_eq!(read("dpop", "DPoP").unwrap(), "DPoP");
        assert_eq!(read("Bearer", "DPoP").unwrap_err(), "its `token_type` is not DPoP");
        assert_eq!(read("DPoP", "Bearer").unwrap_err(), "its `token_type` is not Bearer");
    }

    #[test]
    fn is_read_from_the_response_to_a_login_without_the_other_members() {
        let answer =
            br#"{"id_token":"i","access_token":"t","token_type":"bearer","refresh_token":"r","expires_in":"9"}"#;

        let token = AccessToken::read(answer, "Bearer", DateTime::UNIX_EPOCH).unwrap();

        let alone = r#"{"access_token":"t","token_type":"Bearer","expires_in":9}"#;
        assert_eq!((token.expose(), token.expose_answer()), ("t", alone));
    }

    #[test]
    fn is_not_restored_from_a_response_that_a_server_may_not_send() {
        let answer = "{\"access_token\":\"a\\r\\nX-Evil: 1\",\"token_type\":\"Bearer\"}";
        let problem = AccessToken::restore(answer, DateTime::UNIX_EPOCH).unwrap_err();
        assert_eq!(problem, "its `access_token` is empty or has characters that a token cannot have");
    }

    #[test]
    fn counted_from_a_later_time_it_has_a_shorter_lifetime_and_the_same_expiry() {
        let answer = r#"{"access_token":"t","token_type":"Bearer","expires_in":119}"#;
        let token = AccessToken::restore(answer, DateTime::UNIX_EPOCH).unwrap();

        let later = token.clone().as_of(DateTime::UNIX_EPOCH + TimeDelta::seconds(19));

        assert_eq!((later.expires_in_seconds, later.expires_at()), (Some(100), token.expires_at()));
        assert_eq!(later.as_of(DateTime::UNIX_EPOCH + TimeDelta::seconds(500)).expires_in_seconds, Some(0));
    }

    #[test]
    fn an_absurd_lifetime_counts_as_a_year() {
        let answer = r#"{"access_token":"t","token_type":"Bearer","expires_in":18446744073709551615}"#;
        let mut token = AccessToken::restore(answer, DateTime::UNIX_EPOCH).unwrap();
        assert_eq!(token.expires_at().map(|at| at.timestamp()), Some(365 * 24 * 60 * 60));
        token.expires_in_seconds = Some(119);
        assert_eq!(token.expires_at().map(|at| at.timestamp()), Some(119));
    }
}
