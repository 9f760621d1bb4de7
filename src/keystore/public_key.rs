//! The public half of a key: what kind it is, and the form in which a server is told of it.
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
use serde_json::{Map, Value};

use super::{Reason, SignatureAlgorithm};

/// RFC 7518 §3.3 wants 2048 bits or more; OpenSSL verifies nothing above 16384.
pub(super) const RSA_BITS: std::ops::RangeInclusive<u32> = 2048..=16384;

/// What kind of key it is, as far as JWS tells kinds apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
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
    kind: Kind,
    members: Vec<(&'static str, String)>,
}

impl Kind {
    /// # Errors
    /// [`Reason::KeyKind`] or [`Reason::KeySize`] when such a key cannot sign a JWT.
    pub(super) fn of<T: HasPublic>(key: &PKeyRef<T>) -> Result<Self, Reason> {
        match key.id() {
            Id::RSA if RSA_BITS.contains(&key.bits()) => Ok(Self::Rsa { bits: key.bits() }),
            Id::RSA => Err(Reason::KeySize(key.bits())),
            Id::ED25519 => Ok(Self::Ed25519),
            Id::ED448 => Ok(Self::Ed448),
            Id::EC => {
                let curve = key.ec_key().ok().and_then(|key| key.group().curve_name());
                match curve {
                    Some(Nid::X9_62_PRIME256V1) => Ok(Self::P256),
                    Some(Nid::SECP384R1) => Ok(Self::P384),
                    Some(Nid::SECP521R1) => Ok(Self::P521),
                    other => Err(Reason::KeyKind(format!(
                        "EC on the curve {}",
                        other.and_then(|curve| curve.short_name().ok()).unwrap_or("without a name")
                    ))),
                }
            }
            other => {
                let name = Nid::from_raw(other.as_raw()).long_name().unwrap_or("without a name");
                Err(Reason::KeyKind(name.to_owned()))
            }
        }
    }

    /// The algorithm that this kind signs with when nobody asks for another.
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

    /// How many octets a signature has: for ECDSA the two numbers side by side (RFC 7518 §3.4).
    pub(super) fn signature_length(self) -> usize {
        match self {
            Self::Rsa { bits } => bits.div_ceil(8) as usize,
            Self::Ed25519 => 64,
            Self::Ed448 => 114,
            ec => 2 * ec.coordinate_length().unwrap_or_default(),
        }
    }

    /// How many octets a coordinate of the curve has; `None` when the key is not ECDSA's.
    pub(super) fn coordinate_length(self) -> Option<usize> {
        match self {
            Self::P256 => Some(32),
            Self::P384 => Some(48),
            Self::P521 => Some(66),
            Self::Rsa { .. } | Self::Ed25519 | Self::Ed448 => None,
        }
    }

    /// `crv`, by the names of RFC 7518 §6.2.1.1 and RFC 8037 §2.
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

impl fmt::Display for Kind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Rsa { bits } => write!(formatter, "RSA with {bits} bits"),
            Self::Ed25519 | Self::Ed448 => formatter.write_str(self.curve()),
            ec => write!(formatter, "EC on {}", ec.curve()),
        }
    }
}

impl PublicKey {
    /// Takes the public half out of a key of any kind that signs.
    ///
    /// # Errors
    /// As [`Kind::of`]; [`Reason::Damaged`] when the numbers cannot be read.
    pub(super) fn of<T: HasPublic>(key: &PKeyRef<T>) -> Result<Self, Reason> {
        let kind = Kind::of(key)?;
        let members = members(key, kind).map_err(|_| Reason::Damaged("the public half of the key cannot be read"))?;
        Ok(Self { kind, members })
    }

    pub(super) fn kind(&self) -> Kind {
        self.kind
    }

