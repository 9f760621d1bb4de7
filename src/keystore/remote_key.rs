//! A private key that signs in another process or on another machine: a key service, an agent.

use std::sync::Arc;

use ring::digest::{SHA256, SHA384, SHA512, digest};

use super::{
    SigningKey, VerificationKey, engine, openssl_key,
    private_key::{PrivateKey, RemoteError, Signer, SigningError},
    public_key::PublicKey,
    signature_algorithm::SignatureAlgorithm,
};

/// A private key that signs in another process or on another machine.
///
/// [`SigningKey::remote`] makes a key of it, which verifies every signature with the public key before it is used.
pub trait RemoteSigner: Send + Sync + 'static {
    /// Signs, and blocks its thread until the signature is there.
    ///
    /// # Errors
    /// The error of the service or agent; it becomes [`SigningError::Remote`].
    fn sign(&self, input: &SigningInput<'_>) -> Result<RemoteSignature, RemoteError>;
}

/// What a [`RemoteSigner`] signs.
#[derive(Debug, Clone, Copy)]
pub struct SigningInput<'input> {
    /// The algorithm, which the kind of key supports.
    pub algorithm: SignatureAlgorithm,
    /// The message: header and claims of a JWT (RFC 7515 §5.1).
    pub message: &'input [u8],
}

/// A signature as a service returns it.
#[derive(Debug, Clone)]
pub enum RemoteSignature {
    /// In the form of JWS (RFC 7518 §3).
    Jws(Vec<u8>),
    /// The two numbers of ECDSA in DER (RFC 3279 §2.2.3).
    EcdsaDer(Vec<u8>),
}

impl SigningInput<'_> {
    /// Returns the digest that the algorithm signs; `None` for `EdDSA`, which signs the message itself.
    ///
    /// Services take it in place of the message: a grant with certificates is longer than some accept.
    #[must_use]
    pub fn digest(&self) -> Option<Vec<u8>> {
        use SignatureAlgorithm::{EdDsa, Es256, Es384, Es512, Ps256, Ps384, Ps512, Rs256, Rs384, Rs512};
        let algorithm = match self.algorithm {
            Rs256 | Ps256 | Es256 => &SHA256,
            Rs384 | Ps384 | Es384 => &SHA384,
            Rs512 | Ps512 | Es512 => &SHA512,
            EdDsa => return None,
        };
        Some(digest(algorithm, self.message).as_ref().to_vec())
    }
}

impl SigningKey {
    /// Makes a key of one that signs elsewhere, and of its public key.
    ///
    /// # Security
    /// Every signature is verified with the public key, so a service cannot answer with the signature of another key.
    #[must_use]
    pub fn remote(public: &VerificationKey, signer: Arc<dyn RemoteSigner>) -> Self {
        let public = public.public();
        let key = PrivateKey::new(public.clone(), Arc::new(Remote { signer, public: public.clone() }));
        Self::new(key, Vec::new()).unwrap_or_else(|_| unreachable!("a verification key is of a kind that signs"))
    }

    /// Sets the algorithm of a key that signs with one only.
    #[must_use]
    pub fn preferring(self, algorithm: SignatureAlgorithm) -> Self {
        let key_id = self.key_id().map(str::to_owned);
        self.with_key_id(key_id, Some(algorithm))
    }
}

struct Remote {
    signer: Arc<dyn RemoteSigner>,
    public: PublicKey,
}

impl Signer for Remote {
    fn sign(&self, algorithm: SignatureAlgorithm, message: &[u8]) -> Result<Vec<u8>, SigningError> {
        let signature = match self.signer.sign(&SigningInput { algorithm, message }).map_err(SigningError::Remote)? {
            RemoteSignature::Jws(signature) => signature,
            // What is not such a signature does not verify.
            RemoteSignature::EcdsaDer(der) => openssl_key::der_to_jws(algorithm, der).unwrap_or_default(),
        };
        let is_valid = engine::verify(&self.public, algorithm, message, &signature)?;
        is_valid.then_some(signature).ok_or(SigningError::OtherKey)
    }

    fn verifies(&self) -> bool {
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keystore::KeySet;

    const MESSAGE: &[u8] = b"header.claims";

    /// Signs with a key in memory, or answers with the signature of something else.
    struct Service {
        key: SigningKey,
        is_honest: bool,
    }

    impl RemoteSigner for Service {
        fn sign(&self, input: &SigningInput<'_>) -> Result<RemoteSignature, RemoteError> {
            let message = if self.is_honest { input.message } else { b"something else" };
            Ok(RemoteSignature::Jws(self.key.sign(input.algorithm, message).unwrap()))
        }
    }

    fn remote(is_honest: bool) -> SigningKey {
        let key = SigningKey::from_jwk(std::fs::read("testdata/jwk/rsa.json").unwrap()).unwrap();
        let public = key.public_jwk("a", SignatureAlgorithm::Rs256).to_string();
        let public = KeySet::parse(public.as_bytes()).unwrap();
        let public = public.find(None, SignatureAlgorithm::Rs256).next().unwrap();
        SigningKey::remote(public, Arc::new(Service { key, is_honest }))
    }

    #[test]
    fn a_key_elsewhere_signs_like_one_in_memory() {
        let key = remote(true);

        assert_eq!(key.kind(), "RSA with 2048 bits");
        assert_eq!(key.sign(SignatureAlgorithm::Rs256, MESSAGE).unwrap().len(), 256);
        assert!(matches!(
            key.sign(SignatureAlgorithm::Es256, MESSAGE),
            Err(SigningError::KindMismatch { possible: SignatureAlgorithm::Rs256, .. })
        ));
    }

    #[test]
    fn a_signature_of_something_else_is_refused() {
        let signed = remote(false).sign(SignatureAlgorithm::Rs256, MESSAGE);

        assert!(matches!(signed, Err(SigningError::OtherKey)), "{signed:?}");
    }

    #[test]
    fn the_digest_is_that_of_the_algorithm() {
        for (algorithm, length) in [
            (SignatureAlgorithm::Rs256, Some(32)),
            (SignatureAlgorithm::Ps384, Some(48)),
            (SignatureAlgorithm::Es512, Some(64)),
            (SignatureAlgorithm::EdDsa, None),
        ] {
            let input = SigningInput { algorithm, message: MESSAGE };

            assert_eq!(input.digest().map(|digest| digest.len()), length, "{algorithm}");
        }
    }
}
