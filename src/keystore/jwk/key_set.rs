//! The public keys that a server publishes, or that are registered on a client: a JWK set (RFC 7517 §5).
//!
//! A key that is not understood is no fault of the set: it is passed over, and its reason is kept for whoever asks for
//! this very key. `x5u` and `x5c` of a key are not looked at.

use super::{JwkReason, json::Object, label, parse, public::verification_key};
use crate::{
    explain::Explain,
    keystore::{SignatureAlgorithm, VerificationKey, VerificationKeyReason, certificate::printable},
};

/// Public keys, each with the id and the algorithm that it was published with.
#[derive(Debug, Clone)]
pub struct KeySet {
    keys: Vec<Published>,
}

#[derive(Debug, Clone)]
struct Published {
    key_id: Option<String>,
    /// As it is shown.
    label: String,
    algorithm: Option<String>,
    key: Result<VerificationKey, VerificationKeyReason>,
}

/// Why something is no set of public keys.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("it is no JWK set")]
pub struct KeySetError(#[source] JwkReason);

impl Explain for KeySetError {
    fn code(&self) -> &'static str {
        "key_set"
    }

    fn hint(&self) -> Option<String> {
        Some("give a JWK set such as https://test.maskinporten.no/jwk serves, or one public JWK".to_owned())
    }
}

impl KeySet {
    /// Reads a JWK set; a JWK alone is a set of one.
    ///
    /// # Errors
    /// [`KeySetError`] with the reason: larger than a mebibyte or a hundred keys, not JSON, or neither set nor key.
    pub fn parse(bytes: &[u8]) -> Result<Self, KeySetError> {
        let text = std::str::from_utf8(bytes).map_err(|_| KeySetError(JwkReason::NotUtf8))?;
        let (objects, _) = parse(text).map_err(KeySetError)?;
        Ok(Self { keys: objects.iter().map(Published::of).collect() })
    }

    /// The keys that may have made a signature: those with this id, or all when it names none, and of them those that
    /// make signatures of this kind.
    pub fn find(&self, key_id: Option<&str>, algorithm: SignatureAlgorithm) -> impl Iterator<Item = &VerificationKey> {
        let named = self.keys.iter().filter(move |key| key_id.is_none() || key.key_id.as_deref() == key_id);
        let fitting = named.filter(move |key| key.algorithm.as_deref().is_none_or(|own| own == algorithm.name()));
        fitting.filter_map(|key| key.key.as_ref().ok()).filter(move |key| key.fits(algorithm))
    }

    /// Why none of the keys with this id can be used for such a signature; `None` when there is no key with this id.
    #[must_use]
    pub fn fault(&self, key_id: &str, algorithm: SignatureAlgorithm) -> Option<String> {
        let key = self.keys.iter().find(|key| key.key_id.as_deref() == Some(key_id))?;
        Some(match (&key.key, &key.algorithm) {
            (Err(reason), _) => reason.to_string(),
            (Ok(_), Some(own)) if own != algorithm.name() => format!("its `alg` is `{}`", printable(own)),
            (Ok(key), _) => format!("it is {}", key.kind()),
        })
    }

    /// The ids of all keys as they may be shown, also of those that cannot be used.
    pub fn key_ids(&self) -> impl Iterator<Item = &str> {
        self.keys.iter().map(|key| key.label.as_str())
    }
}

impl Published {
    fn of(object: &Object) -> Self {
        let text = |name| object.text(name).ok().flatten().filter(|text| !text.is_empty()).map(str::to_owned);
        Self { key_id: text("kid"), label: label(object), algorithm: text("alg"), key: verification_key(object) }
    }
}
