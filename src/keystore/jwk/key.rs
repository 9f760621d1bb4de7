//! Builds keys from the members of a JWK, and checks that the members form one key.
//!
//! RFC 7518 §6.2 (EC) and §6.3 (RSA), RFC 8037 §2 (OKP). A private JWK is redundant: if its members contradict each
//! other, its signatures do not verify.

use ring::rsa::PublicKeyComponents;
use zeroize::Zeroizing;

use super::object::JwkObject;
use crate::keystore::{
    JwkErrorKind, KeystoreErrorKind, VerificationKey, VerificationKeyError, engine,
    error::shown,
    private_key::PrivateKey,
    public_key::{KeyKind, PublicKey, RSA_BITS, bits},
    rsa_numbers::{self, RsaNumbers},
};

/// The members that make signing fast; if one is present, all must be (RFC 7518 §6.3.2).
const CRT_MEMBERS: [&str; 5] = ["p", "q", "dp", "dq", "qi"];

/// Maskinporten's clients have 2048 to 4096 bits.
const MAXIMUM_BITS_WITHOUT_PRIMES: u32 = 4096;

/// Builds the private key.
///
/// # Errors
/// [`JwkErrorKind`] if a member is missing or malformed, the key type cannot sign a JWT, or members contradict each
/// other.
pub(super) fn private_key(object: &JwkObject) -> Result<PrivateKey, JwkErrorKind> {
    match object.required("kty")? {
        "RSA" => private_rsa(object),
        "EC" => private_ec(object),
        "OKP" => private_okp(object),
        other => Err(JwkErrorKind::KeyType(shown(other))),
    }
}

/// Builds the public key of a JWK that is for signatures; private members are ignored.
///
/// # Errors
/// [`VerificationKeyError`] if a member is missing or malformed, the key has another use, or its kind or size cannot
/// sign a JWT.
pub(super) fn verification_key(object: &JwkObject) -> Result<VerificationKey, VerificationKeyError> {
    object.check_duplicate()?;
    // A private key has `sign`.
    object.check_use(&["verify", "sign"])?;
    let key = match object.required("kty")? {
        "RSA" => PublicKey::Rsa { n: object.number("n")?.to_vec(), e: object.number("e")?.to_vec() },
        "EC" => {
            let kind = ec_curve(object)?;
            let (x, y) = (object.number("x")?, object.number("y")?);
            PublicKey::OnCurve { kind, point: point(kind, &x, &y).ok_or(VerificationKeyError::Numbers)? }
        }
        "OKP" => PublicKey::OnCurve { kind: okp_curve(object)?, point: object.bytes("x")?.to_vec() },
        "oct" => return Err(JwkErrorKind::Symmetric.into()),
        other => return Err(JwkErrorKind::KeyType(shown(other)).into()),
    };
    VerificationKey::new(key)
}

impl From<JwkErrorKind> for VerificationKeyError {
    fn from(kind: JwkErrorKind) -> Self {
        match kind {
            JwkErrorKind::Use(other) => Self::Use(other),
            JwkErrorKind::KeyOperations => Self::KeyOperations,
            JwkErrorKind::Key(KeystoreErrorKind::KeyKind(kind)) => Self::Kind(kind),
            JwkErrorKind::Key(KeystoreErrorKind::KeySize(bits)) => Self::Size(bits),
            kind => Self::Member(kind),
        }
    }
}

fn ec_curve(object: &JwkObject) -> Result<KeyKind, JwkErrorKind> {
    match object.required("crv")? {
        "P-256" => Ok(KeyKind::P256),
        "P-384" => Ok(KeyKind::P384),
        "P-521" => Ok(KeyKind::P521),
        other => Err(unsupported_curve("EC", other)),
    }
}

fn okp_curve(object: &JwkObject) -> Result<KeyKind, JwkErrorKind> {
    match object.required("crv")? {
        "Ed25519" => Ok(KeyKind::Ed25519),
        "Ed448" => Ok(KeyKind::Ed448),
        other => Err(unsupported_curve("OKP", other)),
    }
}

fn unsupported_curve(key_type: &str, curve: &str) -> JwkErrorKind {
    JwkErrorKind::Key(KeystoreErrorKind::KeyKind(format!("{key_type} on the curve {}", shown(curve))))
}

