//! JSON Web Keys (RFC 7517, RFC 7518 §6, RFC 8037), read and written with openssl alone.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::{DateTime, TimeDelta, Utc};
use openssl::{
    bn::{BigNum, BigNumRef},
    ec::{EcGroup, EcKey},
    error::ErrorStack,
    nid::Nid,
    pkey::{Id, PKey, Private, Public},
    rsa::Rsa,
};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

/// The largest modulus in bits: verification takes time that grows with it.
const MAXIMUM_RSA_BITS: usize = 8192;

/// A public key that a client has registered.
#[derive(Debug, Clone, Deserialize)]
#[serde(try_from = "Raw")]
pub(crate) struct Jwk {
    pub(crate) kid: String,
    pub(crate) key: PKey<Public>,
    expires_at: Option<DateTime<Utc>>,
}

/// The members as they stand in `clients.json`; private members are unknown and therefore refused by name.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    kty: String,
    kid: String,
    #[serde(rename = "use")]
    usage: Option<String>,
    #[serde(rename = "alg")]
    _algorithm: Option<String>,
    n: Option<String>,
    e: Option<String>,
    crv: Option<String>,
    x: Option<String>,
    y: Option<String>,
    exp: Option<i64>,
    registered: Option<DateTime<Utc>>,
}

impl Jwk {
    /// Says whether the key's time is up: its own `exp`, or a year after it was registered.
    ///
    /// One year: <https://docs.digdir.no/docs/idporten/oidc/oidc_api_admin>.
    pub(crate) fn is_expired(&self, now: DateTime<Utc>) -> bool {
        self.expires_at.is_some_and(|moment| moment <= now)
    }
}

impl TryFrom<Raw> for Jwk {
    type Error = String;

    fn try_from(raw: Raw) -> Result<Self, String> {
        if raw.kid.is_empty() || raw.kid.len() > 255 {
            return Err("`kid` has 1 to 255 characters".to_owned());
        }
        if raw.usage.as_deref().is_some_and(|usage| usage != "sig") {
            return Err(format!("the key `{}` is not for signatures: `use` is `sig`", raw.kid));
        }
        let key = public_key(&raw).ok_or_else(|| format!("the key `{}` is not a valid public key", raw.kid))?;
        let own = match raw.exp {
            Some(seconds) => Some(DateTime::from_timestamp(seconds, 0).ok_or("`exp` is seconds since 1970")?),
            None => None,
        };
        let year = match raw.registered {
            Some(moment) => {
                Some(moment.checked_add_signed(TimeDelta::days(365)).ok_or("`registered` is too late a date")?)
            }
            None => None,
        };
        Ok(Self { kid: raw.kid, key, expires_at: own.into_iter().chain(year).min() })
    }
}

fn public_key(raw: &Raw) -> Option<PKey<Public>> {
    match raw.kty.as_str() {
        "RSA" => {
            let n = number(raw.n.as_ref()?)?;
            let bits = usize::try_from(n.num_bits()).ok()?;
            if !(2048..=MAXIMUM_RSA_BITS).contains(&bits) {
                return None;
            }
            let rsa = Rsa::from_public_components(n, number(raw.e.as_ref()?)?).ok()?;
            PKey::from_rsa(rsa).ok()
        }
        "EC" => {
            let curve = match raw.crv.as_deref()? {
                "P-256" => Nid::X9_62_PRIME256V1,
                "P-384" => Nid::SECP384R1,
                "P-521" => Nid::SECP521R1,
                _ => return None,
            };
            let group = EcGroup::from_curve_name(curve).ok()?;
            // This also checks that the point is on the curve.
            let (x, y) = (number(raw.x.as_ref()?)?, number(raw.y.as_ref()?)?);
            EcKey::from_public_key_affine_coordinates(&group, &x, &y).and_then(PKey::from_ec_key).ok()
        }
        "OKP" => {
            let kind = match raw.crv.as_deref()? {
                "Ed25519" => Id::ED25519,
                "Ed448" => Id::ED448,
                _ => return None,
            };
            PKey::public_key_from_raw_bytes(&bytes(raw.x.as_ref()?)?, kind).ok()
        }
        _ => None,
    }
}

fn bytes(text: &str) -> Option<Vec<u8>> {
    // 8192 bits in base64url, and a little.
    (text.len() <= 1400).then(|| URL_SAFE_NO_PAD.decode(text).ok()).flatten()
}

fn number(text: &str) -> Option<BigNum> {
    BigNum::from_slice(&bytes(text)?).ok()
}

/// The thumbprint of an RSA key (RFC 7638): SHA-256 over its required members in this order.
pub(crate) fn thumbprint(n: &BigNumRef, e: &BigNumRef) -> String {
    let encode = |number: &BigNumRef| URL_SAFE_NO_PAD.encode(number.to_vec());
    let canonical = format!(r#"{{"e":"{}","kty":"RSA","n":"{}"}}"#, encode(e), encode(n));
    URL_SAFE_NO_PAD.encode(openssl::sha::sha256(canonical.as_bytes()))
}

/// A public RSA key as `/jwk` shows it.
#[derive(Serialize)]
pub(crate) struct PublicRsa {
    kty: &'static str,
    e: String,
    #[serde(rename = "use")]
    usage: &'static str,
    kid: String,
    alg: &'static str,
    n: String,
}

impl PublicRsa {
    pub(crate) fn new(key: &PKey<Private>) -> Result<Self, ErrorStack> {
        let rsa = key.rsa()?;
        let encode = |number: &BigNumRef| URL_SAFE_NO_PAD.encode(number.to_vec());
        let (e, n, kid) = (encode(rsa.e()), encode(rsa.n()), thumbprint(rsa.n(), rsa.e()));
        Ok(Self { kty: "RSA", e, usage: "sig", kid, alg: "RS256", n })
    }

    pub(crate) fn kid(&self) -> &str {
        &self.kid
    }
}

/// A private RSA key as a JWK, for the one client that has registered a key.
pub(crate) fn private_rsa(rsa: &Rsa<Private>) -> Zeroizing<String> {
    let encode = |number: &BigNumRef| Zeroizing::new(URL_SAFE_NO_PAD.encode(Zeroizing::new(number.to_vec())));
    let optional = |number: Option<&BigNumRef>| number.map(encode).unwrap_or_default();
    Zeroizing::new(format!(
        concat!(
            "{{\n  \"kty\": \"RSA\",\n  \"use\": \"sig\",\n  \"alg\": \"RS256\",\n  \"kid\": \"{}\",\n",
            "  \"n\": \"{}\",\n  \"e\": \"{}\",\n  \"d\": \"{}\",\n  \"p\": \"{}\",\n  \"q\": \"{}\",\n",
            "  \"dp\": \"{}\",\n  \"dq\": \"{}\",\n  \"qi\": \"{}\"\n}}\n"
        ),
        thumbprint(rsa.n(), rsa.e()),
        *encode(rsa.n()),
        *encode(rsa.e()),
        *encode(rsa.d()),
        *optional(rsa.p()),
        *optional(rsa.q()),
        *optional(rsa.dmp1()),
        *optional(rsa.dmq1()),
        *optional(rsa.iqmp()),
    ))
}
