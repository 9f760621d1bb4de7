//! Values under the hash of a secret, until they expire.

use std::collections::HashMap;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::{DateTime, Utc};
use openssl::{error::ErrorStack, sha::sha256};

/// Maximum number of values.
const MAXIMUM: usize = 10_000;

/// The hash of a secret.
pub(crate) type HashedSecret = [u8; 32];

/// Values that expire.
pub(crate) struct Expiring<V>(HashMap<HashedSecret, (V, DateTime<Utc>)>);

impl<V> Default for Expiring<V> {
    fn default() -> Self {
        Self(HashMap::new())
    }
}

impl<V> Expiring<V> {
    /// Adds a value; `None` when there are too many.
    pub(crate) fn insert(
        &mut self,
        key: HashedSecret,
        value: V,
        until: DateTime<Utc>,
        now: DateTime<Utc>,
    ) -> Option<()> {
        if self.0.len() >= MAXIMUM {
            self.0.retain(|_, (_, until)| *until > now);
        }
        if self.0.len() >= MAXIMUM {
            return None;
        }
        self.0.insert(key, (value, until));
        Some(())
    }

    pub(crate) fn get(&mut self, key: &HashedSecret, now: DateTime<Utc>) -> Option<&mut V> {
        self.0.get_mut(key).filter(|(_, until)| *until > now).map(|(value, _)| value)
    }

    /// Returns when a value expires.
    pub(crate) fn expiry(&self, key: &HashedSecret) -> Option<DateTime<Utc>> {
        self.0.get(key).map(|(_, until)| *until)
    }

    /// Removes a value and returns it unless it has expired.
    pub(crate) fn remove(&mut self, key: &HashedSecret, now: DateTime<Utc>) -> Option<V> {
        self.0.remove(key).filter(|(_, until)| *until > now).map(|(value, _)| value)
    }
}

/// Returns the hash of a secret.
pub(crate) fn hash(secret: &str) -> HashedSecret {
    sha256(secret.as_bytes())
}

/// Returns a new secret of 256 bits.
pub(crate) fn secret() -> Result<String, ErrorStack> {
    let mut bytes = [0_u8; 32];
    openssl::rand::rand_bytes(&mut bytes)?;
    Ok(URL_SAFE_NO_PAD.encode(bytes))
}
