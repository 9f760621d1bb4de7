//! The interface between a grant and the private key that signs it.

use std::sync::Arc;

use crate::keystore::{Certificate, SignatureAlgorithm, SigningError, SigningKey};

/// Signs with a private key that may be anywhere: in memory, in a hardware token, in a key service.
///
/// [`SigningKey`] implements it; implement it for a key that this crate does not support.
///
/// # Examples
/// ```
/// use std::sync::Arc;
///
/// use maskinporten::{grant::Sign, keystore::{SignatureAlgorithm, SigningError}};
///
/// struct KeyService;
///
/// impl Sign for KeyService {
///     fn preferred_algorithm(&self) -> SignatureAlgorithm {
///         SignatureAlgorithm::Rs256
///     }
///
///     fn key_id(&self) -> Option<&str> {
///         Some("my-registered-key")
///     }
///
///     fn thumbprint(&self) -> String {
///         "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs".to_owned()
///     }
///
///     fn sign(&self, _: SignatureAlgorithm, _message: &[u8]) -> Result<Vec<u8>, SigningError> {
///         // Call the service here.
///         Err(SigningError::External(Arc::new(std::io::Error::other("the key service is closed"))))
///     }
/// }
/// ```
pub trait Sign: Send + Sync {
    /// Returns the algorithm that is used when the grant does not name one.
    fn preferred_algorithm(&self) -> SignatureAlgorithm;

    /// Returns the certificates of the key, leaf first; empty when the server knows the key by its id.
    fn certificates(&self) -> &[Certificate] {
        &[]
    }

    /// Returns the id under which the key is registered on the client.
    fn key_id(&self) -> Option<&str> {
        None
    }

    /// Returns the SHA-256 thumbprint of the public key in base64url (RFC 7638).
    ///
    /// # Security
    /// Tokens in the cache are bound to it: two keys must never return the same thumbprint.
    fn thumbprint(&self) -> String;

    /// Returns the signature in the form of JWS (RFC 7518 §3). It may block: a [`TokenSource`] calls it on a thread
    /// where that is allowed.
    ///
    /// [`TokenSource`]: crate::tokens::TokenSource
    ///
    /// # Errors
    /// [`SigningError`] when there is no signature; [`SigningError::External`] for the implementation's own errors.
    fn sign(&self, algorithm: SignatureAlgorithm, message: &[u8]) -> Result<Vec<u8>, SigningError>;
}

impl Sign for SigningKey {
    /// Returns the `alg` of a JWK, else the usual algorithm of this kind of key.
    fn preferred_algorithm(&self) -> SignatureAlgorithm {
        self.algorithm().unwrap_or_else(|| self.default_algorithm())
    }

    fn certificates(&self) -> &[Certificate] {
        self.certificates()
    }

    fn key_id(&self) -> Option<&str> {
        self.key_id()
    }

    fn thumbprint(&self) -> String {
        self.thumbprint()
    }

    fn sign(&self, algorithm: SignatureAlgorithm, message: &[u8]) -> Result<Vec<u8>, SigningError> {
        self.sign(algorithm, message)
    }
}

impl<Key: Sign + ?Sized> Sign for Arc<Key> {
    fn preferred_algorithm(&self) -> SignatureAlgorithm {
        (**self).preferred_algorithm()
    }

    fn certificates(&self) -> &[Certificate] {
        (**self).certificates()
    }

    fn key_id(&self) -> Option<&str> {
        (**self).key_id()
    }

    fn thumbprint(&self) -> String {
        (**self).thumbprint()
    }

    fn sign(&self, algorithm: SignatureAlgorithm, message: &[u8]) -> Result<Vec<u8>, SigningError> {
        (**self).sign(algorithm, message)
    }
}
