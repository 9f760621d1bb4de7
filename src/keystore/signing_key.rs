//! The private key that signs, with what a server needs to find its public key: certificates or a key id.

use std::sync::Arc;

use openssl::{
    bn::BigNumRef,
    pkey::{PKey, Private},
};
use serde_json::Value;

use super::{
    Certificate, CertificateFile, KeystoreError, KeystoreErrorKind, SignatureAlgorithm,
    key_handle::{ExternalKey, KeyHandle, SigningError},
    public_key::{KeyKind, PublicKey},
};

/// A private key with its certificates, leaf first. A key without certificates is registered under a key id.
///
/// The key is in memory, managed by OpenSSL, or stays in a hardware token. Clones share it.
#[derive(Clone)]
pub struct SigningKey {
    handle: KeyHandle,
    public: PublicKey,
    certificates: Vec<Certificate>,
    key_id: Option<String>,
    algorithm: Option<SignatureAlgorithm>,
}

impl SigningKey {
    /// Combines a key with its certificates, leaf first.
    ///
    /// # Errors
    /// [`KeystoreErrorKind::KeyKind`] or [`KeystoreErrorKind::KeySize`] if the key cannot sign a JWT,
    /// [`KeystoreErrorKind::Damaged`] if its numbers would keep OpenSSL busy for hours.
    pub(super) fn new(key: PKey<Private>, certificates: Vec<Certificate>) -> Result<Self, KeystoreErrorKind> {
        let public = checked_public_key(&key)?;
        Ok(Self { handle: KeyHandle::OpenSsl(key), public, certificates, key_id: None, algorithm: None })
    }

    /// Combines an external key with its certificates, leaf first.
    ///
    /// # Errors
    /// [`KeystoreErrorKind::KeyKind`] or [`KeystoreErrorKind::KeySize`] if the key cannot sign a JWT.
    #[cfg_attr(
        not(feature = "pkcs11"),
        expect(dead_code, reason = "the only external keys are those in hardware tokens")
    )]
    pub(super) fn from_external(
        key: Arc<dyn ExternalKey>,
        certificates: Vec<Certificate>,
    ) -> Result<Self, KeystoreErrorKind> {
        let public = PublicKey::from_pkey(key.public())?;
        Ok(Self { handle: KeyHandle::External(key), public, certificates, key_id: None, algorithm: None })
    }

    /// Adds the `kid` and `alg` of a JWK.
    pub(super) fn with_key_id(mut self, key_id: Option<String>, algorithm: Option<SignatureAlgorithm>) -> Self {
        (self.key_id, self.algorithm) = (key_id, algorithm);
        self
    }

    pub(super) fn public(&self) -> &PublicKey {
        &self.public
    }

    /// Replaces the certificates with the key's own certificate and its chain from a file.
    ///
    /// # Errors
    /// [`KeystoreError::Certificates`] if no certificate in the file belongs to the key.
    pub fn with_certificates(self, file: &CertificateFile) -> Result<Self, KeystoreError> {
        self.with_certificates_from(file, &[])
    }

    /// As [`SigningKey::with_certificates`], with more certificates than those in the file.
    pub(super) fn with_certificates_from(
        mut self,
        file: &CertificateFile,
        more: &[Certificate],
    ) -> Result<Self, KeystoreError> {
        self.certificates = file.chain_for(more, &self.handle)?;
        Ok(self)
    }

    /// Returns the certificates of the key, leaf to root; empty if it has none.
    #[must_use]
    pub fn certificates(&self) -> &[Certificate] {
        &self.certificates
    }

    /// Returns the `kid` of the JWK that the key comes from.
    #[must_use]
    pub fn key_id(&self) -> Option<&str> {
        self.key_id.as_deref()
    }

    /// Returns the `alg` of the JWK that the key comes from.
    #[must_use]
    pub fn algorithm(&self) -> Option<SignatureAlgorithm> {
        self.algorithm
    }

    /// Returns the algorithm that this kind of key signs with by default.
    #[must_use]
    pub fn default_algorithm(&self) -> SignatureAlgorithm {
        self.public.kind().default_algorithm()
    }

    /// Returns whether the key can sign with `algorithm`.
    #[must_use]
    pub fn can_sign_with(&self, algorithm: SignatureAlgorithm) -> bool {
        self.public.kind().can_sign_with(algorithm)
    }

    /// Returns the kind of the key: `RSA with 2048 bits`, `EC on P-256`, `Ed25519`.
    #[must_use]
    pub fn kind(&self) -> String {
        self.public.kind().to_string()
    }

    /// Returns the length of a signature in bytes; an ECDSA signature is two numbers side by side (RFC 7518 §3.4).
    #[must_use]
    pub fn signature_length(&self) -> usize {
        self.public.kind().signature_length()
    }

    /// Returns the public key as a JWK with the members that Digdir requires of a registered key.
    ///
    /// [`super::is_registrable_key_id`] checks whether Digdir accepts the key id.
    #[must_use]
    pub fn public_jwk(&self, key_id: &str, algorithm: SignatureAlgorithm) -> Value {
        self.public.jwk(key_id, algorithm)
    }

    /// Returns the SHA-256 thumbprint of the public key in base64url (RFC 7638). It does not depend on the file format.
    #[must_use]
    pub fn thumbprint(&self) -> String {
        self.public.thumbprint()
    }

    /// Signs a message and verifies the signature, so that a damaged key is found here and not by the server.
    ///
    /// # Errors
    /// [`SigningError`] if the key does not support the algorithm, signing fails, or the signature does not verify.
    pub fn sign(&self, algorithm: SignatureAlgorithm, message: &[u8]) -> Result<Vec<u8>, SigningError> {
        if !self.can_sign_with(algorithm) {
            return Err(SigningError::KindMismatch { algorithm, possible: self.default_algorithm() });
        }
        let signature = self.handle.sign(algorithm, message)?;
        if self.handle.verify(algorithm, message, &signature)? {
            Ok(signature)
        } else {
            Err(SigningError::Inconsistent)
        }
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

/// Returns the public key of a private key, once signing with it is known to end in reasonable time.
pub(super) fn checked_public_key(key: &PKey<Private>) -> Result<PublicKey, KeystoreErrorKind> {
    let public = PublicKey::from_pkey(key)?;
    if matches!(public.kind(), KeyKind::Rsa { .. }) && !has_plausible_lengths(key) {
        return Err(KeystoreErrorKind::Damaged("the numbers of its RSA key do not belong together"));
    }
    Ok(public)
}

/// Returns whether no number of an RSA key is longer than the modulus allows (RFC 8017 §3.2). OpenSSL computes with
/// numbers of any length, which can take hours.
fn has_plausible_lengths(key: &PKey<Private>) -> bool {
    let Ok(rsa) = key.rsa() else { return false };
    let bits = |number: Option<&BigNumRef>| number.map_or(0, BigNumRef::num_bits);
    let (modulus, p, q) = (rsa.n().num_bits(), bits(rsa.p()), bits(rsa.q()));
    p + q <= modulus + 1
        && rsa.e().num_bits().max(rsa.d().num_bits()) <= modulus
        && bits(rsa.dmp1()).max(bits(rsa.iqmp())) <= p
        && bits(rsa.dmq1()) <= q
}
