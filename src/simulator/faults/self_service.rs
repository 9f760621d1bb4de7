//! Faults of the self-service API.

use serde::{Deserialize, Serialize};

use super::FaultAnswer;

/// Faults of the self-service API for clients, keys, scopes and accesses; by default there are none.
///
/// A request that is refused with a status of this API changes nothing. With any other answer only the response is lost.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SelfServiceFaults {
    /// The status of a refusal, with the body of a refusal of this API: 400, 401, 403, 404, 409, 428 (the organisation has
    /// not signed the terms of use) or 429. Any other status has a line of text. With `answer` it is the status of that
    /// answer.
    pub status: Option<u16>,
    /// What is answered instead of the correct response.
    pub answer: Option<FaultAnswer>,
    /// The header `Retry-After` of such answers.
    pub retry_after_seconds: Option<u32>,
    /// How long each response is delayed; at most a minute.
    pub delay_milliseconds: u32,
    /// The number of requests with such an answer, counted from the start or from the last change of the file. Default: all.
    pub first_requests: Option<u32>,
    /// After how many seconds a change reaches Maskinporten. Default: 0; in reality it is up to two minutes.
    pub propagation_seconds: u32,
}

impl SelfServiceFaults {
    /// Whether the response to a request after this number of requests is replaced.
    pub(crate) fn replaces(&self, requests_before: u32) -> bool {
        (self.status.is_some() || self.answer.is_some())
            && self.first_requests.is_none_or(|first| requests_before < first)
    }
}
