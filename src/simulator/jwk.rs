//! JSON Web Keys (RFC 7517, RFC 7518 §6, RFC 8037), parsed and written without a JOSE library.

use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use chrono::{DateTime, TimeDelta, Utc};
use openssl::{
    bn::{BigNum, BigNumRef},
    ec::{EcGroup, EcKey},
    error::ErrorStack,
    nid::Nid,
    pkey::{Id, PKey, Private, Public},
    rsa::Rsa,
    x509::X509,
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use zeroize::Zeroizing;

use super::numeric_date;

/// Maximum modulus in bits, since the time of a verification grows with it.
const MAXIMUM_RSA_BITS: usize = 8192;

/// A registered public key.
#[derive(Debug, Clone, Deserialize)]
#[serde(try_from = "RawJwk")]
pub(crate) struct RegisteredJwk {
    pub(crate) kid: String,
    pub(crate) key: PKey<Public>,
    expires_at: Option<DateTime<Utc>>,
    raw: RawJwk,
}

/// The members in `clients.json`. Private members are unknown fields, so the error names them without their value.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawJwk {
    kid: String,
    kty: String,
    #[serde(rename = "use")]
    usage: Option<String>,
    alg: Option<String>,
    e: Option<String>,
    n: Option<String>,
    crv: Option<String>,
    x: Option<String>,
    y: Option<String>,
    /// The certificate of the key, to which the client is then bound.
    x5c: Option<Vec<String>>,
    exp: Option<Value>,
    #[serde(skip_serializing)]
    registered: Option<DateTime<Utc>>,
}

impl RegisteredJwk {
    /// Whether the key has expired: at its `exp`, or a year after it was registered.
    ///
    /// One year: <https://docs.digdir.no/docs/idporten/oidc/oidc_api_admin>.
    pub(crate) fn is_expired(&self, now: DateTime<Utc>) -> bool {
        self.expires_at.is_some_and(|expires_at| expires_at <= now)
    }

    /// Returns the public members and the expiry, as the self-service API has them.
    pub(crate) fn members(&self) -> Map<String, Value> {
        let mut members = match serde_json::to_value(&self.raw) {
            Ok(Value::Object(members)) => members,
            Ok(_) | Err(_) => Map::new(),
        };
        members.retain(|_, value| !value.is_null());
        if let Some(expires_at) = self.expires_at {
            members.insert("exp".to_owned(), expires_at.timestamp().into());
        }
        members
    }
}

impl TryFrom<RawJwk> for RegisteredJwk {
    type Error = String;

    fn try_from(raw: RawJwk) -> Result<Self, String> {
        if raw.kid.is_empty() || raw.kid.len() > 255 {
            return Err("`kid` must have 1 to 255 characters".to_owned());
        }
        if raw.usage.as_deref().is_some_and(|usage| usage != "sig") {
            return Err(format!("the `use` of the key `{}` must be `sig`", raw.kid));
        }
        let key = public_key(&raw).ok_or_else(|| format!("the key `{}` is not a valid public key", raw.kid))?;
        let time =
            |value: &Value| numeric_date::seconds(value).and_then(|seconds| DateTime::from_timestamp(seconds, 0));
        let exp = raw.exp.as_ref().map(|value| time(value).ok_or("`exp` must be seconds since 1970"));
        let year_after = |registered: DateTime<Utc>| {
            registered.checked_add_signed(TimeDelta::days(365)).ok_or("`registered` is too late a date")
        };
        let expiry = [exp.transpose()?, raw.registered.map(year_after).transpose()?];
        Ok(Self { kid: raw.kid.clone(), key, expires_at: expiry.into_iter().flatten().min(), raw })
    }
}

fn public_key(raw: &RawJwk) -> Option<PKey<Public>> {
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
    // 8192 bits in base64url, rounded up.
    (text.len() <= 1400).then(|| URL_SAFE_NO_PAD.decode(text).ok()).flatten()
}

fn number(text: &str) -> Option<BigNum> {
    BigNum::from_slice(&bytes(text)?).ok()
}

/// Encodes a number as base64url.
pub(crate) fn encode(number: &BigNumRef) -> String {
    URL_SAFE_NO_PAD.encode(number.to_vec())
}

