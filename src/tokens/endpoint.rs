//! Where tokens are requested: a token endpoint, or the one in an authorization server's metadata.

use std::time::Duration;

use crate::{
    cache::EndpointId,
    client::{ClientError, RetryPolicy, discover, is_endpoint_of},
    environment::Environment,
    http::{Endpoint, HttpOptions},
};

/// Where tokens are requested.
#[derive(Debug, Clone)]
pub enum TokenEndpoint {
    /// This token endpoint.
    Fixed(Endpoint),
    /// The token endpoint in an authorization server's metadata (RFC 8414), which is fetched before the first request.
    Discovered {
        /// The address of the metadata, or of its issuer.
        metadata: Endpoint,
        /// Whether the issuer in the metadata replaces the audience of the grant.
        replaces_audience: bool,
        /// A token endpoint to use instead of the one in the metadata.
        token_endpoint: Option<Endpoint>,
        /// Whether the token endpoint must belong to the audience, because the addresses are not the user's own choice.
        is_confined: bool,
    },
}

impl TokenEndpoint {
    /// Whether the tokens come from this machine: from a simulator.
    #[must_use]
    pub fn is_loopback(&self) -> bool {
        match self {
            Self::Fixed(endpoint) | Self::Discovered { metadata: endpoint, .. } => endpoint.is_loopback(),
        }
    }

    /// Returns what identifies the endpoint for the token cache; the metadata is not fetched.
    #[must_use]
    pub fn id(&self, environment: Option<Environment>, http: &HttpOptions) -> EndpointId {
        let (token_endpoint, metadata) = match self {
            Self::Fixed(endpoint) => (Some(endpoint.clone()), None),
            Self::Discovered { metadata, token_endpoint, .. } => (token_endpoint.clone(), Some(metadata.clone())),
        };
        let environment = environment.map_or("", Environment::name).to_owned();
        EndpointId { environment, token_endpoint, metadata, ca_file: http.ca_file.clone() }
    }

    /// Returns audience and token endpoint; fetches the metadata if it has them. `notify` is called before each retry.
    ///
    /// # Errors
    /// As [`discover`], and [`ClientError::ForeignEndpoint`].
    pub async fn resolve(
        &self,
        audience: &str,
        http: &HttpOptions,
        retry_policy: RetryPolicy,
        notify: impl FnMut(&ClientError, Duration),
    ) -> Result<(String, Endpoint), ClientError> {
        let (metadata, replaces_audience, token_endpoint, is_confined) = match self {
            Self::Fixed(endpoint) => return Ok((audience.to_owned(), endpoint.clone())),
            Self::Discovered { metadata, replaces_audience, token_endpoint, is_confined } => {
                (metadata, *replaces_audience, token_endpoint.clone(), *is_confined)
            }
        };
        let addresses = discover(metadata.as_str(), http, retry_policy, notify).await?;
        let audience = if replaces_audience { addresses.issuer } else { audience.to_owned() };
        let endpoint = token_endpoint.map_or_else(|| Endpoint::parse(&addresses.token_endpoint), Ok);
        let endpoint = endpoint.map_err(ClientError::Endpoint)?;
        if is_confined && !is_endpoint_of(&audience, &endpoint) {
            return Err(ClientError::ForeignEndpoint { audience, endpoint });
        }
        Ok((audience, endpoint))
    }
}
