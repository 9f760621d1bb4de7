//! Masks national identity numbers (eleven digits), because a report is often pasted elsewhere.

use serde_json::{Map, Value};

/// Replaces a person's number.
const MASK: &str = "***********";

/// Claims whose value may be a person's number alone.
const PERSONS: [&str; 2] = ["pid", "sub"];

/// Returns the claims with every person's number masked, at any depth.
pub(crate) fn masked(claims: &Map<String, Value>) -> Map<String, Value> {
    claims.iter().map(|(name, value)| (name.clone(), mask(name, value))).collect()
}

fn mask(name: &str, value: &Value) -> Value {
    match value {
        Value::String(text) => mask_text(text).map_or_else(|| value.clone(), Value::from),
        // As a JSON number it may have lost leading zeros, so its digits cannot be counted.
        Value::Number(_) if PERSONS.contains(&name) => MASK.into(),
        Value::Array(list) => list.iter().map(|element| mask(name, element)).collect(),
        Value::Object(members) => Value::Object(masked(members)),
        other => other.clone(),
    }
}

/// Masks a person's number at the end of a text; `None` when there is none.
///
/// The number is the whole text, or follows a colon, as in `urn:altinn:person:identifier-no:` of a consent
/// (<https://docs.digdir.no/docs/Maskinporten/maskinporten_func_samtykke>).
fn mask_text(text: &str) -> Option<String> {
    let start = text.rfind(':').map_or(0, |colon| colon + 1);
    let (before, digits) = text.split_at(start);
    is_person(digits).then(|| format!("{before}{MASK}"))
}

/// Returns whether a text has the form of a person's number.
pub(super) fn is_person(text: &str) -> bool {
    text.len() == MASK.len() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Makes a value of a token safe to show: short, printable and without a person's number at its end.
pub(super) fn shown(text: &str) -> String {
    super::shown(&mask_text(text).unwrap_or_else(|| text.to_owned()))
}
