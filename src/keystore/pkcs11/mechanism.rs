//! Chooses the mechanism with which a token makes a JWS signature, and prepares its input.

use cryptoki::{
    mechanism::{
        Mechanism, MechanismType,
        rsa::{PkcsMgfType, PkcsPssParams},
    },
    types::Ulong,
};
use openssl::{error::ErrorStack, hash::hash};

use crate::keystore::{SignatureAlgorithm, openssl_key::digest};

/// `DigestInfo` up to the digest, for SHA-256, SHA-384 and SHA-512 (RFC 8017 §9.2 note 1).
const SHA256_INFO: &[u8] = b"\x30\x31\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x01\x05\x00\x04\x20";
const SHA384_INFO: &[u8] = b"\x30\x41\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x02\x05\x00\x04\x30";
const SHA512_INFO: &[u8] = b"\x30\x51\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x03\x05\x00\x04\x40";

/// A mechanism, and what it signs.
#[derive(Debug)]
pub(super) struct SigningPlan {
    pub(super) mechanism: Mechanism<'static>,
    input: MechanismInput,
}

/// What a mechanism signs.
#[derive(Debug, Clone, Copy)]
enum MechanismInput {
    /// The message, which the token hashes.
    Message,
    /// The digest of the message after a prefix.
    Digest { prefix: &'static [u8] },
}

impl SigningPlan {
    /// Chooses the first mechanism that the token offers; with `multi_part` it must accept the message in parts.
    pub(super) fn choose(algorithm: SignatureAlgorithm, multi_part: bool, offered: &[MechanismType]) -> Option<Self> {
        let plans = plans(algorithm).into_iter();
        let mut able = plans.filter(|plan| !multi_part || matches!(plan.input, MechanismInput::Message));
        able.find(|plan| offered.contains(&plan.mechanism.mechanism_type()))
    }

    /// Returns the input of the mechanism for `message`.
    pub(super) fn input(&self, algorithm: SignatureAlgorithm, message: &[u8]) -> Result<Vec<u8>, ErrorStack> {
        match (self.input, digest(algorithm)) {
            (MechanismInput::Digest { prefix }, Some(digest)) => Ok([prefix, &*hash(digest, message)?].concat()),
            _ => Ok(message.to_vec()),
        }
    }
}

fn plans(algorithm: SignatureAlgorithm) -> Vec<SigningPlan> {
    use SignatureAlgorithm::{EdDsa, Es256, Es384, Es512, Ps256, Ps384, Ps512, Rs256, Rs384, Rs512};
    let whole = |mechanism| SigningPlan { mechanism, input: MechanismInput::Message };
    let digest = |mechanism, prefix| SigningPlan { mechanism, input: MechanismInput::Digest { prefix } };
    let rsa = |mechanism, prefix| vec![whole(mechanism), digest(Mechanism::RsaPkcs, prefix)];
    let pss = |mechanism, parameters| vec![whole(mechanism), digest(Mechanism::RsaPkcsPss(parameters), b"")];
    // `Ecdsa` accepts any digest, and most tokens have it.
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

/// The salt is as long as the digest, and the mask uses the same digest (RFC 7518 §3.5).
const PSS256: PkcsPssParams =
    PkcsPssParams { hash_alg: MechanismType::SHA256, mgf: PkcsMgfType::MGF1_SHA256, s_len: Ulong::new(32) };
const PSS384: PkcsPssParams =
    PkcsPssParams { hash_alg: MechanismType::SHA384, mgf: PkcsMgfType::MGF1_SHA384, s_len: Ulong::new(48) };
const PSS512: PkcsPssParams =
    PkcsPssParams { hash_alg: MechanismType::SHA512, mgf: PkcsMgfType::MGF1_SHA512, s_len: Ulong::new(64) };
