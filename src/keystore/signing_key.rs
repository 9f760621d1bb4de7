//! The private key that was chosen, and what is sent along so that the server finds its public half.

use openssl::{
    bn::BigNumRef,
    error::ErrorStack,
    pkey::{PKey, Private},
};
use serde_json::Value;

use super::{
    Certificate, CertificateFile, HardwareReason, KeystoreError, Reason, SignatureAlgorithm,
    key_handle::KeyHandle,
    pkcs11::TokenKey,
    public_key::{Kind, PublicKey},
};
use crate::explain::Explain;

/// A private key with its certificates, leaf first; without certificates the server must know it by a key id.
///
/// The key itself may be somewhere else: in a hardware token, which signs and never gives it away.
#[derive(Clone)]
pub struct SigningKey {
    material: KeyHandle,
    public: PublicKey,
    certificates: Vec<Certificate>,
    key_id: Option<String>,
    algorithm: Option<SignatureAlgorithm>,
}

/// Why a key made no signature.
#[derive(Debug, Clone, thiserror::Error)]
pub enum SigningError {
    /// The key is of a kind that cannot sign so.
    #[error("the private key cannot sign with {algorithm}")]
    KindMismatch {
        /// What was asked for.
        algorithm: SignatureAlgorithm,
        /// What this key can do.
        possible: SignatureAlgorithm,
    },
    /// OpenSSL did not sign.
    #[error("OpenSSL could not sign with the private key")]
    OpenSsl(#[source] ErrorStack),
    /// The hardware token did not sign.
    #[error("the hardware token did not sign")]
    Hardware(#[source] HardwareReason),
    /// A key of the caller's own did not sign.
    #[error("the key did not sign")]
    External(#[source] std::sync::Arc<dyn std::error::Error + Send + Sync>),
    /// The signature does not verify with the key's own public half.
    #[error("the private key made a signature that its public half does not verify")]
    Inconsistent,
}

impl Explain for SigningError {
    fn code(&self) -> &'static str {
        match self {
            Self::Hardware(reason) => reason.code(),
            Self::KindMismatch { .. } | Self::OpenSsl(_) | Self::External(_) | Self::Inconsistent => "signing",
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::KindMismatch { possible, .. } => Some(format!("pass --alg {possible}, or use another key")),
            Self::OpenSsl(_) | Self::Inconsistent => Some("export the key again: it is damaged".to_owned()),
            Self::Hardware(reason) => reason.hint(),
            Self::External(_) => None,
        }
    }
}

impl SigningKey {
    /// Takes a key and its certificates, leaf first.
    ///
    /// # Errors
    /// [`Reason::KeyKind`] or [`Reason::KeySize`] when the key cannot sign a JWT, [`Reason::Damaged`] when its numbers
    /// would keep OpenSSL busy for ever.
    pub(super) fn new(key: PKey<Private>, certificates: Vec<Certificate>) -> Result<Self, Reason> {
        let public = checked(&key)?;
        Ok(Self { material: KeyHandle::OpenSsl(key), public, certificates, key_id: None, algorithm: None })
    }

    /// Takes a key that stays in its token.
    ///
    /// # Errors
    /// [`Reason::KeyKind`] or [`Reason::KeySize`] when the key cannot sign a JWT.
    pub(super) fn in_token(key: TokenKey, certificates: Vec<Certificate>) -> Result<Self, Reason> {
        let public = PublicKey::of(key.public())?;
        Ok(Self { material: KeyHandle::Token(key), public, certificates, key_id: None, algorithm: None })
    }

    /// Adds what a JWK says of its key.
    pub(super) fn described(mut self, key_id: Option<String>, algorithm: Option<SignatureAlgorithm>) -> Self {
        (self.key_id, self.algorithm) = (key_id, algorithm);
        self
    }

    pub(super) fn public(&self) -> &PublicKey {
        &self.public
    }

    /// Takes the key's own certificate and its chain from a file, in place of those it came with.
    ///
    /// # Errors
    /// [`KeystoreError::Certificates`] when no certificate in the file has the key's public half.
    pub fn with_certificates(mut self, file: &CertificateFile) -> Result<Self, KeystoreError> {
        self.certificates = file.chain_for(|certificate| self.material.owns(certificate))?;
        Ok(self)
    }

    /// The certificates of the key, leaf to root; empty when the key came without.
    #[must_use]
    pub fn certificates(&self) -> &[Certificate] {
        &self.certificates
    }

    /// The key id that came with the key: the `kid` of a JWK.
    #[must_use]
    pub fn key_id(&self) -> Option<&str> {
        self.key_id.as_deref()
    }

    /// The algorithm that came with the key: the `alg` of a JWK.
    #[must_use]
    pub fn algorithm(&self) -> Option<SignatureAlgorithm> {
        self.algorithm
    }

    /// The algorithm that this kind of key signs with when nobody asks for another.
    #[must_use]
    pub fn default_algorithm(&self) -> SignatureAlgorithm {
        self.public.kind().default_algorithm()
    }

    /// Whether this key can sign with this algorithm.
    #[must_use]
    pub fn can_sign_with(&self, algorithm: SignatureAlgorithm) -> bool {
        self.public.kind().can_sign_with(algorithm)
    }

    /// What kind of key it is, in words: `RSA with 2048 bits`, `EC on P-256`, `Ed25519`.
    #[must_use]
    pub fn kind(&self) -> String {
        self.public.kind().to_string()
    }

    /// How many octets a signature has: for ECDSA the two numbers side by side (RFC 7518 §3.4).
    #[must_use]
    pub fn signature_length(&self) -> usize {
        self.public.kind().signature_length()
    }

    /// The public half as a JWK with the members that Digdir requires of a registered key.
    ///
    /// What Digdir takes for a key id, [`super::is_registrable_key_id`] tells.
    #[must_use]
    pub fn public_jwk(&self, key_id: &str, algorithm: SignatureAlgorithm) -> Value {
        self.public.jwk(key_id, algorithm)
    }

    /// The SHA-256 thumbprint of the public JWK in base64url (RFC 7638): the same for one key, whatever file it is in.
    #[must_use]
    pub fn thumbprint(&self) -> String {
        self.public.thumbprint()
    }

    /// Signs, and verifies the result before it leaves: a damaged key is found here and not by the server.
    ///
    /// # Errors
    /// [`SigningError`] when the key cannot sign so, or signs wrongly.
    pub fn sign(&self, algorithm: SignatureAlgorithm, message: &[u8]) -> Result<Vec<u8>, SigningError> {
        if !self.can_sign_with(algorithm) {
            return Err(SigningError::KindMismatch { algorithm, possible: self.default_algorithm() });
        }
        let coordinate = self.public.kind().coordinate_length();
        let signature = self.material.sign(algorithm, message, coordinate)?;
        if !self.material.verify(algorithm, message, &signature, coordinate)? {
            return Err(SigningError::Inconsistent);
        }
        Ok(signature)
    }
}

impl std::fmt::Debug for SigningKey {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("SigningKey")
            .field("key", &"[REDACTED]")
            .field("kind", &self.public.kind())
            .field("key_id", &self.key_id)
            .field("certificates", &self.certificates)
            .finish_non_exhaustive()
    }
}

/// What of the key may be shown, once it is sure that signing with it ends in time.
pub(super) fn checked(key: &PKey<Private>) -> Result<PublicKey, Reason> {
    let public = PublicKey::of(key)?;
    if matches!(public.kind(), Kind::Rsa { .. }) && !numbers_fit(key) {
        return Err(Reason::Damaged("the numbers of its RSA key do not belong together"));
    }
    Ok(public)
}

/// Whether no number of an RSA key is longer than the modulus lets it be (RFC 8017 §3.2): OpenSSL computes with
/// whatever length it is given, for hours when a file says so.
fn numbers_fit(key: &PKey<Private>) -> bool {
    let Ok(rsa) = key.rsa() else { return false };
    let bits = |number: Option<&BigNumRef>| number.map_or(0, BigNumRef::num_bits);
    let (modulus, p, q) = (rsa.n().num_bits(), bits(rsa.p()), bits(rsa.q()));
    p + q <= modulus + 1
        && rsa.e().num_bits().max(rsa.d().num_bits()) <= modulus
        && bits(rsa.dmp1()).max(bits(rsa.iqmp())) <= p
        && bits(rsa.dmq1()) <= q
}
