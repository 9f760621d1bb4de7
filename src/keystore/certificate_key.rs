//! The public key of a certificate, and whether another certificate is signed with it.

use rustls::crypto::ring::default_provider;
use x509_cert::{
    der::{
        Decode as _, Encode as _,
        asn1::{AnyRef, ObjectIdentifier, UintRef},
    },
    spki::{AlgorithmIdentifierOwned, SubjectPublicKeyInfoOwned},
};

use super::{
    openssl_key,
    public_key::{KeyKind, PublicKey},
    structure,
};

// Key algorithms (RFC 4055 §1.2, RFC 5480 §2.1.1, RFC 8410 §3) and curves (RFC 5480 §2.1.1.1).
const RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");
const RSA_PSS: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.10");
const EC: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
const ED25519: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.101.112");
const CURVES: [(ObjectIdentifier, KeyKind, usize); 3] = [
    (ObjectIdentifier::new_unwrap("1.2.840.10045.3.1.7"), KeyKind::P256, 65),
    (ObjectIdentifier::new_unwrap("1.3.132.0.34"), KeyKind::P384, 97),
    (ObjectIdentifier::new_unwrap("1.3.132.0.35"), KeyKind::P521, 133),
];

/// Returns the numbers of a public key; `None` if they cannot be parsed. Points are not checked.
pub(super) fn public_key(info: &SubjectPublicKeyInfoOwned) -> Option<PublicKey> {
    common_key(info).or_else(|| openssl_key::from_spki(&info.to_der().ok()?))
}

/// Parses a key of a common kind in its usual form; OpenSSL knows the others.
fn common_key(info: &SubjectPublicKeyInfoOwned) -> Option<PublicKey> {
    let bytes = info.subject_public_key.as_bytes()?;
    match info.algorithm.oid {
        algorithm @ (RSA | RSA_PSS) => {
            let numbers = AnyRef::from_der(bytes).and_then(|sequence| {
                sequence.sequence(|reader| {
                    Ok::<_, x509_cert::der::Error>((UintRef::decode(reader)?, UintRef::decode(reader)?))
                })
            });
            let (n, e) = numbers.ok()?;
            let (n, e) = (n.as_bytes().to_vec(), e.as_bytes().to_vec());
            Some(if algorithm == RSA { PublicKey::Rsa { n, e } } else { PublicKey::RsaPss { n, e } })
        }
        EC => {
            let curve: ObjectIdentifier = info.algorithm.parameters.as_ref()?.decode_as().ok()?;
            let (_, kind, length) = *CURVES.iter().find(|(known, ..)| *known == curve)?;
            let is_uncompressed = bytes.len() == length && bytes.starts_with(&[4]);
            is_uncompressed.then(|| PublicKey::OnCurve { kind, point: bytes.to_vec() })
        }
        ED25519 if bytes.len() == 32 => Some(PublicKey::OnCurve { kind: KeyKind::Ed25519, point: bytes.to_vec() }),
        _ => None,
    }
}

/// Returns whether ring verifies the signature of a certificate with the public key of its issuer; false also if it does
/// not support the algorithm.
pub(super) fn is_signed_with(
    der: &[u8],
    certificate: &x509_cert::Certificate,
    key: &SubjectPublicKeyInfoOwned,
) -> bool {
    let content = |identifier: &AlgorithmIdentifierOwned| {
        let der = identifier.to_der().ok()?;
        structure::content(&der).map(<[u8]>::to_vec)
    };
    let signed = structure::content(der).and_then(structure::first_element);
    let (Some(signed), Some(signature), Some(point), Some(key_algorithm), Some(signature_algorithm)) = (
        signed,
        certificate.signature().as_bytes(),
        key.subject_public_key.as_bytes(),
        content(&key.algorithm),
        content(certificate.signature_algorithm()),
    ) else {
        return false;
    };
    certificate.tbs_certificate().signature() == certificate.signature_algorithm()
        && default_provider().signature_verification_algorithms.all.iter().any(|algorithm| {
            *algorithm.public_key_alg_id() == *key_algorithm
                && *algorithm.signature_alg_id() == *signature_algorithm
                && algorithm.verify_signature(point, signed, signature).is_ok()
        })
}
