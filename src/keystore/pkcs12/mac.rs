//! Checks a keystore's integrity, which is also how a wrong password is found out.
//!
//! The PKCS#12 derivation is RFC 7292 appendix B.2 with purpose 3; PBMAC1 is RFC 9579. Both are computed with
//! openssl: p12 knows SHA-1 alone.

use openssl::{
    error::ErrorStack,
    hash::{Hasher, MessageDigest},
    memcmp, pkcs5,
    pkey::PKey,
    sign::Signer,
};
use p12::{AlgorithmIdentifier, MacData};
use secrecy::SecretString;
use zeroize::Zeroizing;

use super::{
    algorithm::{self, PBMAC1, Pbkdf2},
    budget::Budget,
    password,
};
use crate::keystore::Reason;

/// RFC 9579 §4 has the key length always present; no HMAC gains from one beyond its digest.
const PBMAC1_KEY_LENGTHS: std::ops::RangeInclusive<u64> = 16..=64;

/// A way to check the integrity, with its parameters read and not yet computed.
pub(super) enum Integrity<'file> {
    Derived { data: &'file MacData, digest: MessageDigest, block: usize },
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
        let (digest, block) = algorithm::mac_digest(&data.mac.digest_algorithm)?;
        Ok(Self::Derived { data, digest, block })
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
            Self::Derived { data, digest, block } => {
                (derive(*digest, *block, password, &data.salt, data.iterations)?, *digest)
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

/// The derivation of RFC 7292 appendix B.2 for a MAC key, whose length is always one digest.
fn derive(
    digest: MessageDigest,
    block: usize,
    password: &[u8],
    salt: &[u8],
    iterations: u32,
) -> Result<Zeroizing<Vec<u8>>, ErrorStack> {
    const PURPOSE: u8 = 3;
    let mut hasher = Hasher::new(digest)?;
    hasher.update(&vec![PURPOSE; block])?;
    hasher.update(&repeated(salt, block))?;
    hasher.update(&repeated(password, block))?;
    let mut state = hasher.finish()?;
    for _ in 1..iterations {
        hasher.update(&state)?;
        state = hasher.finish()?;
    }
    Ok(Zeroizing::new(state.to_vec()))
}

/// Repeats `octets` up to the next multiple of the block length; nothing stays nothing.
fn repeated(octets: &[u8], block: usize) -> Zeroizing<Vec<u8>> {
    let length = octets.len().next_multiple_of(block);
    Zeroizing::new(octets.iter().copied().cycle().take(length).collect())
}
