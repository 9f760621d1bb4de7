//! Renews tokens that are in use before callers would have to wait for a new one.

use std::{
    sync::{Arc, Weak},
    time::Duration,
};

use chrono::{DateTime, TimeDelta, Utc};
use tokio::task::AbortHandle;

use super::{
    Freshness, TokenError, TokenEvent, TokenOrigin,
    entry::{EntryState, TokenEntry},
};
use crate::client::{AccessToken, MinimumLifetime};

/// The shortest time between two renewals of a token.
const SHORTEST_INTERVAL: Duration = Duration::from_secs(1);

/// A token is renewed a tenth of its lifetime before its margin begins.
const LEAD: i32 = 10;

impl TokenEntry {
    /// Records that the token was returned from memory, and starts its renewal if there is none for this margin.
    pub(super) fn keep_renewed(self: &Arc<Self>, state: &mut EntryState, minimum: MinimumLifetime) {
        state.used = true;
        let is_current =
            |(renewal, margin): &(AbortHandle, MinimumLifetime)| !renewal.is_finished() && *margin == minimum;
        if !state.renewal.as_ref().is_some_and(is_current) {
            let renewal = tokio::spawn(renew(Arc::downgrade(self), minimum)).abort_handle();
            if let Some((outdated, _)) = state.renewal.replace((renewal, minimum)) {
                outdated.abort();
            }
        }
    }

    /// Returns the time until the renewal is due; `None` when the token is not in use or has expired.
    fn next_renewal(&self, minimum: MinimumLifetime) -> Option<Duration> {
        let now = self.shared.exchange().clock.now();
        let mut state = self.lock();
        let token = state.token.as_ref().filter(|token| token.expires_at().is_some_and(|end| end > now));
        let delay = token.map(|token| renewal_delay(token, now, minimum).unwrap_or_default());
        let delay = delay.filter(|delay| state.used || !delay.is_zero());
        if delay.is_none() {
            state.renewal = None;
        }
        delay
    }

    /// Returns the time until the token expires, at least the shortest one between renewals.
    fn time_left(&self) -> Option<Duration> {
        let now = self.shared.exchange().clock.now();
        let end = self.lock().token.as_ref()?.expires_at()?;
        Some((end - now).to_std().unwrap_or_default().max(SHORTEST_INTERVAL))
    }
}

/// Renews the token as long as each one is returned from memory at least once; after a failure it tries again until
/// the token expires. It does not keep the entry alive while it waits.
async fn renew(entry: Weak<TokenEntry>, minimum: MinimumLifetime) {
    while let Some(pause) = renew_once(&entry, minimum).await {
        tokio::time::sleep(pause).await;
    }
}

/// Renews the token if that is due; returns how long to wait before the next call.
async fn renew_once(entry: &Weak<TokenEntry>, minimum: MinimumLifetime) -> Option<Duration> {
    let entry = entry.upgrade()?;
    let delay = entry.next_renewal(minimum)?;
    if !delay.is_zero() {
        return Some(delay);
    }
    let result = entry.obtain(Freshness::Fresh).await;
    let error = result.as_ref().err();
    let is_last = matches!(&result, Ok(obtained) if obtained.origin == TokenOrigin::LastResort);
    if !is_last && !matches!(error, Some(TokenError::Paused { .. })) {
        entry.shared.notify(&TokenEvent::Renewed { scopes: &entry.requested_scopes(), error });
    }
    if is_last || matches!(error, Some(TokenError::LoginRequired(_))) {
        // There is no newer token until the person logs in again.
        return entry.time_left();
    }
    let backoff = error.and_then(|_| entry.backoff(&entry.lock())).map(|(_, remaining)| remaining);
    // Also after a success, whatever the new token's lifetime and margin: renewals must not follow without a pause.
    Some(backoff.unwrap_or_default().max(SHORTEST_INTERVAL))
}

/// Returns when to request the next token; `None` when this one has too little of its lifetime left to be returned.
fn renewal_delay(token: &AccessToken, now: DateTime<Utc>, minimum: MinimumLifetime) -> Option<Duration> {
    if !minimum.is_met_by(token, now) {
        return None;
    }
    let end = token.expires_at()?;
    let lifetime = end - token.received_at;
    let margin = match minimum {
        MinimumLifetime::Usual => MinimumLifetime::USUAL.min(lifetime / 4),
        MinimumLifetime::Seconds(seconds) => TimeDelta::try_seconds(i64::try_from(seconds).ok()?)?,
    };
    // Where the margin is nearly the whole lifetime, half of the rest, so that a new token is not due at once.
    let lead = (lifetime / LEAD).min((lifetime - margin) / 2);
    (end - margin - lead - now).to_std().ok().or(Some(Duration::ZERO))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token(lifetime: u64) -> AccessToken {
        let answer = format!(r#"{{"access_token":"t","token_type":"Bearer","expires_in":{lifetime}}}"#);
        AccessToken::restore(&answer, DateTime::UNIX_EPOCH).unwrap()
    }

    #[test]
    fn a_token_is_renewed_a_tenth_of_its_lifetime_before_the_margin() {
        let at = |seconds| DateTime::UNIX_EPOCH + TimeDelta::seconds(seconds);
        for (lifetime, minimum, now, expected) in [
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
            let delay = renewal_delay(&token(lifetime), at(now), minimum);
            assert_eq!(delay, expected.map(Duration::from_secs), "{lifetime} {minimum:?} {now}");
        }
    }
}
