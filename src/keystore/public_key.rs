//! The public key: its kind, and the JWK under which it is registered.
//!
//! JWK is RFC 7517 with RFC 7518 §6 (RSA, EC) and RFC 8037 §2 (OKP), its thumbprint RFC 7638. Which members a
//! registered key must have is Digdir's rule:
//! <https://docs.digdir.no/docs/idporten/oidc/oidc_api_admin_maskinporten>.

use std::fmt;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use ring::digest::{SHA256, digest};
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

/// The numbers of a public key, also of one that cannot sign a JWT. Numbers have no leading zeros.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum PublicKey {
    /// RSA, of any size.
    Rsa { n: Vec<u8>, e: Vec<u8> },
    /// RSA that is for RSASSA-PSS only (RFC 4055 §1.2).
    RsaPss { n: Vec<u8>, e: Vec<u8> },
    /// EC as an uncompressed point (SEC 1 §2.3.3), Ed25519 and Ed448 as RFC 8032 encodes them.
    OnCurve { kind: KeyKind, point: Vec<u8> },
    /// Any other kind: its name, and its `SubjectPublicKeyInfo`.
    Other { name: String, der: Vec<u8> },
}

impl KeyKind {
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
    /// Returns the kind of the key.
    ///
    /// # Errors
    /// [`KeystoreErrorKind::KeyKind`] or [`KeystoreErrorKind::KeySize`] if such a key cannot sign a JWT.
    pub(super) fn kind(&self) -> Result<KeyKind, KeystoreErrorKind> {
        match self {
            Self::Rsa { n, .. } => match bits(n) {
                bits if RSA_BITS.contains(&bits) => Ok(KeyKind::Rsa { bits }),
                bits => Err(KeystoreErrorKind::KeySize(bits)),
            },
            Self::RsaPss { .. } => Err(KeystoreErrorKind::KeyKind("rsassaPss".to_owned())),
            Self::OnCurve { kind, .. } => Ok(*kind),
            Self::Other { name, .. } => Err(KeystoreErrorKind::KeyKind(name.clone())),
        }
    }

    /// Returns whether this key has the numbers of `rsa`, but is for RSASSA-PSS only.
    pub(super) fn is_for_pss_with(&self, rsa: &Self) -> bool {
        match (self, rsa) {
            (Self::RsaPss { n, e }, Self::Rsa { n: own_n, e: own_e }) => n == own_n && e == own_e,
            _ => false,
        }
    }

    /// Returns the SHA-256 thumbprint in base64url (RFC 7638).
    pub(super) fn thumbprint(&self) -> String {
        // Nothing needs escaping: the values are base64url or registered names (RFC 7638 §3.3).
        let members = self.members().into_iter().map(|(name, value)| format!(r#""{name}":"{value}""#));
        let members: Vec<String> = members.collect();
        URL_SAFE_NO_PAD.encode(digest(&SHA256, format!("{{{}}}", members.join(",")).as_bytes()))
    }

    /// Returns the public JWK.
    pub(super) fn jwk(&self, key_id: &str, algorithm: SignatureAlgorithm) -> Value {
        let members = self.jwk_members(key_id, algorithm).into_iter();
        Value::Object(members.map(|(name, value)| (name.to_owned(), value.into())).collect())
    }

    /// Returns the members that Digdir requires of a registered key: `kty`, `use`, `alg`, `kid` and the key itself.
    pub(super) fn jwk_members(&self, key_id: &str, algorithm: SignatureAlgorithm) -> Vec<(&'static str, String)> {
        let (mut members, key): (Vec<_>, Vec<_>) = self.members().into_iter().partition(|(name, _)| *name == "kty");
        let described = [("use", "sig"), ("alg", algorithm.name()), ("kid", key_id)];
        members.extend(described.map(|(name, value)| (name, value.to_owned())));
        members.extend(key);
        members
    }

    /// Returns the members of the JWK that are the key itself, in the order of RFC 7638 §3; none of a key that has no JWK.
    fn members(&self) -> Vec<(&'static str, String)> {
        let key_type = |kty: &str| ("kty", kty.to_owned());
        match self {
            Self::Rsa { n, e } => vec![("e", encode(e)), key_type("RSA"), ("n", encode(n))],
            Self::OnCurve { kind, point } => {
                let curve = ("crv", kind.curve().to_owned());
                match kind.default_algorithm().coordinate_length() {
                    Some(length) => {
                        let (x, y) = point[1..].split_at(length.into());
                        vec![curve, key_type("EC"), ("x", encode(x)), ("y", encode(y))]
                    }
                    None => vec![curve, key_type("OKP"), ("x", encode(point))],
                }
            }
            Self::RsaPss { .. } | Self::Other { .. } => Vec::new(),
        }
    }
}

/// Returns whether Digdir registers a key under this id: 1 to 255 letters, digits and `._-`
/// (<https://docs.digdir.no/docs/idporten/oidc/oidc_api_admin_maskinporten>).
#[must_use]
pub fn is_registrable_key_id(key_id: &str) -> bool {
    let allowed = |character: char| character.is_ascii_alphanumeric() || "._-".contains(character);
    (1..=255).contains(&key_id.len()) && key_id.chars().all(allowed)
}

/// Returns the length of a number without leading zeros.
pub(super) fn bits(number: &[u8]) -> u32 {
    let first = number.first().map_or(0, |first| first.leading_zeros());
    u32::try_from(number.len() * 8).map_or(u32::MAX, |bits| bits - first)
}

fn encode(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(text: &str) -> Vec<u8> {
        URL_SAFE_NO_PAD.decode(text).unwrap()
    }

    #[test]
    fn the_thumbprint_of_the_example_in_rfc_7638_matches() {
        let n = "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiF\
                 V4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb\
                 9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0L\
                 s1jF44-csFCur-kEgU8awapJzKnqDKgw";
        let key = PublicKey::Rsa { n: number(n), e: number("AQAB") };

        assert_eq!(key.thumbprint(), "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs");
    }

    #[test]
    fn the_thumbprint_of_the_example_in_rfc_8037_matches() {
        let point = number("11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo");
        let key = PublicKey::OnCurve { kind: KeyKind::Ed25519, point };

        assert_eq!(key.thumbprint(), "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
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
