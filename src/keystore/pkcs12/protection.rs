//! How each part of a keystore is protected, in the words in which users find it elsewhere.

use openssl::{hash::MessageDigest, symm::Cipher};
use p12::AlgorithmIdentifier;
use serde::Serialize;

use super::{algorithm::Encryption, mac::Integrity};

/// How one part of a keystore is protected.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Protection {
    /// The part: `integrity`, `safe 1`, `key enterprise`.
    pub part: String,
    /// The algorithms, such as `PBES2 with AES-256-CBC, PBKDF2-HMAC-SHA-256, 2048 iterations`.
    pub method: String,
    /// How many iterations of key derivation it takes; none when it is not protected.
    pub iterations: Option<u64>,
}

impl Protection {
    pub(super) fn none(part: String) -> Self {
        Self { part, method: "none".to_owned(), iterations: None }
    }

    pub(super) fn encrypted(part: String, encryption: &Encryption) -> Self {
        let how = match encryption {
            Encryption::Legacy { identifier: AlgorithmIdentifier::PbewithSHAAnd40BitRC2CBC(_), .. } => {
                "RC2 with 40 bits (pbeWithSHAAnd40BitRC2-CBC)".to_owned()
            }
            Encryption::Legacy { .. } => "3DES with three keys (pbeWithSHAAnd3-KeyTripleDES-CBC)".to_owned(),
            Encryption::Pbes2 { derivation, cipher, .. } => {
                format!("PBES2 with {}, PBKDF2-{}", cipher_name(*cipher), hmac_name(derivation.prf))
            }
        };
        Self::new(part, &how, encryption.iterations())
    }

    pub(super) fn integrity(integrity: &Integrity) -> Self {
        let how = match integrity {
            Integrity::Derived { digest, .. } => format!("{}, PKCS#12 derivation", hmac_name(digest.for_hmac())),
            Integrity::Pbmac1 { derivation, digest, .. } => {
                format!("PBMAC1 with {}, PBKDF2-{}", hmac_name(*digest), hmac_name(derivation.prf))
            }
        };
        Self::new("integrity".to_owned(), &how, integrity.iterations())
    }

    fn new(part: String, how: &str, iterations: u64) -> Self {
        let unit = if iterations == 1 { "iteration" } else { "iterations" };
        Self { part, method: format!("{how}, {iterations} {unit}"), iterations: Some(iterations) }
    }
}

fn cipher_name(cipher: Cipher) -> String {
    cipher.nid().long_name().unwrap_or("a cipher without a name").to_uppercase()
}

fn hmac_name(digest: MessageDigest) -> String {
    let name = digest.type_().long_name().unwrap_or("a digest without a name");
    format!("HMAC-{}", name.replacen("sha", "SHA-", 1))
}
