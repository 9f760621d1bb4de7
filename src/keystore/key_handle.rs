//! Signs with OpenSSL or an external key, and verifies with OpenSSL. Signatures have the form of JWS (RFC 7518 §3).

use std::sync::Arc;

use openssl::{
    bn::BigNum,
    ecdsa::EcdsaSig,
    error::ErrorStack,
    hash::MessageDigest,
    pkey::{HasPublic, PKey, PKeyRef, Private, Public},
    rsa::Padding,
    sign::{RsaPssSaltlen, Signer, Verifier},
};

use super::{Certificate, HardwareErrorKind, SignatureAlgorithm};
use crate::explain::Explain;

/// A private key in OpenSSL, or access to an external one.
#[derive(Clone)]
pub(super) enum KeyHandle {
    OpenSsl(PKey<Private>),
    External(Arc<dyn ExternalKey>),
}

/// A private key that a device or service holds and signs with, such as a hardware token.
pub(super) trait ExternalKey: Send + Sync {
    /// Returns the public key.
    fn public(&self) -> &PKeyRef<Public>;

    /// Signs `message`. The signature has the form of JWS.
    fn sign(&self, algorithm: SignatureAlgorithm, message: &[u8]) -> Result<Vec<u8>, SigningError>;
}

/// Why a key could not sign.
#[derive(Debug, Clone, thiserror::Error)]
pub enum SigningError {
    /// The key does not support the algorithm.
    #[error("the private key cannot sign with {algorithm}")]
    KindMismatch {
        /// The algorithm that was asked for.
        algorithm: SignatureAlgorithm,
        /// The default algorithm of the key.
        possible: SignatureAlgorithm,
    },
    /// OpenSSL failed.
    #[error("OpenSSL could not sign with the private key")]
    OpenSsl(#[source] ErrorStack),
    /// The hardware token failed.
    #[error("the hardware token could not sign")]
    Hardware(#[source] HardwareErrorKind),
    /// The caller's own key could not sign.
    #[error("the key did not sign")]
    External(#[source] Arc<dyn std::error::Error + Send + Sync>),
    /// The signature does not verify with the public key.
    #[error("the signature does not verify with the public key, so the private key is damaged")]
    Inconsistent,
}

impl Explain for SigningError {
    fn code(&self) -> &'static str {
        match self {
            Self::Hardware(kind) => kind.code(),
            Self::KindMismatch { .. } | Self::OpenSsl(_) | Self::External(_) | Self::Inconsistent => "signing",
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::KindMismatch { possible, .. } => Some(format!("pass --alg {possible}, or use another key")),
            Self::OpenSsl(_) | Self::Inconsistent => Some("export the key again: it is damaged".to_owned()),
            Self::Hardware(kind) => kind.hint(),
            Self::External(_) => None,
        }
    }
}

impl KeyHandle {
    /// Signs `message`.
    pub(super) fn sign(&self, algorithm: SignatureAlgorithm, message: &[u8]) -> Result<Vec<u8>, SigningError> {
        match self {
            Self::OpenSsl(key) => {
                let signature = sign(key, algorithm, message);
                signature.and_then(|signature| der_to_jws(algorithm, signature)).map_err(SigningError::OpenSsl)
            }
            Self::External(key) => key.sign(algorithm, message),
        }
    }

    /// Returns whether `signature` verifies with the key's public key.
    pub(super) fn verify(
        &self,
        algorithm: SignatureAlgorithm,
        message: &[u8],
        signature: &[u8],
    ) -> Result<bool, SigningError> {
        let verified = match self {
            Self::OpenSsl(key) => verify(key, algorithm, message, signature),
            Self::External(key) => verify(key.public(), algorithm, message, signature),
        };
        verified.map_err(SigningError::OpenSsl)
    }

    /// Returns whether `certificate` has the key's public key.
    pub(super) fn matches(&self, certificate: &Certificate) -> bool {
        match self {
            Self::OpenSsl(key) => certificate.belongs_to(key),
            Self::External(key) => certificate.belongs_to(key.public()),
        }
    }

    /// Returns whether `certificate` has the key's numbers, but is for RSASSA-PSS only.
    pub(super) fn matches_but_for_pss(&self, certificate: &Certificate) -> bool {
        match self {
            Self::OpenSsl(key) => certificate.is_for_pss_with(key),
            Self::External(key) => certificate.is_for_pss_with(key.public()),
        }
    }
}

fn sign(key: &PKeyRef<Private>, algorithm: SignatureAlgorithm, message: &[u8]) -> Result<Vec<u8>, ErrorStack> {
    let mut signer = match digest(algorithm) {
        Some(digest) => Signer::new(digest, key)?,
        None => Signer::new_without_digest(key)?,
    };
    if is_pss(algorithm) {
        signer.set_rsa_padding(Padding::PKCS1_PSS)?;
        signer.set_rsa_pss_saltlen(RsaPssSaltlen::DIGEST_LENGTH)?;
    }
    signer.sign_oneshot_to_vec(message)
}

/// Returns whether `signature` verifies; the caller checks that the key supports the algorithm.
pub(super) fn verify<T: HasPublic>(
    key: &PKeyRef<T>,
    algorithm: SignatureAlgorithm,
    message: &[u8],
    signature: &[u8],
) -> Result<bool, ErrorStack> {
    let Some(signature) = jws_to_der(algorithm, signature)? else { return Ok(false) };
    let mut verifier = match digest(algorithm) {
        Some(digest) => Verifier::new(digest, key)?,
        None => Verifier::new_without_digest(key)?,
    };
    if is_pss(algorithm) {
        verifier.set_rsa_padding(Padding::PKCS1_PSS)?;
        verifier.set_rsa_pss_saltlen(RsaPssSaltlen::DIGEST_LENGTH)?;
    }
    verifier.verify_oneshot(&signature, message)
}

/// Converts an ECDSA signature from DER to two numbers side by side (RFC 7518 §3.4).
fn der_to_jws(algorithm: SignatureAlgorithm, signature: Vec<u8>) -> Result<Vec<u8>, ErrorStack> {
    let Some(length) = algorithm.coordinate_length() else { return Ok(signature) };
    let numbers = EcdsaSig::from_der(&signature)?;
    Ok([numbers.r().to_vec_padded(length.into())?, numbers.s().to_vec_padded(length.into())?].concat())
}

/// Converts an ECDSA signature to DER; returns `None` if its length is wrong.
fn jws_to_der(algorithm: SignatureAlgorithm, signature: &[u8]) -> Result<Option<Vec<u8>>, ErrorStack> {
    let Some(length) = algorithm.coordinate_length().map(usize::from) else { return Ok(Some(signature.to_vec())) };
    if signature.len() != 2 * length {
        return Ok(None);
    }
    let (r, s) = signature.split_at(length);
    EcdsaSig::from_private_components(BigNum::from_slice(r)?, BigNum::from_slice(s)?)?.to_der().map(Some)
}

/// Returns the digest in the algorithm's name (RFC 7518 §3.1); `EdDSA` signs the message itself.
pub(super) fn digest(algorithm: SignatureAlgorithm) -> Option<MessageDigest> {
    use SignatureAlgorithm::{EdDsa, Es256, Es384, Es512, Ps256, Ps384, Ps512, Rs256, Rs384, Rs512};
    match algorithm {
        Rs256 | Ps256 | Es256 => Some(MessageDigest::sha256()),
        Rs384 | Ps384 | Es384 => Some(MessageDigest::sha384()),
        Rs512 | Ps512 | Es512 => Some(MessageDigest::sha512()),
        EdDsa => None,
    }
}

fn is_pss(algorithm: SignatureAlgorithm) -> bool {
    matches!(algorithm, SignatureAlgorithm::Ps256 | SignatureAlgorithm::Ps384 | SignatureAlgorithm::Ps512)
}
