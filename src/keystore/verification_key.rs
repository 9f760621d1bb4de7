//! A public key that verifies the signatures of others: the server's on a token, a client's on a grant.
//!
//! It comes from a JWK ([`super::KeySet`]) or a certificate. Sizes and exponents are checked before OpenSSL computes
//! with them, so that a crafted key costs no time. Whether the key is trusted is not decided here.

use x509_cert::{der::Decode as _, spki::SubjectPublicKeyInfoOwned};

use super::{
    Certificate, JwkErrorKind, KeystoreErrorKind, SignatureAlgorithm, certificate_key, engine,
    public_key::{KeyKind, PublicKey, bits},
};

/// Real exponents are 3, 17 or 65537; more than 32 bits only make verification slow.
const EXPONENT_BITS: std::ops::RangeInclusive<u32> = 2..=32;

/// A public key of a kind that signs JWTs.
#[derive(Clone)]
pub struct VerificationKey {
    public: PublicKey,
    kind: KeyKind,
}

/// Why a JWK or certificate cannot be used as a verification key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum VerificationKeyError {
    /// A member of the JWK is missing or malformed.
    #[error(transparent)]
    Member(JwkErrorKind),
    /// The `use` of the JWK is not `sig`.
    #[error("its `use` is `{0}`, not `sig`")]
    Use(String),
    /// The `key_ops` of the JWK do not allow verification.
    #[error("its `key_ops` do not include `verify`")]
    KeyOperations,
    /// The key is of a kind that cannot sign a JWT.
    #[error("it is of the kind {0}, which cannot sign a JWT")]
    Kind(String),
    /// The RSA key is too short for the standards, or too long for OpenSSL.
    #[error("its RSA key has {0} bits; 2048 to 16384 are accepted (RFC 7518 §3.3)")]
    Size(u32),
    /// The exponent of the RSA key is out of range.
    #[error("the exponent of its RSA key is not an odd number from 3 to 2^32")]
    Exponent,
    /// The numbers are invalid, such as a point that is not on its curve.
    #[error("its numbers are not those of a public key")]
    Numbers,
}

impl VerificationKey {
    /// Returns the public key of a certificate.
    ///
    /// # Errors
    /// [`VerificationKeyError`] if its kind or size cannot sign a JWT.
    pub fn from_certificate(certificate: &Certificate) -> Result<Self, VerificationKeyError> {
        Self::new(certificate.public_key().cloned().ok_or(VerificationKeyError::Numbers)?)
    }

    /// Parses a `SubjectPublicKeyInfo` (RFC 5280 §4.1.2.7).
    ///
    /// # Errors
    /// [`VerificationKeyError`] if it is not one, or its kind or size cannot sign a JWT.
    pub fn from_spki(der: &[u8]) -> Result<Self, VerificationKeyError> {
        let info = SubjectPublicKeyInfoOwned::from_der(der).map_err(|_| VerificationKeyError::Numbers)?;
        Self::new(certificate_key::public_key(&info).ok_or(VerificationKeyError::Numbers)?)
    }

    pub(super) fn public(&self) -> &PublicKey {
        &self.public
    }

    pub(super) fn new(public: PublicKey) -> Result<Self, VerificationKeyError> {
        let kind = public.kind().map_err(|error| match error {
            KeystoreErrorKind::KeyKind(kind) => VerificationKeyError::Kind(kind),
            KeystoreErrorKind::KeySize(bits) => VerificationKeyError::Size(bits),
            _ => VerificationKeyError::Numbers,
        })?;
        if let PublicKey::OnCurve { .. } = &public
            && !engine::is_valid(&public)
        {
            return Err(VerificationKeyError::Numbers);
        }
        if let PublicKey::Rsa { n, e } = &public {
            let is_odd = |number: &[u8]| number.last().is_some_and(|last| last % 2 == 1);
            if !is_odd(e) || !EXPONENT_BITS.contains(&bits(e)) {
                return Err(VerificationKeyError::Exponent);
            }
            if !is_odd(n) {
                return Err(VerificationKeyError::Numbers);
            }
        }
        Ok(Self { public, kind })
    }

    /// Returns whether this kind of key makes signatures with `algorithm`.
    #[must_use]
    pub fn supports(&self, algorithm: SignatureAlgorithm) -> bool {
        self.kind.can_sign_with(algorithm)
    }

    /// Returns whether `signature`, in the form of JWS, was made by the private key (RFC 7515 §5.2).
    ///
    /// # Security
    /// An algorithm of another kind of key never verifies, so the sender cannot choose how its signature is checked
    /// (RFC 8725 §3.1).
    #[must_use]
    pub fn verify(&self, algorithm: SignatureAlgorithm, message: &[u8], signature: &[u8]) -> bool {
        self.supports(algorithm)
            && signature.len() == self.kind.signature_length()
            && engine::verify(&self.public, algorithm, message, signature).unwrap_or(false)
    }

    /// Returns the kind of the key: `RSA with 3072 bits`, `EC on P-256`, `Ed25519`.
    #[must_use]
    pub fn kind(&self) -> String {
        self.kind.to_string()
    }

    /// Returns the SHA-256 thumbprint of the key in base64url (RFC 7638).
    #[must_use]
    pub fn thumbprint(&self) -> String {
        self.public.thumbprint()
    }
}

impl std::fmt::Debug for VerificationKey {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_tuple("VerificationKey").field(&self.public).finish()
    }
}
