//! How much of its life a stored token must have left to count.

use chrono::{DateTime, TimeDelta, Utc};

use crate::client::AccessToken;

/// How far clocks of machines that share a cache may differ.
const CLOCK_SLACK: TimeDelta = TimeDelta::seconds(5);

/// How much of its life a stored token must have left.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum MinimumLifetime {
    /// 30 seconds, or a quarter of the token's lifetime when that is shorter.
    #[default]
    Usual,
    /// As many seconds as the user asks for.
    Seconds(u64),
}

impl MinimumLifetime {
    /// What is left of a long token: time enough for the call that it is meant for.
    pub const USUAL: TimeDelta = TimeDelta::seconds(30);

    /// Whether so much is left of a token. Of one that does not say when it ends, nothing is.
    #[must_use]
    pub fn is_met_by(self, token: &AccessToken, now: DateTime<Utc>) -> bool {
        let Some(left) = time_left(token, now) else { return false };
        match self {
            Self::Usual => token.expires_at().is_some_and(|end| left >= Self::USUAL.min((end - token.received_at) / 4)),
            Self::Seconds(seconds) => {
                i64::try_from(seconds).ok().and_then(TimeDelta::try_seconds).is_some_and(|wanted| left >= wanted)
            }
        }
    }
}

/// How long a token is still good; `None` when it is not, when its end is not known, or when it was received in the
/// future: then the clock went backwards, and how old it is cannot be told.
pub(super) fn time_left(token: &AccessToken, now: DateTime<Utc>) -> Option<TimeDelta> {
    let left = token.expires_at()?.signed_duration_since(now);
    let ahead = token.received_at.signed_duration_since(now);
    (left > TimeDelta::zero() && ahead <= CLOCK_SLACK).then_some(left)
}
