//! The signed JWT: its three parts, its header and its signature (RFC 7515, RFC 7518, RFC 8037).
//!
//! Everything is checked by openssl directly; no JOSE library takes part.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use openssl::{
    bn::BigNum,
    ecdsa::EcdsaSig,
    hash::MessageDigest,
    nid::Nid,
    pkey::{Id, PKey, Public},
    rsa::Padding,
    sign::{RsaPssSaltlen, Verifier},
};
use serde_json::{Map, Value};

use super::{json, refusal::Refusal};

/// Larger grants are none: a whole chain takes some 6 kB.
const MAXIMUM_BYTES: usize = 48 * 1024;

/// A JWT taken apart; nothing of it is believed yet.
pub(crate) struct Jwt {
    pub(crate) header: Map<String, Value>,
    pub(crate) claims: Map<String, Value>,
    signed: String,
    signature: Vec<u8>,
}

impl Jwt {
    /// Takes the compact form apart (RFC 7515 §7.1).
    pub(crate) fn parse(assertion: &str) -> Result<Self, Refusal> {
        if assertion.len() > MAXIMUM_BYTES {
            return Err(Refusal::Parameter("the assertion is too long"));
        }
        let mut parts = assertion.split('.');
        let (Some(header), Some(claims), Some(signature), None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(Refusal::Parameter("the assertion does not have three parts"));
        };
        // The decoder takes the URL-safe alphabet alone, without padding, white space or loose bits.
        let decode = |part: &str| {
            URL_SAFE_NO_PAD.decode(part).map_err(|_| Refusal::Parameter("a part of the assertion is not base64url"))
        };
        let object = |part: &str, problem| json::object(&decode(part)?).ok_or(Refusal::Parameter(problem));
        Ok(Self {
            header: object(header, "the header is not a JSON object without repeated members")?,
            claims: object(claims, "the claims are not a JSON object without repeated members")?,
            signature: decode(signature)?,
            signed: format!("{header}.{claims}"),
        })
    }

    /// Reads `alg` and refuses headers that ask for more than is understood.
    pub(crate) fn algorithm(&self, allowed: &[String]) -> Result<Algorithm, Refusal> {
        // RFC 7515 §4.1.11: extensions named in `crit` must be understood, and none is.
        if self.header.contains_key("crit") {
            return Err(Refusal::Parameter("the header has crit"));
        }
        let typ = self.header.get("typ").map(Value::as_str);
        if !matches!(typ, None | Some(Some("JWT"))) {
            return Err(Refusal::Parameter("the header's typ is not JWT"));
        }
        let name = self.header.get("alg").and_then(Value::as_str).ok_or(Refusal::Algorithm)?;
        if !matches!(name, "RS256" | "RS384" | "RS512") && !allowed.iter().any(|other| other == name) {
            return Err(Refusal::Algorithm);
        }
        Algorithm::parse(name).ok_or(Refusal::Algorithm)
    }

    /// Checks the signature against a key.
    pub(crate) fn verify(&self, algorithm: Algorithm, key: &PKey<Public>) -> Result<(), Refusal> {
        match algorithm.verify(key, self.signed.as_bytes(), &self.signature) {
            Some(true) => Ok(()),
            _ => Err(Refusal::Signature),
        }
    }

    /// A name for this very JWT, for grants without `jti`.
    pub(crate) fn digest(&self) -> [u8; 32] {
        openssl::sha::sha256(self.signed.as_bytes())
    }
}

/// A signature algorithm (RFC 7518 §3.1, RFC 8037 §3.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Algorithm {
    Rs(Hash),
    Ps(Hash),
    Es(Hash),
    EdDsa,
}

/// The hash function in an algorithm's name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Hash {
    Sha256,
    Sha384,
    Sha512,
}

impl Hash {
    fn digest(self) -> MessageDigest {
        match self {
            Self::Sha256 => MessageDigest::sha256(),
            Self::Sha384 => MessageDigest::sha384(),
            Self::Sha512 => MessageDigest::sha512(),
        }
    }

    /// The curve that goes with the hash, and the length of each half of the signature (RFC 7518 §3.4).
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
            Some("256") => Hash::Sha256,
            Some("384") => Hash::Sha384,
            Some("512") => Hash::Sha512,
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

    /// `None` when the key is of another kind or openssl cannot read the signature.
    fn verify(self, key: &PKey<Public>, signed: &[u8], signature: &[u8]) -> Option<bool> {
        match self {
            Self::Rs(hash) if key.id() == Id::RSA => {
                let mut verifier = Verifier::new(hash.digest(), key).ok()?;
                verifier.set_rsa_padding(Padding::PKCS1).ok()?;
                verifier.verify_oneshot(signature, signed).ok()
            }
            Self::Ps(hash) if key.id() == Id::RSA => {
                let mut verifier = Verifier::new(hash.digest(), key).ok()?;
                verifier.set_rsa_padding(Padding::PKCS1_PSS).ok()?;
                verifier.set_rsa_mgf1_md(hash.digest()).ok()?;
                verifier.set_rsa_pss_saltlen(RsaPssSaltlen::DIGEST_LENGTH).ok()?;
                verifier.verify_oneshot(signature, signed).ok()
            }
            Self::Es(hash) if key.id() == Id::EC => {
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
            _ => None,
        }
    }
}
