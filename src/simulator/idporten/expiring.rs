//! Values under the hash of a secret, until they expire.

use std::collections::HashMap;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::{DateTime, Utc};
use openssl::{error::ErrorStack, sha::sha256};

/// Maximum number of values.
const MAXIMUM: usize = 10_000;

/// The hash of a secret.
pub(super) type SecretHash = [u8; 32];

/// Values that expire.
pub(super) struct Expiring<V>(HashMap<SecretHash, (V, DateTime<Utc>)>);

impl<V> Default for Expiring<V> {
    fn default() -> Self {
        Self(HashMap::new())
    }
}

impl<V> Expiring<V> {
    /// Adds a value; `None` when there are too many.
    pub(super) fn insert(&mut self, key: SecretHash, value: V, until: DateTime<Utc>, now: DateTime<Utc>) -> Option<()> {
        if self.0.len() >= MAXIMUM {
            self.0.retain(|_, (_, until)| *until > now);
        }
        if self.0.len() >= MAXIMUM {
            return None;
        }
        self.0.insert(key, (value, until));
        Some(())
    }

    pub(super) fn get(&mut self, key: &SecretHash, now: DateTime<Utc>) -> Option<&mut V> {
        self.0.get_mut(key).filter(|(_, until)| *until > now).map(|(value, _)| value)
    }

    /// Returns when a value expires.
    pub(super) fn expiry(&self, key: &SecretHash) -> Option<DateTime<Utc>> {
        self.0.get(key).map(|(_, until)| *until)
    }

    /// Removes a value and returns it unless it has expired.
    pub(super) fn remove(&mut self, key: &SecretHash, now: DateTime<Utc>) -> Option<V> {
        self.0.remove(key).filter(|(_, until)| *until > now).map(|(value, _)| value)
    }
}

/// Returns the hash of a secret.
pub(super) fn hash(secret: &str) -> SecretHash {
    sha256(secret.as_bytes())
}

/// Returns a new secret of 256 bits.
pub(super) fn secret() -> Result<String, ErrorStack> {
    let mut bytes = [0_u8; 32];
    openssl::rand::rand_bytes(&mut bytes)?;
    Ok(URL_SAFE_NO_PAD.encode(bytes))
}
