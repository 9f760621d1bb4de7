//! A token in memory, with the octets that callers are answered with.

use std::time::Duration;

use bytes::Bytes;
use chrono::{DateTime, TimeDelta, Utc};
use zeroize::Zeroizing;

use crate::{client::AccessToken, client::MinimumLifetime};

/// How much of its life a token has left when it is renewed, beside the margin: a tenth, if there is so much.
const LEAD: i32 = 10;

/// A token in memory. Its octets are erased when the last answer with them has been sent.
pub(in crate::server) struct Held {
    pub(in crate::server) token: AccessToken,
    /// The token endpoint's answer as it came.
    pub(in crate::server) body: Bytes,
}

impl Held {
    pub(super) fn of(token: AccessToken) -> Self {
        let answer = Zeroizing::new(token.expose_answer().as_bytes().to_vec());
        Self { token, body: Bytes::from_owner(answer) }
    }

    /// Whether callers who take a remembered token with so much left may have it.
    pub(super) fn is_good(&self, now: DateTime<Utc>, minimum: MinimumLifetime) -> bool {
        minimum.is_met_by(&self.token, now)
    }

    /// Whether it has not expired.
    pub(super) fn is_alive(&self, now: DateTime<Utc>) -> bool {
        self.token.expires_at().is_some_and(|end| end > now)
    }

    /// For how many seconds it is still good.
    pub(in crate::server) fn seconds_left(&self, now: DateTime<Utc>) -> i64 {
        self.token.expires_at().map_or(0, |end| (end - now).num_seconds())
    }

    /// How old it is (`Age`, RFC 9111 §5.1).
    pub(in crate::server) fn age(&self, now: DateTime<Utc>) -> u64 {
        u64::try_from((now - self.token.received_at).num_seconds()).unwrap_or_default()
    }

    /// When to fetch its successor: so long before callers would have to wait for one; `None` when it is never served
    /// from memory.
    pub(super) fn renewal_in(&self, now: DateTime<Utc>, minimum: MinimumLifetime) -> Option<Duration> {
        if !self.is_good(now, minimum) {
            return None;
        }
        let end = self.token.expires_at()?;
        let lifetime = end - self.token.received_at;
        let margin = match minimum {
            MinimumLifetime::Usual => MinimumLifetime::USUAL.min(lifetime / 4),
            MinimumLifetime::Seconds(seconds) => TimeDelta::try_seconds(i64::try_from(seconds).ok()?)?,
        };
        // Where the margin takes nearly all of its life, half of what is left of that: a new one is never due at once.
        let lead = (lifetime / LEAD).min((lifetime - margin) / 2);
        (end - margin - lead - now).to_std().ok().or(Some(Duration::ZERO))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn held(lifetime: u64) -> Held {
        let answer = format!(r#"{{"access_token":"t","token_type":"Bearer","expires_in":{lifetime}}}"#);
        Held::of(AccessToken::restore(&answer, DateTime::UNIX_EPOCH).unwrap())
    }

    #[test]
    fn is_renewed_a_tenth_of_its_life_before_the_margin() {
        let at = |seconds| DateTime::UNIX_EPOCH + TimeDelta::seconds(seconds);
        for (lifetime, minimum, now, wanted) in [
            (600, MinimumLifetime::Usual, 0, Some(600 - 30 - 60)),
            (600, MinimumLifetime::Usual, 100, Some(600 - 30 - 60 - 100)),
            (600, MinimumLifetime::Usual, 569, Some(0)),
            (600, MinimumLifetime::Usual, 571, None),
            (40, MinimumLifetime::Usual, 0, Some(40 - 10 - 4)),
            (600, MinimumLifetime::Seconds(300), 0, Some(600 - 300 - 60)),
            (600, MinimumLifetime::Seconds(540), 0, Some(30)),
            (600, MinimumLifetime::Seconds(590), 0, Some(5)),
            (600, MinimumLifetime::Seconds(598), 0, Some(1)),
            (600, MinimumLifetime::Seconds(601), 0, None),
        ] {
            let renewal = held(lifetime).renewal_in(at(now), minimum);
            assert_eq!(renewal, wanted.map(Duration::from_secs), "{lifetime} {minimum:?} {now}");
        }
    }
}
