//! Algorithm identifiers: parses those that are supported, and names those that are not.
//!
//! Legacy encryption: RFC 7292 appendix C. PBES2 and PBKDF2: RFC 8018 appendix A. HMACs: RFC 8018 appendix B.1.

// Methods of yasna have two lifetimes and cannot be passed by name.
#![allow(clippy::redundant_closure_for_method_calls)]

use p12::AlgorithmIdentifier;
use yasna::{ASN1Result, BERReaderSeq, models::ObjectIdentifier};
use zeroize::Zeroizing;

use super::{cipher::Cipher, digest::Digest};
use crate::keystore::{KeystoreErrorKind, engine::algorithm_name};

const PBES2: &[u64] = &[1, 2, 840, 113_549, 1, 5, 13];
const PBKDF2: &[u64] = &[1, 2, 840, 113_549, 1, 5, 12];
pub(super) const PBMAC1: &[u64] = &[1, 2, 840, 113_549, 1, 5, 14];

/// How a part of a keystore is encrypted.
pub(super) enum Encryption<'file> {
    /// RC2 with 40 bits or 3DES with three keys, with the PKCS#12 key derivation.
    Legacy { identifier: &'file AlgorithmIdentifier, iterations: u64 },
    /// PBES2: PBKDF2 and a block cipher.
    Pbes2 { derivation: Pbkdf2, cipher: Cipher, iv: Vec<u8> },
}

/// The parameters of PBKDF2 (RFC 8018 appendix A.2).
pub(super) struct Pbkdf2 {
    pub(super) salt: Vec<u8>,
    pub(super) iterations: u64,
    pub(super) key_length: Option<u64>,
    pub(super) prf: Digest,
}

/// An algorithm identifier in the parameters of another one.
struct NestedAlgorithm {
    algorithm: ObjectIdentifier,
    parameters: Option<Vec<u8>>,
}

impl<'file> Encryption<'file> {
    pub(super) fn read(identifier: &'file AlgorithmIdentifier) -> Result<Self, KeystoreErrorKind> {
        match identifier {
            AlgorithmIdentifier::PbewithSHAAnd40BitRC2CBC(parameters)
            | AlgorithmIdentifier::PbeWithSHAAnd3KeyTripleDESCBC(parameters) => {
                Ok(Self::Legacy { identifier, iterations: parameters.iterations })
            }
            AlgorithmIdentifier::OtherAlg(other) if is(&other.algorithm_type, PBES2) => {
                Self::read_pbes2(other.params.as_deref().unwrap_or_default())
            }
            AlgorithmIdentifier::OtherAlg(other) => Err(unsupported(&other.algorithm_type)),
            AlgorithmIdentifier::Sha1 => {
                Err(KeystoreErrorKind::Unsupported("SHA-1 instead of an encryption".to_owned()))
            }
        }
    }

    fn read_pbes2(parameters: &[u8]) -> Result<Self, KeystoreErrorKind> {
        let [derivation, encryption] = read_two(parameters).map_err(|_| damaged_parameters())?;
        let derivation = Pbkdf2::read(&derivation)?;
        let cipher = match encryption.algorithm.components().as_slice() {
            [2, 16, 840, 1, 101, 3, 4, 1, 2] => Cipher::Aes128,
            [2, 16, 840, 1, 101, 3, 4, 1, 22] => Cipher::Aes192,
            [2, 16, 840, 1, 101, 3, 4, 1, 42] => Cipher::Aes256,
            [1, 2, 840, 113_549, 3, 7] => Cipher::TripleDes,
            _ => return Err(unsupported(&encryption.algorithm)),
        };
        let iv = yasna::parse_ber(&encryption.parameters.unwrap_or_default(), |reader| reader.read_bytes())
            .map_err(|_| damaged_parameters())?;
        let key_length_fits = derivation.key_length.is_none_or(|length| length == cipher.key_length() as u64);
        if iv.len() != cipher.iv_length() || !key_length_fits {
            return Err(damaged_parameters());
        }
        Ok(Self::Pbes2 { derivation, cipher, iv })
    }

    pub(super) fn iterations(&self) -> u64 {
        match self {
            Self::Legacy { iterations, .. } => *iterations,
            Self::Pbes2 { derivation, .. } => derivation.iterations,
        }
    }
}

impl Pbkdf2 {
    fn read(identifier: &NestedAlgorithm) -> Result<Self, KeystoreErrorKind> {
        if !is(&identifier.algorithm, PBKDF2) {
            return Err(unsupported(&identifier.algorithm));
        }
        let (salt, iterations, key_length, prf) =
            yasna::parse_ber(identifier.parameters.as_deref().unwrap_or_default(), |reader| {
                reader.read_sequence(|reader| {
                    let salt = reader.next().read_bytes()?;
                    let iterations = reader.next().read_u64()?;
                    let key_length = reader.read_optional(|reader| reader.read_u64())?;
                    let prf = reader.read_optional(|reader| reader.read_sequence(read_nested))?;
                    Ok((salt, iterations, key_length, prf))
                })
            })
            .map_err(|_| damaged_parameters())?;
        // The default is HMAC-SHA-1 (RFC 8018 appendix A.2).
        let prf = prf.map_or(Ok(Digest::Sha1), |prf| hmac(&prf.algorithm))?;
        Ok(Self { salt, iterations, key_length, prf })
    }

