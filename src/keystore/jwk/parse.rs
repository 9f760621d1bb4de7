//! Finds the keys in a text: one JWK, a set, or a form in which other programs keep them.

use super::object::JwkObject;
use crate::{
    file,
    json::{self, JsonObject, JsonValue},
    keystore::{FileFormat, JwkErrorKind, KeyMaterial, MAXIMUM_JWK_BYTES, error::shown},
};

/// The most keys in a set; Digdir allows five per client.
const MAXIMUM_KEYS: usize = 100;

/// How many wrappers a key may be in: a secret store may keep the text of a JWK as a string in an object, in base64.
const MAXIMUM_WRAPPERS: usize = 4;

/// Parses a JWK or JWK set; the flag is true for a set.
///
/// Also accepted, because the meaning is clear: a bare array of keys, base64 of the JSON, and an object or string with
/// nothing but the key or set in it.
pub(super) fn parse(bytes: &[u8]) -> Result<(Vec<JwkObject>, bool), JwkErrorKind> {
    parse_text(bytes, MAXIMUM_WRAPPERS)
}

fn parse_text(bytes: &[u8], wrappers: usize) -> Result<(Vec<JwkObject>, bool), JwkErrorKind> {
    if bytes.len() as u64 > MAXIMUM_JWK_BYTES {
        return Err(JwkErrorKind::TooLarge(MAXIMUM_JWK_BYTES));
    }
    let format = FileFormat::sniff(bytes);
    if matches!(format, FileFormat::Empty | FileFormat::Pem) || format.is_binary() {
        return Err(JwkErrorKind::OtherFormat(format));
    }
    let text = file::decode_text(bytes).ok_or(JwkErrorKind::NotUtf8)?;
    let error = match json::parse(text.as_bytes()) {
        Ok(value) => return keys_in(value, wrappers),
        Err(error) => error,
    };
    match KeyMaterial::recognise(bytes) {
        Some(material) if wrappers > 0 && !material.decoded.is_empty() => parse_text(&material.content, wrappers - 1),
        _ => Err(JwkErrorKind::NotJson(error)),
    }
}

fn keys_in(value: JsonValue, wrappers: usize) -> Result<(Vec<JwkObject>, bool), JwkErrorKind> {
    match value {
        JsonValue::Array(keys) => set(keys),
        JsonValue::String(text) if wrappers > 0 => {
            parse_text(text.as_bytes(), wrappers - 1).map_err(|_| JwkErrorKind::NoKey)
        }
        JsonValue::Object(object) => keys_in_object(object, wrappers),
        _ => Err(JwkErrorKind::NoKey),
    }
}

fn keys_in_object(mut object: JsonObject, wrappers: usize) -> Result<(Vec<JwkObject>, bool), JwkErrorKind> {
    if let Some(name) = object.duplicate() {
        return Err(JwkErrorKind::Duplicate(shown(name)));
    }
    match object.get("keys") {
        None if object.get("kty").is_some() => return Ok((vec![JwkObject(object)], false)),
        None if ["d", "n", "crv"].iter().any(|name| object.get(name).is_some()) => {
            return Err(JwkErrorKind::Missing("kty"));
        }
        Some(JsonValue::Array(_)) => {}
        _ => {
            return object
                .into_only_value()
                .filter(|_| wrappers > 0)
                .map_or(Err(JwkErrorKind::NoKey), |inner| keys_in(inner, wrappers - 1));
        }
    }
    match object.remove("keys") {
        Some(JsonValue::Array(keys)) => set(keys),
        _ => Err(JwkErrorKind::NoKey),
    }
}

fn set(keys: Vec<JsonValue>) -> Result<(Vec<JwkObject>, bool), JwkErrorKind> {
    if keys.is_empty() {
        return Err(JwkErrorKind::EmptySet);
    }
    if keys.len() > MAXIMUM_KEYS {
        return Err(JwkErrorKind::TooManyKeys(MAXIMUM_KEYS));
    }
    let objects = keys.into_iter().map(|key| match key {
        JsonValue::Object(object) => Ok(JwkObject(object)),
        _ => Err(JwkErrorKind::NoKey),
    });
    Ok((objects.collect::<Result<_, _>>()?, true))
}
