//! Where a signature comes from: a private key held by openssl, or one that stays in a hardware token.
//!
//! Both give and take signatures in the form of JWS (RFC 7518 §3), which for ECDSA is not openssl's.

use openssl::{
    bn::BigNum,
    ecdsa::EcdsaSig,
    error::ErrorStack,
    hash::MessageDigest,
    pkey::{HasPublic, PKey, PKeyRef, Private},
    rsa::Padding,
    sign::{RsaPssSaltlen, Signer, Verifier},
};

use super::{SignatureAlgorithm, SigningError, pkcs11::TokenKey};

/// The private key itself, or the way to it.
#[derive(Clone)]
pub(super) enum KeyHandle {
    OpenSsl(PKey<Private>),
    Token(TokenKey),
}

impl KeyHandle {
    /// Signs; `coordinate` is how many octets a number of an ECDSA signature has.
    pub(super) fn sign(
        &self,
        algorithm: SignatureAlgorithm,
        message: &[u8],
        coordinate: Option<usize>,
    ) -> Result<Vec<u8>, SigningError> {
        match self {
            Self::OpenSsl(key) => {
                let signature = sign(key, algorithm, message);
                signature.and_then(|signature| to_jws_form(signature, coordinate)).map_err(SigningError::OpenSsl)
            }
            Self::Token(key) => key.sign(algorithm, message).map_err(SigningError::Hardware),
        }
    }

    /// Whether the signature is this key's.
    pub(super) fn verify(
        &self,
        algorithm: SignatureAlgorithm,
        message: &[u8],
        signature: &[u8],
        coordinate: Option<usize>,
    ) -> Result<bool, SigningError> {
        let verified = match self {
            Self::OpenSsl(key) => verify(key, algorithm, message, signature, coordinate),
            Self::Token(key) => verify(key.public(), algorithm, message, signature, coordinate),
        };
        verified.map_err(SigningError::OpenSsl)
    }

    /// Whether the certificate has this key's public half.
    pub(super) fn owns(&self, certificate: &super::Certificate) -> bool {
        match self {
            Self::OpenSsl(key) => certificate.belongs_to(key),
            Self::Token(key) => certificate.belongs_to(key.public()),
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

/// Whether a signature in the form of JWS is the key's; the caller sees to it that key and algorithm fit.
pub(super) fn verify<T: HasPublic>(
    key: &PKeyRef<T>,
    algorithm: SignatureAlgorithm,
    message: &[u8],
    signature: &[u8],
    coordinate: Option<usize>,
) -> Result<bool, ErrorStack> {
    let Some(signature) = from_jws_form(signature, coordinate)? else { return Ok(false) };
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

/// ECDSA: from the DER of two numbers to the two numbers side by side (RFC 7518 §3.4).
fn to_jws_form(signature: Vec<u8>, coordinate: Option<usize>) -> Result<Vec<u8>, ErrorStack> {
    let Some(length) = coordinate else { return Ok(signature) };
    let length = i32::try_from(length).unwrap_or(i32::MAX);
    let numbers = EcdsaSig::from_der(&signature)?;
    Ok([numbers.r().to_vec_padded(length)?, numbers.s().to_vec_padded(length)?].concat())
}

/// The way back; `None` when the signature has another length than two numbers.
fn from_jws_form(signature: &[u8], coordinate: Option<usize>) -> Result<Option<Vec<u8>>, ErrorStack> {
    let Some(length) = coordinate else { return Ok(Some(signature.to_vec())) };
    if signature.len() != 2 * length {
        return Ok(None);
    }
    let (r, s) = signature.split_at(length);
    EcdsaSig::from_private_components(BigNum::from_slice(r)?, BigNum::from_slice(s)?)?.to_der().map(Some)
}

/// The digest that the algorithm's name gives (RFC 7518 §3.1); `EdDSA` takes the message whole.
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
