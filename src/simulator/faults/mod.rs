//! Faults that the simulator shows on purpose, so that clients can be tried against them.
//!
//! They stand in `clients.json` as the member `faults`, in place of those given at start:
//!
//! ```json
//! {
//!   "faults": {
//!     "clock_offset_seconds": -15,
//!     "metadata": { "issuer": "https://test.maskinporten.no/", "jwks_uri": null },
//!     "token": { "consumer": { "authority": "iso6523-actorid-upis", "ID": "0192:310700053" } },
//!     "token_lifetime_seconds": -60,
//!     "success": { "expires_in": 7200 }
//!   }
//! }
//! ```
//!
//! # How each refusal is provoked
//! With the clients, scopes and keystores of a new data folder ([`Installation`](super::Installation)); the client
//! is that of `modern.p12` where nothing else is said.
//!
//! | code | what provokes it |
//! |---|---|
//! | MP-011 | a line break in the assertion |
//! | MP-012 | the same grant twice |
//! | MP-100 | the client `7a3b8e4e-0b52-4a55-9a0c-6c0ef0f4d6c1`, which is not active, or any that is not registered |
//! | MP-110 | another audience, such as the address of the token endpoint |
//! | MP-120 | `other-environment.p12`, `expired.p12`, `encryption-only.p12`; `leaf-only.p12` with the switch `require_full_chain` |
//! | MP-121 | `registered-key.jwk.json` with the client `1f0de3cf-0a6f-4a0c-9d0e-4b7a5f6f1c21` |
//! | MP-122 | `no-organisation-number.p12`; or `modern.p12` with the client of `legacy.p12` |
//! | MP-123 | `x5c` that is no array; or neither `x5c` nor `kid` |
//! | MP-124 | `registered-key.jwk.json` with the client `5c1f7a0e-3b1d-4d53-8f3a-2e9a6d0b7c44` |
//! | MP-130 | `"faults": { "clock_offset_seconds": 300 }` |
//! | MP-200 | a scope that the client does not have, such as `difitest:none` |
//! | MP-201 | the scope `simulator:login` |
//! | MP-250 | the scope `simulator:ungranted` |
//! | MP-251 | the scope `simulator:undelegated` for the consumer 310700053 |
//! | MP-301 | `authorization_details` of another type than those in the metadata |
//! | MP-302 | a member more in `authorization_details` |
//! | MP-303 | a system user of 310700061, which has none |
//! | Issue time is after now | `"faults": { "clock_offset_seconds": -60 }` |
//! | Unknown key identifier (kid) | `registered-key.jwk.json` with the client of `modern.p12` |
//! | pre-registered jwk and no kid | `modern.p12` with the client of `registered-key.jwk.json` |
//! | consumer_org and delegation scope | the scope `simulator:delegated` for the client's own organisation, 310700010 |
//! | `unauthorized_client` | the client `2b6a1e9d-7c48-4f0b-9a35-c1d2e3f4a5b6`, which is for the login of people |

pub(crate) mod answers;

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// The faults to show; by default there are none.
///
/// A grant is judged all the same and its `jti` is used up, as when an answer is lost on its way: a client that
/// sends the same grant again is then told MP-012. Where a fault is an object, its members replace those of the
/// true document, and a member that is `null` is left out of it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Faults {
    /// By how much the simulator's clock is ahead of the real one; negative when it is behind. Grants are judged,
    /// tokens made, `Date` written and `/api/hello` answered by it.
    pub clock_offset_seconds: i32,
    /// How long each answer of the token endpoint is held back; at most a minute.
    pub delay_milliseconds: u32,
    /// What the token endpoint answers instead of the truth.
    pub answer: Option<Answer>,
    /// What the path of the metadata answers instead of the truth, to every request.
    pub metadata_answer: Option<Answer>,
    /// What `/jwk` answers instead of the truth, to every request.
    pub jwk_answer: Option<Answer>,
    /// With which status such answers come, of 200 to 599. Default: 503 for `status`, 200 for everything else, 307
    /// for `redirect`.
    pub status: Option<u16>,
    /// The header `Retry-After` of such answers.
    pub retry_after_seconds: Option<u32>,
    /// How many token requests are answered so, counted from the start or from the last change of the file; all
    /// when left out.
    pub first_requests: Option<u32>,
    /// Members of the metadata (RFC 8414 §2): a wrong `issuer`, no `jwks_uri`, other algorithms.
    pub metadata: Map<String, Value>,
    /// Members of the key set at `/jwk` (RFC 7517 §5), of which there is one: `keys`.
    pub jwk: Map<String, Value>,
    /// Members of the answer to a grant that was accepted (RFC 6749 §5.1): another `expires_in`, `scope` or
    /// `token_type`.
    pub success: Map<String, Value>,
    /// Claims of access tokens: another `iss`, `aud`, `consumer` or `client_amr`, `authorization_details` that are
    /// an object.
    pub token: Map<String, Value>,
    /// Members of the header of access tokens: a `kid` that is not in `/jwk`, another `alg`.
    pub token_header: Map<String, Value>,
    /// By how many seconds `exp` is after `iat` in access tokens, whatever the answer says; negative for tokens that
    /// have expired when they come.
    pub token_lifetime_seconds: Option<i32>,
    /// Whether access tokens are signed with a key that is not in `/jwk`, under the `kid` of the one that is.
    pub sign_with_another_key: bool,
}

/// A faulty answer. The words are those of a token endpoint also on the other paths.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Answer {
    /// A status and a line of text.
    Status,
    /// A page in HTML, as from a proxy.
    Html,
    /// A JSON body of 8 MiB.
    Huge,
    /// A body that ends before its `Content-Length`.
    Cut,
    /// JSON that ends in the middle.
    BrokenJson,
    /// A true answer with the content type `text/plain`.
    WrongContentType,
    /// A redirect to another path of the simulator.
    Redirect,
    /// A success without a token in it.
    EmptyAccessToken,
}

impl Faults {
    /// The time that the simulator believes it is.
    pub(crate) fn shifted(&self, now: DateTime<Utc>) -> DateTime<Utc> {
        now.checked_add_signed(TimeDelta::seconds(self.clock_offset_seconds.into())).unwrap_or(now)
    }
}

/// Writes a document with some members replaced and others left out; in its own order when there are none.
///
/// What is written are plain structs with string keys: that cannot fail.
pub(crate) fn replacing<T: Serialize>(truth: &T, members: &Map<String, Value>) -> Vec<u8> {
    if members.is_empty() {
        return serde_json::to_vec(truth).unwrap_or_default();
    }
    let mut document = serde_json::to_value(truth).unwrap_or_default();
    if let Some(own) = document.as_object_mut() {
        for (name, value) in members {
            if value.is_null() {
                own.remove(name);
            } else {
                own.insert(name.clone(), value.clone());
            }
        }
    }
    serde_json::to_vec(&document).unwrap_or_default()
}
