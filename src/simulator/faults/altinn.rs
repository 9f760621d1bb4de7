//! Faults of Altinn.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::FaultAnswer;

/// Faults of the exchange, the refresh and the vendor's APIs of Altinn; by default there are none.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AltinnFaults {
    /// The status of a refusal, with the body that Altinn's has: 401, 403 and 429 are empty, and 410 is a problem. With
    /// `answer` it is the status of that answer.
    pub status: Option<u16>,
    /// What is answered instead of the correct response.
    pub answer: Option<FaultAnswer>,
    /// The header `Retry-After` of such answers.
    pub retry_after_seconds: Option<u32>,
    /// How long each response is delayed; at most a minute.
    pub delay_milliseconds: u32,
    /// The number of requests with such an answer, counted from the start or from the last change of the file. Default: all.
    pub first_requests: Option<u32>,
    /// Claims of exchanged tokens: members replace those of the correct token, and `null` removes one.
    pub token: Map<String, Value>,
    /// The number of seconds from `iat` to `exp` in exchanged tokens.
    pub token_lifetime_seconds: Option<i32>,
}

impl AltinnFaults {
    /// Whether the response to a request after this number of requests is replaced.
    pub(crate) fn replaces(&self, requests_before: u32) -> bool {
        (self.status.is_some() || self.answer.is_some())
            && self.first_requests.is_none_or(|first| requests_before < first)
    }
}