fn private_rsa(object: &JwkObject) -> Result<PrivateKey, JwkErrorKind> {
    if object.has("oth") {
        return Err(JwkErrorKind::Key(KeystoreErrorKind::KeyKind("RSA with more than two primes".to_owned())));
    }
    let (n, e, d) = (object.number("n")?, object.number("e")?, object.number("d")?);
    // The lengths are checked before anything is computed.
    let size = bits(&n);
    if !RSA_BITS.contains(&size) {
        return Err(JwkErrorKind::Key(KeystoreErrorKind::KeySize(size)));
    }
    // Real exponents are below 2^32; FIPS 186-5 allows 256 bits.
    if !is_odd(&e) || !(2..=256).contains(&bits(&e)) || !is_odd(&n) || bits(&d) > size {
        return Err(JwkErrorKind::Inconsistent("`e` or `d` is out of range"));
    }
    if !CRT_MEMBERS.into_iter().any(|name| object.has(name)) {
        // One long exponentiation instead of two short ones: a crafted file could take minutes.
        if size > MAXIMUM_BITS_WITHOUT_PRIMES {
            return Err(JwkErrorKind::Missing("p"));
        }
        let key = engine::from_rsa_exponents(&n, &e, &d);
        return key.ok_or(JwkErrorKind::Inconsistent("`n`, `e` and `d` do not match"));
    }
    let [p, q, dp, dq, qi] = CRT_MEMBERS.map(|name| object.number(name));
    let (p, q, dp, dq, qi) = (p?, q?, dp?, dq?, qi?);
    let public_key = PublicKeyComponents { n: &**n, e: &**e };
    let numbers = RsaNumbers { public_key, d: &d, p: &p, q: &q, dP: &dp, dQ: &dq, qInv: &qi };
    if !rsa_numbers::belong_together(&numbers) {
        return Err(JwkErrorKind::Inconsistent("`n`, `e`, `d`, `p`, `q`, `dp`, `dq` and `qi` do not match"));
    }
    engine::from_rsa_numbers(&numbers).ok_or(JwkErrorKind::Inconsistent("OpenSSL rejects its numbers"))
}

fn is_odd(number: &[u8]) -> bool {
    number.last().is_some_and(|last| last % 2 == 1)
}

fn private_ec(object: &JwkObject) -> Result<PrivateKey, JwkErrorKind> {
    let kind = ec_curve(object)?;
    let (x, y, d) = (object.number("x")?, object.number("y")?, object.number("d")?);
    let key = point(kind, &x, &y).and_then(|point| {
        let mut scalar = Zeroizing::new(Vec::with_capacity(point.len()));
        pad(&mut scalar, &d, point.len() / 2)?;
        engine::from_ec_numbers(kind, &scalar, &point)
    });
    key.ok_or(JwkErrorKind::Inconsistent("`x` and `y` are not the public key of `d`"))
}

/// Encodes a point without compression (SEC 1 §2.3.3); returns `None` if a coordinate is too long.
fn point(kind: KeyKind, x: &[u8], y: &[u8]) -> Option<Vec<u8>> {
    let length = kind.default_algorithm().coordinate_length()?.into();
    let mut point = vec![4];
    pad(&mut point, x, length)?;
    pad(&mut point, y, length)?;
    Some(point)
}

/// Appends a number with leading zeros up to a length; returns `None` if it is longer.
fn pad(bytes: &mut Vec<u8>, number: &[u8], length: usize) -> Option<()> {
    bytes.resize(bytes.len() + length.checked_sub(number.len())?, 0);
    bytes.extend_from_slice(number);
    Some(())
}

fn private_okp(object: &JwkObject) -> Result<PrivateKey, JwkErrorKind> {
    let kind = okp_curve(object)?;
    let (x, d) = (object.bytes("x")?, object.bytes("d")?);
    if d.len() != kind.signature_length() / 2 {
        return Err(JwkErrorKind::Base64Url { member: "d", fault: "it has the wrong length for its curve" });
    }
    engine::from_okp_numbers(kind, &d, &x).ok_or(JwkErrorKind::Inconsistent("`x` is not the public key of `d`"))
}
