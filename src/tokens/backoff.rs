//! The pause between requests after a failure, so that callers do not flood a server that is down.

use std::time::{Duration, Instant};

use super::TokenError;

const FIRST: Duration = Duration::from_secs(1);
const LONGEST: Duration = Duration::from_secs(30);
/// The longest delay that is accepted from `Retry-After`.
const LONGEST_REQUESTED: Duration = Duration::from_mins(5);

/// The time without requests after a failure; it doubles with each further failure in a row.
#[derive(Debug, Clone)]
pub(super) struct Backoff {
    pub(super) error: TokenError,
    pub(super) began: Instant,
    until: Instant,
    own: Duration,
}

impl Backoff {
    /// Returns the backoff after this failure of a request that was sent at `sent`.
    pub(super) fn after(error: TokenError, previous: Option<&Self>, sent: Instant, now: Instant) -> Self {
        let own = match previous {
            // It was sent before the other one failed, so both have the same cause.
            Some(previous) if sent < previous.began => previous.own,
            Some(previous) if sent <= previous.until + LONGEST => (previous.own * 2).min(LONGEST),
            // A failure long after the last one starts a new row.
            _ => FIRST,
        };
        let requested = error.retry_after().unwrap_or_default().min(LONGEST_REQUESTED);
        let next = Self { error, began: now, until: now + own.max(requested), own };
        match previous {
            Some(previous) if previous.until > next.until => previous.clone(),
            _ => next,
        }
    }

    /// Returns the remaining time; `None` when it is over.
    pub(super) fn remaining(&self, now: Instant) -> Option<Duration> {
        self.until.checked_duration_since(now).filter(|left| !left.is_zero())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{client::ClientError, http::Endpoint};

    fn failure(retry_after: Option<u64>) -> TokenError {
        let endpoint = Endpoint::parse("https://test.maskinporten.no/token").unwrap();
        let retry_after = retry_after.map(Duration::from_secs);
        ClientError::Unavailable { endpoint, status: 503, retry_after, excerpt: String::new(), attempts: 1 }.into()
    }

    #[test]
    fn doubles_up_to_half_a_minute_and_is_as_long_as_the_server_asks_for_up_to_five_minutes() {
        let now = Instant::now();
        let mut backoff = Backoff::after(failure(None), None, now, now);
        let mut lengths = vec![backoff.remaining(now).unwrap().as_secs()];
        for _ in 0..6 {
            backoff = Backoff::after(failure(None), Some(&backoff), now, now);
            lengths.push(backoff.remaining(now).unwrap().as_secs());
        }

        assert_eq!(lengths, [1, 2, 4, 8, 16, 30, 30]);
        assert_eq!(backoff.remaining(now + Duration::from_secs(30)), None);
        for (requested, expected) in [(7, 7), (100_000, 300)] {
            let backoff = Backoff::after(failure(Some(requested)), None, now, now);
            assert_eq!(backoff.remaining(now), Some(Duration::from_secs(expected)));
        }
    }

    #[test]
    fn starts_again_at_one_second_when_the_last_one_is_long_over() {
        let now = Instant::now();
        let at = |seconds| now + Duration::from_secs(seconds);
        let first = Backoff::after(failure(None), None, now, now);
        // However long the request itself took.
        for (sent, expected) in [(1, 2), (31, 2), (32, 1), (10_000, 1)] {
            let next = Backoff::after(failure(None), Some(&first), at(sent), at(sent + 60));
            assert_eq!(next.remaining(at(sent + 60)), Some(Duration::from_secs(expected)), "{sent}");
        }
    }

    #[test]
    fn requests_that_fail_together_cause_one_backoff_and_the_longest_counts() {
        let now = Instant::now();
        let at = |seconds| now + Duration::from_secs(seconds);
        let first = Backoff::after(failure(None), None, now, at(10));

        let second = Backoff::after(failure(None), Some(&first), now, at(10));
        let requested = Backoff::after(failure(Some(40)), Some(&second), now, at(10));
        let last = Backoff::after(failure(None), Some(&requested), now, at(11));

        assert_eq!(second.remaining(at(10)), Some(Duration::from_secs(1)));
        assert_eq!(last.remaining(at(11)), Some(Duration::from_secs(39)));
        assert!(last.error.retry_after().is_some());
    }
}
