//! The public key: its kind, and the JWK under which it is registered.
//!
//! JWK is RFC 7517 with RFC 7518 §6 (RSA, EC) and RFC 8037 §2 (OKP), its thumbprint RFC 7638. Which members a
//! registered key must have is Digdir's rule:
//! <https://docs.digdir.no/docs/idporten/oidc/oidc_api_admin_maskinporten>.

use std::fmt;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use openssl::{
    bn::{BigNum, BigNumContext},
    error::ErrorStack,
    nid::Nid,
    pkey::{HasPublic, Id, PKeyRef},
    sha::sha256,
};
use serde_json::Value;

use super::{KeystoreErrorKind, SignatureAlgorithm};

/// RFC 7518 §3.3 requires 2048 bits or more; OpenSSL does not verify with more than 16384.
pub(super) const RSA_BITS: std::ops::RangeInclusive<u32> = 2048..=16384;

/// The kinds of keys that sign JWTs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum KeyKind {
    Rsa { bits: u32 },
    P256,
    P384,
    P521,
    Ed25519,
    Ed448,
}

/// A public key as the members of a JWK, in the order of RFC 7638 §3.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct PublicKey {
    kind: KeyKind,
    members: Vec<(&'static str, String)>,
}

impl KeyKind {
    /// Returns the kind of a key.
    ///
    /// # Errors
    /// [`KeystoreErrorKind::KeyKind`] or [`KeystoreErrorKind::KeySize`] if such a key cannot sign a JWT.
    pub(super) fn from_pkey<T: HasPublic>(key: &PKeyRef<T>) -> Result<Self, KeystoreErrorKind> {
        match key.id() {
            Id::RSA if RSA_BITS.contains(&key.bits()) => Ok(Self::Rsa { bits: key.bits() }),
            Id::RSA => Err(KeystoreErrorKind::KeySize(key.bits())),
            Id::ED25519 => Ok(Self::Ed25519),
            Id::ED448 => Ok(Self::Ed448),
            Id::EC => match key.ec_key().ok().and_then(|key| key.group().curve_name()) {
                Some(Nid::X9_62_PRIME256V1) => Ok(Self::P256),
                Some(Nid::SECP384R1) => Ok(Self::P384),
                Some(Nid::SECP521R1) => Ok(Self::P521),
                other => {
                    let curve = other.and_then(|curve| curve.short_name().ok()).unwrap_or("without a name");
                    Err(KeystoreErrorKind::KeyKind(format!("EC on the curve {curve}")))
                }
            },
            other => {
                let name = Nid::from_raw(other.as_raw()).long_name().unwrap_or("without a name");
                Err(KeystoreErrorKind::KeyKind(name.to_owned()))
            }
        }
    }

    /// Returns the algorithm that this kind of key signs with by default.
    pub(super) fn default_algorithm(self) -> SignatureAlgorithm {
        match self {
            Self::Rsa { .. } => SignatureAlgorithm::Rs256,
            Self::P256 => SignatureAlgorithm::Es256,
            Self::P384 => SignatureAlgorithm::Es384,
            Self::P521 => SignatureAlgorithm::Es512,
            Self::Ed25519 | Self::Ed448 => SignatureAlgorithm::EdDsa,
        }
    }

    pub(super) fn can_sign_with(self, algorithm: SignatureAlgorithm) -> bool {
        use SignatureAlgorithm::{Ps256, Ps384, Ps512, Rs256, Rs384, Rs512};
        match self {
            Self::Rsa { .. } => matches!(algorithm, Rs256 | Rs384 | Rs512 | Ps256 | Ps384 | Ps512),
            other => algorithm == other.default_algorithm(),
        }
    }

    /// Returns the length of a signature in bytes; an ECDSA signature is two numbers side by side (RFC 7518 §3.4).
    pub(super) fn signature_length(self) -> usize {
        match self {
            Self::Rsa { bits } => bits.div_ceil(8) as usize,
            Self::P256 | Self::Ed25519 => 64,
            Self::P384 => 96,
            Self::P521 => 132,
            Self::Ed448 => 114,
        }
    }

    /// Returns the JWK's `crv` (RFC 7518 §6.2.1.1, RFC 8037 §2); empty for RSA.
    fn curve(self) -> &'static str {
        match self {
            Self::Rsa { .. } => "",
            Self::P256 => "P-256",
            Self::P384 => "P-384",
            Self::P521 => "P-521",
            Self::Ed25519 => "Ed25519",
            Self::Ed448 => "Ed448",
        }
    }
}

impl fmt::Display for KeyKind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Rsa { bits } => write!(formatter, "RSA with {bits} bits"),
            Self::Ed25519 | Self::Ed448 => formatter.write_str(self.curve()),
            ec => write!(formatter, "EC on {}", ec.curve()),
        }
    }
}

