//! Reads the errors of the self-service API.
//!
//! Its own have `errors`, a list of messages with the member each is about, and a `correlation_id` by which Digdir's
//! support finds the request. Those of its gateway have `error` and `error_description` or `message`.

use std::fmt;

use serde_json::Value;

use crate::text::server_text;

/// Longer texts of the server are cut.
const MAXIMUM_CHARACTERS: usize = 300;
/// More messages are not shown.
const MAXIMUM_ERRORS: usize = 20;

/// The self-service API's description of an error. Every text is sanitised.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AdminProblem {
    /// What is wrong, with the member of the request that it is about.
    pub messages: Vec<(Option<String>, String)>,
    /// The id by which Digdir's support finds the request.
    pub correlation_id: Option<String>,
}

impl AdminProblem {
    /// Reads the body of an error. A body that is not JSON is the message; a page, and an empty body, has none.
    #[must_use]
    pub fn read(body: &[u8]) -> Self {
        let Ok(value) = serde_json::from_slice::<Value>(body) else {
            let text = String::from_utf8_lossy(body);
            let message = Some(&*text).filter(|text| !text.trim_start().starts_with('<')).and_then(non_empty);
            return Self {
                messages: message.map(|message| (None, message)).into_iter().collect(),
                correlation_id: None,
            };
        };
        let text = |member: &str| value.get(member)?.as_str().and_then(non_empty);
        let errors = value.get("errors").and_then(Value::as_array).into_iter().flatten();
        let mut messages: Vec<_> = errors.filter_map(message).take(MAXIMUM_ERRORS).collect();
        if messages.is_empty() {
            let alone = text("error_description").or_else(|| text("message")).or_else(|| text("error"));
            messages.extend(alone.map(|message| (None, message)));
        }
        Self { messages, correlation_id: text("correlation_id") }
    }
}

fn message(error: &Value) -> Option<(Option<String>, String)> {
    let text = |member: &str| error.get(member)?.as_str().and_then(non_empty);
    Some((text("fieldIdentifier"), text("errorMessage")?))
}

fn non_empty(text: &str) -> Option<String> {
    let text = server_text(text.trim(), MAXIMUM_CHARACTERS);
    (!text.is_empty()).then_some(text)
}

/// Writes what follows a status code.
impl fmt::Display for AdminProblem {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, (member, message)) in self.messages.iter().enumerate() {
            formatter.write_str(if index == 0 { ": " } else { "; " })?;
            if let Some(member) = member {
                write!(formatter, "{member}: ")?;
            }
            formatter.write_str(message)?;
        }
        match &self.correlation_id {
            Some(id) => write!(formatter, " (correlation id: {id})"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_of_an_error_is_read() {
        let own = r#"{"status":400,"timestamp":"2025-07-02T08:30:00.000000000Z","correlation_id":"b496","errors":[
            {"errorMessage":"must not be blank","isFieldError":true,"objectName":"Client","fieldIdentifier":"client_name"},
            {"errorMessage":"unknown scope"}],"error":", error 1, error 2","error_description":"…"}"#;
        for (body, expected) in [
            (own, ": client_name: must not be blank; unknown scope (correlation id: b496)"),
            (r#"{"error":"invalid_token","error_description":"The token has expired"}"#, ": The token has expired"),
            (r#"{"message":"no"}"#, ": no"),
            ("PRECONDITION_REQUIRED: not signed", ": PRECONDITION_REQUIRED: not signed"),
            ("<html>", ""),
            ("", ""),
            ("[]", ""),
            (r#"{"errors":[1,{"errorMessage":""}]}"#, ""),
        ] {
            assert_eq!(AdminProblem::read(body.as_bytes()).to_string(), expected);
        }
    }
}
