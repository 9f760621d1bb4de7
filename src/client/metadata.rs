//! Fetches the metadata of an authorization server (RFC 8414).
//!
//! Only known issuers and addresses that a user configures are asked, never an address from a token.

use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};

use serde::Deserialize;
use url::Url;

use super::{ClientError, RetryPolicy, error::UnexpectedResponse};
use crate::{
    environment::{Addresses, is_maskinporten_host},
    http::{Endpoint, EndpointError, HttpClient, HttpOptions, Response},
    text::server_text,
};

/// RFC 8414 §3: between the host and the path of the issuer. Some servers have it behind the path.
const WELL_KNOWN: &str = "/.well-known/oauth-authorization-server";
/// `OpenID` Connect Discovery §4: behind the path of the issuer, as ID-porten has it.
pub(super) const OPENID: &str = "/.well-known/openid-configuration";

/// URLs from a server are cut off here.
const SHOWN_CHARACTERS: usize = 100;

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
    /// The authorization endpoint, where people log in.
    #[serde(default)]
    pub authorization_endpoint: Option<String>,
    /// The endpoint for the parameters of a login that are posted before it (RFC 9126 §5).
    #[serde(default)]
    pub pushed_authorization_request_endpoint: Option<String>,
    /// The endpoint that revokes tokens (RFC 7009).
    #[serde(default)]
    pub revocation_endpoint: Option<String>,
    /// The endpoint where people log out (`OpenID` Connect RP-Initiated Logout §2.1).
    #[serde(default)]
    pub end_session_endpoint: Option<String>,
    /// Whether the response to a login names the issuer (RFC 9207 §3).
    #[serde(default)]
    pub authorization_response_iss_parameter_supported: bool,
}

/// The search for the metadata of an issuer: one place is asked after the other until one has a document.
#[derive(Debug)]
pub struct MetadataSearch {
    place: Endpoint,
    later: VecDeque<Endpoint>,
    /// The places without metadata, with their responses.
    earlier: Vec<String>,
}

impl MetadataSearch {
    /// Starts the search for the metadata of an issuer; the whole URL of metadata is the only place, as given.
    ///
    /// # Errors
    /// [`EndpointError`] when the text is not an address that a request may be sent to.
    pub fn new(text: &str) -> Result<Self, EndpointError> {
        let (place, later) = places(text)?;
        Ok(Self { place, later, earlier: Vec::new() })
    }

    /// Returns the place to ask.
    #[must_use]
    pub fn place(&self) -> &Endpoint {
        &self.place
    }

    /// Reads the response of the place, without comparing its issuer with anything; `None` if the next one must be asked.
    ///
    /// # Errors
    /// [`ClientError::Unavailable`] for 429 and 5xx, [`ClientError::UnexpectedResponse`] when it is not metadata; that of
    /// the last place names every place.
    pub fn read(&mut self, response: &Response) -> Option<Result<ServerMetadata, ClientError>> {
        if response.status == 200 {
            let metadata = serde_json::from_slice(&response.body);
            return Some(metadata.map_err(|_| self.unexpected(response, NOT_METADATA)));
        }
        if is_unavailable(response.status) {
            return Some(Err(ClientError::unavailable(&self.place, response)));
        }
        let Some(next) = self.later.pop_front() else { return Some(Err(self.nowhere(response))) };
        let place = std::mem::replace(&mut self.place, next);
        let to = response
            .location
            .as_deref()
            .map(|to| format!(" to {}", server_text(to, SHOWN_CHARACTERS)))
            .unwrap_or_default();
        self.earlier.push(format!("{place} (HTTP {}{to})", response.status));
        None
    }

    fn nowhere(&self, response: &Response) -> ClientError {
        if self.earlier.is_empty() {
            return self.unexpected(response, EXPECTED_STATUS);
        }
        let what = format!("there is no metadata at {} either", self.earlier.join(" and "));
        // The text of one page says nothing about the others.
        let excerpt = String::new();
        ClientError::UnexpectedResponse(UnexpectedResponse {
            excerpt,
            ..UnexpectedResponse::new(&self.place, response, &what)
        })
    }

