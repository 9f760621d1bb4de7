//! Turns encrypted octets of a keystore back into what they were.
//!
//! p12 does the legacy ciphers that OpenSSL 3 refuses, openssl PBES2 (RFC 8018 §6.2).

use openssl::{pkcs5, symm};
use secrecy::SecretString;
use zeroize::Zeroizing;

use super::{algorithm::Encryption, budget::Budget, password};
use crate::keystore::Reason;

impl Encryption<'_> {
    /// Decrypts with each form of the password until one gives what `accepts` takes.
    ///
    /// A wrong form is mostly found out by the padding, but one time in 256 only by what comes out, so the
    /// caller's parser has the last word.
    pub(super) fn decrypt<T>(
        &self,
        ciphertext: &[u8],
        password: &SecretString,
        budget: &mut Budget,
        accepts: impl Fn(&[u8]) -> Option<T>,
    ) -> Result<T, Reason> {
        let forms = match self {
            Self::Legacy { .. } => password::for_pkcs12_derivation(password),
            Self::Pbes2 { .. } => password::for_pbkdf2(password),
        };
        for form in forms {
            budget.charge(self.iterations())?;
            if let Some(found) = self.attempt(ciphertext, &form).and_then(|plain| accepts(&plain)) {
                return Ok(found);
            }
        }
        Err(Reason::Undecipherable)
    }

    fn attempt(&self, ciphertext: &[u8], password: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        let plain = match self {
            Self::Legacy { identifier, .. } => identifier.decrypt_pbe(ciphertext, password)?,
            Self::Pbes2 { derivation, cipher, iv } => {
                let mut key = Zeroizing::new(vec![0; cipher.key_len()]);
                let iterations = usize::try_from(derivation.iterations).ok()?;
                pkcs5::pbkdf2_hmac(password, &derivation.salt, iterations, derivation.prf, &mut key).ok()?;
                symm::decrypt(*cipher, &key, Some(iv), ciphertext).ok()?
            }
        };
        Some(Zeroizing::new(plain))
    }
}
