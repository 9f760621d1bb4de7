//! Parses a refusal of the token endpoint, and adds the known explanation.
//!
//! RFC 6749 §5.2, and Maskinporten's additions: `error_uri` ends with an MP code, and `error_description` ends with
//! `(trace_id: …)`, formerly `(correlation id: …)`.

use serde::Deserialize;
use serde_json::Value;

use super::{
    catalogue::{self, Explanation},
    refusal_facts::RefusalFacts,
    refusal_text::RefusalText,
};
use crate::{
    language::{Language, Words},
    text::server_text,
};

/// Digdir's list of refusals.
pub const REFUSALS: &str = "https://docs.digdir.no/docs/Maskinporten/maskinporten_feilsoking";

/// Introduces the meaning of a refusal.
pub const THAT_MEANS: Words = Words { en: "that means", nb: "det betyr" };

/// Longer texts of a server are cut off. Maskinporten's are a few lines.
const MAXIMUM_CHARACTERS: usize = 1000;

/// A refusal of the token endpoint. The server's texts are verbatim, except for characters that a terminal interprets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The HTTP status code.
    pub status: u16,
    /// The OAuth error, such as `invalid_grant`.
    pub error: String,
    /// The server's description.
    pub description: Option<String>,
    /// The URL of the server's page about it.
    pub uri: Option<String>,
    /// Maskinporten's own code, such as `MP-200`.
    pub mp_code: Option<String>,
    /// The id by which Digdir's support finds the request.
    pub trace_id: Option<String>,
    /// Whether it is Maskinporten's: by the endpoint, or by the code or the trace id, which the simulator sends too.
    pub is_from_maskinporten: bool,
    /// What it means and what to do, if it is a known refusal of Maskinporten.
    pub explanation: Option<&'static Explanation>,
    /// What its explanation can name.
    pub facts: RefusalFacts,
}

#[derive(Deserialize)]
struct ErrorResponse {
    error: String,
    error_description: Option<Value>,
    error_uri: Option<Value>,
}

impl Refusal {
    /// Parses a body as an OAuth error; `None` when it is not one.
    pub(super) fn read(status: u16, body: &[u8], is_maskinporten: bool) -> Option<Self> {
        let response: ErrorResponse = serde_json::from_slice(body).ok()?;
        // RFC 6749 §5.2 limits the characters of `error`.
        if response.error.is_empty() || !response.error.bytes().all(|byte| matches!(byte, 0x20..=0x7e)) {
            return None;
        }
        let error = server_text(&response.error, MAXIMUM_CHARACTERS);
        let description = member_text(response.error_description.as_ref());
        let uri = member_text(response.error_uri.as_ref());
        let mp_code = uri.as_deref().and_then(mp_code);
        let text = description.as_deref().unwrap_or_default();
        let trace_id = trace_id(text).map(str::to_owned);
        let is_from_maskinporten = is_maskinporten || mp_code.is_some() || trace_id.is_some();
        let explain = || catalogue::find(mp_code.as_deref(), &error, text);
        Some(Self {
            status,
            trace_id,
            is_from_maskinporten,
            explanation: is_from_maskinporten.then(explain).flatten(),
            facts: RefusalText::parse(&[Some(text), uri.as_deref()].map(Option::unwrap_or_default).join(" ")).facts(),
            mp_code,
            error,
            description,
            uri,
        })
    }

    /// Parses a response to a request of a login.
    pub(crate) fn of_login(status: u16, body: &[u8]) -> Option<Self> {
        let refusal = Self::read(status, body, false)?;
        Some(refusal.explained_as_login())
    }

    /// Makes the refusal of an address that a browser came back to (RFC 6749 §4.1.2.1); it has no status.
    pub(crate) fn of_redirect(error: &str, description: Option<String>, uri: Option<String>) -> Self {
        let text = |text: Option<String>| {
            text.map(|text| server_text(&text, MAXIMUM_CHARACTERS)).filter(|text| !text.is_empty())
        };
        let description = text(description);
        let refusal = Self {
            status: 0,
            error: server_text(error, MAXIMUM_CHARACTERS),
            trace_id: description.as_deref().and_then(trace_id).map(str::to_owned),
            description,
            uri: text(uri),
            mp_code: None,
            is_from_maskinporten: false,
            explanation: None,
            facts: RefusalFacts::default(),
        };
        refusal.explained_as_login()
    }

    fn explained_as_login(self) -> Self {
        let explanation = catalogue::find_login(&self.error, self.description.as_deref().unwrap_or_default());
        Self { explanation, is_from_maskinporten: false, ..self }
    }

    /// Returns what it means, if it is a known refusal.
    #[must_use]
    pub fn known_meaning(&self, language: Language) -> Option<String> {
        Some(self.explanation?.meaning(&self.facts, language))
    }

