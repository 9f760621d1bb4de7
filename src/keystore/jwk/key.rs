//! From the members of a JWK to the private key, and whether they are of one and the same key.
//!
//! RFC 7518 §6.2 (EC) and §6.3 (RSA), RFC 8037 §2 (OKP). The members say the key several times over; where they
//! contradict each other, signatures would come out that nobody can verify.

use openssl::{
    bn::{BigNum, BigNumContext, BigNumRef},
    ec::{EcGroup, EcKey, EcPoint},
    error::ErrorStack,
    memcmp,
    nid::Nid,
    pkey::{Id, PKey, Private},
    rsa::{Rsa, RsaPrivateKeyBuilder},
};

use super::{JwkReason, json::Object};
use crate::keystore::{Reason, certificate::printable, public_key::RSA_BITS};

/// The members that make signing fast; one of them calls for all (RFC 7518 §6.3.2).
const SHORTCUTS: [&str; 5] = ["p", "q", "dp", "dq", "qi"];

/// Maskinporten's users have 2048 to 4096 bits.
const MAXIMUM_BITS_WITHOUT_PRIMES: u32 = 4096;

/// Builds the private key.
///
/// # Errors
/// [`JwkReason`]: a member is missing or not base64url, the kind signs no JWT, or the members contradict each other.
pub(super) fn private_key(object: &Object) -> Result<PKey<Private>, JwkReason> {
    match object.required("kty")? {
        "RSA" => rsa(object),
        "EC" => ec(object),
        "OKP" => edwards(object),
        other => Err(JwkReason::KeyType(printable(other))),
    }
}

fn rsa(object: &Object) -> Result<PKey<Private>, JwkReason> {
    if object.has("oth") {
        return Err(JwkReason::Key(Reason::KeyKind("RSA with more than two primes".to_owned())));
    }
    let core = Core { n: object.number("n")?, e: object.number("e")?, d: object.secret_number("d")? };
    let bits = u32::try_from(core.n.num_bits()).unwrap_or_default();
    if !RSA_BITS.contains(&bits) {
        return Err(JwkReason::Key(Reason::KeySize(bits)));
    }
    if !core.is_sane() {
        return Err(JwkReason::Inconsistent("`e` or `d` cannot be of this key"));
    }
    let key = if SHORTCUTS.into_iter().any(|name| object.has(name)) {
        let [p, q, dp, dq, qi] = SHORTCUTS.map(|name| object.secret_number(name));
        let shortcuts = Shortcuts { p: p?, q: q?, dp: dp?, dq: dq?, qi: qi? };
        if !shortcuts.belong_to(&core).unwrap_or(false) {
            return Err(JwkReason::Inconsistent("`n`, `e`, `d`, `p`, `q`, `dp`, `dq` and `qi` do not fit together"));
        }
        shortcuts.build(core)
    } else {
        // With one long power in place of two short ones, a crafted file could keep us busy for minutes.
        if bits > MAXIMUM_BITS_WITHOUT_PRIMES {
            return Err(JwkReason::Missing("p"));
        }
        if !core.is_consistent().unwrap_or(false) {
            return Err(JwkReason::Inconsistent("`n`, `e` and `d` do not fit together"));
        }
        RsaPrivateKeyBuilder::new(core.n, core.e, core.d).map(RsaPrivateKeyBuilder::build)
    };
    key.and_then(PKey::from_rsa).map_err(|_| JwkReason::Inconsistent("OpenSSL does not take its numbers"))
}

/// The numbers that every private RSA key has, by the names that a JWK gives them.
struct Core {
    n: BigNum,
    e: BigNum,
    d: BigNum,
}

/// The numbers that make signing fast.
struct Shortcuts {
    p: BigNum,
    q: BigNum,
    dp: BigNum,
    dq: BigNum,
    qi: BigNum,
}

impl Core {
    /// Whether computing with the numbers is cheap and leads anywhere. Real exponents are below 2^32; 256 bits is
    /// what FIPS 186-5 allows.
    fn is_sane(&self) -> bool {
        let exponent = self.e.is_odd() && (2..=256).contains(&self.e.num_bits());
        exponent && self.n.is_odd() && self.d.num_bits() <= self.n.num_bits()
    }

