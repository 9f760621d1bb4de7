//! Checks a keystore's MAC, which also reveals a wrong password.
//!
//! The PKCS#12 key derivation is RFC 7292 appendix B.2 with purpose 3, PBMAC1 is RFC 9579. The p12 crate supports only
//! SHA-1, so OpenSSL computes both.

use openssl::{error::ErrorStack, hash::MessageDigest, memcmp, pkcs5, pkey::PKey, sha, sign::Signer};
use p12::{AlgorithmIdentifier, MacData};
use secrecy::SecretString;
use zeroize::Zeroizing;

use super::{
    algorithm::{self, MacDigest, PBMAC1, Pbkdf2},
    decryption::IterationBudget,
    password,
};
use crate::keystore::KeystoreErrorKind;

/// RFC 9579 §4 requires the key length; a key longer than the digest adds nothing to an HMAC.
const PBMAC1_KEY_LENGTHS: std::ops::RangeInclusive<u64> = 16..=64;

/// A MAC algorithm with its parameters.
pub(super) enum MacAlgorithm<'file> {
    Derived { data: &'file MacData, digest: MacDigest },
    Pbmac1 { data: &'file MacData, derivation: Pbkdf2, key_length: usize, digest: MessageDigest },
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
        Ok(Self::Derived { data, digest: MacDigest::read(&data.mac.digest_algorithm)? })
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
            let mac = self
                .compute(content, &encoding)
                .map_err(|_| KeystoreErrorKind::Damaged("its MAC cannot be computed"))?;
            let expected = self.expected();
            if mac.len() == expected.len() && memcmp::eq(&mac, expected) {
                return Ok(());
            }
        }
        Err(KeystoreErrorKind::WrongPassword)
    }

    fn expected(&self) -> &[u8] {
        match self {
            Self::Derived { data, .. } | Self::Pbmac1 { data, .. } => &data.mac.digest,
        }
    }

    fn compute(&self, content: &[u8], password: &[u8]) -> Result<Vec<u8>, ErrorStack> {
        let (key, digest) = match self {
            Self::Derived { data, digest } => {
                (derive(*digest, password, &data.salt, data.iterations), digest.for_hmac())
            }
            Self::Pbmac1 { derivation, key_length, digest, .. } => {
                let mut key = Zeroizing::new(vec![0; *key_length]);
                let iterations = usize::try_from(derivation.iterations).unwrap_or(usize::MAX);
                pkcs5::pbkdf2_hmac(password, &derivation.salt, iterations, derivation.prf, &mut key)?;
                (key, *digest)
            }
        };
        let mut signer = Signer::new(digest, &*PKey::hmac(&key)?)?;
        signer.update(content)?;
        signer.sign_to_vec()
    }
}

/// Calls one of OpenSSL's hash functions directly.
macro_rules! direct_hash {
    ($hash:ty) => {
        |bytes| {
            let mut hash = <$hash>::new();
            hash.update(bytes);
            hash.finish()
        }
    };
}

/// Derives a MAC key (RFC 7292 appendix B.2), whose length is always that of one digest.
///
/// OpenSSL's other interface looks up the digest on every call, which takes ten times as long as hashing a few bytes.
fn derive(digest: MacDigest, password: &[u8], salt: &[u8], iterations: u32) -> Zeroizing<Vec<u8>> {
    const PURPOSE: u8 = 3;
    let block = digest.block_length();
    let input =
        Zeroizing::new([&vec![PURPOSE; block][..], &repeated(salt, block), &repeated(password, block)].concat());
    match digest {
        MacDigest::Sha1 => repeat(direct_hash!(sha::Sha1), &input, iterations),
        MacDigest::Sha224 => repeat(direct_hash!(sha::Sha224), &input, iterations),
        MacDigest::Sha256 => repeat(direct_hash!(sha::Sha256), &input, iterations),
        MacDigest::Sha384 => repeat(direct_hash!(sha::Sha384), &input, iterations),
        MacDigest::Sha512 => repeat(direct_hash!(sha::Sha512), &input, iterations),
    }
}

fn repeat<const LENGTH: usize>(hash: fn(&[u8]) -> [u8; LENGTH], input: &[u8], iterations: u32) -> Zeroizing<Vec<u8>> {
    let mut state = Zeroizing::new(hash(input));
    for _ in 1..iterations {
        *state = hash(&*state);
    }
    Zeroizing::new(state.to_vec())
}

/// Repeats `bytes` up to the next multiple of the block length; empty stays empty.
fn repeated(bytes: &[u8], block: usize) -> Zeroizing<Vec<u8>> {
    let length = bytes.len().next_multiple_of(block);
    Zeroizing::new(bytes.iter().copied().cycle().take(length).collect())
}
