//! Hides the numbers of persons: a fødselsnummer or D-number has eleven digits, and a report is often pasted somewhere.

use serde_json::{Map, Value};

/// What is shown in place of a person's number.
const MASK: &str = "***********";

/// Claims that name a person with no more than a number.
const PERSONS: [&str; 2] = ["pid", "sub"];

/// How a consent names a person
/// (<https://docs.digdir.no/docs/Maskinporten/maskinporten_func_samtykke>).
const IDENTIFIER: &str = "person:identifier-no:";

/// The claims with persons' numbers hidden, wherever they stand.
pub(super) fn masked(claims: &Map<String, Value>) -> Map<String, Value> {
    claims.iter().map(|(name, value)| (name.clone(), mask(name, value))).collect()
}

fn mask(name: &str, value: &Value) -> Value {
    match value {
        Value::String(text) => mask_text(text).map_or_else(|| value.clone(), Value::from),
        // A number has lost its leading zeros.
        Value::Number(_) if PERSONS.contains(&name) => MASK.into(),
        Value::Array(list) => list.iter().map(|element| mask(name, element)).collect(),
        Value::Object(members) => Value::Object(masked(members)),
        other => other.clone(),
    }
}

fn mask_text(text: &str) -> Option<String> {
    let (before, digits) = match text.rfind(IDENTIFIER) {
        Some(place) => text.split_at(place + IDENTIFIER.len()),
        None => ("", text),
    };
    let is_number = digits.len() == MASK.len() && digits.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| format!("{before}{MASK}"))
}
