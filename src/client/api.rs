//! Sends requests to the APIs below one base URL.

use std::time::{Duration, Instant};

use super::{ClientError, RetryPolicy, Transient};
use crate::{
    explain::Explain,
    http::{ApiRequest, Endpoint, HttpClient, HttpError, HttpOptions, Response},
};

/// Sends requests to the APIs below one base URL, over connections that are kept.
#[derive(Debug, Clone)]
pub(crate) struct ApiClient {
    http: HttpClient,
    retry_policy: RetryPolicy,
}

/// Why a service did not do what was asked; `Refusal` is what its refusals are.
#[derive(Debug, thiserror::Error)]
pub enum ServiceError<Refusal: Explain> {
    /// There was no response, or not one that such a server sends: the error is that of any request.
    #[error(transparent)]
    Client(#[from] ClientError),
    /// The service refused the request.
    #[error(transparent)]
    Refused(Box<Refusal>),
}

impl ApiClient {
    /// Prepares requests; nothing is sent.
    pub(crate) fn new(base: Endpoint, options: &HttpOptions, retry_policy: RetryPolicy) -> Result<Self, HttpError> {
        Ok(Self { http: HttpClient::new(base, options)?, retry_policy })
    }

    /// Returns the base URL.
    pub(crate) fn base(&self) -> &Endpoint {
        self.http.endpoint()
    }

    /// Sends a request to an endpoint below the base URL, and returns a response whose status is 2xx.
    ///
    /// Network errors, 429 and 5xx are retried if the request `may_be_repeated`, as
    /// [`TokenClient::fetch`](super::TokenClient::fetch) does; `notify` is called before each retry. `refusal` reads any other
    /// 4xx.
    pub(crate) async fn send<Refusal: Explain>(
        &self,
        endpoint: &Endpoint,
        request: &ApiRequest<'_>,
        may_be_repeated: bool,
        refusal: impl Fn(&Response) -> Refusal,
        notify: impl FnMut(&ServiceError<Refusal>, Duration),
    ) -> Result<Response, ServiceError<Refusal>> {
        let http = self.http.for_endpoint(endpoint.clone());
        let attempt = async |deadline: Instant| {
            let response = http.send_request(request, deadline).await?;
            match response.status {
                200..=299 => Ok(response),
                _ => Err(ServiceError::of_response(endpoint, &response, &refusal)),
            }
        };
        let retries = if may_be_repeated { self.retry_policy.retries } else { 0 };
        RetryPolicy { retries, ..self.retry_policy }.run(attempt, notify).await
    }
}

impl<Refusal: Explain> ServiceError<Refusal> {
    /// Returns the error of a response that is not a success; `refusal` reads a 4xx other than 429.
    pub(crate) fn of_response(
        endpoint: &Endpoint,
        response: &Response,
        refusal: impl FnOnce(&Response) -> Refusal,
    ) -> Self {
        match response.status {
            400..=428 | 430..=499 => Self::Refused(Box::new(refusal(response))),
            _ => ClientError::of_status(endpoint, response, "this API does not use this status").into(),
        }
    }
}

impl<Refusal: Explain> From<HttpError> for ServiceError<Refusal> {
    fn from(error: HttpError) -> Self {
        ClientError::from(error).into()
    }
}

impl<Refusal: Explain> Transient for ServiceError<Refusal> {
    fn is_passing(&self) -> bool {
        matches!(self, Self::Client(error) if error.is_passing())
    }

    fn retry_after(&self) -> Option<Duration> {
        if let Self::Client(error) = self { error.retry_after() } else { None }
    }

    fn after_attempts(self, attempts: usize) -> Self {
        match self {
            Self::Client(error) => Self::Client(error.after_attempts(attempts)),
            refused @ Self::Refused(_) => refused,
        }
    }
}

impl<Refusal: Explain + 'static> Explain for ServiceError<Refusal> {
    fn code(&self) -> &'static str {
        match self {
            Self::Client(error) => error.code(),
            Self::Refused(refusal) => refusal.code(),
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Client(error) => error.hint(),
            Self::Refused(refusal) => refusal.hint(),
        }
    }
}
