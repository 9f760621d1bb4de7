//! Fetches the metadata of an authorization server (RFC 8414) and the keys that it names.
//!
//! Only known issuers and addresses that a user configures are asked, never an address from a token.

use std::time::{Duration, Instant};

use serde::Deserialize;
use url::Url;

use super::{
    ClientError, RetryPolicy,
    error::{UnexpectedResponse, unavailable},
};
use crate::{
    environment::{Addresses, KnownIssuer, is_maskinporten_host},
    http::{Endpoint, EndpointError, HttpClient, HttpOptions, Response},
    keystore::KeySet,
};

/// RFC 8414 §3: inserted between the host and the path of the issuer.
const WELL_KNOWN: &str = "/.well-known/oauth-authorization-server";

/// The metadata of an authorization server (RFC 8414 §2), as far as a grant depends on it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct ServerMetadata {
    /// The issuer identifier.
    pub issuer: String,
    /// The token endpoint; empty when the document has none.
    #[serde(default)]
    pub token_endpoint: String,
    /// The address of the keys that sign its tokens.
    #[serde(default)]
    pub jwks_uri: Option<String>,
    /// The algorithms that a grant may be signed with; empty when the document does not list them.
    #[serde(default, rename = "token_endpoint_auth_signing_alg_values_supported")]
    pub algorithms: Vec<String>,
}

impl ServerMetadata {
    /// Parses the response of `endpoint`, without comparing its issuer with anything.
    ///
    /// # Errors
    /// [`ClientError::Unavailable`] for 429 and 5xx, [`ClientError::UnexpectedResponse`] when it is not metadata with a
    /// token endpoint.
    pub fn read(endpoint: &Endpoint, response: &Response) -> Result<Self, ClientError> {
        check_status(endpoint, response)?;
        let metadata: Result<Self, _> = serde_json::from_slice(&response.body);
        let complete = metadata.ok().filter(|metadata| !metadata.token_endpoint.is_empty());
        complete.ok_or_else(|| unexpected(endpoint, response, "it is not metadata (RFC 8414 §2)"))
    }
}

/// Returns the address of an issuer's metadata; an address of metadata is returned unchanged.
///
/// # Errors
/// [`EndpointError`] when the text is not an address that a request may be sent to.
pub fn metadata_endpoint(text: &str) -> Result<Endpoint, EndpointError> {
    let endpoint = Endpoint::parse(text)?;
    let Ok(mut url) = Url::parse(endpoint.as_str()) else { return Ok(endpoint) };
    if !url.path().contains("/.well-known/") {
        let path = format!("{WELL_KNOWN}{}", url.path().trim_end_matches('/'));
        url.set_path(&path);
    }
    Endpoint::parse(url.as_str())
}

/// Returns whether an endpoint is on one of Maskinporten's own hosts.
#[must_use]
pub fn is_maskinporten(endpoint: &Endpoint) -> bool {
    is_maskinporten_host(endpoint.host())
}

/// Returns whether a token endpoint belongs to the issuer that is the audience of a grant: both have the same origin, or
/// both are on this machine, where no real issuer is.
#[must_use]
pub fn is_endpoint_of(audience: &str, endpoint: &Endpoint) -> bool {
    Endpoint::parse(audience)
        .is_ok_and(|issuer| issuer.has_origin_of(endpoint) || (issuer.is_loopback() && endpoint.is_loopback()))
}

/// Fetches issuer and token endpoint from the metadata of the issuer at `address`.
///
/// Like a token request, it is retried after network errors, 429 and 5xx; `notify` is called before each retry.
///
/// # Errors
/// [`ClientError::Http`] when there is no response, [`ClientError::Unavailable`] for 429 and 5xx,
/// [`ClientError::UnexpectedResponse`] when it is not metadata, or the metadata of another issuer (RFC 8414 §3.3).
pub async fn discover(
    address: &str,
    options: &HttpOptions,
    retry_policy: RetryPolicy,
    notify: impl FnMut(&ClientError, Duration),
) -> Result<Addresses, ClientError> {
    let endpoint = metadata_endpoint(address).map_err(ClientError::Endpoint)?;
    let response = get(&endpoint, options, retry_policy, notify).await?;
    let unexpected = |what| unexpected(&endpoint, &response, what);
    let metadata = ServerMetadata::read(&endpoint, &response)?;
    let issuer = Endpoint::parse(&metadata.issuer).map_err(|_| unexpected("its `issuer` is not a valid URL"))?;
    let same_host = issuer.host() == endpoint.host();
    if !same_host || metadata_endpoint(&metadata.issuer).ok().as_ref() != Some(&endpoint) && !is_openid(&endpoint) {
        return Err(unexpected(ANOTHER_ISSUER));
    }
    Endpoint::parse(&metadata.token_endpoint).map_err(|_| unexpected("its `token_endpoint` is not a valid URL"))?;
    Ok(Addresses { issuer: metadata.issuer, token_endpoint: metadata.token_endpoint })
}

