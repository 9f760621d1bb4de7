//! Finds issuer and token endpoint in an authorization server's metadata (RFC 8414).

use std::time::Instant;

use serde::Deserialize;
use url::Url;

use super::{ClientError, error::UnexpectedResponse};
use crate::{
    environment::Addresses,
    http::{Endpoint, EndpointError, HttpClient, HttpOptions, Response},
};

/// RFC 8414 §3: put between the host and the path of the issuer.
const WELL_KNOWN: &str = "/.well-known/oauth-authorization-server";

/// What an authorization server says of itself (RFC 8414 §2), as far as a grant depends on it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Metadata {
    /// Its issuer identifier.
    pub issuer: String,
    /// Where it takes grants.
    pub token_endpoint: String,
    /// Where the keys are that its tokens are signed with.
    #[serde(default)]
    pub jwks_uri: Option<String>,
    /// The algorithms that grants may be signed with; empty when it does not say.
    #[serde(default, rename = "token_endpoint_auth_signing_alg_values_supported")]
    pub algorithms: Vec<String>,
}

impl Metadata {
    /// Reads what the server answered at `endpoint`; whose metadata it is, is not looked at.
    ///
    /// # Errors
    /// [`UnexpectedResponse`] when it is no metadata.
    pub fn read(endpoint: &Endpoint, answer: &Response) -> Result<Self, UnexpectedResponse> {
        let unintelligible = |what| UnexpectedResponse::of(endpoint, answer, what);
        if answer.status != 200 {
            return Err(unintelligible("metadata comes with 200"));
        }
        serde_json::from_slice(&answer.body).map_err(|_| unintelligible("it is no metadata (RFC 8414 §2)"))
    }
}

/// Where the metadata of an issuer is; an address that is already one of metadata stays as it is.
///
/// # Errors
/// [`EndpointError`] when the text is no address that a request may go to.
pub fn metadata_endpoint(text: &str) -> Result<Endpoint, EndpointError> {
    let endpoint = Endpoint::parse(text)?;
    let Ok(mut url) = Url::parse(endpoint.as_str()) else { return Ok(endpoint) };
    if !url.path().contains("/.well-known/") {
        let path = format!("{WELL_KNOWN}{}", url.path().trim_end_matches('/'));
        url.set_path(&path);
    }
    Endpoint::parse(url.as_str())
}

/// Fetches the metadata of the issuer at `text`, before `deadline`.
///
/// # Errors
/// [`ClientError::Http`] when there is no answer, [`ClientError::UnexpectedResponse`] when it is no metadata, or is
/// that of another issuer (RFC 8414 §3.3).
pub async fn discover(endpoint: &str, options: &HttpOptions, deadline: Instant) -> Result<Addresses, ClientError> {
    let endpoint = metadata_endpoint(endpoint).map_err(ClientError::Endpoint)?;
    let answer = HttpClient::new(endpoint.clone(), options)?.get(deadline).await?;
    let metadata = Metadata::read(&endpoint, &answer).map_err(ClientError::UnexpectedResponse)?;
    let unintelligible = |what| ClientError::UnexpectedResponse(UnexpectedResponse::of(&endpoint, &answer, what));
    let issuer = Endpoint::parse(&metadata.issuer).map_err(|_| unintelligible("its `issuer` is no address"))?;
    let same_host = issuer.host() == endpoint.host();
    if !same_host || metadata_endpoint(&metadata.issuer).ok().as_ref() != Some(&endpoint) && !is_openid(&endpoint) {
        return Err(unintelligible("it is the metadata of another issuer (RFC 8414 §3.3)"));
    }
    Endpoint::parse(&metadata.token_endpoint).map_err(|_| unintelligible("its `token_endpoint` is no address"))?;
    Ok(Addresses { issuer: metadata.issuer, token_endpoint: metadata.token_endpoint })
}

/// ID-porten keeps its metadata where `OpenID` Connect does, behind the issuer's path.
fn is_openid(endpoint: &Endpoint) -> bool {
    endpoint.as_str().ends_with("/.well-known/openid-configuration")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metadata_stands_between_host_and_path_of_the_issuer() {
        for (issuer, wanted) in [
            ("https://maskinporten.no/", "https://maskinporten.no/.well-known/oauth-authorization-server"),
            ("https://maskinporten.no", "https://maskinporten.no/.well-known/oauth-authorization-server"),
            ("https://example.no/a/", "https://example.no/.well-known/oauth-authorization-server/a"),
            (
                "https://idporten.no/.well-known/openid-configuration",
                "https://idporten.no/.well-known/openid-configuration",
            ),
        ] {
            assert_eq!(metadata_endpoint(issuer).unwrap().as_str(), wanted);
        }
    }
}
