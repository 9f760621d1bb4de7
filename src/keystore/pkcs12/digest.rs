//! The digests of MACs and key derivations. ring computes them, except for SHA-224, which only OpenSSL has.
//!
//! The derivation of PKCS#12 is RFC 7292 appendix B.2, PBKDF2 is RFC 8018 §5.2.

use std::num::NonZeroU32;

use openssl::{hash::MessageDigest, memcmp, pkcs5, pkey::PKey, sha::Sha224, sign::Signer};
use ring::{digest, hmac, pbkdf2};
use sha1::{Digest as _, Sha1};
use zeroize::Zeroizing;

/// A digest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Digest {
    Sha1,
    Sha224,
    Sha256,
    Sha384,
    Sha512,
}

impl Digest {
    /// Returns the name of its HMAC as other tools write it.
    pub(super) fn hmac_name(self) -> &'static str {
        match self {
            Self::Sha1 => "HMAC-SHA-1",
            Self::Sha224 => "HMAC-SHA-224",
            Self::Sha256 => "HMAC-SHA-256",
            Self::Sha384 => "HMAC-SHA-384",
            Self::Sha512 => "HMAC-SHA-512",
        }
    }

    /// Returns whether `mac` is the HMAC of `content`; `None` if it cannot be computed.
    pub(super) fn verify_hmac(self, key: &[u8], content: &[u8], mac: &[u8]) -> Option<bool> {
        let algorithm = match self {
            Self::Sha1 => hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY,
            Self::Sha256 => hmac::HMAC_SHA256,
            Self::Sha384 => hmac::HMAC_SHA384,
            Self::Sha512 => hmac::HMAC_SHA512,
            Self::Sha224 => {
                let mut signer = Signer::new(MessageDigest::sha224(), &*PKey::hmac(key).ok()?).ok()?;
                let computed = signer.sign_oneshot_to_vec(content).ok()?;
                return Some(computed.len() == mac.len() && memcmp::eq(&computed, mac));
            }
        };
        Some(hmac::verify(&hmac::Key::new(algorithm, key), content, mac).is_ok())
    }

    /// Derives a key of `length` bytes with PBKDF2; `None` if there are more iterations than can be computed.
    pub(super) fn pbkdf2(
        self,
        password: &[u8],
        salt: &[u8],
        iterations: u64,
        length: usize,
    ) -> Option<Zeroizing<Vec<u8>>> {
        let mut key = Zeroizing::new(vec![0; length]);
        let iterations = NonZeroU32::new(u32::try_from(iterations).ok()?)?;
        let algorithm = match self {
            Self::Sha1 => pbkdf2::PBKDF2_HMAC_SHA1,
            Self::Sha256 => pbkdf2::PBKDF2_HMAC_SHA256,
            Self::Sha384 => pbkdf2::PBKDF2_HMAC_SHA384,
            Self::Sha512 => pbkdf2::PBKDF2_HMAC_SHA512,
            Self::Sha224 => {
                let iterations = i32::try_from(iterations.get()).and_then(usize::try_from).ok()?;
                pkcs5::pbkdf2_hmac(password, salt, iterations, MessageDigest::sha224(), &mut key).ok()?;
                return Some(key);
            }
        };
        pbkdf2::derive(algorithm, iterations, salt, password, &mut key);
        Some(key)
    }

    /// Derives a MAC key with the derivation of PKCS#12. Its length is that of one digest.
    pub(super) fn pkcs12_mac_key(self, password: &[u8], salt: &[u8], iterations: u32) -> Zeroizing<Vec<u8>> {
        const PURPOSE: u8 = 3;
        let block = match self {
            Self::Sha1 | Self::Sha224 | Self::Sha256 => 64,
            Self::Sha384 | Self::Sha512 => 128,
        };
        let input =
            Zeroizing::new([&vec![PURPOSE; block][..], &repeated(salt, block), &repeated(password, block)].concat());
        match self {
            // ring computes SHA-1 without the processor's instructions for it, and Java writes 100,000 iterations.
            Self::Sha1 => repeat(|bytes| Sha1::digest(bytes).into(), &input, iterations),
            Self::Sha224 => repeat(sha224, &input, iterations),
            Self::Sha256 => repeat(|bytes| hash::<32>(&digest::SHA256, bytes), &input, iterations),
            Self::Sha384 => repeat(|bytes| hash::<48>(&digest::SHA384, bytes), &input, iterations),
            Self::Sha512 => repeat(|bytes| hash::<64>(&digest::SHA512, bytes), &input, iterations),
        }
    }
}

