//! A signed token taken apart: JWS compact serialization (RFC 7515 §7.1) with claims (RFC 7519 §7.2).
//!
//! As strict as RFC 8725 asks: what is not signed, is signed with a shared secret, demands what is not understood or
//! says a thing twice is no token here. The keys that a header offers of itself (`jwk`, `jku`, `x5u`) are never used.

use base64::{DecodeError, Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::{Map, Value};
use zeroize::Zeroizing;

use super::{InputFormat, InspectError, Part, envelope, json, shown};
use crate::keystore::{SignatureAlgorithm, VerificationKey};

/// Larger than any token: a request header has 8 to 64 kilobytes.
pub const MAXIMUM_TOKEN_BYTES: usize = 256 * 1024;

/// A signed token whose signature has not been looked at.
///
/// # Security
/// The token itself does not show in `{:?}` and cannot be had back; its claims can.
pub struct Jwt {
    header: Map<String, Value>,
    claims: Map<String, Value>,
    algorithm: SignatureAlgorithm,
    signed: SecretString,
    signature: Zeroizing<Vec<u8>>,
    wrappings: Vec<InputFormat>,
}

impl Jwt {
    /// Reads a token, with white space, a header line, quotes or a token endpoint's answer round it.
    ///
    /// # Errors
    /// [`InspectError`]: everything that is not one signed token, each kind by its name.
    pub fn parse(bytes: &[u8]) -> Result<Self, InspectError> {
        if bytes.len() > MAXIMUM_TOKEN_BYTES {
            return Err(InspectError::TooLarge(MAXIMUM_TOKEN_BYTES));
        }
        let text = std::str::from_utf8(bytes).map_err(|_| InspectError::NotUtf8)?;
        let (token, wrappings) = envelope::unwrap(text)?;
        let [header, claims, signature] = parts(token.expose_secret())?;
        let signed = &token.expose_secret()[..header.len() + 1 + claims.len()];
        let header = object(Part::Header, header)?;
        let algorithm = algorithm(&header)?;
        let claims = object(Part::Claims, claims)?;
        let signature = decode(Part::Signature, signature)?;
        Ok(Self { signed: SecretString::from(signed), header, claims, algorithm, signature, wrappings })
    }

    /// The JOSE header, its members in their order.
    #[must_use]
    pub fn header(&self) -> &Map<String, Value> {
        &self.header
    }

    /// The claims in their order.
    ///
    /// # Security
    /// Nobody vouches for them before the signature has been verified, and some are about persons.
    #[must_use]
    pub fn claims(&self) -> &Map<String, Value> {
        &self.claims
    }

    /// How it says that it is signed.
    #[must_use]
    pub fn algorithm(&self) -> SignatureAlgorithm {
        self.algorithm
    }

    /// The id of the key that it says it is signed with.
    #[must_use]
    pub fn key_id(&self) -> Option<&str> {
        self.header.get("kid").and_then(Value::as_str)
    }

    /// The issuer that it names.
    #[must_use]
    pub fn issuer(&self) -> Option<&str> {
        self.text("iss")
    }

    /// Whether the private half of this key signed it.
    #[must_use]
    pub fn is_signed_by(&self, key: &VerificationKey) -> bool {
        key.verify(self.algorithm, self.signed.expose_secret().as_bytes(), &self.signature)
    }

    /// What it was wrapped in.
    #[must_use]
    pub fn wrappings(&self) -> &[InputFormat] {
        &self.wrappings
    }

    /// A claim that is a text.
    pub(super) fn text(&self, claim: &str) -> Option<&str> {
        self.claims.get(claim).and_then(Value::as_str)
    }

    pub(super) fn has(&self, claim: &str) -> bool {
        self.claims.contains_key(claim)
    }
}

impl std::fmt::Debug for Jwt {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Jwt").field("algorithm", &self.algorithm).finish_non_exhaustive()
    }
}

fn parts(token: &str) -> Result<[&str; 3], InspectError> {
    if token.is_empty() {
        return Err(InspectError::Empty);
    }
    if token.contains(char::is_whitespace) {
        return Err(InspectError::Blanks);
    }
    let mut parts = token.split('.');
    match (parts.next(), parts.next(), parts.next(), parts.next()) {
        (Some(header), Some(claims), Some(signature), None) => Ok([header, claims, signature]),
        (_, None, ..) => Err(InspectError::Opaque),
        // RFC 7516 §3.1: header, key, initialization vector, ciphertext, tag.
        (_, _, _, Some(_)) if parts.clone().count() == 1 => Err(InspectError::Encrypted),
        (_, _, None, _) => Err(InspectError::Parts(2)),
        _ => Err(InspectError::Parts(4 + parts.count())),
    }
}

fn object(part: Part, text: &str) -> Result<Map<String, Value>, InspectError> {
    json::object(&decode(part, text)?).map_err(|fault| InspectError::Json { part, fault })
}

/// Base64url as RFC 7515 §2 has it; every text stands for other octets, so that a token has one spelling.
fn decode(part: Part, text: &str) -> Result<Zeroizing<Vec<u8>>, InspectError> {
    let fault = |fault| InspectError::Base64Url { part, fault };
    URL_SAFE_NO_PAD.decode(text).map(Zeroizing::new).map_err(|error| match error {
        _ if text.contains(['+', '/']) => fault("it uses `+` or `/`, which belong to plain base64"),
        _ if text.ends_with('=') => fault("it is padded with `=`"),
        DecodeError::InvalidLastSymbol(..) => fault("its last sign has bits that belong to no octet"),
        DecodeError::InvalidLength(_) | DecodeError::InvalidPadding => fault("it is cut short"),
        DecodeError::InvalidByte(..) => fault("there are other signs in it"),
    })
}

/// How it is signed, and whether the rest of the header lets it be read at all.
fn algorithm(header: &Map<String, Value>) -> Result<SignatureAlgorithm, InspectError> {
    if header.get("b64").is_some_and(|encoded| *encoded != Value::Bool(true)) {
        return Err(InspectError::Unencoded);
    }
    if let Some(critical) = header.get("crit") {
        let names = critical.as_array().into_iter().flatten().filter_map(Value::as_str);
        return Err(InspectError::Critical(shown(&names.collect::<Vec<_>>().join(", "))));
    }
    let name = header.get("alg").and_then(Value::as_str).ok_or(InspectError::NoAlgorithm)?;
    if name.eq_ignore_ascii_case("none") {
        return Err(InspectError::Unsecured);
    }
    if header.contains_key("enc") {
        return Err(InspectError::Encrypted);
    }
    if name.get(..2).is_some_and(|start| start.eq_ignore_ascii_case("HS")) {
        return Err(InspectError::Hmac(shown(name)));
    }
    // People may write an algorithm in lower case; a header may not (RFC 7515 §4.1.1).
    let known = SignatureAlgorithm::parse(name).filter(|known| known.name() == name);
    let algorithm = known.ok_or_else(|| InspectError::Algorithm(shown(name)))?;
    if header.get("kid").is_some_and(|kid| !kid.is_string()) {
        return Err(InspectError::KeyId);
    }
    let nested = header.get("cty").and_then(Value::as_str).is_some_and(|cty| cty.eq_ignore_ascii_case("JWT"));
    if nested { Err(InspectError::Nested) } else { Ok(algorithm) }
}
