//! A server where people log in, before its metadata has been read.

use std::{sync::Arc, time::Duration};

use super::LoginClient;
use crate::{
    client::{ClientError, OpenIdProvider, RetryPolicy},
    clock::SystemClock,
    dpop::DpopKey,
    grant::{Grant, Sign},
    http::{Endpoint, HttpOptions},
};

/// The longest time of one request.
const REQUEST_TIME: Duration = Duration::from_secs(30);

/// A server where people log in.
#[derive(Debug, Clone)]
pub struct LoginServer {
    /// The issuer identifier.
    pub issuer: String,
    /// The authorization endpoint, in place of that of the metadata.
    pub authorization_endpoint: Option<Endpoint>,
    /// The token endpoint, in place of that of the metadata.
    pub token_endpoint: Option<Endpoint>,
    /// How requests are sent.
    pub http: HttpOptions,
    /// The time limit of a request, and the number of retries.
    pub retry_policy: RetryPolicy,
}

impl LoginServer {
    /// Reads the metadata, and makes a client.
    ///
    /// # Errors
    /// As [`OpenIdProvider::discover`].
    pub async fn client(
        &self,
        grant: Grant,
        key: Option<Arc<dyn Sign>>,
        dpop: Option<DpopKey>,
    ) -> Result<LoginClient, ClientError> {
        let found = OpenIdProvider::discover(&self.issuer, &self.http, self.retry_policy).await?;
        let provider = OpenIdProvider {
            authorization_endpoint: self.authorization_endpoint.clone().unwrap_or(found.authorization_endpoint),
            token_endpoint: self.token_endpoint.clone().unwrap_or(found.token_endpoint),
            ..found
        };
        let timeout = self.retry_policy.timeout.min(REQUEST_TIME);
        Ok(LoginClient { provider, grant, key, dpop, http: self.http.clone(), timeout, clock: Arc::new(SystemClock) })
    }
}
