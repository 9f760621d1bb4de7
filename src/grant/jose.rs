//! Header and signature of a grant, through josekit.
//!
//! josekit serializes (RFC 7515 §3.1); the signature comes from a [`SigningKey`], so josekit never sees the key.
//! Its own readers of keys are not used: they abort the process on some inputs. Times are given as integers,
//! which its setters would turn into floats.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use josekit::{
    JoseError,
    jws::{self, JwsAlgorithm, JwsHeader, JwsSigner},
    jwt::{self, JwtPayload},
};
use serde_json::Value;

use super::{Assertion, GrantError, KeyReference, claims::Claims};
use crate::keystore::{Certificate, SignatureAlgorithm, SigningError, SigningKey};

/// The header: `alg`, then `kid` or `x5c`. `typ` is never sent.
pub(super) fn header(
    algorithm: SignatureAlgorithm,
    reference: &KeyReference,
    key: &SigningKey,
) -> Result<JwsHeader, GrantError> {
    let leaf = || key.certificates().first().ok_or(GrantError::NoCertificate);
    let mut header = JwsHeader::new();
    header.set_algorithm(algorithm.name());
    match reference {
        KeyReference::KeyId(id) => header.set_key_id(id),
        KeyReference::Thumbprint => header.set_key_id(leaf()?.thumbprint()),
        KeyReference::Chain => leaf().and_then(|_| set_chain(&mut header, key.certificates()))?,
        KeyReference::Leaf => set_chain(&mut header, std::slice::from_ref(leaf()?))?,
    }
    Ok(header)
}

/// `x5c`: DER in base64 with padding and its own alphabet, unlike everything else in JOSE (RFC 7515 §4.1.6).
fn set_chain(header: &mut JwsHeader, certificates: &[Certificate]) -> Result<(), GrantError> {
    let encoded: Value = certificates.iter().map(|certificate| STANDARD.encode(certificate.der())).collect();
    header.set_claim("x5c", Some(encoded)).map_err(GrantError::Jose)
}

pub(super) fn encode(
    header: &JwsHeader,
    claims: &Claims,
    algorithm: SignatureAlgorithm,
    key: &SigningKey,
) -> Result<Assertion, GrantError> {
    let Ok(Value::Object(claims)) = serde_json::to_value(claims) else { return Err(GrantError::NoScope) };
    let payload = JwtPayload::from_map(claims).map_err(GrantError::Jose)?;
    let signer = KeySigner { key: key.clone(), algorithm };
    jwt::encode_with_signer(&payload, header, &signer).map(Assertion::new).map_err(|error| {
        match signing_error(&error) {
            Some(error) => GrantError::Signing(error.clone()),
            None => GrantError::Jose(error),
        }
    })
}

/// Finds our own error in what josekit made of it.
fn signing_error(error: &JoseError) -> Option<&SigningError> {
    match error {
        JoseError::InvalidSignature(inner) | JoseError::InvalidJwtFormat(inner) => inner.downcast_ref(),
        _ => None,
    }
}

/// Signs for josekit with a key that josekit does not see.
#[derive(Debug, Clone)]
struct KeySigner {
    key: SigningKey,
    algorithm: SignatureAlgorithm,
}

impl JwsSigner for KeySigner {
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

    /// `None`, so that the header keeps the key id that was put there.
    fn key_id(&self) -> Option<&str> {
        None
    }

    fn signature_len(&self) -> usize {
        self.key.signature_length()
    }

    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, JoseError> {
        self.key.sign(self.algorithm, message).map_err(|error| JoseError::InvalidSignature(error.into()))
    }

    fn box_clone(&self) -> Box<dyn JwsSigner> {
        Box::new(self.clone())
    }
}
