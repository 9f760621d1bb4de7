//! How strict the simulator is where Maskinporten's own behaviour is not documented or not confirmed.
//!
//! The switches may stand in `clients.json` as the member `strictness`, where they take the place of what the
//! simulator was started with. A member that is left out has its default, which is the strict one.

use serde::{Deserialize, Serialize};

/// What is refused. The default follows the documentation to the letter.
///
/// Source of the documented rules: <https://docs.digdir.no/docs/Maskinporten/maskinporten_protocol_jwtgrant>.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
// Each switch is a question of its own, so that they stay apart.
#[allow(clippy::struct_excessive_bools)]
pub struct Strictness {
    /// Signature algorithms besides RS256, RS384 and RS512: of `PS256` `PS384` `PS512` `ES256` `ES384` `ES512`
    /// `EdDSA`. Digdir has announced elliptic curves and Ed25519. Default: none.
    pub allow_algorithms: Vec<String>,
    /// Claims that are let through although they are not documented, such as `nbf` and `sub`, which some
    /// libraries send. Default: none.
    pub allow_claims: Vec<String>,
    /// Whether `aud` may be an array of one. Default: no; the documentation says "a single value".
    pub allow_audience_array: bool,
    /// Whether `resource` must be an array. Default: no; the documentation says "only array supported", but
    /// clients that send a string do get tokens.
    pub require_resource_array: bool,
    /// Whether `x5c` must lead to the root without the server's own copy of the intermediate. Default: no; the
    /// documentation says "full certificate chain", but clients that send the leaf alone do get tokens.
    pub require_full_chain: bool,
    /// Whether a certificate without the `digitalSignature` bit may sign. Default: no.
    pub allow_any_key_usage: bool,
    /// Whether a grant must have `jti`. Default: no; the documentation recommends it.
    pub require_jti: bool,
    /// Whether a grant without `jti` may be sent again. Default: no; the whole JWT then counts as its identifier.
    pub allow_replay_without_jti: bool,
    /// By how many seconds or more `iat` may not be ahead of the clock. Default: 10, as documented.
    pub maximum_seconds_ahead: u32,
    /// By how many seconds or more `iat` may not be behind the clock. Default: 10, as documented ("less than 10
    /// seconds ahead/after our clock").
    pub maximum_seconds_behind: u32,
    /// How many seconds a grant may live, `exp` less `iat`. Default: 120, as documented; users have seen 180 let
    /// through.
    pub maximum_lifetime_seconds: u32,
    /// For how many seconds after `exp` a grant is still taken. Default: 0; users have seen 10.
    pub expiry_leeway_seconds: u32,
    /// Whether a claim that is not documented is answered with `invalid_request` instead of `invalid_grant`; the
    /// documentation gives the text "Invalid assertion" and not the error. Default: no.
    pub unknown_claim_is_invalid_request: bool,
    /// The `error` of MP-301, MP-302 and MP-303. Default: `invalid_authorization_details`, from RFC 9396 §5.
    pub authorization_details_error: String,
    /// Whether the token repeats the `externalRef` of a system user. Default: no, as documented; tokens of 2025
    /// had it.
    pub repeat_external_ref: bool,
}

impl Default for Strictness {
    fn default() -> Self {
        Self {
            allow_algorithms: Vec::new(),
            allow_claims: Vec::new(),
            allow_audience_array: false,
            require_resource_array: false,
            require_full_chain: false,
            allow_any_key_usage: false,
            require_jti: false,
            allow_replay_without_jti: false,
            maximum_seconds_ahead: 10,
            maximum_seconds_behind: 10,
            maximum_lifetime_seconds: 120,
            expiry_leeway_seconds: 0,
            unknown_claim_is_invalid_request: false,
            authorization_details_error: "invalid_authorization_details".to_owned(),
            repeat_external_ref: false,
        }
    }
}
