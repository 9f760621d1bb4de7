//! Sends requests to Altinn's APIs.

use std::time::Duration;

use secrecy::SecretString;

use super::{AltinnError, AltinnOperation, AltinnPlatform, AltinnRefusal};
use crate::{
    client::{ApiClient, RetryPolicy},
    http::{ApiRequest, HttpOptions, Response},
};

/// Sends requests to one platform, over connections that are kept.
#[derive(Debug, Clone)]
pub struct AltinnClient {
    platform: AltinnPlatform,
    api: ApiClient,
}

/// A request to an API of the platform.
#[derive(Debug)]
pub struct AltinnRequest<'request> {
    /// What is asked for.
    pub operation: AltinnOperation,
    /// The segments of the path below the platform's base URL.
    pub path: &'request [&'request str],
    /// The parameters of the query.
    pub query: &'request [(&'request str, &'request str)],
    /// Everything else.
    pub api: ApiRequest<'request>,
}

impl<'request> AltinnRequest<'request> {
    /// Makes a GET request with a token in `Authorization`.
    #[must_use]
    pub fn get(
        operation: AltinnOperation,
        path: &'request [&'request str],
        authorization: &'request SecretString,
    ) -> Self {
        Self { operation, path, query: &[], api: ApiRequest::get(Some(authorization)) }
    }
}

impl AltinnClient {
    /// Prepares requests to a platform; nothing is sent.
    ///
    /// # Errors
    /// [`AltinnError::Client`] when the file with certificate authorities or a proxy variable cannot be used.
    pub fn new(
        platform: AltinnPlatform,
        options: &HttpOptions,
        retry_policy: RetryPolicy,
    ) -> Result<Self, AltinnError> {
        let api = ApiClient::new(platform.base().clone(), options, retry_policy)?;
        Ok(Self { platform, api })
    }

    /// Returns the platform.
    #[must_use]
    pub fn platform(&self) -> &AltinnPlatform {
        &self.platform
    }

    /// Sends a request, and returns a response whose status is 2xx.
    ///
    /// Network errors, 429 and 5xx are retried where the operation may be repeated, as
    /// [`TokenClient::fetch`](crate::client::TokenClient::fetch) does; `notify` is called before each retry.
    ///
    /// # Errors
    /// [`AltinnError`], that of the last attempt.
    pub async fn send(
        &self,
        request: &AltinnRequest<'_>,
        notify: impl FnMut(&AltinnError, Duration),
    ) -> Result<Response, AltinnError> {
        let endpoint = self.api.base().below(request.path, request.query);
        let refusal = |response: &Response| AltinnRefusal::read(request.operation, &endpoint, response);
        self.api.send(&endpoint, &request.api, request.operation.may_be_repeated(), refusal, notify).await
    }
}
