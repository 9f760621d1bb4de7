//! Builds OpenSSL keys from the members of a JWK, and checks that the members form one key.
//!
//! RFC 7518 §6.2 (EC) and §6.3 (RSA), RFC 8037 §2 (OKP). A private JWK is redundant: if its members contradict each
//! other, its signatures do not verify.

use openssl::{
    bn::{BigNum, BigNumContext},
    ec::{EcGroup, EcKey, EcPoint},
    error::ErrorStack,
    memcmp,
    nid::Nid,
    pkey::{Id, PKey, Private, Public},
    rsa::{Rsa, RsaPrivateKeyBuilder},
};

use super::object::JwkObject;
use crate::keystore::{
    JwkErrorKind, KeystoreErrorKind, VerificationKey, VerificationKeyError, error::shown, openssl_key,
    private_key::PrivateKey, public_key::RSA_BITS,
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
    let key = match object.required("kty")? {
        "RSA" => private_rsa(object),
        "EC" => private_ec(object),
        "OKP" => private_okp(object),
        other => Err(JwkErrorKind::KeyType(shown(other))),
    };
    openssl_key::private_key(key?).map_err(JwkErrorKind::Key)
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
        "RSA" => {
            let (n, e) = (object.number("n")?, object.number("e")?);
            rsa_bits(&n)?;
            Rsa::from_public_components(n, e).and_then(PKey::from_rsa)
        }
        "EC" => public_ec(ec_curve(object)?, &object.number("x")?, &object.number("y")?),
        "OKP" => PKey::public_key_from_raw_bytes(&object.bytes("x")?, okp_curve(object)?),
        "oct" => return Err(JwkErrorKind::Symmetric.into()),
        other => return Err(JwkErrorKind::KeyType(shown(other)).into()),
    };
    let key = key.and_then(|key| openssl_key::public_key(&key));
    VerificationKey::new(key.map_err(|_| VerificationKeyError::Numbers)?)
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

/// Returns the length of an RSA modulus, which is checked before OpenSSL computes with it.
fn rsa_bits(n: &BigNum) -> Result<u32, JwkErrorKind> {
    let bits = n.num_bits().unsigned_abs();
    if RSA_BITS.contains(&bits) { Ok(bits) } else { Err(JwkErrorKind::Key(KeystoreErrorKind::KeySize(bits))) }
}

fn ec_curve(object: &JwkObject) -> Result<Nid, JwkErrorKind> {
    match object.required("crv")? {
        "P-256" => Ok(Nid::X9_62_PRIME256V1),
        "P-384" => Ok(Nid::SECP384R1),
        "P-521" => Ok(Nid::SECP521R1),
        other => Err(unsupported_curve("EC", other)),
    }
}

fn okp_curve(object: &JwkObject) -> Result<Id, JwkErrorKind> {
    match object.required("crv")? {
        "Ed25519" => Ok(Id::ED25519),
        "Ed448" => Ok(Id::ED448),
        other => Err(unsupported_curve("OKP", other)),
    }
}

fn unsupported_curve(key_type: &str, curve: &str) -> JwkErrorKind {
    JwkErrorKind::Key(KeystoreErrorKind::KeyKind(format!("{key_type} on the curve {}", shown(curve))))
}

fn private_rsa(object: &JwkObject) -> Result<PKey<Private>, JwkErrorKind> {
    if object.has("oth") {
        return Err(JwkErrorKind::Key(KeystoreErrorKind::KeyKind("RSA with more than two primes".to_owned())));
    }
    let core = RsaNumbers { n: object.number("n")?, e: object.number("e")?, d: object.secret_number("d")? };
    let bits = rsa_bits(&core.n)?;
    if !core.is_plausible() {
        return Err(JwkErrorKind::Inconsistent("`e` or `d` is out of range"));
    }
    let key = if CRT_MEMBERS.into_iter().any(|name| object.has(name)) {
        let [p, q, dp, dq, qi] = CRT_MEMBERS.map(|name| object.secret_number(name));
        let crt = CrtNumbers { p: p?, q: q?, dp: dp?, dq: dq?, qi: qi? };
        if !crt.matches(&core).unwrap_or(false) {
            return Err(JwkErrorKind::Inconsistent("`n`, `e`, `d`, `p`, `q`, `dp`, `dq` and `qi` do not match"));
        }
        crt.build(core)
    } else {
        // One long exponentiation instead of two short ones: a crafted file could take minutes.
        if bits > MAXIMUM_BITS_WITHOUT_PRIMES {
            return Err(JwkErrorKind::Missing("p"));
        }
        if !core.is_consistent().unwrap_or(false) {
            return Err(JwkErrorKind::Inconsistent("`n`, `e` and `d` do not match"));
        }
        RsaPrivateKeyBuilder::new(core.n, core.e, core.d).map(RsaPrivateKeyBuilder::build)
    };
    key.and_then(PKey::from_rsa).map_err(|_| JwkErrorKind::Inconsistent("OpenSSL rejects its numbers"))
}

