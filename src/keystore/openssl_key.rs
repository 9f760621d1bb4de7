//! Keys in OpenSSL: their numbers, and signatures in the form of JWS (RFC 7518 §3).

use std::sync::Arc;

use openssl::{
    bn::{BigNum, BigNumContext, BigNumRef},
    ec::{EcGroup, EcKey, EcPoint, PointConversionForm},
    ecdsa::EcdsaSig,
    error::ErrorStack,
    hash::MessageDigest,
    nid::Nid,
    pkey::{HasPublic, Id, PKey, PKeyRef, Private, Public},
    rsa::{Padding, Rsa, RsaPrivateKeyBuilder},
    sign::{RsaPssSaltlen, Verifier},
};
use ring::rsa::PublicKeyComponents;
use zeroize::Zeroizing;

use super::{
    KeystoreErrorKind, SignatureAlgorithm,
    private_key::{PrivateKey, Signer, SigningError},
    public_key::{KeyKind, PublicKey},
    rsa_numbers::{self, RsaNumbers},
};

pub(super) const DAMAGED: KeystoreErrorKind = KeystoreErrorKind::Damaged("a private key cannot be parsed");

/// The curves of EC keys.
const CURVES: [(KeyKind, Nid); 3] =
    [(KeyKind::P256, Nid::X9_62_PRIME256V1), (KeyKind::P384, Nid::SECP384R1), (KeyKind::P521, Nid::SECP521R1)];

impl Signer for PKey<Private> {
    fn sign(&self, algorithm: SignatureAlgorithm, message: &[u8]) -> Result<Vec<u8>, SigningError> {
        let signature = sign(self, algorithm, message);
        signature.and_then(|signature| der_to_jws(algorithm, signature)).map_err(SigningError::OpenSsl)
    }
}

/// Parses a key in PKCS#8.
///
/// # Errors
/// [`DAMAGED`] if it cannot be parsed.
pub(super) fn from_pkcs8(der: &[u8]) -> Result<PrivateKey, KeystoreErrorKind> {
    private_key(PKey::private_key_from_pkcs8(der).map_err(|_| DAMAGED)?).ok_or(DAMAGED)
}

/// Parses an RSA key in PKCS#1.
pub(super) fn from_pkcs1(der: &[u8]) -> Option<PrivateKey> {
    Rsa::private_key_from_der(der).and_then(PKey::from_rsa).ok().and_then(private_key)
}

/// Parses an EC key in SEC1.
pub(super) fn from_sec1(der: &[u8]) -> Option<PrivateKey> {
    EcKey::private_key_from_der(der).and_then(PKey::from_ec_key).ok().and_then(private_key)
}

/// Builds an RSA key of its numbers.
pub(super) fn from_rsa_numbers(numbers: &RsaNumbers) -> Option<PrivateKey> {
    let RsaNumbers { public_key: PublicKeyComponents { n, e }, d, p, q, dP, dQ, qInv } = *numbers;
    let build = || {
        let builder = RsaPrivateKeyBuilder::new(BigNum::from_slice(n)?, BigNum::from_slice(e)?, secret(d)?)?;
        let builder = builder.set_factors(secret(p)?, secret(q)?)?;
        PKey::from_rsa(builder.set_crt_params(secret(dP)?, secret(dQ)?, secret(qInv)?)?.build())
    };
    build().ok().and_then(private_key)
}

/// Builds an RSA key without primes if `d` inverts `e`, tested with the number two: without the primes there is no
/// other way.
pub(super) fn from_rsa_exponents(n: &[u8], e: &[u8], d: &[u8]) -> Option<PrivateKey> {
    let build = || {
        let (n, e, d) = (BigNum::from_slice(n)?, BigNum::from_slice(e)?, secret(d)?);
        let mut context = BigNumContext::new()?;
        let two = BigNum::from_u32(2)?;
        let (mut encrypted, mut decrypted) = (BigNum::new()?, BigNum::new()?);
        encrypted.mod_exp(&two, &e, &n, &mut context)?;
        decrypted.mod_exp(&encrypted, &d, &n, &mut context)?;
        let key = PKey::from_rsa(RsaPrivateKeyBuilder::new(n, e, d)?.build())?;
        Ok::<_, ErrorStack>((decrypted == two).then_some(key))
    };
    build().ok().flatten().and_then(private_key)
}

/// Builds an EC key if the point is that of the scalar.
pub(super) fn from_ec_numbers(kind: KeyKind, scalar: &[u8], point: &[u8]) -> Option<PrivateKey> {
    let (_, nid) = CURVES.into_iter().find(|(curve, _)| *curve == kind)?;
    let build = || {
        let group = EcGroup::from_curve_name(nid)?;
        let point = EcPoint::from_bytes(&group, point, &mut *BigNumContext::new()?)?;
        let mut scalar = secret(scalar)?;
        let key = EcKey::from_private_components(&group, &scalar, &point);
        scalar.clear(); // OpenSSL has a copy.
        let key = key?;
        key.check_key()?;
        PKey::from_ec_key(key)
    };
    build().ok().and_then(private_key)
}

