//! What a token comes wrapped in when people copy it: a header line, quotes, the whole answer of a token endpoint.

use secrecy::SecretString;
use serde::{Deserialize, Serialize, de::IgnoredAny};

use super::InspectError;

/// Something that stood round the token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum InputFormat {
    /// `Authorization: Bearer`, or a part of it.
    Header,
    /// A pair of double quotes, as Altinn's exchange answers when it is asked for JSON.
    Quotes,
    /// The JSON of a token endpoint's answer; the token is its `access_token`.
    Answer,
}

/// The members that tell an answer from a token in another serialization. Others are let be.
#[derive(Deserialize)]
struct Answer {
    access_token: Option<String>,
    error: Option<IgnoredAny>,
    ciphertext: Option<IgnoredAny>,
    signature: Option<IgnoredAny>,
    signatures: Option<Vec<IgnoredAny>>,
}

/// Takes the token out of what is round it.
///
/// # Errors
/// [`InspectError`] when what is round it is JSON without a token.
pub(super) fn unwrap(text: &str) -> Result<(SecretString, Vec<InputFormat>), InspectError> {
    let mut wrappings = Vec::new();
    let text = text.strip_prefix('\u{feff}').unwrap_or(text).trim();
    if text.starts_with('{') {
        return Ok((answer(text)?, vec![InputFormat::Answer]));
    }
    let bare = without_word(without_word(text, "authorization:"), "bearer ");
    if bare.len() != text.len() {
        wrappings.push(InputFormat::Header);
    }
    let token = match bare.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) {
        Some(quoted) => {
            wrappings.push(InputFormat::Quotes);
            quoted
        }
        None => bare,
    };
    Ok((SecretString::from(token), wrappings))
}

/// The text without this word at its beginning, whatever its letter case (RFC 9110 §11.1).
fn without_word<'text>(text: &'text str, word: &str) -> &'text str {
    match text.split_at_checked(word.len()) {
        Some((start, rest)) if start.eq_ignore_ascii_case(word) => rest.trim_start(),
        _ => text,
    }
}

fn answer(text: &str) -> Result<SecretString, InspectError> {
    let answer: Answer = serde_json::from_str(text).map_err(|_| InspectError::NoToken)?;
    match answer {
        Answer { access_token: Some(token), .. } => Ok(SecretString::from(token)),
        Answer { ciphertext: Some(_), .. } => Err(InspectError::Encrypted),
        Answer { signatures: Some(signatures), .. } => Err(InspectError::JsonSerialization(signatures.len())),
        Answer { signature: Some(_), .. } => Err(InspectError::Flattened),
        Answer { error: Some(_), .. } => Err(InspectError::Refusal),
        _ => Err(InspectError::NoToken),
    }
}