/// The numbers that every private RSA key has, named as in a JWK.
struct RsaNumbers {
    n: BigNum,
    e: BigNum,
    d: BigNum,
}

/// The numbers with which an RSA key signs fast, by the Chinese remainder theorem.
struct CrtNumbers {
    p: BigNum,
    q: BigNum,
    dp: BigNum,
    dq: BigNum,
    qi: BigNum,
}

impl RsaNumbers {
    /// Returns whether the lengths are those of a real key. Real exponents are below 2^32; FIPS 186-5 allows 256 bits.
    fn is_plausible(&self) -> bool {
        let exponent = self.e.is_odd() && (2..=256).contains(&self.e.num_bits());
        exponent && self.n.is_odd() && self.d.num_bits() <= self.n.num_bits()
    }

    /// Returns whether `d` inverts `e`, tested with the number two: without the primes there is no other way.
    fn is_consistent(&self) -> Result<bool, ErrorStack> {
        let mut context = BigNumContext::new()?;
        let two = BigNum::from_u32(2)?;
        let (mut encrypted, mut decrypted) = (BigNum::new()?, BigNum::new()?);
        encrypted.mod_exp(&two, &self.e, &self.n, &mut context)?;
        decrypted.mod_exp(&encrypted, &self.d, &self.n, &mut context)?;
        Ok(decrypted == two)
    }
}

impl CrtNumbers {
    /// Returns whether the numbers belong to `core`.
    ///
    /// Checks what `Rsa::check_key` checks, except that `p` and `q` are prime: proving that takes far longer than
    /// signing, and every signature is verified after it is made.
    fn matches(&self, core: &RsaNumbers) -> Result<bool, ErrorStack> {
        let mut context = BigNumContext::new()?;
        let one = BigNum::from_u32(1)?;
        let mut product = BigNum::new()?;
        product.checked_mul(&self.p, &self.q, &mut context)?;
        let mut consistent = product == core.n;
        for (prime, exponent) in [(&self.p, &self.dp), (&self.q, &self.dq)] {
            let (mut less, mut reduced, mut unit) = (BigNum::new()?, BigNum::new()?, BigNum::new()?);
            less.checked_sub(prime, &one)?;
            reduced.nnmod(&core.d, &less, &mut context)?;
            unit.mod_mul(&core.e, exponent, &less, &mut context)?;
            consistent &= reduced == *exponent && unit == one;
        }
        let mut inverse = BigNum::new()?;
        inverse.mod_mul(&self.qi, &self.q, &self.p, &mut context)?;
        Ok(consistent && inverse == one)
    }

    fn build(self, core: RsaNumbers) -> Result<Rsa<Private>, ErrorStack> {
        let builder = RsaPrivateKeyBuilder::new(core.n, core.e, core.d)?;
        Ok(builder.set_factors(self.p, self.q)?.set_crt_params(self.dp, self.dq, self.qi)?.build())
    }
}

fn private_ec(object: &JwkObject) -> Result<PKey<Private>, JwkErrorKind> {
    let curve = ec_curve(object)?;
    let (x, y, mut d) = (object.number("x")?, object.number("y")?, object.secret_number("d")?);
    let build = || -> Result<_, ErrorStack> {
        let group = EcGroup::from_curve_name(curve)?;
        let mut point = EcPoint::new(&group)?;
        point.set_affine_coordinates(&group, &x, &y, &mut *BigNumContext::new()?)?;
        let key = EcKey::from_private_components(&group, &d, &point)?;
        key.check_key()?;
        PKey::from_ec_key(key)
    };
    let key = build();
    d.clear(); // OpenSSL has a copy.
    key.map_err(|_| JwkErrorKind::Inconsistent("`x` and `y` are not the public key of `d`"))
}

fn public_ec(curve: Nid, x: &BigNum, y: &BigNum) -> Result<PKey<Public>, ErrorStack> {
    // OpenSSL checks that both numbers are below the prime and the point is on the curve.
    let key = EcKey::from_public_key_affine_coordinates(&*EcGroup::from_curve_name(curve)?, x, y)?;
    key.check_key()?;
    PKey::from_ec_key(key)
}

fn private_okp(object: &JwkObject) -> Result<PKey<Private>, JwkErrorKind> {
    let curve = okp_curve(object)?;
    let (x, d) = (object.bytes("x")?, object.bytes("d")?);
    let key = PKey::private_key_from_raw_bytes(&d, curve)
        .map_err(|_| JwkErrorKind::Base64Url { member: "d", fault: "it has the wrong length for its curve" })?;
    let matches = key.raw_public_key().is_ok_and(|public| public.len() == x.len() && memcmp::eq(&public, &x));
    if matches { Ok(key) } else { Err(JwkErrorKind::Inconsistent("`x` is not the public key of `d`")) }
}
