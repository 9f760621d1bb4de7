//! Extracts a token from what is often copied with it: a header line, quotes, a response, an assignment, a command.

use secrecy::SecretString;
use serde::Serialize;

use super::{
    InspectError,
    token_search::{self, FoundToken},
};
use crate::json::{self, JsonObject, JsonValue};

/// Something that surrounded the token in the input.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum InputFormat {
    /// `Authorization: Bearer`, or part of it.
    Header,
    /// Double quotes, as in the JSON response of Altinn's exchange.
    Quotes,
    /// A token endpoint's JSON response; the token is its `access_token`.
    Answer,
    /// Line breaks in the token.
    Lines,
    /// Any other text, such as a command or an assignment.
    Text,
}

/// A token, and what surrounded it.
type Unwrapped = (SecretString, Vec<InputFormat>);

/// A token, and whether its text names it as the one that gives access.
type NamedToken = (SecretString, Vec<InputFormat>, bool);

/// Returns the token, and what surrounded it.
///
/// # Errors
/// [`InspectError`] when the input has no token, or several.
pub(super) fn unwrap(text: &str) -> Result<Unwrapped, InspectError> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text).trim();
    let is_json = text.starts_with(['{', '[']);
    if let (true, Ok(value)) = (is_json, json::parse(text.as_bytes())) {
        return from_json(&value);
    }
    if let Some(found) = only(in_text(text))? {
        return Ok(found);
    }
    let (bare, is_header) = without_header(text);
    let bare = bare.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or(bare);
    match bare {
        _ if is_json => Err(InspectError::NoToken),
        _ if bare.contains(char::is_whitespace) => Err(InspectError::NotFound),
        // It is not found because it is damaged, which reading it describes.
        _ => Ok((SecretString::from(bare), if is_header { vec![InputFormat::Header] } else { Vec::new() })),
    }
}

/// Returns the tokens in a text.
fn in_text(text: &str) -> Vec<NamedToken> {
    let named = |found: FoundToken| {
        let (before, after) = (&text[..found.place.start], &text[found.place.end..]);
        let (bare, is_header) = without_header(before);
        let mut formats = Vec::new();
        let name = before.trim_end_matches(|end: char| end.is_whitespace() || "\"'=:%20".contains(end));
        let is_bearer = ends_with(name, "bearer") || ends_with(name, "authorization");
        if is_header || is_bearer {
            formats.push(InputFormat::Header);
        }
        match (bare.trim(), after.trim()) {
            ("", "") => {}
            ("\"", "\"") => formats.push(InputFormat::Quotes),
            _ => formats.push(InputFormat::Text),
        }
        if found.is_wrapped {
            formats.push(InputFormat::Lines);
        }
        (SecretString::from(found.token.as_str()), formats, is_bearer || ends_with(name, "access_token"))
    };
    token_search::tokens(text).into_iter().map(named).collect()
}

/// Returns the token that gives access, or else the only one; a token that occurs twice is one.
fn only(mut tokens: Vec<NamedToken>) -> Result<Option<Unwrapped>, InspectError> {
    use secrecy::ExposeSecret as _;

    if tokens.iter().any(|(_, _, gives_access)| *gives_access) {
        tokens.retain(|(_, _, gives_access)| *gives_access);
    }
    let mut distinct: Vec<&str> = tokens.iter().map(|(token, ..)| token.expose_secret()).collect();
    distinct.sort_unstable();
    distinct.dedup();
    match distinct.len() {
        0 | 1 => Ok(tokens.into_iter().next().map(|(token, formats, _)| (token, formats))),
        count => Err(InspectError::Several(count)),
    }
}

/// Strips `Authorization: Bearer`, or part of it, from the start of a text.
fn without_header(text: &str) -> (&str, bool) {
    let bare = strip_word(strip_word(text, "authorization:"), "bearer ");
    (bare, bare.len() != text.len())
}

/// Strips a word from the start of a text, case-insensitively (RFC 9110 §11.1).
fn strip_word<'text>(text: &'text str, word: &str) -> &'text str {
    match text.split_at_checked(word.len()) {
        Some((start, rest)) if start.eq_ignore_ascii_case(word) => rest.trim_start(),
        _ => text,
    }
}

fn ends_with(text: &str, word: &str) -> bool {
    let start = text.len().checked_sub(word.len());
    start.and_then(|start| text.get(start..)).is_some_and(|end| end.eq_ignore_ascii_case(word))
}

/// Returns the token in JSON: the `access_token` of a response, or else the only token in any of its strings.
fn from_json(value: &JsonValue) -> Result<Unwrapped, InspectError> {
    let response = match value {
        JsonValue::Object(object) if object.duplicate().is_some() => return Err(InspectError::NoToken),
        JsonValue::Object(object) => Some(object),
        _ => None,
    };
    if let Some(JsonValue::String(token)) = response.and_then(|response| response.get("access_token")) {
        return Ok((SecretString::from(token.as_str()), vec![InputFormat::Answer]));
    }
    let mut tokens = Vec::new();
    collect(value, &mut tokens);
    match only(tokens)? {
        Some((token, _)) => Ok((token, vec![InputFormat::Text])),
        None => Err(response.map_or(InspectError::NoToken, without_token)),
    }
}

fn collect(value: &JsonValue, tokens: &mut Vec<NamedToken>) {
    match value {
        JsonValue::String(text) => tokens.extend(in_text(text)),
        JsonValue::Array(values) => values.iter().for_each(|value| collect(value, tokens)),
        JsonValue::Object(object) => object.iter().for_each(|(name, value)| match value {
            JsonValue::String(text) => {
                let gives_access = ["access_token", "authorization"].iter().any(|own| name.eq_ignore_ascii_case(own));
                let named = |(token, formats, own)| (token, formats, own || gives_access);
                tokens.extend(in_text(text).into_iter().map(named));
            }
            value => collect(value, tokens),
        }),
        _ => {}
    }
}

/// Tells what a JSON object without a token is.
fn without_token(object: &JsonObject) -> InspectError {
    match (object.get("ciphertext"), object.get("signatures"), object.get("signature"), object.get("error")) {
        (Some(_), ..) => InspectError::Encrypted,
        (_, Some(JsonValue::Array(signatures)), ..) => InspectError::JsonSerialization(signatures.len()),
        (_, _, Some(_), _) => InspectError::Flattened,
        (.., Some(_)) => InspectError::Refusal,
        _ => InspectError::NoToken,
    }
}
