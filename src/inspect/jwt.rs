//! Parses a signed token: JWS compact serialization (RFC 7515 §7.1) with a claims set (RFC 7519 §7.2).
//!
//! As strict as RFC 8725 asks: a token that is unsigned, signed with a shared secret or has an unsupported critical header
//! parameter is never valid; duplicate members are not read. Keys in the header itself (`jwk`, `jku`, `x5u`) are never used.

use base64::{DecodeError, Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::{DateTime, Utc};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::{Map, Value};
use zeroize::Zeroizing;

use super::{InputFormat, InspectError, JwtPart, input_format, shown, time_claim::numeric_date};
use crate::{
    file,
    json::{self, JsonValue},
    keystore::{SignatureAlgorithm, VerificationKey},
};

/// The size limit of a token. Request headers are limited to 8 to 64 kilobytes.
pub const MAXIMUM_TOKEN_BYTES: usize = 256 * 1024;

/// A signed token whose signature has not been verified.
///
/// # Security
/// The token itself is not part of the `Debug` output, and only [`Jwt::authorization`] returns it. Its claims can be read.
pub struct Jwt {
    header: Map<String, Value>,
    claims: Map<String, Value>,
    algorithm: Result<SignatureAlgorithm, InspectError>,
    signed: SecretString,
    signature: Zeroizing<Vec<u8>>,
    input_formats: Vec<InputFormat>,
}

impl Jwt {
    /// Parses a token that can be verified.
    ///
    /// # Errors
    /// [`InspectError`] when the input is not exactly one signed token, or one that no key can verify.
    pub fn parse(bytes: &[u8]) -> Result<Self, InspectError> {
        let text = str::from_utf8(capped(bytes)?).map_err(|_| InspectError::NotUtf8)?;
        let jwt = Self::read(text.trim(), Vec::new())?;
        match jwt.algorithm {
            Ok(_) => Ok(jwt),
            Err(fault) => Err(fault),
        }
    }

    /// Finds a token in what is often copied with it, such as a header line, a response or a command.
    ///
    /// It may be one that no key can verify: see [`Jwt::fault`].
    ///
    /// # Errors
    /// [`InspectError`] when the input does not contain exactly one readable token.
    pub fn find(bytes: &[u8]) -> Result<Self, InspectError> {
        let text = file::decode_text(capped(bytes)?).ok_or(InspectError::NotUtf8)?;
        let (token, input_formats) = input_format::unwrap(&text)?;
        Self::read(token.expose_secret(), input_formats)
    }

    fn read(token: &str, input_formats: Vec<InputFormat>) -> Result<Self, InspectError> {
        let (header, claims, signature) = parts(token)?;
        let signed = SecretString::from(&token[..header.len() + 1 + claims.len()]);
        let of_parts = |error| if signature.is_some() { error } else { InspectError::Parts(2) };
        let header = object(JwtPart::Header, header).map_err(of_parts)?;
        let algorithm = algorithm(&header);
        if let Err(InspectError::Encrypted) = algorithm {
            return Err(InspectError::Encrypted);
        }
        // What the header tells about the claims explains why they cannot be read.
        let of_claims = |error| algorithm.as_ref().err().cloned().unwrap_or_else(|| of_parts(error));
        let claims = object(JwtPart::Claims, claims).map_err(of_claims)?;
        let decoded = signature.ok_or(InspectError::Parts(2)).and_then(|text| decode(JwtPart::Signature, text));
        let (algorithm, signature) = match (algorithm, decoded) {
            (Ok(algorithm), Ok(signature)) => (Ok(algorithm), signature),
            (Err(fault), _) | (_, Err(fault)) => (Err(fault), Zeroizing::default()),
        };
        Ok(Self { header, claims, algorithm, signed, signature, input_formats })
    }

    /// Returns the JOSE header, its members in their original order.
    #[must_use]
    pub fn header(&self) -> &Map<String, Value> {
        &self.header
    }

    /// Returns the claims in their original order.
    ///
    /// # Security
    /// Anyone may have written them until the signature has been verified. Some identify persons.
    #[must_use]
    pub fn claims(&self) -> &Map<String, Value> {
        &self.claims
    }

    /// Returns the signature algorithm that the header names; `None` when no key can verify the token.
    #[must_use]
    pub fn algorithm(&self) -> Option<SignatureAlgorithm> {
        self.algorithm.as_ref().ok().copied()
    }

    /// Returns the reason why no key can verify the token, such as `alg` with the value `none`.
    #[must_use]
    pub fn fault(&self) -> Option<&InspectError> {
        self.algorithm.as_ref().err()
    }

    /// Returns the signature algorithm, or the reason why no key can verify the token.
    pub(super) fn readable_algorithm(&self) -> Result<SignatureAlgorithm, &InspectError> {
        self.algorithm.as_ref().copied()
    }

    /// Returns the value of the header `Authorization` that sends this token.
    #[must_use]
    pub fn authorization(&self) -> SecretString {
        let signature = Zeroizing::new(URL_SAFE_NO_PAD.encode(&*self.signature));
        format!("Bearer {}.{}", self.signed.expose_secret(), *signature).into()
    }

    /// Returns the key id that the header names.
    #[must_use]
    pub fn key_id(&self) -> Option<&str> {
        self.header.get("kid").and_then(Value::as_str)
    }

    /// Returns the issuer that the claims name.
    #[must_use]
    pub fn issuer(&self) -> Option<&str> {
        self.text("iss")
    }

    /// Returns whether the signature is by the private half of this key.
    #[must_use]
    pub fn is_signed_by(&self, key: &VerificationKey) -> bool {
        let signed = self.signed.expose_secret().as_bytes();
        self.algorithm().is_some_and(|algorithm| key.verify(algorithm, signed, &self.signature))
    }

    /// Returns what surrounded the token in the input.
    #[must_use]
    pub fn input_formats(&self) -> &[InputFormat] {
        &self.input_formats
    }

    /// Returns the seconds from `iat` to `exp`.
    pub(crate) fn lifetime(&self) -> Option<i64> {
        Some((self.time("exp")? - self.time("iat")?).num_seconds())
    }

    /// Returns a claim that is a time.
    pub(crate) fn time(&self, claim: &str) -> Option<DateTime<Utc>> {
        numeric_date(self.claims.get(claim)?)
    }

    /// Returns a claim that is a string.
    pub(crate) fn text(&self, claim: &str) -> Option<&str> {
        self.claims.get(claim).and_then(Value::as_str)
    }

    pub(crate) fn has(&self, claim: &str) -> bool {
        self.claims.contains_key(claim)
    }
}

impl std::fmt::Debug for Jwt {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Jwt").field("algorithm", &self.algorithm).finish_non_exhaustive()
    }
}