/// Returns the thumbprint of an RSA key (RFC 7638): the SHA-256 of its required members in this order.
pub(crate) fn thumbprint(n: &BigNumRef, e: &BigNumRef) -> String {
    let canonical = format!(r#"{{"e":"{}","kty":"RSA","n":"{}"}}"#, encode(e), encode(n));
    URL_SAFE_NO_PAD.encode(openssl::sha::sha256(canonical.as_bytes()))
}

/// The public RSA key in `/jwk`.
#[derive(Serialize)]
pub(crate) struct PublicRsaJwk {
    kty: &'static str,
    e: String,
    #[serde(rename = "use")]
    usage: &'static str,
    kid: String,
    /// Maskinporten's has its chain.
    x5c: [String; 1],
    alg: &'static str,
    n: String,
}

impl PublicRsaJwk {
    pub(crate) fn new(key: &PKey<Private>, certificate: &X509) -> Result<Self, ErrorStack> {
        let rsa = key.rsa()?;
        let (e, n, kid) = (encode(rsa.e()), encode(rsa.n()), thumbprint(rsa.n(), rsa.e()));
        let x5c = [STANDARD.encode(certificate.to_der()?)];
        Ok(Self { kty: "RSA", e, usage: "sig", kid, x5c, alg: "RS256", n })
    }

    pub(crate) fn kid(&self) -> &str {
        &self.kid
    }
}

/// Writes a private RSA key as a JWK; `None` when it lacks its primes or exponents (RFC 7518 §6.3.2).
pub(crate) fn private_rsa(rsa: &Rsa<Private>) -> Option<Zeroizing<String>> {
    let members = [
        ("n", Some(rsa.n())),
        ("e", Some(rsa.e())),
        ("d", Some(rsa.d())),
        ("p", rsa.p()),
        ("q", rsa.q()),
        ("dp", rsa.dmp1()),
        ("dq", rsa.dmq1()),
        ("qi", rsa.iqmp()),
    ];
    // With room for everything, so that no copy of a part remains after a reallocation.
    let mut text = Zeroizing::new(String::with_capacity(16 * 1024));
    text.push_str("{\n  \"kty\": \"RSA\",\n  \"use\": \"sig\",\n  \"alg\": \"RS256\",\n  \"kid\": \"");
    text.push_str(&thumbprint(rsa.n(), rsa.e()));
    for (name, number) in members {
        let encoded = Zeroizing::new(URL_SAFE_NO_PAD.encode(Zeroizing::new(number?.to_vec())));
        text.extend(["\",\n  \"", name, "\": \"", &encoded]);
    }
    text.push_str("\"\n}\n");
    Some(text)
}

/// Parses the key in the header of a proof (RFC 9449 §4.2), and returns it with its thumbprint (RFC 7638).
///
/// `None` when it has a private member or is not a public key.
pub(crate) fn of_proof(jwk: &Value) -> Option<(PKey<Public>, String)> {
    const PRIVATE: [&str; 8] = ["d", "p", "q", "dp", "dq", "qi", "oth", "k"];
    let members = jwk.as_object().filter(|members| !PRIVATE.iter().any(|name| members.contains_key(*name)))?;
    let text = |name: &str| members.get(name).and_then(Value::as_str).map(str::to_owned);
    let raw = RawJwk {
        kty: text("kty")?,
        kid: String::new(),
        usage: None,
        alg: None,
        x5c: None,
        n: text("n"),
        e: text("e"),
        crv: text("crv"),
        x: text("x"),
        y: text("y"),
        exp: None,
        registered: None,
    };
    let required: &[&str] = match raw.kty.as_str() {
        "EC" => &["crv", "kty", "x", "y"],
        "OKP" => &["crv", "kty", "x"],
        _ => &["e", "kty", "n"],
    };
    // None of the values needs an escape: a key with another character is not valid.
    let pairs: Option<Vec<String>> =
        required.iter().map(|name| Some(format!("\"{name}\":\"{}\"", text(name)?))).collect();
    let canonical = format!("{{{}}}", pairs?.join(","));
    Some((public_key(&raw)?, URL_SAFE_NO_PAD.encode(openssl::sha::sha256(canonical.as_bytes()))))
}