/// Builds an Ed25519 or Ed448 key if the point is that of the seed.
pub(super) fn from_okp_numbers(kind: KeyKind, seed: &[u8], point: &[u8]) -> Option<PrivateKey> {
    let key = PKey::private_key_from_raw_bytes(seed, edwards(kind)).ok()?;
    private_key(key).filter(|key| key.public == PublicKey::OnCurve { kind, point: point.to_vec() })
}

/// Returns a number with which OpenSSL computes in constant time.
fn secret(number: &[u8]) -> Result<BigNum, ErrorStack> {
    let mut number = BigNum::from_slice(number)?;
    number.set_const_time();
    Ok(number)
}

fn edwards(kind: KeyKind) -> Id {
    if kind == KeyKind::Ed448 { Id::ED448 } else { Id::ED25519 }
}

/// Makes a private key of one in OpenSSL, which signs only if its numbers belong together.
pub(super) fn private_key(key: PKey<Private>) -> Option<PrivateKey> {
    let public = public_key(&key).ok()?;
    let is_sound =
        !matches!(public.kind(), Ok(KeyKind::Rsa { .. })) || key.rsa().is_ok_and(|rsa| belong_together(&rsa));
    let mut private = PrivateKey::new(public, Arc::new(key));
    if !is_sound {
        private.signer = Err(KeystoreErrorKind::Damaged("the numbers of its RSA key do not belong together"));
    }
    Some(private)
}

/// Returns whether the numbers of an RSA key belong together; without its primes, whether their lengths are plausible.
/// OpenSSL computes with numbers of any length, which can take hours.
#[allow(clippy::many_single_char_names)] // the names of RFC 8017
fn belong_together(rsa: &Rsa<Private>) -> bool {
    let (n, e) = (rsa.n().to_vec(), rsa.e().to_vec());
    let secret = |number: &BigNumRef| Zeroizing::new(number.to_vec());
    let crt = [rsa.p(), rsa.q(), rsa.dmp1(), rsa.dmq1(), rsa.iqmp()];
    match crt.map(|number| number.map(secret)) {
        [Some(p), Some(q), Some(dp), Some(dq), Some(qi)] => {
            let public_key = PublicKeyComponents { n: &*n, e: &*e };
            let d = secret(rsa.d());
            let numbers = RsaNumbers { public_key, d: &d, p: &p, q: &q, dP: &dp, dQ: &dq, qInv: &qi };
            rsa_numbers::belong_together(&numbers)
        }
        _ => rsa.e().num_bits().max(rsa.d().num_bits()) <= rsa.n().num_bits(),
    }
}

/// Returns the numbers of a private or public key.
pub(super) fn public_key<T: HasPublic>(key: &PKeyRef<T>) -> Result<PublicKey, ErrorStack> {
    let other = |name: String| Ok(PublicKey::Other { name, der: key.public_key_to_der()? });
    let on_curve = |kind| Ok(PublicKey::OnCurve { kind, point: key.raw_public_key()? });
    match key.id() {
        Id::RSA => key.rsa().map(|rsa| PublicKey::Rsa { n: rsa.n().to_vec(), e: rsa.e().to_vec() }),
        Id::RSA_PSS => key.rsa().map(|rsa| PublicKey::RsaPss { n: rsa.n().to_vec(), e: rsa.e().to_vec() }),
        Id::ED25519 => on_curve(KeyKind::Ed25519),
        Id::ED448 => on_curve(KeyKind::Ed448),
        Id::EC => {
            let ec = key.ec_key()?;
            let curve = ec.group().curve_name();
            let Some((kind, _)) = CURVES.into_iter().find(|(_, nid)| Some(*nid) == curve) else {
                let curve = curve.and_then(|curve| curve.short_name().ok()).unwrap_or("without a name");
                return other(format!("EC on the curve {curve}"));
            };
            let mut context = BigNumContext::new()?;
            let point = ec.public_key().to_bytes(ec.group(), PointConversionForm::UNCOMPRESSED, &mut context)?;
            Ok(PublicKey::OnCurve { kind, point })
        }
        id => other(Nid::from_raw(id.as_raw()).long_name().unwrap_or("without a name").to_owned()),
    }
}

/// Returns the numbers of a `SubjectPublicKeyInfo`.
pub(super) fn from_spki(der: &[u8]) -> Option<PublicKey> {
    PKey::public_key_from_der(der).and_then(|key| public_key(&key)).ok()
}