fn capped(bytes: &[u8]) -> Result<&[u8], InspectError> {
    if bytes.len() > MAXIMUM_TOKEN_BYTES { Err(InspectError::TooLarge(MAXIMUM_TOKEN_BYTES)) } else { Ok(bytes) }
}

/// Splits a token into its header, its claims and its signature, which may have been cut off.
fn parts(token: &str) -> Result<(&str, &str, Option<&str>), InspectError> {
    if token.is_empty() {
        return Err(InspectError::Empty);
    }
    if token.contains(char::is_whitespace) {
        return Err(InspectError::Whitespace);
    }
    let mut parts = token.split('.');
    match (parts.next(), parts.next(), parts.next(), parts.next()) {
        (Some(header), Some(claims), signature, None) => Ok((header, claims, signature)),
        (_, None, ..) => Err(InspectError::Opaque),
        // RFC 7516 §3.1: header, key, initialization vector, ciphertext, tag.
        (_, _, _, Some(_)) if parts.clone().count() == 1 => Err(InspectError::Encrypted),
        _ => Err(InspectError::Parts(4 + parts.count())),
    }
}

fn object(part: JwtPart, text: &str) -> Result<Map<String, Value>, InspectError> {
    match json::parse(&decode(part, text)?).map_err(|error| InspectError::Json { part, error })? {
        JsonValue::Object(object) => {
            object.into_map().map_err(|member| InspectError::Duplicate { part, member: shown(&member) })
        }
        _ => Err(InspectError::NotObject(part)),
    }
}

/// Decodes base64url (RFC 7515 §2) strictly: two texts never decode to the same bytes, so a token has one spelling.
fn decode(part: JwtPart, text: &str) -> Result<Zeroizing<Vec<u8>>, InspectError> {
    let fault = |fault| InspectError::Base64Url { part, fault };
    URL_SAFE_NO_PAD.decode(text).map(Zeroizing::new).map_err(|error| match error {
        _ if text.contains(['+', '/']) => fault("it uses `+` or `/`, as in standard base64"),
        _ if text.ends_with('=') => fault("it is padded with `=`"),
        DecodeError::InvalidLastSymbol(..) => fault("it has non-zero trailing bits"),
        DecodeError::InvalidLength(_) | DecodeError::InvalidPadding => fault("it is truncated"),
        DecodeError::InvalidByte(..) => fault("it contains other characters"),
    })
}

/// Reads the algorithm, and rejects headers of tokens that must not be accepted.
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
    // `parse` also accepts lower case; in a header the name is case-sensitive (RFC 7515 §4.1.1).
    let known = SignatureAlgorithm::parse(name).filter(|known| known.name() == name);
    let algorithm = known.ok_or_else(|| InspectError::Algorithm(shown(name)))?;
    if header.get("kid").is_some_and(|kid| !kid.is_string()) {
        return Err(InspectError::KeyId);
    }
    let nested = header.get("cty").and_then(Value::as_str).is_some_and(|cty| cty.eq_ignore_ascii_case("JWT"));
    if nested { Err(InspectError::Nested) } else { Ok(algorithm) }
}
