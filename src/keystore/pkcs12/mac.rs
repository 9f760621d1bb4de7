//! Checks a keystore's integrity, which is also how a wrong password is found out.
//!
//! The PKCS#12 derivation is RFC 7292 appendix B.2 with purpose 3; PBMAC1 is RFC 9579. Both are computed with
//! openssl: p12 knows SHA-1 alone.

use openssl::{error::ErrorStack, hash::MessageDigest, memcmp, pkcs5, pkey::PKey, sha, sign::Signer};
use p12::{AlgorithmIdentifier, MacData};
use secrecy::SecretString;
use zeroize::Zeroizing;

use super::{
    algorithm::{self, MacDigest, PBMAC1, Pbkdf2},
    budget::Budget,
    password,
};
use crate::keystore::Reason;

/// RFC 9579 §4 has the key length always present; no HMAC gains from one beyond its digest.
const PBMAC1_KEY_LENGTHS: std::ops::RangeInclusive<u64> = 16..=64;

/// A way to check the integrity, with its parameters read and not yet computed.
pub(super) enum Integrity<'file> {
    Derived { data: &'file MacData, digest: MacDigest },
    Pbmac1 { data: &'file MacData, derivation: Pbkdf2, key_length: usize, digest: MessageDigest },
}

impl<'file> Integrity<'file> {
    pub(super) fn read(data: &'file MacData) -> Result<Self, Reason> {
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

    /// Succeeds when `content` is what the file's maker sealed with this password.
    pub(super) fn check(&self, content: &[u8], password: &SecretString, budget: &mut Budget) -> Result<(), Reason> {
        let forms = match self {
            Self::Derived { .. } => password::for_pkcs12_derivation(password),
            Self::Pbmac1 { .. } => password::for_pbkdf2(password),
        };
        for form in forms {
            budget.charge(self.iterations())?;
            let mac = self.compute(content, &form).map_err(|_| Reason::Damaged("its integrity cannot be computed"))?;
            let wanted = self.wanted();
            if mac.len() == wanted.len() && memcmp::eq(&mac, wanted) {
                return Ok(());
            }
        }
        Err(Reason::WrongPassword)
    }

    fn wanted(&self) -> &[u8] {
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

/// A hash function of OpenSSL's that looks nothing up.
macro_rules! plain {
    ($hash:ty) => {
        |octets| {
            let mut hash = <$hash>::new();
            hash.update(octets);
            hash.finish()
        }
    };
}
/// The derivation of RFC 7292 appendix B.2 for a MAC key, whose length is always one digest.
///
/// OpenSSL's plain functions are used: one that looks its digest up, as the others do, costs ten times the hash of
/// a few octets.
fn derive(digest: MacDigest, password: &[u8], salt: &[u8], iterations: u32) -> Zeroizing<Vec<u8>> {
    const PURPOSE: u8 = 3;
    let block = digest.block();
    let input =
        Zeroizing::new([&vec![PURPOSE; block][..], &repeated(salt, block), &repeated(password, block)].concat());
    match digest {
        MacDigest::Sha1 => repeat(plain!(sha::Sha1), &input, iterations),
        MacDigest::Sha224 => repeat(plain!(sha::Sha224), &input, iterations),
        MacDigest::Sha256 => repeat(plain!(sha::Sha256), &input, iterations),
        MacDigest::Sha384 => repeat(plain!(sha::Sha384), &input, iterations),
        MacDigest::Sha512 => repeat(plain!(sha::Sha512), &input, iterations),
    }
}

fn repeat<const LENGTH: usize>(hash: fn(&[u8]) -> [u8; LENGTH], input: &[u8], iterations: u32) -> Zeroizing<Vec<u8>> {
    let mut state = Zeroizing::new(hash(input));
    for _ in 1..iterations {
        *state = hash(&*state);
    }
    Zeroizing::new(state.to_vec())
}

/// Repeats `octets` up to the next multiple of the block length; nothing stays nothing.
fn repeated(octets: &[u8], block: usize) -> Zeroizing<Vec<u8>> {
    let length = octets.len().next_multiple_of(block);
    Zeroizing::new(octets.iter().copied().cycle().take(length).collect())
}
