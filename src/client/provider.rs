//! The addresses of a server where people log in, from its metadata (`OpenID` Connect Discovery §4).

use super::{
    ClientError, RetryPolicy,
    metadata::{OPENID, find},
};
use crate::http::{Endpoint, HttpOptions};

/// A server where people log in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenIdProvider {
    /// The issuer identifier, exactly as in its tokens.
    pub issuer: String,
    /// The authorization endpoint, where people log in.
    pub authorization_endpoint: Endpoint,
    /// The token endpoint.
    pub token_endpoint: Endpoint,
    /// The address of the keys that sign its tokens.
    pub keys: Endpoint,
    /// The endpoint for the parameters of a login that are posted before it (RFC 9126 §5).
    pub pushed_request_endpoint: Option<Endpoint>,
    /// The endpoint that revokes tokens (RFC 7009).
    pub revocation_endpoint: Option<Endpoint>,
    /// The endpoint where people log out (`OpenID` Connect RP-Initiated Logout §2.1).
    pub end_session_endpoint: Option<Endpoint>,
    /// Whether the response to a login names the issuer (RFC 9207 §3).
    pub names_issuer_in_response: bool,
}

impl OpenIdProvider {
    /// Reads the metadata of an issuer.
    ///
    /// # Errors
    /// As [`discover`](super::discover); [`ClientError::UnexpectedResponse`] also when an address is missing or cannot be
    /// used.
    ///
    /// # Security
    /// The issuer must be exactly the one that was asked for (§4.3), so that the answer of one provider cannot be sent to
    /// another.
    pub async fn discover(issuer: &str, options: &HttpOptions, retry_policy: RetryPolicy) -> Result<Self, ClientError> {
        let address = format!("{}{OPENID}", issuer.trim_end_matches('/'));
        let (search, response, metadata) = find(&address, options, retry_policy, |_, _| ()).await?;
        if metadata.issuer != issuer {
            return Err(search.foreign(&response, &metadata));
        }
        let optional = |name: &str, url: Option<&str>| search.address(&response, name, url);
        let required = |name: &str, url: Option<&str>| {
            let missing = || search.unexpected(&response, &format!("it has no `{name}`"));
            optional(name, url)?.ok_or_else(missing)
        };
        let token_endpoint = Some(metadata.token_endpoint.as_str()).filter(|url| !url.is_empty());
        Ok(Self {
            authorization_endpoint: required("authorization_endpoint", metadata.authorization_endpoint.as_deref())?,
            token_endpoint: required("token_endpoint", token_endpoint)?,
            keys: required("jwks_uri", metadata.jwks_uri.as_deref())?,
            pushed_request_endpoint: optional(
                "pushed_authorization_request_endpoint",
                metadata.pushed_authorization_request_endpoint.as_deref(),
            )?,
            revocation_endpoint: optional("revocation_endpoint", metadata.revocation_endpoint.as_deref())?,
            end_session_endpoint: optional("end_session_endpoint", metadata.end_session_endpoint.as_deref())?,
            names_issuer_in_response: metadata.authorization_response_iss_parameter_supported,
            issuer: metadata.issuer,
        })
    }
}