/// Fetches the keys of an issuer; `None` when it is retired and publishes none.
///
/// # Errors
/// As [`discover`]; [`ClientError::UnexpectedResponse`] also when the metadata names a `jwks_uri` that a request may
/// not be sent to, or the keys are not a JWK set.
pub async fn published_keys(
    issuer: &KnownIssuer,
    options: &HttpOptions,
    retry_policy: RetryPolicy,
) -> Result<Option<KeySet>, ClientError> {
    let Some(address) = issuer.metadata_url() else { return Ok(None) };
    let started = Instant::now();
    let endpoint = Endpoint::parse(&address).map_err(ClientError::Endpoint)?;
    let response = get(&endpoint, options, retry_policy, |_, _| ()).await?;
    let unexpected = |what| unexpected(&endpoint, &response, what);
    let metadata: Option<ServerMetadata> = serde_json::from_slice(&response.body).ok();
    let Some(ServerMetadata { issuer: identifier, jwks_uri: Some(jwks_uri), .. }) = metadata else {
        return Err(unexpected("it is not metadata with a `jwks_uri`"));
    };
    if identifier != issuer.identifier {
        return Err(unexpected(ANOTHER_ISSUER));
    }
    let keys = Endpoint::parse(&jwks_uri).map_err(|_| unexpected("its `jwks_uri` is not a valid URL"))?;
    // A remote server must not make us send requests to this machine.
    if keys.is_loopback() && !endpoint.is_loopback() {
        return Err(unexpected("its `jwks_uri` is on this machine"));
    }
    let timeout = retry_policy.timeout.saturating_sub(started.elapsed());
    fetch_key_set(&keys, options, RetryPolicy { timeout, ..retry_policy }).await.map(Some)
}

/// Fetches a JWK set.
///
/// # Errors
/// As [`published_keys`].
pub async fn fetch_key_set(
    endpoint: &Endpoint,
    options: &HttpOptions,
    retry_policy: RetryPolicy,
) -> Result<KeySet, ClientError> {
    let response = get(endpoint, options, retry_policy, |_, _| ()).await?;
    KeySet::parse(&response.body).map_err(|error| {
        let cause = std::error::Error::source(&error).map(|cause| format!(": {cause}")).unwrap_or_default();
        unexpected(endpoint, &response, &format!("{error}{cause}"))
    })
}

const ANOTHER_ISSUER: &str = "it is the metadata of another issuer (RFC 8414 §3.3)";

/// Fetches a document with status 200.
async fn get(
    endpoint: &Endpoint,
    options: &HttpOptions,
    retry_policy: RetryPolicy,
    notify: impl FnMut(&ClientError, Duration),
) -> Result<Response, ClientError> {
    let client = HttpClient::new(endpoint.clone(), options)?;
    let attempt = async |deadline| {
        let response = client.get(deadline).await?;
        check_status(endpoint, &response).map(|()| response)
    };
    retry_policy.run(attempt, notify).await
}

fn check_status(endpoint: &Endpoint, response: &Response) -> Result<(), ClientError> {
    match response.status {
        200 => Ok(()),
        429 | 500..=599 => Err(unavailable(endpoint, response)),
        _ => Err(unexpected(endpoint, response, "the expected status is 200")),
    }
}

fn unexpected(endpoint: &Endpoint, response: &Response, what: &str) -> ClientError {
    ClientError::UnexpectedResponse(UnexpectedResponse::new(endpoint, response, what))
}

/// Whether this is where `OpenID` Connect puts metadata: behind the issuer's path, as ID-porten does.
fn is_openid(endpoint: &Endpoint) -> bool {
    endpoint.as_str().ends_with("/.well-known/openid-configuration")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_well_known_path_comes_between_host_and_path_of_the_issuer() {
        for (issuer, expected) in [
            ("https://maskinporten.no/", "https://maskinporten.no/.well-known/oauth-authorization-server"),
            ("https://maskinporten.no", "https://maskinporten.no/.well-known/oauth-authorization-server"),
            ("https://example.no/a/", "https://example.no/.well-known/oauth-authorization-server/a"),
            (
                "https://idporten.no/.well-known/openid-configuration",
                "https://idporten.no/.well-known/openid-configuration",
            ),
        ] {
            assert_eq!(metadata_endpoint(issuer).unwrap().as_str(), expected);
        }
    }
}