impl PublicKey {
    /// Returns the public key of a private or public key.
    ///
    /// # Errors
    /// As [`KeyKind::from_pkey`]; [`KeystoreErrorKind::Damaged`] if the numbers cannot be read.
    pub(super) fn from_pkey<T: HasPublic>(key: &PKeyRef<T>) -> Result<Self, KeystoreErrorKind> {
        let kind = KeyKind::from_pkey(key)?;
        let members = members(key, kind).map_err(|_| KeystoreErrorKind::Damaged("the public key cannot be read"))?;
        Ok(Self { kind, members })
    }

    pub(super) fn kind(&self) -> KeyKind {
        self.kind
    }

    /// Returns the SHA-256 thumbprint in base64url (RFC 7638).
    pub(super) fn thumbprint(&self) -> String {
        // Nothing needs escaping: the values are base64url or registered names (RFC 7638 §3.3).
        let members: Vec<String> = self.members.iter().map(|(name, value)| format!(r#""{name}":"{value}""#)).collect();
        URL_SAFE_NO_PAD.encode(sha256(format!("{{{}}}", members.join(",")).as_bytes()))
    }

    /// Returns the public JWK.
    pub(super) fn jwk(&self, key_id: &str, algorithm: SignatureAlgorithm) -> Value {
        let members = self.jwk_members(key_id, algorithm);
        Value::Object(members.map(|(name, value)| (name.to_owned(), value.into())).collect())
    }

    /// Returns the members that Digdir requires of a registered key: `kty`, `use`, `alg`, `kid` and the key itself.
    pub(super) fn jwk_members<'key>(
        &'key self,
        key_id: &'key str,
        algorithm: SignatureAlgorithm,
    ) -> impl Iterator<Item = (&'static str, &'key str)> {
        let members = || self.members.iter().map(|(name, value)| (*name, value.as_str()));
        let described = [("use", "sig"), ("alg", algorithm.name()), ("kid", key_id)];
        let key = members().filter(|(name, _)| *name != "kty");
        members().filter(|(name, _)| *name == "kty").chain(described).chain(key)
    }
}

/// Returns whether Digdir registers a key under this id: 1 to 255 letters, digits and `._-`
/// (<https://docs.digdir.no/docs/idporten/oidc/oidc_api_admin_maskinporten>).
#[must_use]
pub fn is_registrable_key_id(key_id: &str) -> bool {
    let allowed = |character: char| character.is_ascii_alphanumeric() || "._-".contains(character);
    (1..=255).contains(&key_id.len()) && key_id.chars().all(allowed)
}

fn members<T: HasPublic>(key: &PKeyRef<T>, kind: KeyKind) -> Result<Vec<(&'static str, String)>, ErrorStack> {
    let key_type = |kty: &str| ("kty", kty.to_owned());
    let curve = ("crv", kind.curve().to_owned());
    let Some(length) = kind.default_algorithm().coordinate_length() else {
        return Ok(if matches!(kind, KeyKind::Rsa { .. }) {
            let rsa = key.rsa()?;
            vec![("e", encode(&rsa.e().to_vec())), key_type("RSA"), ("n", encode(&rsa.n().to_vec()))]
        } else {
            vec![curve, key_type("OKP"), ("x", encode(&key.raw_public_key()?))]
        });
    };
    let ec = key.ec_key()?;
    let (mut x, mut y) = (BigNum::new()?, BigNum::new()?);
    ec.public_key().affine_coordinates(ec.group(), &mut x, &mut y, &mut *BigNumContext::new()?)?;
    let coordinate = |number: &BigNum| number.to_vec_padded(length.into()).map(|bytes| encode(&bytes));
    Ok(vec![curve, key_type("EC"), ("x", coordinate(&x)?), ("y", coordinate(&y)?)])
}

fn encode(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

#[cfg(test)]
mod tests {
    use openssl::{pkey::PKey, rsa::Rsa};

    use super::*;

    fn number(text: &str) -> BigNum {
        BigNum::from_slice(&URL_SAFE_NO_PAD.decode(text).unwrap()).unwrap()
    }

    #[test]
    fn the_thumbprint_of_the_example_in_rfc_7638_matches() {
        let n = "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiF\
                 V4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb\
                 9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0L\
                 s1jF44-csFCur-kEgU8awapJzKnqDKgw";
        let key = PKey::from_rsa(Rsa::from_public_components(number(n), number("AQAB")).unwrap()).unwrap();

        assert_eq!(PublicKey::from_pkey(&key).unwrap().thumbprint(), "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs");
    }

    #[test]
    fn the_thumbprint_of_the_example_in_rfc_8037_matches() {
        let x = URL_SAFE_NO_PAD.decode("11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo").unwrap();
        let key = PKey::public_key_from_raw_bytes(&x, Id::ED25519).unwrap();

        assert_eq!(PublicKey::from_pkey(&key).unwrap().thumbprint(), "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
    }

    #[test]
    fn a_registrable_key_id_has_letters_digits_and_three_other_characters() {
        for (key_id, wanted) in [
            ("kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k", true),
            ("my.key-1_2026", true),
            ("", false),
            ("æ", false),
            ("a b", false),
            (&"a".repeat(256), false),
        ] {
            assert_eq!(is_registrable_key_id(key_id), wanted, "{key_id}");
        }
    }
}
