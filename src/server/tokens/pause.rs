//! How long the token endpoint is left alone after a failure, so that callers in a hurry make no storm.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use crate::server::ApiError;

const FIRST: Duration = Duration::from_secs(1);
const LONGEST: Duration = Duration::from_secs(30);
/// No server makes us wait for longer.
const LONGEST_ASKED_FOR: Duration = Duration::from_mins(5);

/// A pause after a failure; each further failure in a row makes it twice as long.
#[derive(Debug, Clone)]
pub(super) struct Pause {
    pub(super) failed: Arc<ApiError>,
    pub(super) began: Instant,
    until: Instant,
    own: Duration,
}

impl Pause {
    /// The pause that follows this failure of a request that set out at `departed`.
    pub(super) fn after(failed: Arc<ApiError>, previous: Option<&Self>, departed: Instant, now: Instant) -> Self {
        let own = match previous {
            // It was under way already when the other failed: one fault, told twice.
            Some(previous) if departed < previous.began => previous.own,
            Some(previous) if departed <= previous.until + LONGEST => (previous.own * 2).min(LONGEST),
            // A failure long after the last one is no further one in a row.
            _ => FIRST,
        };
        let asked = failed.retry_after.unwrap_or_default().min(LONGEST_ASKED_FOR);
        let next = Self { failed, began: now, until: now + own.max(asked), own };
        match previous {
            Some(previous) if previous.until > next.until => previous.clone(),
            _ => next,
        }
    }

    /// What is left of it; `None` when it is over.
    pub(super) fn left(&self, now: Instant) -> Option<Duration> {
        self.until.checked_duration_since(now).filter(|left| !left.is_zero())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failed(retry_after: Option<u64>) -> Arc<ApiError> {
        Arc::new(ApiError { retry_after: retry_after.map(Duration::from_secs), ..ApiError::new(502, "x", "") })
    }

    #[test]
    fn doubles_up_to_half_a_minute_and_is_as_long_as_the_server_asks_for_up_to_five() {
        let now = Instant::now();
        let mut pause = Pause::after(failed(None), None, now, now);
        let mut lengths = vec![pause.left(now).unwrap().as_secs()];
        for _ in 0..6 {
            pause = Pause::after(failed(None), Some(&pause), now, now);
            lengths.push(pause.left(now).unwrap().as_secs());
        }

        assert_eq!(lengths, [1, 2, 4, 8, 16, 30, 30]);
        assert_eq!(pause.left(now + Duration::from_secs(30)), None);
        for (asked, wanted) in [(7, 7), (100_000, 300)] {
            let pause = Pause::after(failed(Some(asked)), None, now, now);
            assert_eq!(pause.left(now), Some(Duration::from_secs(wanted)));
        }
    }

    #[test]
    fn begins_anew_when_the_last_one_is_long_over() {
        let now = Instant::now();
        let at = |seconds| now + Duration::from_secs(seconds);
        let first = Pause::after(failed(None), None, now, now);
        // However long the request itself took.
        for (departed, wanted) in [(1, 2), (31, 2), (32, 1), (10_000, 1)] {
            let next = Pause::after(failed(None), Some(&first), at(departed), at(departed + 60));
            assert_eq!(next.left(at(departed + 60)), Some(Duration::from_secs(wanted)), "{departed}");
        }
    }

    #[test]
    fn requests_that_fail_together_make_one_pause_and_the_longest_counts() {
        let now = Instant::now();
        let at = |seconds| now + Duration::from_secs(seconds);
        let first = Pause::after(failed(None), None, now, at(10));

        let second = Pause::after(failed(None), Some(&first), now, at(10));
        let asked = Pause::after(failed(Some(40)), Some(&second), now, at(10));
        let last = Pause::after(failed(None), Some(&asked), now, at(11));

        assert_eq!(second.left(at(10)), Some(Duration::from_secs(1)));
        assert_eq!(last.left(at(11)), Some(Duration::from_secs(39)));
        assert!(last.failed.retry_after.is_some());
    }
}
