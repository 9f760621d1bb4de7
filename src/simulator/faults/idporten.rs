//! Faults of ID-porten and Ansattporten.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::FaultAnswer;

/// Faults of the login at ID-porten and Ansattporten; by default there are none.
///
/// As for Maskinporten, the members of an object replace those of the correct document, and `null` removes one.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct IdportenFaults {
    /// The `error` with which the authorization endpoint answers every request that it would grant, such as
    /// `access_denied`, `server_error` or `temporarily_unavailable`.
    pub authorize_error: Option<String>,
    /// Parameters of the authorization response: another `state`, `iss` or `code`.
    pub response: Map<String, Value>,
    /// The `error` with which the token endpoint answers, with the status 400 or `status`.
    pub token_error: Option<String>,
    /// What the token endpoint answers instead of the correct response.
    pub answer: Option<FaultAnswer>,
    /// The status of such an answer.
    pub status: Option<u16>,
    /// The header `Retry-After` of such an answer.
    pub retry_after_seconds: Option<u32>,
    /// The number of token requests with such an answer or error, counted from the start or from the last change of the
    /// file. Default: all.
    pub first_requests: Option<u32>,
    /// How long each response of the token endpoint is delayed; at most a minute.
    pub delay_milliseconds: u32,
    /// Members of a successful token response.
    pub success: Map<String, Value>,
    /// Claims of access tokens.
    pub access_token: Map<String, Value>,
    /// Claims of id tokens, such as another `nonce`, `iss`, `aud` or `acr`.
    pub id_token: Map<String, Value>,
    /// Members of the header of id tokens.
    pub id_token_header: Map<String, Value>,
    /// How id tokens are signed instead of with the key in `jwks.json`.
    pub id_token_signature: Option<IdTokenSignature>,
    /// Members of the metadata.
    pub metadata: Map<String, Value>,
    /// Members of the key set; it has one, `keys`.
    pub jwk: Map<String, Value>,
}

/// A signature that a client must not accept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum IdTokenSignature {
    /// That of a key which is not in the key set, under the key id of the one that is.
    AnotherKey,
    /// `alg` is `none`, and there is no signature.
    None,
    /// HS256 with the public key, in PEM, as its secret.
    Hs256,
}

impl IdportenFaults {
    /// Whether the response to a token request after this number of them is replaced.
    pub(crate) fn replaces(&self, requests_before: u32) -> bool {
        (self.token_error.is_some() || self.answer.is_some())
            && self.first_requests.is_none_or(|first| requests_before < first)
    }
}