/// Returns whether OpenSSL accepts the numbers of a public key: a point must be on its curve.
pub(super) fn is_valid(public: &PublicKey) -> bool {
    pkey(public).is_ok()
}

/// Builds a public key in OpenSSL from its numbers.
fn pkey(public: &PublicKey) -> Result<PKey<Public>, ErrorStack> {
    match public {
        PublicKey::Rsa { n, e } | PublicKey::RsaPss { n, e } => {
            PKey::from_rsa(Rsa::from_public_components(BigNum::from_slice(n)?, BigNum::from_slice(e)?)?)
        }
        PublicKey::OnCurve { kind, point } => match CURVES.into_iter().find(|(curve, _)| curve == kind) {
            Some((_, nid)) => {
                let group = EcGroup::from_curve_name(nid)?;
                let point = EcPoint::from_bytes(&group, point, &mut *BigNumContext::new()?)?;
                PKey::from_ec_key(EcKey::from_public_key(&group, &point)?)
            }
            None => PKey::public_key_from_raw_bytes(point, edwards(*kind)),
        },
        PublicKey::Other { der, .. } => PKey::public_key_from_der(der),
    }
}

fn sign(key: &PKeyRef<Private>, algorithm: SignatureAlgorithm, message: &[u8]) -> Result<Vec<u8>, ErrorStack> {
    let mut signer = match digest(algorithm) {
        Some(digest) => openssl::sign::Signer::new(digest, key)?,
        None => openssl::sign::Signer::new_without_digest(key)?,
    };
    if is_pss(algorithm) {
        signer.set_rsa_padding(Padding::PKCS1_PSS)?;
        signer.set_rsa_pss_saltlen(RsaPssSaltlen::DIGEST_LENGTH)?;
    }
    signer.sign_oneshot_to_vec(message)
}

/// Returns whether `signature` verifies; the caller checks that the key supports the algorithm.
pub(super) fn verify(
    public: &PublicKey,
    algorithm: SignatureAlgorithm,
    message: &[u8],
    signature: &[u8],
) -> Result<bool, ErrorStack> {
    let key = pkey(public)?;
    let Some(signature) = jws_to_der(algorithm, signature)? else { return Ok(false) };
    let mut verifier = match digest(algorithm) {
        Some(digest) => Verifier::new(digest, &key)?,
        None => Verifier::new_without_digest(&key)?,
    };
    if is_pss(algorithm) {
        verifier.set_rsa_padding(Padding::PKCS1_PSS)?;
        verifier.set_rsa_pss_saltlen(RsaPssSaltlen::DIGEST_LENGTH)?;
    }
    verifier.verify_oneshot(&signature, message)
}

/// Converts an ECDSA signature from DER to two numbers side by side (RFC 7518 §3.4).
pub(super) fn der_to_jws(algorithm: SignatureAlgorithm, signature: Vec<u8>) -> Result<Vec<u8>, ErrorStack> {
    let Some(length) = algorithm.coordinate_length() else { return Ok(signature) };
    let numbers = EcdsaSig::from_der(&signature)?;
    Ok([numbers.r().to_vec_padded(length.into())?, numbers.s().to_vec_padded(length.into())?].concat())
}

/// Converts an ECDSA signature to DER; returns `None` if its length is wrong.
fn jws_to_der(algorithm: SignatureAlgorithm, signature: &[u8]) -> Result<Option<Vec<u8>>, ErrorStack> {
    let Some(length) = algorithm.coordinate_length().map(usize::from) else { return Ok(Some(signature.to_vec())) };
    if signature.len() != 2 * length {
        return Ok(None);
    }
    let (r, s) = signature.split_at(length);
    EcdsaSig::from_private_components(BigNum::from_slice(r)?, BigNum::from_slice(s)?)?.to_der().map(Some)
}

/// Returns the digest in the algorithm's name (RFC 7518 §3.1); `EdDSA` signs the message itself.
pub(super) fn digest(algorithm: SignatureAlgorithm) -> Option<MessageDigest> {
    use SignatureAlgorithm::{EdDsa, Es256, Es384, Es512, Ps256, Ps384, Ps512, Rs256, Rs384, Rs512};
    match algorithm {
        Rs256 | Ps256 | Es256 => Some(MessageDigest::sha256()),
        Rs384 | Ps384 | Es384 => Some(MessageDigest::sha384()),
        Rs512 | Ps512 | Es512 => Some(MessageDigest::sha512()),
        EdDsa => None,
    }
}

fn is_pss(algorithm: SignatureAlgorithm) -> bool {
    matches!(algorithm, SignatureAlgorithm::Ps256 | SignatureAlgorithm::Ps384 | SignatureAlgorithm::Ps512)
}