    /// Whether `d` undoes what `e` does, tried on the number two: without the primes there is no other way.
    fn is_consistent(&self) -> Result<bool, ErrorStack> {
        let mut context = BigNumContext::new()?;
        let two = BigNum::from_u32(2)?;
        let (mut sealed, mut opened) = (BigNum::new()?, BigNum::new()?);
        sealed.mod_exp(&two, &self.e, &self.n, &mut context)?;
        opened.mod_exp(&sealed, &self.d, &self.n, &mut context)?;
        Ok(opened == two)
    }
}

impl Shortcuts {
    /// Everything that `Rsa::check_key` checks but that `p` and `q` are prime: proving that takes longer than
    /// signing by far, and a signature by a key without primes is found out when it is verified.
    fn belong_to(&self, core: &Core) -> Result<bool, ErrorStack> {
        let mut context = BigNumContext::new()?;
        let one = BigNum::from_u32(1)?;
        let mut product = BigNum::new()?;
        product.checked_mul(&self.p, &self.q, &mut context)?;
        let mut consistent = product == core.n;
        for (prime, exponent) in [(&self.p, &self.dp), (&self.q, &self.dq)] {
            let (mut less, mut reduced, mut undone) = (BigNum::new()?, BigNum::new()?, BigNum::new()?);
            less.checked_sub(prime, &one)?;
            reduced.nnmod(&core.d, &less, &mut context)?;
            undone.mod_mul(&core.e, exponent, &less, &mut context)?;
            consistent &= reduced == *exponent && undone == one;
        }
        let mut inverse = BigNum::new()?;
        inverse.mod_mul(&self.qi, &self.q, &self.p, &mut context)?;
        Ok(consistent && inverse == one)
    }

    fn build(self, core: Core) -> Result<Rsa<Private>, ErrorStack> {
        let builder = RsaPrivateKeyBuilder::new(core.n, core.e, core.d)?;
        Ok(builder.set_factors(self.p, self.q)?.set_crt_params(self.dp, self.dq, self.qi)?.build())
    }
}

fn ec(object: &Object) -> Result<PKey<Private>, JwkReason> {
    let curve = match object.required("crv")? {
        "P-256" => Nid::X9_62_PRIME256V1,
        "P-384" => Nid::SECP384R1,
        "P-521" => Nid::SECP521R1,
        other => return Err(JwkReason::Key(Reason::KeyKind(format!("EC on the curve {}", printable(other))))),
    };
    let (x, y, mut d) = (object.number("x")?, object.number("y")?, object.secret_number("d")?);
    let key = ec_from(curve, &x, &y, &d).and_then(|key| key.check_key().and_then(|()| PKey::from_ec_key(key)));
    d.clear(); // openssl has a copy
    key.map_err(|_| JwkReason::Inconsistent("`x` and `y` are not the public half of `d`"))
}

fn ec_from(curve: Nid, x: &BigNumRef, y: &BigNumRef, d: &BigNumRef) -> Result<EcKey<Private>, ErrorStack> {
    let group = EcGroup::from_curve_name(curve)?;
    let mut point = EcPoint::new(&group)?;
    point.set_affine_coordinates(&group, x, y, &mut *BigNumContext::new()?)?;
    EcKey::from_private_components(&group, d, &point)
}

fn edwards(object: &Object) -> Result<PKey<Private>, JwkReason> {
    let curve = match object.required("crv")? {
        "Ed25519" => Id::ED25519,
        "Ed448" => Id::ED448,
        other => return Err(JwkReason::Key(Reason::KeyKind(format!("OKP on the curve {}", printable(other))))),
    };
    let (x, d) = (object.octets("x")?, object.octets("d")?);
    let key = PKey::private_key_from_raw_bytes(&d, curve);
    let key = key.map_err(|_| JwkReason::Base64Url { member: "d", fault: "it has the wrong length for its curve" })?;
    let public = key.raw_public_key().unwrap_or_default();
    if public.len() != x.len() || !memcmp::eq(&public, &x) {
        return Err(JwkReason::Inconsistent("`x` is not the public half of `d`"));
    }
    Ok(key)
}
