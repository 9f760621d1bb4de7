//! The signature algorithms of JWTs (RFC 7518, RFC 8037), verified with openssl directly.

use openssl::{
    bn::BigNum,
    ecdsa::EcdsaSig,
    hash::MessageDigest,
    nid::Nid,
    pkey::{Id, PKey, Public},
    rsa::Padding,
    sign::{RsaPssSaltlen, Verifier},
};

/// A signature algorithm (RFC 7518 §3.1, RFC 8037 §3.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Algorithm {
    Rs(HashFunction),
    Ps(HashFunction),
    Es(HashFunction),
    EdDsa,
}

/// The hash function in an algorithm's name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum HashFunction {
    Sha256,
    Sha384,
    Sha512,
}

impl HashFunction {
    fn digest(self) -> MessageDigest {
        match self {
            Self::Sha256 => MessageDigest::sha256(),
            Self::Sha384 => MessageDigest::sha384(),
            Self::Sha512 => MessageDigest::sha512(),
        }
    }

    /// Returns the curve for the hash function, and the length of each half of the signature (RFC 7518 §3.4).
    fn curve(self) -> (Nid, usize) {
        match self {
            Self::Sha256 => (Nid::X9_62_PRIME256V1, 32),
            Self::Sha384 => (Nid::SECP384R1, 48),
            Self::Sha512 => (Nid::SECP521R1, 66),
        }
    }
}

impl Algorithm {
    pub(crate) fn parse(name: &str) -> Option<Self> {
        let hash = match name.get(2..) {
            Some("256") => HashFunction::Sha256,
            Some("384") => HashFunction::Sha384,
            Some("512") => HashFunction::Sha512,
            _ if name == "EdDSA" => return Some(Self::EdDsa),
            _ => return None,
        };
        match name.get(..2) {
            Some("RS") => Some(Self::Rs(hash)),
            Some("PS") => Some(Self::Ps(hash)),
            Some("ES") => Some(Self::Es(hash)),
            _ => None,
        }
    }

    /// Verifies a signature; `None` when the key is of another type or openssl cannot parse the signature.
    pub(crate) fn verify(self, key: &PKey<Public>, signed: &[u8], signature: &[u8]) -> Option<bool> {
        match self {
            Self::Rs(hash) => {
                let mut verifier = rsa_verifier(key, hash, Padding::PKCS1)?;
                verifier.verify_oneshot(signature, signed).ok()
            }
            Self::Ps(hash) => {
                let mut verifier = rsa_verifier(key, hash, Padding::PKCS1_PSS)?;
                verifier.set_rsa_mgf1_md(hash.digest()).ok()?;
                verifier.set_rsa_pss_saltlen(RsaPssSaltlen::DIGEST_LENGTH).ok()?;
                verifier.verify_oneshot(signature, signed).ok()
            }
            Self::Es(hash) => {
                let (curve, half) = hash.curve();
                let key = key.ec_key().ok()?;
                if key.group().curve_name() != Some(curve) || signature.len() != 2 * half {
                    return None;
                }
                let (r, s) = signature.split_at(half);
                let signature =
                    EcdsaSig::from_private_components(BigNum::from_slice(r).ok()?, BigNum::from_slice(s).ok()?).ok()?;
                let digest = openssl::hash::hash(hash.digest(), signed).ok()?;
                signature.verify(&digest, &key).ok()
            }
            Self::EdDsa if matches!(key.id(), Id::ED25519 | Id::ED448) => {
                Verifier::new_without_digest(key).ok()?.verify_oneshot(signature, signed).ok()
            }
            Self::EdDsa => None,
        }
    }
}

fn rsa_verifier(key: &PKey<Public>, hash: HashFunction, padding: Padding) -> Option<Verifier<'_>> {
    if key.id() != Id::RSA {
        return None;
    }
    let mut verifier = Verifier::new(hash.digest(), key).ok()?;
    verifier.set_rsa_padding(padding).ok()?;
    Some(verifier)
}