    /// Returns what it means, introduced; for an unknown refusal, the server's page about it.
    #[must_use]
    pub fn meaning(&self, language: Language) -> Option<String> {
        const MORE: Words = Words { en: "the server refers to", nb: "serveren viser til" };
        let known = self.known_meaning(language).map(|known| format!("{}: {known}", THAT_MEANS.in_language(language)));
        known.or_else(|| Some(format!("{} {}", MORE.in_language(language), self.uri.as_ref()?)))
    }

    /// Returns what to do; for an unknown refusal, where to ask.
    #[must_use]
    pub fn remedy(&self, language: Language) -> String {
        const LOOK: Words = Words { en: "look it up in", nb: "slå det opp i" };
        const SEND: Words = Words {
            en: ", or send the trace id to servicedesk@digdir.no",
            nb: ", eller send trace-id-en til servicedesk@digdir.no",
        };
        const OTHER: Words = Words {
            en: "look the error up in the server's documentation or log; some servers want --client-auth or \
                 --token-request-param",
            nb: "slå opp feilen i serverens dokumentasjon eller logg; noen servere vil ha --client-auth eller \
                 --token-request-param",
        };
        const CLIENT: Words = Words {
            en: "pass --client-auth with the method that the client is registered with",
            nb: "bruk --client-auth med metoden som klienten er registrert med",
        };
        if let Some(known) = self.explanation {
            return known.hint(&self.facts, language);
        }
        if !self.is_from_maskinporten {
            // RFC 6749 §5.2: the client is unknown, or authenticated in no or another way.
            let other = if self.error == "invalid_client" { CLIENT } else { OTHER };
            return other.in_language(language).to_owned();
        }
        let send = if self.trace_id.is_some() { SEND.in_language(language) } else { "" };
        format!("{} {REFUSALS}{send}", LOOK.in_language(language))
    }
}

/// Returns why a body is not an OAuth error, as the end of a sentence.
pub(super) fn fault(body: &[u8]) -> &'static str {
    let members: Option<serde_json::Map<String, Value>> = serde_json::from_slice(body).ok();
    match members.as_ref().and_then(|members| members.get("error")) {
        None | Some(Value::String(_)) => "it is not an OAuth error",
        Some(_) => "its `error` is not a string, so it is not an OAuth error",
    }
}

/// Returns a member's text; `None` for other types and empty texts, which must not hide the error.
fn member_text(member: Option<&Value>) -> Option<String> {
    let text = server_text(member?.as_str()?, MAXIMUM_CHARACTERS);
    (!text.is_empty()).then_some(text)
}

/// Returns the code at the end of a URL such as `https://maskinporten.no/errors/MP-200`.
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
    fn a_refusal_as_seen_on_the_wire_is_parsed() {
        let body = br#"{"error":"invalid_scope","error_description":"Token request contains invalid scopes for client, altinn:serviceowners/read (trace_id: bd1d0e3bfb1c7a7bd99fd447714a316c)","error_uri":"https://test.maskinporten.no/errors/MP-200"}"#;
        let refusal = Refusal::read(400, body, false).unwrap();
        assert_eq!(refusal.mp_code.as_deref(), Some("MP-200"));
        assert_eq!(refusal.trace_id.as_deref(), Some("bd1d0e3bfb1c7a7bd99fd447714a316c"));
        assert_eq!(refusal.explanation.and_then(|explanation| explanation.code), Some("MP-200"));
    }

    #[test]
    fn the_older_form_with_a_correlation_id_is_parsed() {
        let body = br#"{"error":"forbidden","error_description":"Consumer has not been granted access to the scope x:y. (correlation id: 8a2b)"}"#;
        let refusal = Refusal::read(403, body, false).unwrap();
        assert_eq!((refusal.mp_code.as_deref(), refusal.trace_id.as_deref()), (None, Some("8a2b")));
        assert_eq!(refusal.explanation.and_then(|explanation| explanation.code), Some("MP-250"));
    }

    #[test]
    fn a_refusal_of_another_server_is_not_explained_as_one_of_maskinporten() {
        let body = br#"{"error":"invalid_client","error_description":"Invalid client or Invalid client credentials"}"#;

        let refusal = Refusal::read(401, body, false).unwrap();

        assert_eq!((refusal.explanation, refusal.meaning(Language::English)), (None, None));
        let hint = "pass --client-auth with the method that the client is registered with";
        assert_eq!(refusal.remedy(Language::English), hint);
        let of_maskinporten = Refusal::read(401, br#"{"error":"new_error"}"#, true).unwrap();
        assert_eq!(of_maskinporten.remedy(Language::English), format!("look it up in {REFUSALS}"));
    }

    #[test]
    fn a_body_that_is_not_an_oauth_error_is_not_a_refusal() {
        for body in ["", "{}", "<html>", r#"{"error":""}"#, r#"{"error":7}"#, r#"{"error":"å"}"#, r#"{"status":400}"#]
        {
            assert_eq!(Refusal::read(400, body.as_bytes(), false), None, "{body}");
        }
    }
}
