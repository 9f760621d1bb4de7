//! The signed JWT of a token request: its three parts, its header and its signature (RFC 7515).
//!
//! It is parsed and verified without a JOSE library.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use openssl::pkey::{PKey, Public};
use serde_json::{Map, Value};

use super::{
    claims, json,
    refusal::{GrantRefusal, sanitize},
};
use crate::simulator::algorithm::Algorithm;

/// Maximum length of an assertion; one with a whole certificate chain has about 6 kB.
const MAXIMUM_BYTES: usize = 48 * 1024;

/// A parsed JWT that has not been verified.
pub(crate) struct ReceivedJwt {
    pub(crate) header: Map<String, Value>,
    pub(crate) claims: Map<String, Value>,
    signed: String,
    signature: Vec<u8>,
}

impl ReceivedJwt {
    /// Parses the compact serialization (RFC 7515 §7.1).
    pub(crate) fn parse(assertion: &str) -> Result<Self, GrantRefusal> {
        if assertion.len() > MAXIMUM_BYTES {
            return Err(GrantRefusal::Parameter("the assertion is too long"));
        }
        let mut parts = assertion.split('.');
        let (Some(header), Some(claims), Some(signature), None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(GrantRefusal::Parameter("the assertion does not have three parts"));
        };
        // The decoder accepts only the URL-safe alphabet, without padding, white space or non-zero trailing bits.
        let decode = |part: &str| {
            let decoded = URL_SAFE_NO_PAD.decode(part);
            decoded.map_err(|_| GrantRefusal::Parameter("a part of the assertion is not base64url"))
        };
        let object = |part: &str, problem| json::object(&decode(part)?).ok_or(GrantRefusal::Parameter(problem));
        let [mut header_members, mut claim_members] = [
            object(header, "the header is not a JSON object without repeated members")?,
            object(claims, "the claims are not a JSON object without repeated members")?,
        ];
        // Many serializers write `null` for an optional member that is absent.
        header_members.retain(|name, value| !value.is_null() || !["kid", "x5c", "typ"].contains(&name.as_str()));
        claim_members.retain(|name, value| !value.is_null() || !claims::is_documented(name));
        Ok(Self {
            header: header_members,
            claims: claim_members,
            signature: decode(signature)?,
            signed: format!("{header}.{claims}"),
        })
    }

    /// Returns the algorithm in `alg`, and rejects headers with unsupported parameters.
    pub(crate) fn algorithm(&self, allowed: &[String]) -> Result<Algorithm, GrantRefusal> {
        // RFC 7515 §4.1.11: extensions named in `crit` must be understood, and none is.
        if self.header.contains_key("crit") {
            return Err(GrantRefusal::Parameter("the header has crit"));
        }
        let typ = self.header.get("typ").map(Value::as_str);
        if !matches!(typ, None | Some(Some("JWT"))) {
            return Err(GrantRefusal::Parameter("the header's typ is not JWT"));
        }
        let name = self.header.get("alg").and_then(Value::as_str).unwrap_or_default();
        let refusal = || GrantRefusal::Algorithm(sanitize(name));
        if !matches!(name, "RS256" | "RS384" | "RS512") && !allowed.iter().any(|other| other == name) {
            return Err(refusal());
        }
        Algorithm::parse(name).ok_or_else(refusal)
    }

    /// Verifies the signature with a key.
    pub(crate) fn verify(&self, algorithm: Algorithm, key: &PKey<Public>) -> Result<(), GrantRefusal> {
        match algorithm.verify(key, self.signed.as_bytes(), &self.signature) {
            Some(true) => Ok(()),
            Some(false) | None => Err(GrantRefusal::Signature),
        }
    }

    /// Returns the SHA-256 of header and claims, which identifies an assertion without `jti`.
    pub(crate) fn digest(&self) -> [u8; 32] {
        openssl::sha::sha256(self.signed.as_bytes())
    }
}
