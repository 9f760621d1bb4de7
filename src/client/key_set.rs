//! Fetches the keys with which a server signs, from where its metadata says (RFC 8414 §2, `jwks_uri`).
//!
//! Asked for issuers that are known and for addresses that a user names; never for what a token points to.

use std::time::Instant;

use serde::Deserialize;

use super::{ClientError, error::UnexpectedResponse};
use crate::{
    environment::KnownIssuer,
    http::{Endpoint, HttpClient, HttpOptions, Response},
    keystore::KeySet,
};

#[derive(Deserialize)]
struct Metadata {
    issuer: String,
    jwks_uri: String,
}

/// Fetches the keys of an issuer, before `deadline`; `None` when it is retired and publishes none.
///
/// # Errors
/// [`ClientError::Http`] when there is no answer, [`ClientError::Unavailable`] for 429 and 5xx,
/// [`ClientError::UnexpectedResponse`] when the metadata is another issuer's (RFC 8414 §3.3), names keys at an address that
/// no request goes to, or there are none.
pub async fn published_keys(
    issuer: &KnownIssuer,
    options: &HttpOptions,
    deadline: Instant,
) -> Result<Option<KeySet>, ClientError> {
    let Some(metadata) = issuer.metadata_url() else { return Ok(None) };
    let endpoint = Endpoint::parse(&metadata).map_err(ClientError::Endpoint)?;
    let answer = get(&endpoint, options, deadline).await?;
    let unintelligible = |what| ClientError::UnexpectedResponse(UnexpectedResponse::of(&endpoint, &answer, what));
    let metadata: Metadata =
        serde_json::from_slice(&answer.body).map_err(|_| unintelligible("it is no metadata with a `jwks_uri`"))?;
    if metadata.issuer != issuer.identifier {
        return Err(unintelligible("it is the metadata of another issuer (RFC 8414 §3.3)"));
    }
    let keys = Endpoint::parse(&metadata.jwks_uri).map_err(|_| unintelligible("its `jwks_uri` is no address"))?;
    // Nobody out there may make us ask this machine.
    if keys.is_loopback() && !endpoint.is_loopback() {
        return Err(unintelligible("its `jwks_uri` is on this machine"));
    }
    fetch_key_set(&keys, options, deadline).await.map(Some)
}

/// Fetches a JWK set, before `deadline`.
///
/// # Errors
/// As [`published_keys`].
pub async fn fetch_key_set(
    endpoint: &Endpoint,
    options: &HttpOptions,
    deadline: Instant,
) -> Result<KeySet, ClientError> {
    let answer = get(endpoint, options, deadline).await?;
    KeySet::parse(&answer.body).map_err(|error| {
        let why = std::error::Error::source(&error).map(|why| format!(": {why}")).unwrap_or_default();
        ClientError::UnexpectedResponse(UnexpectedResponse::of(endpoint, &answer, &format!("{error}{why}")))
    })
}

/// Fetches a document that comes with 200.
async fn get(endpoint: &Endpoint, options: &HttpOptions, deadline: Instant) -> Result<Response, ClientError> {
    let answer = HttpClient::new(endpoint.clone(), options)?.get(deadline).await?;
    match answer.status {
        200 => Ok(answer),
        429 | 500..=599 => Err(ClientError::Unavailable {
            endpoint: endpoint.clone(),
            status: answer.status,
            retry_after: answer.retry_after,
            said: UnexpectedResponse::of(endpoint, &answer, "").excerpt,
        }),
        _ => Err(ClientError::UnexpectedResponse(UnexpectedResponse::of(
            endpoint,
            &answer,
            "keys and metadata come with 200",
        ))),
    }
}
