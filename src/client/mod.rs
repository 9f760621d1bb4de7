//! Swaps an assertion for an access token, or says why the server would not.
//!
//! The request is RFC 7523 §2.1, a success RFC 6749 §5.1, a refusal §5.2 with Maskinporten's additions
//! (<https://docs.digdir.no/docs/Maskinporten/maskinporten_protocol_token>). A request that is sent again carries a
//! new assertion, since Maskinporten takes none twice (MP-012); so this room is given the means to make one.

mod access_token;
mod answer;
mod catalogue;
mod discovery;
mod error;
mod key_set;
mod refusal;
mod refusal_text;
mod request;

use std::time::{Duration, Instant};

use backon::{ExponentialBuilder, Retryable as _};

pub use self::{
    access_token::AccessToken,
    catalogue::Explanation,
    discovery::{Metadata, discover, metadata_endpoint},
    error::{ClientError, UnexpectedResponse},
    key_set::{fetch_key_set, published_keys},
    refusal::{REFUSALS, Refusal, THAT_MEANS},
    refusal_text::{MAXIMUM_BYTES as MAXIMUM_PASTED_BYTES, RefusalText},
    request::TokenRequest,
};
use crate::{
    clock::Clock,
    grant::{Assertion, GrantError},
    http::{Endpoint, HttpClient, HttpOptions},
};

/// The first pause before a second attempt; each further one is twice as long, with as much again of jitter.
const FIRST_PAUSE: Duration = Duration::from_millis(200);
const LONGEST_PAUSE: Duration = Duration::from_secs(10);

/// How often and how long a token is asked for.
#[derive(Debug, Clone, Copy)]
pub struct RetryPolicy {
    /// How long the whole exchange may take, further attempts included.
    pub timeout: Duration,
    /// How many further attempts follow the first.
    pub retries: usize,
}

/// Asks one token endpoint for access tokens.
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

    /// Swaps an assertion for an access token; `sign` makes a new one for each attempt.
    ///
    /// Network errors, 429 and 5xx are tried again with growing pauses, or the pause that the server asks for;
    /// `again` is told of each. A refusal is final.
    ///
    /// # Errors
    /// [`ClientError`], that of the last attempt.
    pub async fn fetch(
        &self,
        sign: impl Fn() -> Result<Assertion, GrantError>,
        clock: &dyn Clock,
        again: impl FnMut(&ClientError, Duration),
    ) -> Result<AccessToken, ClientError> {
        self.fetch_signed_elsewhere(|| std::future::ready(sign()), clock, again).await
    }

    /// The same for assertions that are made on another thread, where signing keeps nobody waiting.
    ///
    /// # Errors
    /// As [`TokenClient::fetch`].
    pub async fn fetch_signed_elsewhere<Signed>(
        &self,
        sign: impl Fn() -> Signed,
        clock: &dyn Clock,
        again: impl FnMut(&ClientError, Duration),
    ) -> Result<AccessToken, ClientError>
    where
        Signed: Future<Output = Result<Assertion, GrantError>>,
    {
        let deadline = Instant::now() + self.retry_policy.timeout;
        let pauses = ExponentialBuilder::default()
            .with_min_delay(FIRST_PAUSE)
            .with_max_delay(LONGEST_PAUSE)
            .with_max_times(self.retry_policy.retries)
            .with_jitter();
        (|| self.attempt(&sign, clock, deadline))
            .retry(pauses)
            .when(|error| error.is_passing() && Instant::now() < deadline)
            .adjust(|error, pause| pause_before_retry(error, pause?, deadline))
            .notify(again)
            .await
    }

    async fn attempt<Signed>(
        &self,
        sign: &impl Fn() -> Signed,
        clock: &dyn Clock,
        deadline: Instant,
    ) -> Result<AccessToken, ClientError>
    where
        Signed: Future<Output = Result<Assertion, GrantError>>,
    {
        let request = TokenRequest::new(self.http.endpoint().clone(), &sign().await?);
        let answer = self.http.post_form(request.form(), deadline).await?;
        answer::read(&answer, self.http.endpoint(), clock.now())
    }
}

/// The pause the server asks for, else ours; `None` when it would end after the time that is left.
fn pause_before_retry(error: &ClientError, ours: Duration, deadline: Instant) -> Option<Duration> {
    let pause = error.retry_after().map_or(ours, |asked| asked.max(ours));
    (pause < deadline.saturating_duration_since(Instant::now())).then_some(pause)
}
