//! Deliberate faults, for testing clients against them, and how each refusal is provoked.
//!
//! The member `faults` of `clients.json` replaces the faults given at start:
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
//! It may be a list: each element applies to as many token requests as its `first_requests`, then the next one does.
//! This gives 503, then an HTML page, then tokens:
//!
//! ```json
//! {
//!   "faults": [
//!     { "answer": "status", "first_requests": 1 },
//!     { "answer": "html", "first_requests": 1 }
//!   ]
//! }
//! ```
//!
//! Altinn has faults of its own, counted by its own requests:
//!
//! ```json
//! { "faults": { "altinn": { "status": 429, "retry_after_seconds": 1, "first_requests": 2 } } }
//! ```
//!
//! ID-porten and Ansattporten too. This signs id tokens with a key that is not in the key set:
//!
//! ```json
//! { "faults": { "idporten": { "id_token_signature": "another_key" } } }
//! ```
//!
//! So has the self-service API. Here its changes reach Maskinporten after two minutes, as they may in reality:
//!
//! ```json
//! { "faults": { "self_service": { "propagation_seconds": 120 } } }
//! ```
//!
//! # How each refusal is provoked
//! With the clients, scopes and keystores of a new data folder ([`Installation`](super::Installation)). The client is
//! that of `modern.p12` unless noted.
//!
//! | code | what provokes it |
//! |---|---|
//! | MP-011 | a line break in the assertion |
//! | MP-012 | the same assertion twice |
//! | MP-100 | the client `7a3b8e4e-0b52-4a55-9a0c-6c0ef0f4d6c1`, which is not active, or any client id that is not registered |
//! | MP-110 | another audience, such as the URL of the token endpoint |
//! | MP-120 | `other-environment.p12`, `expired.p12`, `encryption-only.p12`; `leaf-only.p12` with the switch `require_full_chain` |
//! | MP-121 | `registered-key.jwk.json` with the client `1f0de3cf-0a6f-4a0c-9d0e-4b7a5f6f1c21` |
//! | MP-122 | `no-organisation-number.p12`; or `modern.p12` with the client of `legacy.p12` |
//! | MP-123 | `x5c` that is not an array; or neither `x5c` nor `kid` |
//! | MP-124 | `registered-key.jwk.json` with the client `5c1f7a0e-3b1d-4d53-8f3a-2e9a6d0b7c44` |
//! | MP-130 | `"faults": { "clock_offset_seconds": 300 }` |
//! | MP-200 | a scope that the client does not have, such as `difitest:none` |
//! | MP-201 | the scope `simulator:login` |
//! | MP-250 | the scope `simulator:ungranted` |
//! | MP-251 | the scope `simulator:undelegated` for the consumer 310700053 |
//! | MP-301 | `authorization_details` with a type that is not in the metadata |
//! | MP-302 | an unknown member in `authorization_details` |
//! | MP-303 | a system user of 310700061, an organisation without one |
//! | Issue time is after now | `"faults": { "clock_offset_seconds": -60 }` |
//! | Unknown key identifier (kid) | `registered-key.jwk.json` with the client of `modern.p12` |
//! | pre-registered jwk and no kid | `modern.p12` with the client of `registered-key.jwk.json` |
//! | consumer_org and delegation scope | the scope `simulator:delegated` for the client's own organisation, 310700010 |
//! | `unauthorized_client` | the client `2b6a1e9d-7c48-4f0b-9a35-c1d2e3f4a5b6`, which is for the login of people |

mod altinn;
mod idporten;
pub(crate) mod responses;
mod self_service;

use std::fmt;

use chrono::{DateTime, TimeDelta, Utc};
use serde::{
    Deserialize, Deserializer, Serialize,
    de::{
        MapAccess, SeqAccess, Visitor,
        value::{MapAccessDeserializer, SeqAccessDeserializer},
    },
};
use serde_json::{Map, Value};

pub use altinn::AltinnFaults;
pub use idporten::{IdTokenSignature, IdportenFaults};
pub use self_service::SelfServiceFaults;

