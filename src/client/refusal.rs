//! A refusal in the server's own words, with what is known about it.
//!
//! RFC 6749 §5.2, and Maskinporten's additions: `error_uri` ends with an MP code, and `error_description` ends with
//! `(trace_id: …)`, formerly `(correlation id: …)`.

use serde::Deserialize;
use serde_json::Value;

use super::{
    catalogue::{self, Explanation},
    error::harmless,
};
use crate::language::{Language, Words};

/// Digdir's page of refusals.
pub const REFUSALS: &str = "https://docs.digdir.no/docs/Maskinporten/maskinporten_feilsoking";

/// What introduces what a refusal means.
pub const THAT_MEANS: Words = Words { en: "that means", nb: "det betyr" };

/// The longest that any of the server's words is kept; Maskinporten's own are a few lines.
const MAXIMUM_CHARACTERS: usize = 1000;

/// A refusal of the token endpoint. The server's words are kept word for word, made harmless for a terminal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The status code.
    pub status: u16,
    /// The error code, such as `invalid_grant`.
    pub error: String,
    /// What the server says about it.
    pub description: Option<String>,
    /// Where the server says more about it.
    pub uri: Option<String>,
    /// Maskinporten's own code, such as `MP-200`.
    pub mp_code: Option<String>,
    /// What Digdir's support finds the request by.
    pub trace_id: Option<String>,
    /// What it means and what to do, when it is a refusal that is known.
    pub explanation: Option<&'static Explanation>,
}

#[derive(Deserialize)]
struct Wire {
    error: String,
    error_description: Option<Value>,
    error_uri: Option<Value>,
}

impl Refusal {
    /// Reads a body as an OAuth error; `None` when it is none.
    pub(super) fn read(status: u16, body: &[u8]) -> Option<Self> {
        let wire: Wire = serde_json::from_slice(body).ok()?;
        // RFC 6749 §5.2 limits the characters of `error`, and an empty one says nothing.
        if wire.error.is_empty() || !wire.error.bytes().all(|byte| matches!(byte, 0x20..=0x7e)) {
            return None;
        }
        let error = harmless(&wire.error, MAXIMUM_CHARACTERS);
        let description = words(wire.error_description.as_ref());
        let uri = words(wire.error_uri.as_ref());
        let mp_code = uri.as_deref().and_then(mp_code);
        let text = description.as_deref().unwrap_or_default();
        Some(Self {
            status,
            trace_id: trace_id(text).map(str::to_owned),
            explanation: catalogue::find(mp_code.as_deref(), &error, text),
            mp_code,
            error,
            description,
            uri,
        })
    }

    /// Says what it means; of a refusal that is not known, where the server says more.
    #[must_use]
    pub fn meaning(&self, language: Language) -> Option<String> {
        const MORE: Words = Words { en: "the server says more at", nb: "serveren sier mer på" };
        match (self.explanation, &self.uri) {
            (Some(known), _) => {
                Some(format!("{}: {}", THAT_MEANS.in_language(language), known.meaning.in_language(language)))
            }
            (None, Some(uri)) => Some(format!("{} {uri}", MORE.in_language(language))),
            (None, None) => None,
        }
    }

    /// Says what to do about it; of a refusal that is not known, who knows more.
    #[must_use]
    pub fn remedy(&self, language: Language) -> String {
        const LOOK: Words = Words { en: "look it up in", nb: "slå det opp i" };
        const SEND: Words = Words {
            en: ", or send the trace id to servicedesk@digdir.no",
            nb: ", eller send trace-id-en til servicedesk@digdir.no",
        };
        if let Some(known) = self.explanation {
            return known.hint(language);
        }
        let send = if self.trace_id.is_some() { SEND.in_language(language) } else { "" };
        format!("{} {REFUSALS}{send}", LOOK.in_language(language))
    }
}

/// A member's text; one of another type, or an empty one, must not hide the error that it comes with.
fn words(member: Option<&Value>) -> Option<String> {
    let text = harmless(member?.as_str()?, MAXIMUM_CHARACTERS);
    (!text.is_empty()).then_some(text)
}

/// The code at the end of an address such as `https://maskinporten.no/errors/MP-200`.
fn mp_code(uri: &str) -> Option<String> {
    let last = uri.trim_end_matches('/').rsplit('/').next()?;
    let digits = last.strip_prefix("MP-")?;
    (digits.len() == 3 && digits.bytes().all(|byte| byte.is_ascii_digit())).then(|| last.to_owned())
}

fn trace_id(description: &str) -> Option<&str> {
    let after = ["(trace_id: ", "(correlation id: "].iter().find_map(|mark| description.split_once(mark))?.1;
    after.split_once(')').map(|(id, _)| id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_maskinportens_refusal_as_seen_on_the_wire() {
        let body = br#"{"error":"invalid_scope","error_description":"Token request contains invalid scopes for client, altinn:serviceowners/read (trace_id: bd1d0e3bfb1c7a7bd99fd447714a316c)","error_uri":"https://test.maskinporten.no/errors/MP-200"}"#;
        let refusal = Refusal::read(400, body).unwrap();
        assert_eq!(refusal.mp_code.as_deref(), Some("MP-200"));
        assert_eq!(refusal.trace_id.as_deref(), Some("bd1d0e3bfb1c7a7bd99fd447714a316c"));
        assert_eq!(refusal.explanation.and_then(|explanation| explanation.code), Some("MP-200"));
    }

    #[test]
    fn reads_the_older_form_with_a_correlation_id() {
        let body = br#"{"error":"forbidden","error_description":"Consumer has not been granted access to the scope x:y. (correlation id: 8a2b)"}"#;
        let refusal = Refusal::read(403, body).unwrap();
        assert_eq!((refusal.mp_code.as_deref(), refusal.trace_id.as_deref()), (None, Some("8a2b")));
        assert_eq!(refusal.explanation.and_then(|explanation| explanation.code), Some("MP-250"));
    }

    #[test]
    fn a_body_that_is_no_oauth_error_is_none() {
        for body in ["", "{}", "<html>", r#"{"error":""}"#, r#"{"error":7}"#, r#"{"error":"å"}"#, r#"{"status":400}"#]
        {
            assert_eq!(Refusal::read(400, body.as_bytes()), None, "{body}");
        }
    }
}
