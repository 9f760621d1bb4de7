//! Keys in ring: the common kinds. Functions return `None` for what ring does not support or does not accept.
//!
//! ring does not erase its copies of private numbers.

use std::{ops::RangeInclusive, sync::Arc};

use ring::{
    rand::SystemRandom,
    rsa::PublicKeyComponents,
    signature::{
        self, EcdsaKeyPair, EcdsaSigningAlgorithm, Ed25519KeyPair, KeyPair as _, RsaEncoding, RsaKeyPair,
        RsaParameters, UnparsedPublicKey, VerificationAlgorithm,
    },
};

use super::{
    SignatureAlgorithm,
    private_key::{PrivateKey, Signer, SigningError},
    public_key::{KeyKind, PublicKey, bits},
    rsa_numbers::RsaNumbers,
};

/// The RSA keys whose signatures ring verifies.
const RSA_BITS: RangeInclusive<u32> = 2048..=8192;
const EXPONENT_BITS: u32 = 33;

/// The curves of ECDSA keys.
const CURVES: [(KeyKind, &EcdsaSigningAlgorithm); 2] = [
    (KeyKind::P256, &signature::ECDSA_P256_SHA256_FIXED_SIGNING),
    (KeyKind::P384, &signature::ECDSA_P384_SHA384_FIXED_SIGNING),
];

impl Signer for RsaKeyPair {
    fn sign(&self, algorithm: SignatureAlgorithm, message: &[u8]) -> Result<Vec<u8>, SigningError> {
        use SignatureAlgorithm::{EdDsa, Es256, Es384, Es512, Ps256, Ps384, Ps512, Rs256, Rs384, Rs512};
        let encoding: &dyn RsaEncoding = match algorithm {
            Rs256 => &signature::RSA_PKCS1_SHA256,
            Rs384 => &signature::RSA_PKCS1_SHA384,
            Rs512 => &signature::RSA_PKCS1_SHA512,
            Ps256 => &signature::RSA_PSS_SHA256,
            Ps384 => &signature::RSA_PSS_SHA384,
            Ps512 => &signature::RSA_PSS_SHA512,
            Es256 | Es384 | Es512 | EdDsa => return Err(SigningError::Inconsistent),
        };
        let mut signature = vec![0; self.public().modulus_len()];
        // It fails if the numbers of the key do not belong together: it checks the result with the public exponent.
        let signed = RsaKeyPair::sign(self, encoding, &SystemRandom::new(), message, &mut signature);
        signed.map(|()| signature).map_err(|_| SigningError::Inconsistent)
    }

    fn verifies(&self) -> bool {
        true
    }
}

impl Signer for EcdsaKeyPair {
    fn sign(&self, _algorithm: SignatureAlgorithm, message: &[u8]) -> Result<Vec<u8>, SigningError> {
        let signature = EcdsaKeyPair::sign(self, &SystemRandom::new(), message);
        signature.map(|signature| signature.as_ref().to_vec()).map_err(|_| SigningError::Inconsistent)
    }
}

impl Signer for Ed25519KeyPair {
    fn sign(&self, _algorithm: SignatureAlgorithm, message: &[u8]) -> Result<Vec<u8>, SigningError> {
        Ok(Ed25519KeyPair::sign(self, message).as_ref().to_vec())
    }
}

/// Parses an RSA key in PKCS#8.
pub(super) fn rsa_from_pkcs8(der: &[u8]) -> Option<PrivateKey> {
    RsaKeyPair::from_pkcs8(der).ok().map(rsa)
}

/// Parses a key in PKCS#1.
pub(super) fn from_pkcs1(der: &[u8]) -> Option<PrivateKey> {
    RsaKeyPair::from_der(der).ok().map(rsa)
}

/// Builds an RSA key of its numbers.
pub(super) fn from_rsa_numbers(numbers: &RsaNumbers) -> Option<PrivateKey> {
    RsaKeyPair::from_components(numbers).ok().map(rsa)
}

fn rsa(key: RsaKeyPair) -> PrivateKey {
    let PublicKeyComponents { n, e } = PublicKeyComponents::from(key.public());
    PrivateKey::new(PublicKey::Rsa { n, e }, Arc::new(key))
}

