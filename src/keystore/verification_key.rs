//! A public key that verifies other people's signatures: the server's on a token, a client's on a grant.
//!
//! It comes from a JWK ([`super::KeySet`]) or from a certificate. Sizes and exponents are checked before OpenSSL
//! computes with them, so that a crafted key costs no time. Whose key it is, and whether that is to be trusted, is not
//! decided here.

use openssl::pkey::{PKey, Public};

use super::{
    Certificate, JwkReason, Reason, SignatureAlgorithm, key_handle,
    public_key::{Kind, PublicKey},
};

/// Real exponents are 3, 17 or 65537; more than 32 bits only make verifying slow.
const EXPONENT_BITS: std::ops::RangeInclusive<i32> = 2..=32;

/// A public key of a kind that JWTs are signed with.
#[derive(Clone)]
pub struct VerificationKey {
    key: PKey<Public>,
    public: PublicKey,
}

/// Why something gives no key that verifies.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum VerificationKeyReason {
    /// A member of the JWK is missing, or is not what it should be.
    #[error(transparent)]
    Member(JwkReason),
    /// The key is for something else.
    #[error("its `use` is `{0}`, and only keys for `sig` verify")]
    Use(String),
    /// The key may not verify.
    #[error("its `key_ops` do not include `verify`")]
    KeyOperations,
    /// The key is of a kind that signs no JWT.
    #[error("it is of the kind {0}, which signs no JWT")]
    Kind(String),
    /// The RSA key is too short for the standards, or too long for anybody.
    #[error("its RSA key has {0} bits; 2048 to 16384 are accepted (RFC 7518 §3.3)")]
    Size(u32),
    /// The RSA key's exponent is none that keys have.
    #[error("the exponent of its RSA key is not an odd number from 3 to 2^32")]
    Exponent,
    /// The numbers are those of no key, such as a point that is not on its curve.
    #[error("its numbers are not those of a public key")]
    Numbers,
}

impl VerificationKey {
    /// Takes the key that a certificate is about.
    ///
    /// # Errors
    /// [`VerificationKeyReason`] when it is of no kind or size that signs a JWT.
    pub fn of_certificate(certificate: &Certificate) -> Result<Self, VerificationKeyReason> {
        Self::new(certificate.public_key().ok_or(VerificationKeyReason::Numbers)?)
    }

    pub(super) fn new(key: PKey<Public>) -> Result<Self, VerificationKeyReason> {
        let public = PublicKey::of(&key).map_err(|reason| match reason {
            Reason::KeyKind(kind) => VerificationKeyReason::Kind(kind),
            Reason::KeySize(bits) => VerificationKeyReason::Size(bits),
            _ => VerificationKeyReason::Numbers,
        })?;
        if matches!(public.kind(), Kind::Rsa { .. }) {
            let rsa = key.rsa().map_err(|_| VerificationKeyReason::Numbers)?;
            if !rsa.e().is_odd() || !EXPONENT_BITS.contains(&rsa.e().num_bits()) {
                return Err(VerificationKeyReason::Exponent);
            }
            if !rsa.n().is_odd() {
                return Err(VerificationKeyReason::Numbers);
            }
        }
        Ok(Self { key, public })
    }

    /// Whether a key of this kind makes such signatures at all.
    #[must_use]
    pub fn fits(&self, algorithm: SignatureAlgorithm) -> bool {
        self.public.kind().can_sign_with(algorithm)
    }

    /// Whether this key's private half signed the message, in the form of JWS (RFC 7515 §5.2).
    ///
    /// # Security
    /// A signature by an algorithm of another kind of key is never good, so that nobody can choose for us how his
    /// signature is checked (RFC 8725 §3.1).
    #[must_use]
    pub fn verify(&self, algorithm: SignatureAlgorithm, message: &[u8], signature: &[u8]) -> bool {
        let kind = self.public.kind();
        self.fits(algorithm)
            && signature.len() == kind.signature_length()
            && key_handle::verify(&self.key, algorithm, message, signature, kind.coordinate_length()).unwrap_or(false)
    }

    /// What kind of key it is, in words: `RSA with 3072 bits`, `EC on P-256`, `Ed25519`.
    #[must_use]
    pub fn kind(&self) -> String {
        self.public.kind().to_string()
    }

    /// The SHA-256 thumbprint of the key as a JWK, in base64url (RFC 7638).
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