    /// The SHA-256 thumbprint of RFC 7638 in base64url.
    pub(super) fn thumbprint(&self) -> String {
        // Nothing in it needs escaping: names and values are base64url or registered names (RFC 7638 §3.3).
        let members: Vec<String> = self.members.iter().map(|(name, value)| format!(r#""{name}":"{value}""#)).collect();
        URL_SAFE_NO_PAD.encode(sha256(format!("{{{}}}", members.join(",")).as_bytes()))
    }

    /// The public JWK with the members that Digdir requires of a registered key: `kty`, `use`, `alg`, `kid` and the
    /// key itself.
    pub(super) fn jwk(&self, key_id: &str, algorithm: SignatureAlgorithm) -> Value {
        let (kty, key): (Vec<_>, Vec<_>) = self.members().partition(|(name, _)| *name == "kty");
        let described = [("use", "sig"), ("alg", algorithm.name()), ("kid", key_id)];
        let members = kty.into_iter().chain(described).chain(key);
        Value::Object(members.map(|(name, value)| (name.to_owned(), value.into())).collect::<Map<_, _>>())
    }

    pub(super) fn members(&self) -> impl Iterator<Item = (&'static str, &str)> {
        self.members.iter().map(|(name, value)| (*name, value.as_str()))
    }
}

/// Whether Digdir registers a key under this id: letters, digits and `._-`, and not more than a column holds
/// (<https://docs.digdir.no/docs/idporten/oidc/oidc_api_admin_maskinporten>).
#[must_use]
pub fn is_registrable_key_id(key_id: &str) -> bool {
    let allowed = |character: char| character.is_ascii_alphanumeric() || "._-".contains(character);
    (1..=255).contains(&key_id.len()) && key_id.chars().all(allowed)
}

fn members<T: HasPublic>(key: &PKeyRef<T>, kind: Kind) -> Result<Vec<(&'static str, String)>, ErrorStack> {
    let owned = |kty: &str| ("kty", kty.to_owned());
    let curve = ("crv", kind.curve().to_owned());
    Ok(match kind {
        Kind::Rsa { .. } => {
            let rsa = key.rsa()?;
            vec![("e", encode(&rsa.e().to_vec())), owned("RSA"), ("n", encode(&rsa.n().to_vec()))]
        }
        Kind::Ed25519 | Kind::Ed448 => vec![curve, owned("OKP"), ("x", encode(&key.raw_public_key()?))],
        Kind::P256 | Kind::P384 | Kind::P521 => {
            let ec = key.ec_key()?;
            let (mut x, mut y) = (BigNum::new()?, BigNum::new()?);
            ec.public_key().affine_coordinates(ec.group(), &mut x, &mut y, &mut *BigNumContext::new()?)?;
            let length = kind.coordinate_length().and_then(|length| i32::try_from(length).ok()).unwrap_or_default();
            let coordinate = |number: &BigNum| number.to_vec_padded(length).map(|octets| encode(&octets));
            vec![curve, owned("EC"), ("x", coordinate(&x)?), ("y", coordinate(&y)?)]
        }
    })
}

fn encode(octets: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(octets)
}

#[cfg(test)]
mod tests {
    use openssl::{pkey::PKey, rsa::Rsa};

    use super::*;

    fn number(text: &str) -> BigNum {
        BigNum::from_slice(&URL_SAFE_NO_PAD.decode(text).unwrap()).unwrap()
    }

    #[test]
    fn the_thumbprint_of_rfc_7638s_example_is_the_one_printed_there() {
        let n = "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiF\
                 V4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb\
                 9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0L\
                 s1jF44-csFCur-kEgU8awapJzKnqDKgw";
        let key = PKey::from_rsa(Rsa::from_public_components(number(n), number("AQAB")).unwrap()).unwrap();

        assert_eq!(PublicKey::of(&key).unwrap().thumbprint(), "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs");
    }

    #[test]
    fn the_thumbprint_of_rfc_8037s_example_is_the_one_printed_there() {
        let x = URL_SAFE_NO_PAD.decode("11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo").unwrap();
        let key = PKey::public_key_from_raw_bytes(&x, Id::ED25519).unwrap();

        assert_eq!(PublicKey::of(&key).unwrap().thumbprint(), "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
    }

    #[test]
    fn digdir_takes_letters_digits_and_three_signs_as_key_id() {
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
