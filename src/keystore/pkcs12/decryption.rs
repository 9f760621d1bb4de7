//! Decrypts the parts of a keystore and single encrypted keys, within a budget of key derivation iterations.
//!
//! The p12 crate implements the legacy encryption. PBES2 (RFC 8018 §6.2) is a [`super::cipher`] with a key of PBKDF2.

use p12::EncryptedPrivateKeyInfo;
use secrecy::SecretString;
use zeroize::Zeroizing;

use super::{algorithm::Encryption, password};
use crate::keystore::{KeystoreErrorKind, engine, private_key::PrivateKey, structure};

/// How many key derivation iterations are left, so that a crafted file cannot keep the program busy.
#[derive(Debug)]
pub(super) struct IterationBudget {
    limit: u64,
    spent: u64,
}

/// An encrypted PKCS#8 key (RFC 5958 §3) whose cost has been checked.
///
/// OpenSSL could read it as well, but accepts any iteration count.
#[derive(Debug)]
pub(in crate::keystore) struct EncryptedKey {
    info: EncryptedPrivateKeyInfo,
    iterations: u64,
}

impl IterationBudget {
    pub(super) fn new(limit: u64) -> Self {
        Self { limit, spent: 0 }
    }

    /// Spends the iterations of one derivation, before it is made.
    pub(super) fn spend(&mut self, iterations: u64) -> Result<(), KeystoreErrorKind> {
        self.spend_all(&[iterations])
    }

    /// Spends the iterations of several derivations. The error names their sum, so that its hint works at once.
    pub(super) fn spend_all(&mut self, iterations: &[u64]) -> Result<(), KeystoreErrorKind> {
        if iterations.contains(&0) {
            return Err(KeystoreErrorKind::Damaged("an iteration count is zero"));
        }
        self.spent = iterations.iter().fold(self.spent, |spent, iterations| spent.saturating_add(*iterations));
        if self.spent > self.limit {
            return Err(KeystoreErrorKind::TooManyIterations { wanted: self.spent, limit: self.limit });
        }
        Ok(())
    }
}

#[cfg(test)]
impl IterationBudget {
    pub(super) fn spent(&self) -> u64 {
        self.spent
    }
}

impl Encryption<'_> {
    /// Decrypts with each encoding of the password until `parse` accepts the result.
    ///
    /// The padding reveals most wrong encodings, but accepts one in 256: then the parser decides.
    pub(super) fn decrypt<T>(
        &self,
        ciphertext: &[u8],
        password: &SecretString,
        budget: &mut IterationBudget,
        parse: impl Fn(&[u8]) -> Option<T>,
    ) -> Result<T, KeystoreErrorKind> {
        let encodings = match self {
            Self::Legacy { .. } => password::for_pkcs12_derivation(password),
            Self::Pbes2 { .. } => password::for_pbkdf2(password),
        };
        for encoding in encodings {
            budget.spend(self.iterations())?;
            if let Some(found) = self.attempt(ciphertext, &encoding).and_then(|plain| parse(&plain)) {
                return Ok(found);
            }
        }
        Err(KeystoreErrorKind::Undecipherable)
    }

    fn attempt(&self, ciphertext: &[u8], password: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        match self {
            Self::Legacy { identifier, .. } => identifier.decrypt_pbe(ciphertext, password).map(Zeroizing::new),
            Self::Pbes2 { derivation, cipher, iv } => {
                let key = derivation.derive(password, cipher.key_length())?;
                cipher.decrypt(&key, iv, ciphertext)
            }
        }
    }
}

impl EncryptedKey {
    /// Parses the DER; `iterations` limits the key derivation iterations that decryption may take.
    ///
    /// # Errors
    /// [`KeystoreErrorKind::Damaged`], [`KeystoreErrorKind::Unsupported`] or [`KeystoreErrorKind::TooManyIterations`].
    pub(in crate::keystore) fn parse(der: &[u8], iterations: u64) -> Result<Self, KeystoreErrorKind> {
        let damaged = || KeystoreErrorKind::Damaged("its encrypted key cannot be parsed");
        let element = structure::first_element(der).ok_or_else(damaged)?;
        let info = yasna::parse_ber(element, EncryptedPrivateKeyInfo::parse).map_err(|_| damaged())?;
        IterationBudget::new(iterations).spend(Encryption::read(&info.encryption_algorithm)?.iterations())?;
        Ok(Self { info, iterations })
    }

    /// Decrypts the key.
    ///
    /// # Errors
    /// [`KeystoreErrorKind::Undecipherable`] if no encoding of the password gives a key, [`KeystoreErrorKind::KeyKind`]
    /// if the key cannot sign a JWT.
    pub(in crate::keystore) fn decrypt(&self, password: &SecretString) -> Result<PrivateKey, KeystoreErrorKind> {
        let encryption = Encryption::read(&self.info.encryption_algorithm)?;
        let mut budget = IterationBudget::new(self.iterations);
        encryption.decrypt(&self.info.encrypted_data, password, &mut budget, |plain| {
            match engine::from_pkcs8(structure::first_element(plain)?) {
                Err(KeystoreErrorKind::Damaged(_)) => None,
                key => Some(key),
            }
        })?
    }
}
