//! Decides which library signs with a key and verifies its signatures.

use openssl::{asn1::Asn1Object, pkey::PKey};
use secrecy::{ExposeSecret as _, SecretString};
use yasna::models::ObjectIdentifier;

use super::{KeystoreErrorKind, openssl_key, private_key::PrivateKey, structure};

/// The key algorithms that OpenSSL may parse: RSA, RSASSA-PSS (RFC 8017 appendix A), EC (RFC 5480), Ed25519 and Ed448
/// (RFC 8410). Some of them still cannot sign a JWT.
const SIGNING_ALGORITHMS: [&[u64]; 5] = [
    &[1, 2, 840, 113_549, 1, 1, 1],
    &[1, 2, 840, 113_549, 1, 1, 10],
    &[1, 2, 840, 10_045, 2, 1],
    &[1, 3, 101, 112],
    &[1, 3, 101, 113],
];

/// Parses a key in PKCS#8 (RFC 5958) if it is of a kind that signs.
///
/// OpenSSL must not see other kinds: of a DSA key it computes the public key, for days if the numbers are long.
///
/// # Errors
/// [`KeystoreErrorKind::KeyKind`] for another kind, [`KeystoreErrorKind::Damaged`] if it cannot be parsed.
pub(super) fn from_pkcs8(der: &[u8]) -> Result<PrivateKey, KeystoreErrorKind> {
    let damaged = || KeystoreErrorKind::Damaged("a private key cannot be parsed");
    let algorithm = key_algorithm(der).ok_or_else(damaged)?;
    if SIGNING_ALGORITHMS.iter().any(|known| algorithm.components().as_slice() == *known) {
        openssl_key::private_key(PKey::private_key_from_pkcs8(der).map_err(|_| damaged())?)
    } else {
        Err(KeystoreErrorKind::KeyKind(algorithm_name(&algorithm)))
    }
}

/// Parses a block with a key in PKCS#1 or SEC1, which may be encrypted (RFC 1421). Without a callback, OpenSSL would ask for a password on `/dev/tty`.
pub(super) fn from_traditional_pem(block: &str, password: Option<&SecretString>) -> Option<PrivateKey> {
    let password = password.map_or("", |password| password.expose_secret()).as_bytes();
    let key = PKey::private_key_from_pem_callback(block.as_bytes(), |buffer| {
        // A password longer than the buffer cannot be the one that OpenSSL encrypted with.
        let room = buffer.get_mut(..password.len());
        Ok(room.map_or(0, |room| {
            room.copy_from_slice(password);
            password.len()
        }))
    });
    openssl_key::private_key(key.ok()?).ok()
}

/// Returns the algorithm of a key in PKCS#8 (RFC 5958 §2) without parsing or copying the key.
#[allow(clippy::redundant_closure_for_method_calls)] // methods of yasna cannot be passed by name
fn key_algorithm(pkcs8: &[u8]) -> Option<ObjectIdentifier> {
    let content = structure::content(pkcs8)?;
    let version = structure::first_element(content)?;
    let identifier = structure::first_element(&content[version.len()..])?;
    let parsed = yasna::parse_ber(identifier, |reader| {
        reader.read_sequence(|reader| {
            let algorithm = reader.next().read_oid()?;
            let _parameters = reader.read_optional(|reader| reader.read_der())?;
            Ok(algorithm)
        })
    });
    parsed.ok()
}

/// Returns OpenSSL's name of an algorithm, or its object identifier.
pub(super) fn algorithm_name(identifier: &ObjectIdentifier) -> String {
    let dotted = identifier.to_string();
    let known = Asn1Object::from_str(&dotted).ok().and_then(|object| object.nid().long_name().ok());
    known.map_or_else(|| format!("the algorithm {dotted}"), str::to_owned)
}