/// Faults; by default there are none.
///
/// The assertion is validated and its `jti` recorded as used even if the response is replaced, as when a response is
/// lost on the network: sending the same assertion again gives MP-012. Where a fault is an object, its members replace
/// those of the correct document, and a member that is `null` is removed from it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Faults {
    /// How far the simulator's clock is ahead of the real one; negative when it is behind. It applies to the validation
    /// of assertions, to issued tokens, to `Date` and to `/api/hello`.
    pub clock_offset_seconds: i32,
    /// How long each response of the token endpoint is delayed; at most a minute.
    pub delay_milliseconds: u32,
    /// What the token endpoint answers instead of the correct response.
    pub answer: Option<FaultAnswer>,
    /// What the metadata path answers instead of the correct response, to every request.
    pub metadata_answer: Option<FaultAnswer>,
    /// What `/jwk` answers instead of the correct response, to every request.
    pub jwk_answer: Option<FaultAnswer>,
    /// The status of such answers, 200 to 599. Default: 503 for `status`, 307 for `redirect`, 200 for everything else.
    pub status: Option<u16>,
    /// The header `Retry-After` of such answers.
    pub retry_after_seconds: Option<u32>,
    /// The number of token requests with such an answer, counted from the start, from the last change of the file, or
    /// from the end of the previous element of a list. Default: all. Then the next element applies; the last one
    /// remains in effect without its `answer`.
    pub first_requests: Option<u32>,
    /// Members of the metadata (RFC 8414 §2), such as a wrong `issuer`, no `jwks_uri` or other algorithms.
    pub metadata: Map<String, Value>,
    /// Members of the key set at `/jwk` (RFC 7517 §5); it has one, `keys`.
    pub jwk: Map<String, Value>,
    /// Members of a successful token response (RFC 6749 §5.1), such as another `expires_in`, `scope` or `token_type`.
    pub success: Map<String, Value>,
    /// Claims of access tokens, such as another `iss`, `aud`, `consumer` or `client_amr`, or `authorization_details` that
    /// is an object.
    pub token: Map<String, Value>,
    /// Members of the header of access tokens, such as a `kid` that is not in `/jwk`, or another `alg`.
    pub token_header: Map<String, Value>,
    /// The number of seconds from `iat` to `exp` in access tokens, regardless of `expires_in`; negative for tokens that
    /// have already expired.
    pub token_lifetime_seconds: Option<i32>,
    /// Whether access tokens are signed with a key that is not in `/jwk`, but have the `kid` of the key that is.
    pub sign_with_another_key: bool,
    /// Faults of Altinn.
    pub altinn: AltinnFaults,
    /// Faults of ID-porten and Ansattporten.
    pub idporten: IdportenFaults,
    /// Faults of the self-service API.
    pub self_service: SelfServiceFaults,
}

/// A faulty answer. The bodies are those of a token endpoint, on the other paths too.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum FaultAnswer {
    /// A status and a line of text.
    Status,
    /// An HTML page, as from a proxy.
    Html,
    /// A JSON body of 8 MiB.
    Huge,
    /// A body that ends before its `Content-Length`.
    Cut,
    /// Truncated JSON.
    BrokenJson,
    /// The correct response with the content type `text/plain`.
    WrongContentType,
    /// A redirect to another path of the simulator.
    Redirect,
    /// A successful response with an empty token.
    EmptyAccessToken,
}

impl Faults {
    /// Returns the simulator's time: `now` plus the offset.
    pub(crate) fn shifted(&self, now: DateTime<Utc>) -> DateTime<Utc> {
        now.checked_add_signed(TimeDelta::seconds(self.clock_offset_seconds.into())).unwrap_or(now)
    }

    /// Returns the names of the faults in the response to a token request, for the log.
    pub(crate) fn names(&self, granted: bool) -> Vec<String> {
        if let Some(answer) = self.answer {
            let name = serde_json::to_value(answer).ok().and_then(|value| value.as_str().map(str::to_owned));
            return name.into_iter().collect();
        }
        let in_the_token = [
            ("success", !self.success.is_empty()),
            ("token", !self.token.is_empty()),
            ("token_header", !self.token_header.is_empty()),
            ("token_lifetime_seconds", self.token_lifetime_seconds.is_some()),
            ("sign_with_another_key", self.sign_with_another_key),
        ];
        in_the_token.into_iter().filter(|(_, is_set)| granted && *is_set).map(|(name, _)| name.to_owned()).collect()
    }
}

/// Faults that apply one after the other, each to a number of token requests.
#[derive(Debug, Clone)]
pub(crate) struct FaultSequence(Vec<Faults>);

impl FaultSequence {
    pub(crate) fn new(mut elements: Vec<Faults>) -> Self {
        if let Some(last) = elements.last().filter(|last| last.first_requests.is_some()).cloned() {
            elements.push(Faults { answer: None, first_requests: None, ..last });
        }
        Self(elements)
    }

    /// Returns the faults for a request after this number of token requests; `None` for an empty list.
    pub(crate) fn after(&self, token_requests: u32) -> Option<&Faults> {
        let mut end = 0_u32;
        self.0.iter().find(|faults| {
            end = end.saturating_add(faults.first_requests.unwrap_or(u32::MAX));
            token_requests < end || faults.first_requests.is_none()
        })
    }
}

/// An object, or a list of objects. Unlike an untagged enum it reports the name and the line of an unknown member.
impl<'de> Deserialize<'de> for FaultSequence {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(FaultSequenceVisitor)
    }
}

struct FaultSequenceVisitor;

impl<'de> Visitor<'de> for FaultSequenceVisitor {
    type Value = FaultSequence;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("faults or a list of faults")
    }

    fn visit_map<A: MapAccess<'de>>(self, members: A) -> Result<FaultSequence, A::Error> {
        Faults::deserialize(MapAccessDeserializer::new(members)).map(|faults| FaultSequence::new(vec![faults]))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, elements: A) -> Result<FaultSequence, A::Error> {
        Vec::deserialize(SeqAccessDeserializer::new(elements)).map(FaultSequence::new)
    }
}

/// Serializes a document with some members replaced and others removed; in its own order when there are none.
pub(crate) fn replacing<T: Serialize>(document: &T, members: &Map<String, Value>) -> serde_json::Result<Vec<u8>> {
    if members.is_empty() {
        return serde_json::to_vec(document);
    }
    let mut document = serde_json::to_value(document)?;
    if let Some(own) = document.as_object_mut() {
        for (name, value) in members {
            if value.is_null() {
                own.remove(name);
            } else {
                own.insert(name.clone(), value.clone());
            }
        }
    }
    serde_json::to_vec(&document)
}
