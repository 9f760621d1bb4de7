//! A private key: its public key, and what signs with it.

use std::sync::Arc;

use super::{HardwareErrorKind, KeystoreErrorKind, SignatureAlgorithm, public_key::PublicKey};
use crate::explain::Explain;

/// A private key with its public key, also one that cannot sign a JWT. Clones share it.
#[derive(Clone)]
pub(super) struct PrivateKey {
    pub(super) public: PublicKey,
    pub(super) signer: Result<Arc<dyn Signer>, KeystoreErrorKind>,
}

/// What signs with a private key: a library in this process, a hardware token or a service.
pub(super) trait Signer: Send + Sync {
    /// Signs `message` with an algorithm that the kind of key supports. The signature has the form of JWS (RFC 7518 §3).
    fn sign(&self, algorithm: SignatureAlgorithm, message: &[u8]) -> Result<Vec<u8>, SigningError>;

    /// Returns whether `sign` verifies its own signatures, so that the caller does not.
    fn verifies(&self) -> bool {
        false
    }

    /// Names the implementation for the table of engines.
    #[cfg(test)]
    fn engine(&self) -> &'static str {
        std::any::type_name::<Self>()
    }
}

/// The error of a service or agent that signs.
pub type RemoteError = Arc<dyn Explain + Send + Sync>;

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
    OpenSsl(#[source] openssl::error::ErrorStack),
    /// The hardware token failed.
    #[error("the hardware token could not sign")]
    Hardware(#[source] HardwareErrorKind),
    /// The caller's own key could not sign.
    #[error("the key did not sign")]
    External(#[source] Arc<dyn std::error::Error + Send + Sync>),
    /// The service or agent that has the key did not sign.
    #[error("the service or agent that has the private key did not sign")]
    Remote(#[source] RemoteError),
    /// The signature does not verify with the public key.
    #[error("the signature does not verify with the public key, so the private key is damaged")]
    Inconsistent,
    /// The signature of a service or agent does not verify with the public key that it gave.
    #[error("the service or agent signed with another key than the one whose public key it gave")]
    OtherKey,
}

impl Explain for SigningError {
    fn code(&self) -> &'static str {
        match self {
            Self::Hardware(kind) => kind.code(),
            Self::Remote(error) => error.code(),
            Self::KindMismatch { .. } | Self::OpenSsl(_) | Self::External(_) | Self::Inconsistent | Self::OtherKey => {
                "signing"
            }
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::KindMismatch { possible, .. } => Some(format!("pass --alg {possible}, or use another key")),
            Self::OpenSsl(_) | Self::Inconsistent => Some("export the key again: it is damaged".to_owned()),
            Self::Hardware(kind) => kind.hint(),
            Self::Remote(error) => error.hint(),
            Self::OtherKey => Some("try again: the key may have been replaced meanwhile".to_owned()),
            Self::External(_) => None,
        }
    }
}

impl PrivateKey {
    /// Combines a public key with what signs with its private key.
    pub(super) fn new(public: PublicKey, signer: Arc<dyn Signer>) -> Self {
        let signer = public.kind().map(|_| signer);
        Self { public, signer }
    }
}
