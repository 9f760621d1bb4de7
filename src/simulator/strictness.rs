//! How strict the simulator is where Maskinporten's behaviour is not documented or not confirmed.
//!
//! The member `strictness` of `clients.json` replaces the strictness given at start. A member that is left out has its
//! default, which follows the documentation.

use serde::{Deserialize, Serialize};

/// Which assertions are refused. The default follows the documentation, except for claims that the real service is known to accept.
///
/// Source of the documented rules: <https://docs.digdir.no/docs/Maskinporten/maskinporten_protocol_jwtgrant>.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
// The switches are independent of each other.
#[allow(clippy::struct_excessive_bools)]
pub struct Strictness {
    /// Signature algorithms in addition to RS256, RS384 and RS512: `PS256` `PS384` `PS512` `ES256` `ES384` `ES512`
    /// `EdDSA`. Digdir has announced elliptic curves and Ed25519. Default: none.
    pub allow_algorithms: Vec<String>,
    /// Undocumented claims that are accepted with any value. Default: none.
    pub allow_claims: Vec<String>,
    /// Whether `nbf`, and a `sub` that equals `iss`, are refused like other undocumented claims. Default: no; clients
    /// such as NAIS Texas, digdirator and Wenche send them to the real service and get tokens.
    pub documented_claims_only: bool,
    /// Whether `aud` may be an array with one element. Default: no; the documentation says "a single value".
    pub allow_audience_array: bool,
    /// Whether `resource` must be an array. Default: no; the documentation says "only array supported", but
    /// clients that send a string get tokens.
    pub require_resource_array: bool,
    /// Whether `x5c` must lead to the root without the server's own copy of the intermediate. Default: no; the
    /// documentation says "full certificate chain", but clients that send only the leaf get tokens.
    pub require_full_chain: bool,
    /// Whether a certificate without the `digitalSignature` bit is accepted. Default: no.
    pub allow_any_key_usage: bool,
    /// Whether `jti` is required. Default: no; the documentation recommends it.
    pub require_jti: bool,
    /// Whether an assertion without `jti` may be used again. Default: no; the whole JWT is then its identifier.
    pub allow_replay_without_jti: bool,
    /// How many seconds `iat` may be ahead of the clock, exclusive. Default: 10, as documented.
    pub maximum_seconds_ahead: u32,
    /// How many seconds `iat` may be behind the clock, exclusive. Default: 10, as documented ("less than 10
    /// seconds ahead/after our clock").
    pub maximum_seconds_behind: u32,
    /// The maximum number of seconds from `iat` to `exp`. Default: 120, as documented; users have reported that 180 is accepted.
    pub maximum_lifetime_seconds: u32,
    /// How many seconds after `exp` an assertion is still accepted. Default: 0; users have reported 10.
    pub expiry_leeway_seconds: u32,
    /// Whether the error for an undocumented claim is `invalid_request` instead of `invalid_grant`; the documentation
    /// has the text "Invalid assertion" but not the error. Default: no.
    pub unknown_claim_is_invalid_request: bool,
    /// The `error` of MP-301, MP-302 and MP-303. Default: `invalid_authorization_details`, from RFC 9396 §5.
    pub authorization_details_error: String,
    /// Whether the token contains the `externalRef` of a system user. Default: no, as documented; tokens from 2025 did.
    pub repeat_external_ref: bool,
    /// Whether proofs for ID-porten, Ansattporten and their sample API must contain a nonce of the server (RFC 9449 §8).
    /// Default: no; Digdir's documentation does not mention nonces.
    pub require_dpop_nonce: bool,
}

impl Default for Strictness {
    fn default() -> Self {
        Self {
            allow_algorithms: Vec::new(),
            allow_claims: Vec::new(),
            documented_claims_only: false,
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
            require_dpop_nonce: false,
        }
    }
}
