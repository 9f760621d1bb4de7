//! The JSON of services' responses, whose texts may be secrets.

use zeroize::Zeroizing;

use super::{KeyService, PlaceError, Reason};
use crate::{
    http::Response,
    json::{self, JsonObject, JsonValue},
    pem::{self, PemBlock},
    text::server_text,
};

/// The longest text of a service in an error.
pub(super) const TEXT_CHARACTERS: usize = 300;

/// Parses a body that is one JSON object.
pub(super) fn object(service: KeyService, body: &[u8]) -> Result<JsonObject, PlaceError> {
    let senseless = |why: String| PlaceError::Answer { service, why };
    match json::parse(body).map_err(|error| senseless(error.to_string()))? {
        JsonValue::Object(object) => Ok(object),
        _ => Err(senseless("it is JSON, but not an object".to_owned())),
    }
}

/// Returns the member at the end of this path of members.
pub(super) fn member<'object>(object: &'object JsonObject, path: &[&str]) -> Option<&'object JsonValue> {
    let (first, rest) = path.split_first()?;
    rest.iter().try_fold(object.get(first)?, |value, name| match value {
        JsonValue::Object(object) => object.get(name),
        _ => None,
    })
}

/// Returns the text of a string that is not empty.
pub(super) fn as_text(value: &JsonValue) -> Option<&str> {
    match value {
        JsonValue::String(text) if !text.is_empty() => Some(text),
        _ => None,
    }
}

/// Returns the text at the end of this path; `None` if it is missing or empty.
pub(super) fn text<'object>(object: &'object JsonObject, path: &[&str]) -> Option<&'object str> {
    as_text(member(object, path)?)
}

/// Returns the text at the end of this path.
pub(super) fn required<'object>(
    service: KeyService,
    object: &'object JsonObject,
    path: &[&str],
) -> Result<&'object str, PlaceError> {
    let missing = || PlaceError::Answer { service, why: format!("it has no `{}`", path.join(".")) };
    text(object, path).ok_or_else(missing)
}

/// Returns the bytes of the first block in PEM.
pub(super) fn pem(text: &str) -> Option<Zeroizing<Vec<u8>>> {
    let text = pem::decode(text.as_bytes());
    PemBlock::find_all(&text).ok()?.first()?.der().ok()
}

/// Returns the status and the service's error, which is at these paths in the JSON.
pub(super) fn reason(response: &Response, code: &[&str], description: &[&str]) -> Reason {
    let object = match json::parse(&response.body) {
        Ok(JsonValue::Object(object)) => object,
        _ => JsonObject::default(),
    };
    let shown = |path| text(&object, path).map(|text| server_text(text, TEXT_CHARACTERS));
    Reason { code: shown(code), text: shown(description), ..Reason::new(response) }
}

/// Returns the error of a status that does not depend on the service: it is overloaded or out of order, or the answer is
/// another server's.
pub(super) fn other_status(service: KeyService, reason: Reason) -> PlaceError {
    match reason.status {
        429 => PlaceError::Throttled { service, reason },
        500..=599 => PlaceError::Unavailable { service, reason },
        400..=499 => PlaceError::Refused { service, reason },
        status => PlaceError::Answer { service, why: format!("its status is {status}") },
    }
}
