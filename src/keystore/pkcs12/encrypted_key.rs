//! An encrypted PKCS#8 key on its own (RFC 5958 §3): what a keystore holds in a bag, without the keystore.
//!
//! Read here and not by openssl, which follows any iteration count.

use openssl::pkey::{PKey, Private};
use p12::EncryptedPrivateKeyInfo;
use secrecy::SecretString;

use super::{Budget, Encryption, private_key, structure};
use crate::keystore::Reason;

/// An encrypted private key whose cost has been checked and whose password has not been needed yet.
#[derive(Debug)]
pub(in crate::keystore) struct EncryptedKey {
    info: EncryptedPrivateKeyInfo,
    iterations: u64,
}

impl EncryptedKey {
    /// Parses the DER; `iterations` is the most that opening it may take.
    ///
    /// # Errors
    /// [`Reason::Damaged`], [`Reason::Unsupported`] or [`Reason::TooManyIterations`].
    pub(in crate::keystore) fn parse(der: &[u8], iterations: u64) -> Result<Self, Reason> {
        let damaged = Reason::Damaged("its encrypted key cannot be read");
        let element = structure::first_element(der).ok_or(damaged.clone())?;
        let info = yasna::parse_ber(element, EncryptedPrivateKeyInfo::parse).map_err(|_| damaged)?;
        Budget::new(iterations).charge(Encryption::read(&info.encryption_algorithm)?.iterations())?;
        Ok(Self { info, iterations })
    }

    /// Decrypts the key.
    ///
    /// # Errors
    /// [`Reason::Undecipherable`] when no form of the password gives a key, [`Reason::KeyKind`] when it signs no JWT.
    pub(in crate::keystore) fn decrypt(&self, password: &SecretString) -> Result<PKey<Private>, Reason> {
        let encryption = Encryption::read(&self.info.encryption_algorithm)?;
        let mut budget = Budget::new(self.iterations);
        encryption.decrypt(&self.info.encrypted_data, password, &mut budget, |plain| match structure::first_element(
            plain,
        )
        .map(private_key)?
        {
            Err(Reason::Damaged(_)) => None,
            key => Some(key),
        })?
    }
}
