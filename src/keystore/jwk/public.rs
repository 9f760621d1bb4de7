//! From the members of a JWK to the public key (RFC 7518 §6.2.1 and §6.3.1, RFC 8037 §2); private members are let be.

use openssl::{
    bn::BigNum,
    ec::{EcGroup, EcKey},
    error::ErrorStack,
    nid::Nid,
    pkey::{Id, PKey, Public},
    rsa::Rsa,
};

use super::{JwkReason, json::Object};
use crate::keystore::{VerificationKey, VerificationKeyReason, certificate::printable, public_key::RSA_BITS};

/// Builds the public key, if the JWK is for signatures.
///
/// # Errors
/// [`VerificationKeyReason`]: a member is missing or not base64url, the key is for something else, or it is of no kind
/// or size that signs a JWT.
pub(super) fn verification_key(object: &Object) -> Result<VerificationKey, VerificationKeyReason> {
    may_verify(object)?;
    let member = VerificationKeyReason::Member;
    let key = match object.required("kty").map_err(member)? {
        "RSA" => {
            let (n, e) = (object.number("n").map_err(member)?, object.number("e").map_err(member)?);
            rsa(n, e)?
        }
        "EC" => {
            let curve = object.required("crv").map_err(member)?;
            let (x, y) = (object.number("x").map_err(member)?, object.number("y").map_err(member)?);
            ec(curve, &x, &y)?
        }
        "OKP" => {
            let curve = object.required("crv").map_err(member)?;
            edwards(curve, &object.octets("x").map_err(member)?)?
        }
        "oct" => return Err(member(JwkReason::Symmetric)),
        other => return Err(member(JwkReason::KeyType(printable(other)))),
    };
    VerificationKey::new(key)
}

/// `use` and `key_ops` (RFC 7517 §4.2 and §4.3). `sign` stands in those of a private key.
fn may_verify(object: &Object) -> Result<(), VerificationKeyReason> {
    let member = VerificationKeyReason::Member;
    if let Some(name) = &object.duplicate {
        return Err(member(JwkReason::Duplicate(printable(name))));
    }
    if let Some(other) = object.text("use").map_err(member)?.filter(|usage| *usage != "sig") {
        return Err(VerificationKeyReason::Use(printable(other)));
    }
    let operations = object.texts("key_ops").map_err(member)?;
    if operations.is_some_and(|operations| !operations.contains(&"verify") && !operations.contains(&"sign")) {
        return Err(VerificationKeyReason::KeyOperations);
    }
    Ok(())
}

/// The size is looked at before OpenSSL sees the number.
fn rsa(n: BigNum, e: BigNum) -> Result<PKey<Public>, VerificationKeyReason> {
    let bits = u32::try_from(n.num_bits()).unwrap_or_default();
    if !RSA_BITS.contains(&bits) {
        return Err(VerificationKeyReason::Size(bits));
    }
    Rsa::from_public_components(n, e).and_then(PKey::from_rsa).map_err(|_| VerificationKeyReason::Numbers)
}

fn ec(curve: &str, x: &BigNum, y: &BigNum) -> Result<PKey<Public>, VerificationKeyReason> {
    let curve = match curve {
        "P-256" => Nid::X9_62_PRIME256V1,
        "P-384" => Nid::SECP384R1,
        "P-521" => Nid::SECP521R1,
        other => return Err(VerificationKeyReason::Kind(format!("EC on the curve {}", printable(other)))),
    };
    let point = || -> Result<_, ErrorStack> {
        // OpenSSL makes sure that both numbers are below the prime and the point is on the curve.
        let key = EcKey::from_public_key_affine_coordinates(&*EcGroup::from_curve_name(curve)?, x, y)?;
        key.check_key()?;
        PKey::from_ec_key(key)
    };
    point().map_err(|_| VerificationKeyReason::Numbers)
}

fn edwards(curve: &str, x: &[u8]) -> Result<PKey<Public>, VerificationKeyReason> {
    let curve = match curve {
        "Ed25519" => Id::ED25519,
        "Ed448" => Id::ED448,
        other => return Err(VerificationKeyReason::Kind(format!("OKP on the curve {}", printable(other)))),
    };
    PKey::public_key_from_raw_bytes(x, curve).map_err(|_| VerificationKeyReason::Numbers)
}
