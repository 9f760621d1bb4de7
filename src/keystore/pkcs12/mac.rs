//! Checks a keystore's MAC, which also reveals a wrong password.
//!
//! Its key comes from the derivation of PKCS#12 (RFC 7292 appendix B.2), or in PBMAC1 from PBKDF2 (RFC 9579).

use p12::{AlgorithmIdentifier, MacData};
use secrecy::SecretString;

use super::{
    algorithm::{self, PBMAC1, Pbkdf2},
    decryption::IterationBudget,
    digest::Digest,
    password,
};
use crate::keystore::KeystoreErrorKind;

/// RFC 9579 §4 requires the key length; a key longer than the digest adds nothing to an HMAC.
const PBMAC1_KEY_LENGTHS: std::ops::RangeInclusive<u64> = 16..=64;

/// A MAC algorithm with its parameters.
pub(super) enum MacAlgorithm<'file> {
    Derived { data: &'file MacData, digest: Digest },
    Pbmac1 { data: &'file MacData, derivation: Pbkdf2, key_length: usize, digest: Digest },
}

impl<'file> MacAlgorithm<'file> {
    pub(super) fn read(data: &'file MacData) -> Result<Self, KeystoreErrorKind> {
        if let AlgorithmIdentifier::OtherAlg(other) = &data.mac.digest_algorithm
            && algorithm::is(&other.algorithm_type, PBMAC1)
        {
            let (derivation, digest) = Pbkdf2::read_pbmac1(other.params.as_deref().unwrap_or_default())?;
            let key_length = derivation
                .key_length
                .filter(|length| PBMAC1_KEY_LENGTHS.contains(length))
                .and_then(|length| usize::try_from(length).ok())
                .ok_or_else(algorithm::damaged_parameters)?;
            return Ok(Self::Pbmac1 { data, derivation, key_length, digest });
        }
        Ok(Self::Derived { data, digest: algorithm::mac_digest(&data.mac.digest_algorithm)? })
    }

    pub(super) fn iterations(&self) -> u64 {
        match self {
            Self::Derived { data, .. } => u64::from(data.iterations),
            Self::Pbmac1 { derivation, .. } => derivation.iterations,
        }
    }

    /// Checks that the MAC of `content` was made with this password.
    pub(super) fn check(
        &self,
        content: &[u8],
        password: &SecretString,
        budget: &mut IterationBudget,
    ) -> Result<(), KeystoreErrorKind> {
        let encodings = match self {
            Self::Derived { .. } => password::for_pkcs12_derivation(password),
            Self::Pbmac1 { .. } => password::for_pbkdf2(password),
        };
        for encoding in encodings {
            budget.spend(self.iterations())?;
            match self.verify(content, &encoding) {
                Some(true) => return Ok(()),
                Some(false) => {}
                None => return Err(KeystoreErrorKind::Damaged("its MAC cannot be computed")),
            }
        }
        Err(KeystoreErrorKind::WrongPassword)
    }

    /// Returns whether the MAC of `content` was made with these bytes; `None` if it cannot be computed.
    fn verify(&self, content: &[u8], password: &[u8]) -> Option<bool> {
        match self {
            Self::Derived { data, digest } => {
                let key = digest.pkcs12_mac_key(password, &data.salt, data.iterations);
                digest.verify_hmac(&key, content, &data.mac.digest)
            }
            Self::Pbmac1 { data, derivation, key_length, digest } => {
                let key = derivation.derive(password, *key_length)?;
                digest.verify_hmac(&key, content, &data.mac.digest)
            }
        }
    }
}
