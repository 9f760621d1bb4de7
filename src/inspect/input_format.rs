//! Extracts a token from what is often copied with it: a header line, quotes, a token endpoint's whole response.

use secrecy::SecretString;
use serde::{Deserialize, Serialize, de::IgnoredAny};

use super::InspectError;

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
}

/// The members that distinguish a response from a token in another serialization.
#[derive(Deserialize)]
struct TokenEndpointResponse {
    access_token: Option<String>,
    error: Option<IgnoredAny>,
    ciphertext: Option<IgnoredAny>,
    signature: Option<IgnoredAny>,
    signatures: Option<Vec<IgnoredAny>>,
}

/// Returns the token, and what surrounded it.
///
/// # Errors
/// [`InspectError`] when the input is JSON without a token.
pub(super) fn unwrap(text: &str) -> Result<(SecretString, Vec<InputFormat>), InspectError> {
    let mut formats = Vec::new();
    let text = text.strip_prefix('\u{feff}').unwrap_or(text).trim();
    if text.starts_with('{') {
        return Ok((from_response(text)?, vec![InputFormat::Answer]));
    }
    let bare = strip_word(strip_word(text, "authorization:"), "bearer ");
    if bare.len() != text.len() {
        formats.push(InputFormat::Header);
    }
    let token = match bare.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) {
        Some(quoted) => {
            formats.push(InputFormat::Quotes);
            quoted
        }
        None => bare,
    };
    Ok((SecretString::from(token), formats))
}

/// Strips a word from the start of a text, case-insensitively (RFC 9110 §11.1).
fn strip_word<'text>(text: &'text str, word: &str) -> &'text str {
    match text.split_at_checked(word.len()) {
        Some((start, rest)) if start.eq_ignore_ascii_case(word) => rest.trim_start(),
        _ => text,
    }
}

fn from_response(text: &str) -> Result<SecretString, InspectError> {
    let response: TokenEndpointResponse = serde_json::from_str(text).map_err(|_| InspectError::NoToken)?;
    match response {
        TokenEndpointResponse { access_token: Some(token), .. } => Ok(SecretString::from(token)),
        TokenEndpointResponse { ciphertext: Some(_), .. } => Err(InspectError::Encrypted),
        TokenEndpointResponse { signatures: Some(signatures), .. } => {
            Err(InspectError::JsonSerialization(signatures.len()))
        }
        TokenEndpointResponse { signature: Some(_), .. } => Err(InspectError::Flattened),
        TokenEndpointResponse { error: Some(_), .. } => Err(InspectError::Refusal),
        _ => Err(InspectError::NoToken),
    }
}
