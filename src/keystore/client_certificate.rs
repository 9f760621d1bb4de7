//! A signing key as TLS client certificate: the key signs the handshake wherever it is, also in a hardware token.
//!
//! RFC 8446 §4.4.3; the signatures are those of JWS, except that ECDSA's are in DER (RFC 8422 §5.4).

use std::sync::Arc;

use rustls::{
    Error, SignatureScheme,
    sign::{Signer, SigningKey as TlsKey},
};

use super::{Certificate, SignatureAlgorithm, SigningKey};
use crate::http::ClientCertificate;

/// The signature schemes of TLS, in order of preference, with the algorithms of JWS that they are.
const SCHEMES: [(SignatureScheme, SignatureAlgorithm); 11] = [
    (SignatureScheme::RSA_PSS_SHA256, SignatureAlgorithm::Ps256),
    (SignatureScheme::RSA_PSS_SHA384, SignatureAlgorithm::Ps384),
    (SignatureScheme::RSA_PSS_SHA512, SignatureAlgorithm::Ps512),
    (SignatureScheme::RSA_PKCS1_SHA256, SignatureAlgorithm::Rs256),
    (SignatureScheme::RSA_PKCS1_SHA384, SignatureAlgorithm::Rs384),
    (SignatureScheme::RSA_PKCS1_SHA512, SignatureAlgorithm::Rs512),
    (SignatureScheme::ECDSA_NISTP256_SHA256, SignatureAlgorithm::Es256),
    (SignatureScheme::ECDSA_NISTP384_SHA384, SignatureAlgorithm::Es384),
    (SignatureScheme::ECDSA_NISTP521_SHA512, SignatureAlgorithm::Es512),
    (SignatureScheme::ED25519, SignatureAlgorithm::EdDsa),
    (SignatureScheme::ED448, SignatureAlgorithm::EdDsa),
];

/// The length of an Ed448 signature in bytes (RFC 8032 §5.2.6).
const ED448_SIGNATURE_LENGTH: usize = 114;

impl SigningKey {
    /// Returns the key with its certificates for TLS client authentication; `None` if it has no certificate.
    ///
    /// The root is left out, which the server must have itself (RFC 8446 §4.4.2).
    #[must_use]
    pub fn client_certificate(&self) -> Option<ClientCertificate> {
        let (leaf, chain) = self.certificates().split_first()?;
        let chain = chain.iter().filter(|certificate| !certificate.is_self_signed());
        let certificates = [leaf].into_iter().chain(chain).map(Certificate::der);
        Some(ClientCertificate::new(certificates, Arc::new(HandshakeKey(self.clone()))))
    }

    fn can_sign_handshake_with(&self, scheme: SignatureScheme, algorithm: SignatureAlgorithm) -> bool {
        let is_ed448 = self.signature_length() == ED448_SIGNATURE_LENGTH;
        self.can_sign_with(algorithm)
            && (algorithm != SignatureAlgorithm::EdDsa || is_ed448 == (scheme == SignatureScheme::ED448))
    }
}

/// A signing key as rustls calls it.
#[derive(Debug)]
struct HandshakeKey(SigningKey);

/// A signing key with the signature scheme of one handshake.
#[derive(Debug)]
struct HandshakeSigner {
    key: SigningKey,
    scheme: SignatureScheme,
    algorithm: SignatureAlgorithm,
}

impl TlsKey for HandshakeKey {
    fn choose_scheme(&self, offered: &[SignatureScheme]) -> Option<Box<dyn Signer>> {
        let usable = |(scheme, algorithm): &&(SignatureScheme, SignatureAlgorithm)| {
            offered.contains(scheme) && self.0.can_sign_handshake_with(*scheme, *algorithm)
        };
        let (scheme, algorithm) = *SCHEMES.iter().find(usable)?;
        Some(Box::new(HandshakeSigner { key: self.0.clone(), scheme, algorithm }))
    }

    fn algorithm(&self) -> rustls::SignatureAlgorithm {
        match self.0.default_algorithm() {
            SignatureAlgorithm::Es256 | SignatureAlgorithm::Es384 | SignatureAlgorithm::Es512 => {
                rustls::SignatureAlgorithm::ECDSA
            }
            SignatureAlgorithm::EdDsa if self.0.signature_length() == ED448_SIGNATURE_LENGTH => {
                rustls::SignatureAlgorithm::ED448
            }
            SignatureAlgorithm::EdDsa => rustls::SignatureAlgorithm::ED25519,
            _ => rustls::SignatureAlgorithm::RSA,
        }
    }
}

impl Signer for HandshakeSigner {
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, Error> {
        let signature = self.key.sign(self.algorithm, message).map_err(|error| {
            let cause = std::error::Error::source(&error).map(|cause| format!(": {cause}")).unwrap_or_default();
            Error::General(format!("could not sign the handshake with the client certificate: {error}{cause}"))
        })?;
        Ok(if self.algorithm.coordinate_length().is_some() { ecdsa_der(&signature) } else { signature })
    }

    fn scheme(&self) -> SignatureScheme {
        self.scheme
    }
}

/// Converts an ECDSA signature from two numbers side by side to a sequence of two integers in DER (RFC 3279 §2.2.3).
fn ecdsa_der(signature: &[u8]) -> Vec<u8> {
    let (r, s) = signature.split_at(signature.len() / 2);
    let numbers = [integer(r), integer(s)].concat();
    tagged(0x30, &numbers)
}

/// Encodes a number that is not negative, without leading zeros.
fn integer(number: &[u8]) -> Vec<u8> {
    let start = number.iter().position(|byte| *byte != 0).unwrap_or(number.len().saturating_sub(1));
    let digits = &number[start..];
    // The first bit is the sign.
    let sign: &[u8] = if digits.first().is_none_or(|byte| *byte >= 0x80) { &[0] } else { &[] };
    tagged(0x02, &[sign, digits].concat())
}

/// Puts a tag and the length, which is below 256, before a content.
fn tagged(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = u8::try_from(content.len()).unwrap_or(u8::MAX);
    let head: &[u8] = if length < 0x80 { &[tag, length] } else { &[tag, 0x81, length] };
    [head, content].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ecdsa_signature_in_der_has_no_leading_zeros_and_no_negative_numbers() {
        for (r, s, der) in [
            ([0, 1], [0x7f, 0xff], [0x30, 7, 2, 1, 1, 2, 2, 0x7f, 0xff].as_slice()),
            ([0x80, 0], [0, 0], &[0x30, 8, 2, 3, 0, 0x80, 0, 2, 1, 0]),
            ([0, 0x80], [0xff, 0xff], &[0x30, 9, 2, 2, 0, 0x80, 2, 3, 0, 0xff, 0xff]),
        ] {
            assert_eq!(ecdsa_der(&[r, s].concat()), der);
        }
        // The longest one, of P-521, has a length of two bytes.
        let longest = ecdsa_der(&[0xff; 132]);
        assert_eq!((longest.len(), &longest[..6]), (141, [0x30, 0x81, 138, 2, 67, 0].as_slice()));
    }
}
