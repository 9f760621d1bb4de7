//! Exchanges an assertion for an access token, or reports why the server refused it.
//!
//! The request is RFC 7523 §2.1, a success RFC 6749 §5.1, a refusal §5.2 with Maskinporten's additions
//! (<https://docs.digdir.no/docs/Maskinporten/maskinporten_protocol_token>). A retry sends a new assertion, because
//! Maskinporten rejects a reused one (MP-012); so [`TokenClient::fetch`] takes a function that signs one.

mod access_token;
mod actor;
mod api;
mod catalogue;
mod error;
mod key_sets;
mod metadata;
mod provider;
mod refusal;
mod refusal_facts;
mod refusal_text;
mod request;
mod token_response;

use std::{
    sync::atomic::{AtomicUsize, Ordering},
    time::{Duration, Instant},
};

use backon::{ExponentialBuilder, Retryable as _};

pub(crate) use self::api::ApiClient;
pub use self::{
    access_token::{AccessToken, MinimumLifetime},
    actor::Actor,
    catalogue::{CodeGroup, Explanation},
    error::{ClientError, UnexpectedResponse},
    key_sets::{discovered_keys, fetch_key_set, published_keys},
    metadata::{MetadataSearch, ServerMetadata, discover, is_endpoint_of, is_maskinporten},
    provider::OpenIdProvider,
    refusal::{REFUSALS, Refusal, THAT_MEANS},
    refusal_facts::RefusalFacts,
    refusal_text::{MAXIMUM_BYTES as MAXIMUM_PASTED_BYTES, RefusalText},
    request::TokenRequest,
};
use crate::{
    clock::Clock,
    grant::{Assertion, GrantError},
    http::{Endpoint, HttpClient, HttpOptions},
};

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

/// Requests access tokens from one token endpoint.
#[derive(Debug, Clone)]
pub struct TokenClient {
    http: HttpClient,
    retry_policy: RetryPolicy,
}

impl TokenClient {
    /// Prepares requests to a token endpoint; nothing is sent.
    ///
    /// # Errors
    /// [`ClientError::Http`] when the file with certificate authorities cannot be used.
    pub fn new(endpoint: Endpoint, options: &HttpOptions, retry_policy: RetryPolicy) -> Result<Self, ClientError> {
        Ok(Self { http: HttpClient::new(endpoint, options)?, retry_policy })
    }

    /// Returns the token endpoint.
    #[must_use]
    pub fn endpoint(&self) -> &Endpoint {
        self.http.endpoint()
    }

    /// Starts to connect for the first request, as [`HttpClient::connect_early`] does.
    ///
    /// # Panics
    /// Outside of a tokio runtime.
    pub fn connect_early(&self) {
        self.http.connect_early();
    }

    /// Exchanges an assertion for an access token; `sign` makes a new one for each attempt.
    ///
    /// Network errors, 429 and 5xx are retried with growing delays, or after the delay that the server asks for;
    /// `notify` is called before each retry. A refusal is final.
    ///
    /// # Errors
    /// [`ClientError`], that of the last attempt.
    pub async fn fetch<Signed>(
        &self,
        sign: impl Fn() -> Signed,
        clock: &dyn Clock,
        notify: impl FnMut(&ClientError, Duration),
    ) -> Result<AccessToken, ClientError>
    where
        Signed: Future<Output = Result<Assertion, GrantError>>,
    {
        let attempt = async |deadline| {
            let assertion = sign().await?;
            let request = TokenRequest::new(self.http.endpoint().clone(), &assertion);
            let answer = self.http.post_form(request.form(), request.authorization(), &[], deadline).await?;
            let parsed = token_response::parse(&answer, self.http.endpoint(), clock.now());
            parsed.map_err(|error| error.about_grant(&assertion, &answer))
        };
        self.retry_policy.run(attempt, notify).await
    }
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
