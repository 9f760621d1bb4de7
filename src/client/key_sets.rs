//! Fetches the keys that an issuer publishes, at the address that its metadata names.

use std::time::Instant;

use super::{
    ClientError, RetryPolicy,
    metadata::{EXPECTED_STATUS, find, get},
};
use crate::{
    environment::KnownIssuer,
    http::{Endpoint, HttpOptions},
    keystore::KeySet,
};

/// Fetches the keys of an issuer; `None` when it is retired and publishes none.
///
/// # Errors
/// As [`discovered_keys`].
pub async fn published_keys(
    issuer: &KnownIssuer,
    options: &HttpOptions,
    retry_policy: RetryPolicy,
) -> Result<Option<KeySet>, ClientError> {
    let Some(address) = issuer.metadata_url() else { return Ok(None) };
    let (_, keys) = discovered_keys(&address, Some(&issuer.identifier), options, retry_policy).await?;
    Ok(Some(keys))
}

/// Fetches the keys of the issuer at `address`, and returns them with its identifier, which must be `expected` if given.
///
/// # Errors
/// As [`discover`](super::discover); [`ClientError::UnexpectedResponse`] also when the metadata names no `jwks_uri` that a request may
/// be sent to, or the keys are not a JWK set.
pub async fn discovered_keys(
    address: &str,
    expected: Option<&str>,
    options: &HttpOptions,
    retry_policy: RetryPolicy,
) -> Result<(String, KeySet), ClientError> {
    let started = Instant::now();
    let (search, response, metadata) = find(address, options, retry_policy, |_, _| ()).await?;
    if expected.is_some_and(|expected| expected != metadata.issuer) {
        return Err(search.foreign(&response, &metadata));
    }
    let keys = search.address(&response, "jwks_uri", metadata.jwks_uri.as_deref())?;
    let keys = keys.ok_or_else(|| search.unexpected(&response, "it is not metadata with a `jwks_uri`"))?;
    let timeout = retry_policy.timeout.saturating_sub(started.elapsed());
    let keys = fetch_key_set(&keys, options, RetryPolicy { timeout, ..retry_policy }).await?;
    Ok((metadata.issuer, keys))
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
    if response.status != 200 {
        return Err(ClientError::unexpected(endpoint, &response, EXPECTED_STATUS));
    }
    KeySet::parse(&response.body).map_err(|error| {
        let cause = std::error::Error::source(&error).map(|cause| format!(": {cause}")).unwrap_or_default();
        ClientError::unexpected(endpoint, &response, &format!("{error}{cause}"))
    })
}
