//! How each part of a keystore is protected, named as other tools do.

use p12::{AlgorithmIdentifier, MacData};
use serde::Serialize;

use super::{algorithm::Encryption, mac::MacAlgorithm};
use crate::keystore::KeystoreErrorKind;

/// How one part of a keystore is protected.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Protection {
    /// The part: `integrity`, `safe 1`, `key enterprise`.
    pub part: String,
    /// Its algorithms, such as `PBES2 with AES-256-CBC, PBKDF2-HMAC-SHA-256, 2048 iterations`.
    pub method: String,
    /// How many key derivation iterations it takes; `None` if it is not protected.
    pub iterations: Option<u64>,
}

impl Protection {
    /// Describes the encryption of a part.
    pub(super) fn encryption(part: String, algorithm: Option<&AlgorithmIdentifier>) -> Result<Self, KeystoreErrorKind> {
        let Some(algorithm) = algorithm else { return Ok(Self::none(part)) };
        let encryption = Encryption::read(algorithm)?;
        let how = match &encryption {
            Encryption::Legacy { identifier: AlgorithmIdentifier::PbewithSHAAnd40BitRC2CBC(_), .. } => {
                "RC2 with 40 bits (pbeWithSHAAnd40BitRC2-CBC)".to_owned()
            }
            Encryption::Legacy { .. } => "3DES with three keys (pbeWithSHAAnd3-KeyTripleDES-CBC)".to_owned(),
            Encryption::Pbes2 { derivation, cipher, .. } => {
                format!("PBES2 with {}, PBKDF2-{}", cipher.name(), derivation.prf.hmac_name())
            }
        };
        Ok(Self::new(part, &how, encryption.iterations()))
    }

    /// Describes the MAC of a container.
    pub(super) fn integrity(mac: Option<&MacData>) -> Result<Self, KeystoreErrorKind> {
        let part = "integrity".to_owned();
        let Some(mac) = mac else { return Ok(Self::none(part)) };
        let algorithm = MacAlgorithm::read(mac)?;
        let how = match &algorithm {
            MacAlgorithm::Derived { digest, .. } => format!("{}, PKCS#12 derivation", digest.hmac_name()),
            MacAlgorithm::Pbmac1 { derivation, digest, .. } => {
                format!("PBMAC1 with {}, PBKDF2-{}", digest.hmac_name(), derivation.prf.hmac_name())
            }
        };
        Ok(Self::new(part, &how, algorithm.iterations()))
    }

    fn none(part: String) -> Self {
        Self { part, method: "none".to_owned(), iterations: None }
    }

    fn new(part: String, how: &str, iterations: u64) -> Self {
        let unit = if iterations == 1 { "iteration" } else { "iterations" };
        Self { part, method: format!("{how}, {iterations} {unit}"), iterations: Some(iterations) }
    }
}
