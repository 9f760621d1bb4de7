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

use std::time::Duration;

#[cfg(any(feature = "cli", feature = "server"))]
pub(crate) use self::access_token::TokenMembers;
pub(crate) use self::api::ApiClient;
pub use self::{
    access_token::{AccessToken, MinimumLifetime},
    actor::Actor,
    api::ServiceError,
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
pub use crate::http::{RetryPolicy, Transient};
use crate::{
    clock::Clock,
    grant::{Assertion, GrantError},
    http::{Endpoint, HttpClient, HttpOptions},
};

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
