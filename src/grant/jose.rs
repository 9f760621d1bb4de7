//! Header and signature of a grant, through josekit.
//!
//! josekit serializes (RFC 7515 §3.1); the signature comes from a [`Sign`], so josekit never sees the key. Its own
//! key parsers are not used: some inputs make them abort the process. Times are passed as integers, because its
//! setters turn them into floats.

use josekit::{
    JoseError,
    jws::{self, JwsAlgorithm, JwsHeader, JwsSigner},
    jwt::{self, JwtPayload},
};
use secrecy::SecretString;

use super::{GrantError, KeyReference, Object, Sign};
use crate::keystore::{Certificate, SignatureAlgorithm, SigningError};

/// Returns the header: `alg`, then `kid` or `x5c`. `typ` is never sent.
pub(super) fn header(
    algorithm: SignatureAlgorithm,
    reference: &KeyReference,
    key: &dyn Sign,
) -> Result<JwsHeader, GrantError> {
    let leaf = || key.certificates().first().ok_or(GrantError::NoCertificate);
    let mut header = JwsHeader::new();
    header.set_algorithm(algorithm.name());
    match reference {
        KeyReference::KeyId(id) => header.set_key_id(id),
        KeyReference::Thumbprint => header.set_key_id(leaf()?.thumbprint()),
        KeyReference::Chain => leaf().map(|_| set_chain(&mut header, key.certificates()))?,
        KeyReference::Leaf => set_chain(&mut header, std::slice::from_ref(leaf()?)),
    }
    Ok(header)
}

/// Sets `x5c`. Not by `set_claim`, which checks values with regular expressions: their compilation takes longer than the
/// rest of the grant without its signature, and their Unicode tables are a third of what is relocated at each start.
fn set_chain(header: &mut JwsHeader, certificates: &[Certificate]) {
    header.set_x509_certificate_chain(&certificates.iter().map(Certificate::der).collect());
}

pub(super) fn encode(
    header: &JwsHeader,
    claims: Object,
    algorithm: SignatureAlgorithm,
    key: &dyn Sign,
) -> Result<SecretString, GrantError> {
    let payload = JwtPayload::from_map(claims).map_err(GrantError::Jose)?;
    let compact = jwt::encode_with_signer(&payload, header, &KeySigner { key: Some(key), algorithm });
    compact.map(SecretString::from).map_err(|error| match signing_error(&error) {
        Some(error) => GrantError::Signing(error.clone()),
        None => GrantError::Jose(error),
    })
}

/// Finds our own error inside josekit's.
fn signing_error(error: &JoseError) -> Option<&SigningError> {
    match error {
        JoseError::InvalidSignature(inner) | JoseError::InvalidJwtFormat(inner) => inner.downcast_ref(),
        _ => None,
    }
}

/// Signs for josekit with a borrowed key.
struct KeySigner<'key> {
    /// `None` in a clone, which must not borrow; josekit does not clone a signer to sign with it.
    key: Option<&'key dyn Sign>,
    algorithm: SignatureAlgorithm,
}

impl std::fmt::Debug for KeySigner<'_> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("KeySigner").field("algorithm", &self.algorithm).finish_non_exhaustive()
    }
}

impl JwsSigner for KeySigner<'_> {
    fn algorithm(&self) -> &dyn JwsAlgorithm {
        match self.algorithm {
            SignatureAlgorithm::Rs256 => &jws::RS256,
            SignatureAlgorithm::Rs384 => &jws::RS384,
            SignatureAlgorithm::Rs512 => &jws::RS512,
            SignatureAlgorithm::Ps256 => &jws::PS256,
            SignatureAlgorithm::Ps384 => &jws::PS384,
            SignatureAlgorithm::Ps512 => &jws::PS512,
            SignatureAlgorithm::Es256 => &jws::ES256,
            SignatureAlgorithm::Es384 => &jws::ES384,
            SignatureAlgorithm::Es512 => &jws::ES512,
            SignatureAlgorithm::EdDsa => &jws::EdDSA,
        }
    }

    /// Returns `None`, so that josekit keeps the key id in the header.
    fn key_id(&self) -> Option<&str> {
        None
    }

    /// Returns 0: josekit takes it as a capacity to reserve, and a key service may not know it.
    fn signature_len(&self) -> usize {
        0
    }

    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, JoseError> {
        let key = self.key.ok_or_else(|| JoseError::InvalidSignature(std::fmt::Error.into()))?;
        key.sign(self.algorithm, message).map_err(|error| JoseError::InvalidSignature(error.into()))
    }

    fn box_clone(&self) -> Box<dyn JwsSigner> {
        Box::new(KeySigner { key: None, algorithm: self.algorithm })
    }
}