    pub(super) fn unexpected(&self, response: &Response, what: &str) -> ClientError {
        ClientError::unexpected(&self.place, response, what)
    }

    /// Parses an address in the metadata, which is its member `name`; `None` if it has none.
    pub(super) fn address(
        &self,
        response: &Response,
        name: &str,
        url: Option<&str>,
    ) -> Result<Option<Endpoint>, ClientError> {
        let Some(url) = url else { return Ok(None) };
        let invalid = |_| self.unexpected(response, &format!("its `{name}` is not a valid URL"));
        let endpoint = Endpoint::parse(url).map_err(invalid)?;
        // A remote server must not make us send requests to this machine.
        if endpoint.is_loopback() && !self.place.is_loopback() {
            return Err(self.unexpected(response, &format!("its `{name}` is on this machine")));
        }
        Ok(Some(endpoint))
    }

    pub(super) fn foreign(&self, response: &Response, metadata: &ServerMetadata) -> ClientError {
        let issuer = server_text(&metadata.issuer, SHOWN_CHARACTERS);
        self.unexpected(response, &format!("it is the metadata of another issuer, {issuer} (RFC 8414 §3.3)"))
    }

    /// Whether the place is where the metadata of this issuer may be (RFC 8414 §3.3), apart from a slash at the end.
    ///
    /// The whole URL of `OpenID` metadata may have any path: some issuers have an identifier without one.
    fn is_of(&self, issuer: &Endpoint, asked: &str) -> bool {
        let bare = |endpoint: &Endpoint| endpoint.as_str().trim_end_matches('/').to_owned();
        let own = bare(&self.place);
        let has_place = places(issuer.as_str())
            .is_ok_and(|(first, later)| std::iter::once(&first).chain(&later).any(|place| bare(place) == own));
        let is_whole = asked.contains("/.well-known/") && own.ends_with(OPENID);
        issuer.host() == self.place.host() && (has_place || is_whole)
    }
}

/// Returns the place where the metadata of an issuer is asked for first, and those that are asked after it.
fn places(text: &str) -> Result<(Endpoint, VecDeque<Endpoint>), EndpointError> {
    let endpoint = Endpoint::parse(text)?;
    let url = Url::parse(endpoint.as_str()).ok().filter(|url| !url.path().contains("/.well-known/"));
    let Some(mut url) = url else { return Ok((endpoint, VecDeque::new())) };
    let own = url.path().trim_end_matches('/').to_owned();
    let mut at = |path: String| {
        url.set_path(&path);
        Endpoint::parse(url.as_str())
    };
    let first = at(format!("{WELL_KNOWN}{own}"))?;
    let mut later = VecDeque::from([at(format!("{own}{WELL_KNOWN}"))?, at(format!("{own}{OPENID}"))?]);
    // An issuer without a path has only two places.
    later.retain(|place| *place != first);
    Ok((first, later))
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
    let (search, response, metadata) = find(address, options, retry_policy, notify).await?;
    if metadata.token_endpoint.is_empty() {
        return Err(search.unexpected(&response, NOT_METADATA));
    }
    Endpoint::parse(&metadata.token_endpoint)
        .map_err(|_| search.unexpected(&response, "its `token_endpoint` is not a valid URL"))?;
    Ok(Addresses { issuer: metadata.issuer, token_endpoint: metadata.token_endpoint })
}

