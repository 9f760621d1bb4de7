//! The private key that signs, with what a server needs to find its public key: certificates or a key id.

use std::sync::Arc;

use serde_json::Value;

use super::{
    Certificate, CertificateFile, KeystoreError, KeystoreErrorKind, SignatureAlgorithm, engine,
    private_key::{PrivateKey, Signer, SigningError},
    public_key::{KeyKind, PublicKey},
};

/// A private key with its certificates, leaf first. A key without certificates is registered under a key id.
///
/// The key is in memory or stays in a hardware token. Clones share it.
#[derive(Clone)]
pub struct SigningKey {
    signer: Arc<dyn Signer>,
    public: PublicKey,
    kind: KeyKind,
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
    pub(super) fn new(key: PrivateKey, certificates: Vec<Certificate>) -> Result<Self, KeystoreErrorKind> {
        let PrivateKey { public, signer } = key;
        Ok(Self { signer: signer?, kind: public.kind()?, public, certificates, key_id: None, algorithm: None })
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
        self.certificates = file.chain_for(more, &self.public)?;
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
        self.kind.default_algorithm()
    }

    /// Returns whether the key can sign with `algorithm`.
    #[must_use]
    pub fn can_sign_with(&self, algorithm: SignatureAlgorithm) -> bool {
        self.kind.can_sign_with(algorithm)
    }

    /// Returns the kind of the key: `RSA with 2048 bits`, `EC on P-256`, `Ed25519`.
    #[must_use]
    pub fn kind(&self) -> String {
        self.kind.to_string()
    }

    /// Returns the length of a signature in bytes; an ECDSA signature is two numbers side by side (RFC 7518 §3.4).
    #[must_use]
    pub fn signature_length(&self) -> usize {
        self.kind.signature_length()
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
        let signature = self.signer.sign(algorithm, message)?;
        if self.signer.verifies() || engine::verify(&self.public, algorithm, message, &signature)? {
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
            .field("kind", &self.kind)
            .field("key_id", &self.key_id)
            .field("certificates", &self.certificates)
            .finish_non_exhaustive()
    }
}
