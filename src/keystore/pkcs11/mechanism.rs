//! Which mechanism of a token makes which signature of JWS, and what it wants to be given.

use cryptoki::{
    mechanism::{
        Mechanism, MechanismType,
        rsa::{PkcsMgfType, PkcsPssParams},
    },
    types::Ulong,
};
use openssl::{error::ErrorStack, hash::hash};

use crate::keystore::{SignatureAlgorithm, key_handle::digest};

/// `DigestInfo` up to the digest, for SHA-256, SHA-384 and SHA-512 (RFC 8017 §9.2 note 1).
const SHA256_INFO: &[u8] = b"\x30\x31\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x01\x05\x00\x04\x20";
const SHA384_INFO: &[u8] = b"\x30\x41\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x02\x05\x00\x04\x30";
const SHA512_INFO: &[u8] = b"\x30\x51\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x03\x05\x00\x04\x40";

/// A way to make a signature.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) mechanism: Mechanism<'static>,
    input: Input,
}

/// What the mechanism signs.
#[derive(Debug, Clone, Copy)]
enum Input {
    /// The message; the token makes the digest.
    Message,
    /// The digest with something before it.
    Digest { before: &'static [u8] },
}

impl Plan {
    /// The first way that the token offers; in `parts` a mechanism must take the message piece by piece.
    pub(super) fn choose(algorithm: SignatureAlgorithm, parts: bool, offered: &[MechanismType]) -> Option<Self> {
        let plans = plans(algorithm).into_iter();
        let mut able = plans.filter(|plan| !parts || matches!(plan.input, Input::Message));
        able.find(|plan| offered.contains(&plan.mechanism.mechanism_type()))
    }

    /// What to give to the mechanism for this message.
    pub(super) fn input(&self, algorithm: SignatureAlgorithm, message: &[u8]) -> Result<Vec<u8>, ErrorStack> {
        match (self.input, digest(algorithm)) {
            (Input::Digest { before }, Some(digest)) => Ok([before, &*hash(digest, message)?].concat()),
            _ => Ok(message.to_vec()),
        }
    }
}

fn plans(algorithm: SignatureAlgorithm) -> Vec<Plan> {
    use SignatureAlgorithm::{EdDsa, Es256, Es384, Es512, Ps256, Ps384, Ps512, Rs256, Rs384, Rs512};
    let whole = |mechanism| Plan { mechanism, input: Input::Message };
    let digest = |mechanism, before| Plan { mechanism, input: Input::Digest { before } };
    let rsa = |mechanism, before| vec![whole(mechanism), digest(Mechanism::RsaPkcs, before)];
    let pss = |mechanism, parameters| vec![whole(mechanism), digest(Mechanism::RsaPkcsPss(parameters), b"")];
    // A token that is given the digest takes any hash, so the mechanism that most tokens have comes first.
    let ec = |mechanism| vec![digest(Mechanism::Ecdsa, b""), whole(mechanism)];
    match algorithm {
        Rs256 => rsa(Mechanism::Sha256RsaPkcs, SHA256_INFO),
        Rs384 => rsa(Mechanism::Sha384RsaPkcs, SHA384_INFO),
        Rs512 => rsa(Mechanism::Sha512RsaPkcs, SHA512_INFO),
        Ps256 => pss(Mechanism::Sha256RsaPkcsPss(PSS256), PSS256),
        Ps384 => pss(Mechanism::Sha384RsaPkcsPss(PSS384), PSS384),
        Ps512 => pss(Mechanism::Sha512RsaPkcsPss(PSS512), PSS512),
        Es256 => ec(Mechanism::EcdsaSha256),
        Es384 => ec(Mechanism::EcdsaSha384),
        Es512 => ec(Mechanism::EcdsaSha512),
        EdDsa => Vec::new(),
    }
}

/// A salt as long as the digest, and its digest for the mask (RFC 7518 §3.5).
const PSS256: PkcsPssParams =
    PkcsPssParams { hash_alg: MechanismType::SHA256, mgf: PkcsMgfType::MGF1_SHA256, s_len: Ulong::new(32) };
const PSS384: PkcsPssParams =
    PkcsPssParams { hash_alg: MechanismType::SHA384, mgf: PkcsMgfType::MGF1_SHA384, s_len: Ulong::new(48) };
const PSS512: PkcsPssParams =
    PkcsPssParams { hash_alg: MechanismType::SHA512, mgf: PkcsMgfType::MGF1_SHA512, s_len: Ulong::new(64) };