fn hash<const LENGTH: usize>(algorithm: &'static digest::Algorithm, bytes: &[u8]) -> [u8; LENGTH] {
    let mut hash = [0; LENGTH];
    hash.copy_from_slice(digest::digest(algorithm, bytes).as_ref());
    hash
}

fn sha224(bytes: &[u8]) -> [u8; 28] {
    let mut hash = Sha224::new();
    hash.update(bytes);
    hash.finish()
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

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [Digest; 5] = [Digest::Sha1, Digest::Sha224, Digest::Sha256, Digest::Sha384, Digest::Sha512];

    fn hex(bytes: &[u8]) -> String {
        crate::keystore::certificate::hexadecimal(bytes).to_lowercase()
    }

    fn bytes(hex: &str) -> Vec<u8> {
        (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap()).collect()
    }

    /// RFC 2202 §3 and RFC 4231 §4.3, test case 2.
    #[test]
    fn the_hmac_of_the_published_examples_is_right_and_no_other() {
        for (digest, mac) in ALL.into_iter().zip([
            "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79",
            "a30e01098bc6dbbf45690f3a7e9e6d0f8bbea2a39e6148008fd05e44",
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
            "af45d2e376484031617f78d2b58a6b1b9c7ef464f5a01b47e42ec3736322445e8e2240ca5e69e2c78b3239ecfab21649",
            "164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea2505549758bf75c05a994a6d034f65f8f0e6fdcaeab1a34d\
             4a6b4b636e070a38bce737",
        ]) {
            let verify = |mac: &[u8]| digest.verify_hmac(b"Jefe", b"what do ya want for nothing?", mac);
            let mac = bytes(mac);
            let changed: Vec<u8> = mac.iter().enumerate().map(|(at, byte)| byte ^ u8::from(at == 0)).collect();

            assert_eq!(verify(&mac), Some(true), "{digest:?}");
            for wrong in [&changed[..], &mac[1..], &mac[..mac.len() - 1], &[]] {
                assert_eq!(verify(wrong), Some(false), "{digest:?}");
            }
        }
    }

    /// RFC 6070 §2 for SHA-1; the others are those of Python's `hashlib`.
    #[test]
    fn pbkdf2_derives_the_keys_of_other_implementations() {
        for (digest, key) in ALL.into_iter().zip([
            "ea6c014dc72d6f8ccd1ed92ace1d41f0d8de8957",
            "93200ffa96c5776d38fa10abdf8f5bfc0054b971",
            "ae4d0c95af6b46d32d0adff928f06dd02a303f8e",
            "54f775c6d790f21930459162fc535dbf04a93918",
            "e1d9c16aa681708a45f5c7c4e215ceb66e011a2e",
        ]) {
            let derived = digest.pbkdf2(b"password", b"salt", 2, 20).unwrap();

            assert_eq!(hex(&derived), key, "{digest:?}");
        }
    }

    #[test]
    fn no_key_is_derived_with_a_count_that_cannot_be_computed() {
        for digest in ALL {
            for iterations in [0, u64::from(u32::MAX) + 1, u64::MAX] {
                assert!(digest.pbkdf2(b"password", b"salt", iterations, 20).is_none(), "{digest:?} {iterations}");
            }
        }
        assert!(Digest::Sha224.pbkdf2(b"password", b"salt", u64::from(u32::MAX), 20).is_none());
    }
}
