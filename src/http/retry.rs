//! Repeats what may succeed a moment later, with growing delays and within a time limit.

use std::{
    sync::atomic::{AtomicUsize, Ordering},
    time::{Duration, Instant},
};

use backon::{ExponentialBuilder, Retryable as _};

/// The delay before the second attempt; each further one is twice as long, plus as much again of jitter.
const FIRST_DELAY: Duration = Duration::from_millis(200);
const LONGEST_DELAY: Duration = Duration::from_secs(10);

/// How often and for how long a request is attempted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RetryPolicy {
    /// The time limit of the whole exchange, retries included.
    pub timeout: Duration,
    /// The number of attempts after the first.
    pub retries: usize,
}

impl Default for RetryPolicy {
    /// Returns 30 seconds and two retries.
    fn default() -> Self {
        Self { timeout: Duration::from_secs(30), retries: 2 }
    }
}

/// An error of a request, some of which pass by themselves.
pub trait Transient {
    /// Whether the same request, made again, may succeed a moment later.
    fn is_passing(&self) -> bool;

    /// Returns the delay that the server asks for.
    fn retry_after(&self) -> Option<Duration>;

    /// Returns the error with the number of attempts, if that is a part of it.
    #[must_use]
    fn after_attempts(self, attempts: usize) -> Self;
}

impl RetryPolicy {
    /// Runs `attempt` until it succeeds, fails for good, or this policy is exhausted; `notify` is called before each
    /// retry. Each attempt gets the deadline.
    pub(crate) async fn run<T, E: Transient, Attempt: Future<Output = Result<T, E>>>(
        self,
        attempt: impl Fn(Instant) -> Attempt,
        notify: impl FnMut(&E, Duration),
    ) -> Result<T, E> {
        let deadline = Instant::now() + self.timeout;
        let delays = ExponentialBuilder::default()
            .with_min_delay(FIRST_DELAY)
            .with_max_delay(LONGEST_DELAY)
            .with_max_times(self.retries)
            .with_jitter();
        let attempts = AtomicUsize::new(0);
        let counted = || {
            attempts.fetch_add(1, Ordering::Relaxed);
            attempt(deadline)
        };
        let outcome = counted
            .retry(delays)
            .when(|error| error.is_passing() && Instant::now() < deadline)
            .adjust(|error, delay| retry_delay(error, delay?, deadline))
            .notify(notify)
            .await;
        outcome.map_err(|error| error.after_attempts(attempts.load(Ordering::Relaxed)))
    }
}

/// Returns the longer of the server's delay and ours; `None` when it would end after the deadline.
fn retry_delay(error: &impl Transient, ours: Duration, deadline: Instant) -> Option<Duration> {
    let delay = error.retry_after().map_or(ours, |theirs| theirs.max(ours));
    (delay < deadline.saturating_duration_since(Instant::now())).then_some(delay)
}
