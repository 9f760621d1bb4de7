//! The members of one JWK, read by name.

use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use openssl::bn::BigNum;
use zeroize::Zeroizing;

use crate::{
    json::{JsonObject, JsonValue},
    keystore::{JwkErrorKind, error::shown},
};

/// Longer than the longest number here, an RSA modulus of 16384 bits with a leading zero byte.
const MAXIMUM_NUMBER_BYTES: usize = 2049;

/// A JWK as a JSON object.
pub(super) struct JwkObject(pub(super) JsonObject);

impl JwkObject {
    /// Returns a member; `null`, an empty string and an empty array count as absent.
    ///
    /// .NET's serialiser and others write every member that they know, whether the key has it or not.
    fn member(&self, name: &str) -> Option<&JsonValue> {
        self.0.get(name).filter(|value| match value {
            JsonValue::Null => false,
            JsonValue::String(text) => !text.is_empty(),
            JsonValue::Array(values) => !values.is_empty(),
            _ => true,
        })
    }

    /// Returns a string member that is not empty.
    pub(super) fn text(&self, name: &str) -> Result<Option<&str>, JwkErrorKind> {
        match self.member(name) {
            None => Ok(None),
            Some(JsonValue::String(text)) => Ok(Some(text)),
            Some(_) => Err(JwkErrorKind::NotText(shown(name))),
        }
    }

    /// Returns a string member that must not be absent or empty.
    pub(super) fn required(&self, name: &'static str) -> Result<&str, JwkErrorKind> {
        self.text(name)?.ok_or(JwkErrorKind::Missing(name))
    }

    /// Returns a member that is an array of strings.
    pub(super) fn texts(&self, name: &str) -> Result<Option<Vec<&str>>, JwkErrorKind> {
        let not_texts = || JwkErrorKind::NotTexts(shown(name));
        let values = match self.member(name) {
            None => return Ok(None),
            Some(JsonValue::Array(values)) => values,
            Some(_) => return Err(not_texts()),
        };
        let texts = values.iter().map(|value| match value {
            JsonValue::String(text) => Ok(text.as_str()),
            _ => Err(not_texts()),
        });
        texts.collect::<Result<_, _>>().map(Some)
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.member(name).is_some()
    }

    /// Rejects an object in which a member occurs twice.
    pub(super) fn check_duplicate(&self) -> Result<(), JwkErrorKind> {
        self.0.duplicate().map_or(Ok(()), |name| Err(JwkErrorKind::Duplicate(shown(name))))
    }

    /// Rejects a JWK whose `use` is not `sig` or whose `key_ops` have none of `operations` (RFC 7517 §4.2 and §4.3).
    pub(super) fn check_use(&self, operations: &[&str]) -> Result<(), JwkErrorKind> {
        if let Some(other) = self.text("use")?.filter(|usage| *usage != "sig") {
            return Err(JwkErrorKind::Use(shown(other)));
        }
        match self.texts("key_ops")? {
            Some(own) if !own.iter().any(|operation| operations.contains(operation)) => {
                Err(JwkErrorKind::KeyOperations)
            }
            _ => Ok(()),
        }
    }

    /// Returns the bytes of a member in base64url without padding (RFC 7515 §2). Altinn publishes the numbers of its RSA
    /// keys in standard base64, with padding.
    pub(super) fn bytes(&self, name: &'static str) -> Result<Zeroizing<Vec<u8>>, JwkErrorKind> {
        let text = self.required(name)?;
        let is_public = ["n", "e"].contains(&name) && !self.has("d");
        let standard = || STANDARD.decode(text).ok().filter(|_| is_public);
        let bytes = URL_SAFE_NO_PAD.decode(text).or_else(|error| standard().ok_or(error)).map(Zeroizing::new);
        let bytes = bytes.map_err(|_| JwkErrorKind::Base64Url { member: name, fault: base64url_fault(text) })?;
        if bytes.len() > MAXIMUM_NUMBER_BYTES {
            return Err(JwkErrorKind::Base64Url { member: name, fault: "it is longer than any key" });
        }
        Ok(bytes)
    }

    /// Returns a number, most significant byte first (RFC 7518 §2).
    pub(super) fn number(&self, name: &'static str) -> Result<BigNum, JwkErrorKind> {
        BigNum::from_slice(&self.bytes(name)?).map_err(|_| JwkErrorKind::Inconsistent("a number cannot be read"))
    }

    /// Returns a number with which OpenSSL computes in constant time.
    pub(super) fn secret_number(&self, name: &'static str) -> Result<BigNum, JwkErrorKind> {
        let mut number = self.number(name)?;
        number.set_const_time();
        Ok(number)
    }

    /// Returns the `kid` for messages and lists.
    pub(super) fn label(&self) -> String {
        self.text("kid").ok().flatten().map_or_else(|| "(no `kid`)".to_owned(), shown)
    }
}

/// Describes why a text is not base64url without padding.
fn base64url_fault(text: &str) -> &'static str {
    if text.contains(['+', '/']) {
        "it has `+` or `/`, which belong to standard base64"
    } else if text.ends_with('=') {
        "it is padded with `=`"
    } else if text.contains(char::is_whitespace) {
        "it has spaces or line breaks"
    } else {
        "it is truncated or has other invalid characters"
    }
}
