//! Hides the numbers of persons: a fødselsnummer or D-number has eleven digits, and a report is often pasted somewhere.

use serde_json::{Map, Value};

/// What is shown in place of a person's number.
const MASK: &str = "***********";

/// Claims that name a person with no more than a number.
const PERSONS: [&str; 2] = ["pid", "sub"];

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

/// A text with the person's number at its end hidden; `None` when there is none. It stands alone or behind a colon, as in
/// `urn:altinn:person:identifier-no:` of a consent
/// (<https://docs.digdir.no/docs/Maskinporten/maskinporten_func_samtykke>).
fn mask_text(text: &str) -> Option<String> {
    let start = text.rfind(':').map_or(0, |colon| colon + 1);
    let (before, digits) = text.split_at(start);
    is_person(digits).then(|| format!("{before}{MASK}"))
}

/// Whether a text may be a person's number.
pub(super) fn is_person(text: &str) -> bool {
    text.len() == MASK.len() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// A token's own words, short, harmless and with no person's number at their end.
pub(super) fn shown(text: &str) -> String {
    super::shown(&mask_text(text).unwrap_or_else(|| text.to_owned()))
}