/// Finds the metadata of the issuer at `address`, and compares its issuer with the place.
pub(super) async fn find(
    address: &str,
    options: &HttpOptions,
    retry_policy: RetryPolicy,
    mut notify: impl FnMut(&ClientError, Duration),
) -> Result<(MetadataSearch, Response, ServerMetadata), ClientError> {
    let mut search = MetadataSearch::new(address).map_err(ClientError::Endpoint)?;
    let started = Instant::now();
    loop {
        let timeout = retry_policy.timeout.saturating_sub(started.elapsed());
        let response = get(search.place(), options, RetryPolicy { timeout, ..retry_policy }, &mut notify).await?;
        let Some(metadata) = search.read(&response) else { continue };
        let metadata = metadata?;
        let issuer = Endpoint::parse(&metadata.issuer)
            .map_err(|_| search.unexpected(&response, "its `issuer` is not a valid URL"))?;
        if !search.is_of(&issuer, address) {
            return Err(search.foreign(&response, &metadata));
        }
        return Ok((search, response, metadata));
    }
}

pub(super) const EXPECTED_STATUS: &str = "the expected status is 200";
const NOT_METADATA: &str = "it is not metadata (RFC 8414 §2)";

/// Fetches a document, whatever its status; 429 and 5xx are retried.
pub(super) async fn get(
    endpoint: &Endpoint,
    options: &HttpOptions,
    retry_policy: RetryPolicy,
    notify: impl FnMut(&ClientError, Duration),
) -> Result<Response, ClientError> {
    let client = HttpClient::new(endpoint.clone(), options)?;
    let attempt = async |deadline| {
        let response = client.get(deadline).await?;
        if is_unavailable(response.status) { Err(ClientError::unavailable(endpoint, &response)) } else { Ok(response) }
    };
    retry_policy.run(attempt, notify).await
}

fn is_unavailable(status: u16) -> bool {
    matches!(status, 429 | 500..=599)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAIN: &str = "https://maskinporten.no/.well-known/oauth-authorization-server";
    const PLAIN_OPENID: &str = "https://maskinporten.no/.well-known/openid-configuration";

    #[test]
    fn metadata_is_searched_by_rfc_8414_then_behind_the_path_then_by_openid_connect() {
        for (text, expected) in [
            ("https://maskinporten.no", &[PLAIN, PLAIN_OPENID][..]),
            ("https://maskinporten.no/", &[PLAIN, PLAIN_OPENID]),
            (
                "https://example.no/realms/a/",
                &[
                    "https://example.no/.well-known/oauth-authorization-server/realms/a",
                    "https://example.no/realms/a/.well-known/oauth-authorization-server",
                    "https://example.no/realms/a/.well-known/openid-configuration",
                ],
            ),
            (PLAIN, &[PLAIN]),
            (
                "https://example.no/a/.well-known/openid-configuration",
                &["https://example.no/a/.well-known/openid-configuration"],
            ),
        ] {
            let (first, later) = places(text).unwrap();
            let found: Vec<String> = std::iter::once(&first).chain(&later).map(ToString::to_string).collect();
            assert_eq!(found, expected, "{text}");
        }
    }

    #[test]
    fn metadata_belongs_to_the_issuer_that_it_is_found_at_apart_from_a_slash() {
        for (address, issuer, expected) in [
            ("https://example.no/a", "https://example.no/a/", true),
            ("https://example.no/a/", "https://example.no/a", true),
            ("https://example.no/.well-known/oauth-authorization-server/a/", "https://example.no/a", true),
            ("https://example.no/a/.well-known/oauth-authorization-server", "https://example.no/a", true),
            ("https://example.no/a/.well-known/openid-configuration", "https://example.no", true),
            ("https://example.no/a", "https://example.no/", false),
            ("https://example.no/a", "https://example.no/ab", false),
            ("https://example.no/a", "https://example.no:8443/a", false),
            ("https://example.no/a", "https://example.com/a", false),
            ("https://example.no/a/.well-known/openid-configuration", "https://example.com/a", false),
        ] {
            let (search, issuer) = (MetadataSearch::new(address).unwrap(), Endpoint::parse(issuer).unwrap());
            assert_eq!(search.is_of(&issuer, address), expected, "{address} {issuer}");
        }
    }
}
