//! Sends requests to the APIs below one base URL.

use std::time::{Duration, Instant};

use super::{RetryPolicy, Transient};
use crate::http::{ApiRequest, Endpoint, HttpClient, HttpError, HttpOptions, Response};

/// Sends requests to the APIs below one base URL, over connections that are kept.
#[derive(Debug, Clone)]
pub(crate) struct ApiClient {
    http: HttpClient,
    retry_policy: RetryPolicy,
}

impl ApiClient {
    /// Prepares requests; nothing is sent.
    pub(crate) fn new(base: Endpoint, options: &HttpOptions, retry_policy: RetryPolicy) -> Result<Self, HttpError> {
        Ok(Self { http: HttpClient::new(base, options)?, retry_policy })
    }

    /// Returns the base URL.
    #[cfg(feature = "cli")]
    pub(crate) fn base(&self) -> &Endpoint {
        self.http.endpoint()
    }

    /// Sends a request to an endpoint below the base URL, and returns a response whose status is 2xx.
    ///
    /// Network errors, 429 and 5xx are retried if the request `may_be_repeated`, as
    /// [`TokenClient::fetch`](super::TokenClient::fetch) does; `notify` is called before each retry. `refusal` makes the
    /// error of any other status.
    pub(crate) async fn send<E: Transient + From<HttpError>>(
        &self,
        endpoint: &Endpoint,
        request: &ApiRequest<'_>,
        may_be_repeated: bool,
        refusal: impl Fn(&Response) -> E,
        notify: impl FnMut(&E, Duration),
    ) -> Result<Response, E> {
        let http = self.http.for_endpoint(endpoint.clone());
        let attempt = async |deadline: Instant| {
            let response = http.send_request(request, deadline).await?;
            match response.status {
                200..=299 => Ok(response),
                _ => Err(refusal(&response)),
            }
        };
        let retries = if may_be_repeated { self.retry_policy.retries } else { 0 };
        RetryPolicy { retries, ..self.retry_policy }.run(attempt, notify).await
    }
}
