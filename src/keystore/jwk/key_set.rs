//! The public keys that a server publishes or that are registered on a client: a JWK set (RFC 7517 §5).
//!
//! An unsupported key does not make the set invalid: it is skipped, and the reason is kept for a search by its id. `x5u`
//! and `x5c` are ignored.

use super::{key::verification_key, object::JwkObject, parse::parse};
use crate::{
    explain::Explain,
    keystore::{JwkErrorKind, SignatureAlgorithm, VerificationKey, VerificationKeyError, error::shown},
};

/// Public keys, each with its key id and algorithm.
#[derive(Debug, Clone)]
pub struct KeySet {
    keys: Vec<PublishedKey>,
}

#[derive(Debug, Clone)]
struct PublishedKey {
    key_id: Option<String>,
    /// The key id for messages.
    label: String,
    algorithm: Option<String>,
    key: Result<VerificationKey, VerificationKeyError>,
}

/// Why a text is not a set of public keys.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("it is not a JWK set")]
pub struct KeySetError(#[source] JwkErrorKind);

impl Explain for KeySetError {
    fn code(&self) -> &'static str {
        "key_set"
    }

    fn hint(&self) -> Option<String> {
        Some("give a JWK set such as https://test.maskinporten.no/jwk serves, or one public JWK".to_owned())
    }
}

impl KeySet {
    /// Parses a JWK set; a single JWK is a set of one.
    ///
    /// # Errors
    /// [`KeySetError`] if it is larger than a mebibyte or a hundred keys, not JSON, or neither a set nor a key.
    pub fn parse(bytes: &[u8]) -> Result<Self, KeySetError> {
        let (objects, _) = parse(bytes).map_err(KeySetError)?;
        Ok(Self { keys: objects.iter().map(PublishedKey::new).collect() })
    }

    /// Returns the keys that may have made a signature: those with this id, or all without one, that support the
    /// algorithm.
    pub fn find(&self, key_id: Option<&str>, algorithm: SignatureAlgorithm) -> impl Iterator<Item = &VerificationKey> {
        let named = self.keys.iter().filter(move |key| key_id.is_none() || key.key_id.as_deref() == key_id);
        let fitting = named.filter(move |key| key.algorithm.as_deref().is_none_or(|own| own == algorithm.name()));
        fitting.filter_map(|key| key.key.as_ref().ok()).filter(move |key| key.supports(algorithm))
    }

    /// Returns why the key with this id does not verify such a signature; `None` if no key has the id.
    #[must_use]
    pub fn fault(&self, key_id: &str, algorithm: SignatureAlgorithm) -> Option<String> {
        let key = self.keys.iter().find(|key| key.key_id.as_deref() == Some(key_id))?;
        Some(match (&key.key, &key.algorithm) {
            (Err(error), _) => error.to_string(),
            (Ok(_), Some(own)) if own != algorithm.name() => format!("its `alg` is `{}`", shown(own)),
            (Ok(key), _) => format!("it is {}", key.kind()),
        })
    }

    /// Returns the ids of all keys for messages, including those that cannot be used.
    pub fn key_ids(&self) -> impl Iterator<Item = &str> {
        self.keys.iter().map(|key| key.label.as_str())
    }
}

impl PublishedKey {
    fn new(object: &JwkObject) -> Self {
        let text = |name| object.text(name).ok().flatten().map(str::to_owned);
        Self { key_id: text("kid"), label: object.label(), algorithm: text("alg"), key: verification_key(object) }
    }
}

#[cfg(test)]
mod tests {
    use base64::{
        Engine as _,
        engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
    };

    use super::*;

    #[test]
    fn altinns_keys_are_read_whose_numbers_are_in_standard_base64() {
        let number = [0xfb; 256];
        let thumbprints = [STANDARD.encode(number), URL_SAFE_NO_PAD.encode(number)].map(|modulus| {
            let set = format!(r#"{{"keys":[{{"kty":"RSA","use":"sig","kid":"a","e":"AQAB","n":"{modulus}"}}]}}"#);
            let set = KeySet::parse(set.as_bytes()).unwrap();
            set.find(Some("a"), SignatureAlgorithm::Rs256).next().map(VerificationKey::thumbprint)
        });
        assert!(thumbprints[0].is_some() && thumbprints[0] == thumbprints[1], "{thumbprints:?}");
    }
}