/// Parses an EC key in PKCS#8 that has its public key, and checks that they belong together.
pub(super) fn ec_from_pkcs8(der: &[u8]) -> Option<PrivateKey> {
    CURVES.iter().find_map(|(kind, curve)| {
        let key = EcdsaKeyPair::from_pkcs8(curve, der, &SystemRandom::new()).ok()?;
        Some(ec(*kind, key))
    })
}

/// Builds an EC key, and checks that its numbers belong together; `scalar` is as long as the curve's order.
pub(super) fn from_ec_numbers(kind: KeyKind, scalar: &[u8], point: &[u8]) -> Option<PrivateKey> {
    let (_, curve) = CURVES.iter().find(|(curve, _)| *curve == kind)?;
    let key = EcdsaKeyPair::from_private_key_and_public_key(curve, scalar, point, &SystemRandom::new()).ok()?;
    Some(ec(kind, key))
}

fn ec(kind: KeyKind, key: EcdsaKeyPair) -> PrivateKey {
    let point = key.public_key().as_ref().to_vec();
    PrivateKey::new(PublicKey::OnCurve { kind, point }, Arc::new(key))
}

/// Parses an Ed25519 key in PKCS#8.
pub(super) fn ed25519_from_pkcs8(der: &[u8]) -> Option<PrivateKey> {
    Ed25519KeyPair::from_pkcs8_maybe_unchecked(der).ok().map(ed25519)
}

/// Builds an Ed25519 key, and checks that its numbers belong together.
pub(super) fn from_ed25519_numbers(seed: &[u8], point: &[u8]) -> Option<PrivateKey> {
    Ed25519KeyPair::from_seed_and_public_key(seed, point).ok().map(ed25519)
}

fn ed25519(key: Ed25519KeyPair) -> PrivateKey {
    let point = key.public_key().as_ref().to_vec();
    PrivateKey::new(PublicKey::OnCurve { kind: KeyKind::Ed25519, point }, Arc::new(key))
}

/// Returns whether `signature`, in the form of JWS, verifies; the caller checks that the key supports the algorithm.
pub(super) fn verify(
    public: &PublicKey,
    algorithm: SignatureAlgorithm,
    message: &[u8],
    signature: &[u8],
) -> Option<bool> {
    let verified = match public {
        PublicKey::Rsa { n, e } if RSA_BITS.contains(&bits(n)) && bits(e) <= EXPONENT_BITS => {
            PublicKeyComponents { n, e }.verify(rsa_parameters(algorithm)?, message, signature)
        }
        PublicKey::OnCurve { kind, point } => {
            let curve: &dyn VerificationAlgorithm = match kind {
                KeyKind::P256 => &signature::ECDSA_P256_SHA256_FIXED,
                KeyKind::P384 => &signature::ECDSA_P384_SHA384_FIXED,
                KeyKind::Ed25519 => &signature::ED25519,
                KeyKind::Rsa { .. } | KeyKind::P521 | KeyKind::Ed448 => return None,
            };
            UnparsedPublicKey::new(curve, point).verify(message, signature)
        }
        _ => return None,
    };
    Some(verified.is_ok())
}

fn rsa_parameters(algorithm: SignatureAlgorithm) -> Option<&'static RsaParameters> {
    use SignatureAlgorithm::{EdDsa, Es256, Es384, Es512, Ps256, Ps384, Ps512, Rs256, Rs384, Rs512};
    match algorithm {
        Rs256 => Some(&signature::RSA_PKCS1_2048_8192_SHA256),
        Rs384 => Some(&signature::RSA_PKCS1_2048_8192_SHA384),
        Rs512 => Some(&signature::RSA_PKCS1_2048_8192_SHA512),
        Ps256 => Some(&signature::RSA_PSS_2048_8192_SHA256),
        Ps384 => Some(&signature::RSA_PSS_2048_8192_SHA384),
        Ps512 => Some(&signature::RSA_PSS_2048_8192_SHA512),
        Es256 | Es384 | Es512 | EdDsa => None,
    }
}