    /// Derives a key of `length` bytes; `None` if there are more iterations than can be computed.
    pub(super) fn derive(&self, password: &[u8], length: usize) -> Option<Zeroizing<Vec<u8>>> {
        self.prf.pbkdf2(password, &self.salt, self.iterations, length)
    }

    /// Parses the parameters of PBMAC1 (RFC 9579 §4): the derivation and the digest of the HMAC.
    pub(super) fn read_pbmac1(parameters: &[u8]) -> Result<(Self, Digest), KeystoreErrorKind> {
        let [derivation, mac] = read_two(parameters).map_err(|_| damaged_parameters())?;
        Ok((Self::read(&derivation)?, hmac(&mac.algorithm)?))
    }
}

/// Returns the digest of a MAC with the PKCS#12 key derivation.
pub(super) fn mac_digest(identifier: &AlgorithmIdentifier) -> Result<Digest, KeystoreErrorKind> {
    let AlgorithmIdentifier::OtherAlg(other) = identifier else {
        return match identifier {
            AlgorithmIdentifier::Sha1 => Ok(Digest::Sha1),
            _ => Err(KeystoreErrorKind::Unsupported("an encryption instead of a digest".to_owned())),
        };
    };
    match other.algorithm_type.components().as_slice() {
        [2, 16, 840, 1, 101, 3, 4, 2, 1] => Ok(Digest::Sha256),
        [2, 16, 840, 1, 101, 3, 4, 2, 2] => Ok(Digest::Sha384),
        [2, 16, 840, 1, 101, 3, 4, 2, 3] => Ok(Digest::Sha512),
        [2, 16, 840, 1, 101, 3, 4, 2, 4] => Ok(Digest::Sha224),
        _ => Err(unsupported(&other.algorithm_type)),
    }
}

pub(super) fn is(identifier: &ObjectIdentifier, components: &[u64]) -> bool {
    identifier.components().as_slice() == components
}

/// Names an unsupported algorithm as other tools do.
pub(super) fn unsupported(identifier: &ObjectIdentifier) -> KeystoreErrorKind {
    let name = match identifier.components().as_slice() {
        [1, 2, 840, 113_549, 1, 12, 1, 1] => Some("RC4 with 128 bits (pbeWithSHAAnd128BitRC4)"),
        [1, 2, 840, 113_549, 1, 12, 1, 2] => Some("RC4 with 40 bits (pbeWithSHAAnd40BitRC4)"),
        [1, 2, 840, 113_549, 1, 12, 1, 4] => Some("3DES with two keys (pbeWithSHAAnd2-KeyTripleDES-CBC)"),
        [1, 2, 840, 113_549, 1, 12, 1, 5] => Some("RC2 with 128 bits (pbeWithSHAAnd128BitRC2-CBC)"),
        [1, 2, 840, 113_549, 1, 7, 2] => Some("a signature instead of a password (signedData)"),
        [1, 2, 840, 113_549, 1, 7, 3] => Some("encryption to a certificate (envelopedData)"),
        _ => None,
    };
    KeystoreErrorKind::Unsupported(name.map_or_else(|| algorithm_name(identifier), str::to_owned))
}

pub(super) fn damaged_parameters() -> KeystoreErrorKind {
    KeystoreErrorKind::Damaged("the parameters of an algorithm cannot be parsed")
}

fn hmac(identifier: &ObjectIdentifier) -> Result<Digest, KeystoreErrorKind> {
    match identifier.components().as_slice() {
        [1, 2, 840, 113_549, 2, 7] => Ok(Digest::Sha1),
        [1, 2, 840, 113_549, 2, 8] => Ok(Digest::Sha224),
        [1, 2, 840, 113_549, 2, 9] => Ok(Digest::Sha256),
        [1, 2, 840, 113_549, 2, 10] => Ok(Digest::Sha384),
        [1, 2, 840, 113_549, 2, 11] => Ok(Digest::Sha512),
        _ => Err(unsupported(identifier)),
    }
}

fn read_two(parameters: &[u8]) -> ASN1Result<[NestedAlgorithm; 2]> {
    yasna::parse_ber(parameters, |reader| {
        reader.read_sequence(|reader| {
            Ok([reader.next().read_sequence(read_nested)?, reader.next().read_sequence(read_nested)?])
        })
    })
}

fn read_nested(reader: &mut BERReaderSeq) -> ASN1Result<NestedAlgorithm> {
    let algorithm = reader.next().read_oid()?;
    let parameters = reader.read_optional(|reader| reader.read_der())?;
    Ok(NestedAlgorithm { algorithm, parameters })
}
