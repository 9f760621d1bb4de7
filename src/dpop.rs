//! Demonstrates possession of a key with each request (`DPoP`, RFC 9449): a token bound to the key is of no use without it.
//!
//! [`DpopKey::proof`] makes the value of the header `DPoP` for one request. Which tokens are bound is up to the server:
//! ID-porten and Ansattporten bind them, Maskinporten does not
//! (<https://docs.digdir.no/docs/idporten/oidc/oidc_func_dpop>).

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use ring::digest::{SHA256, digest};
use secrecy::{ExposeSecret as _, SecretString};
use serde::Serialize;
use serde_json::{Map, Value};
use url::Url;
use uuid::Uuid;

use crate::{
    clock::Clock,
    explain::Explain,
    keystore::{JwkFile, KeystoreError, NewKey, NewKeyError, NewKeyKind, SignatureAlgorithm, SigningError, SigningKey},
};

/// The header that a proof is sent in.
pub const DPOP: &str = "DPoP";

/// The algorithm of every proof: RFC 9449 leaves the choice open, and every server that supports `DPoP` has this one.
const ALGORITHM: SignatureAlgorithm = SignatureAlgorithm::Es256;

/// The members of an EC key's public JWK (RFC 7638 §3.2). A proof has no others, since the server needs none.
const KEY_MEMBERS: [&str; 4] = ["kty", "crv", "x", "y"];

/// A private key that access tokens are bound to. Clones share it.
#[derive(Debug, Clone)]
pub struct DpopKey {
    key: SigningKey,
    jwk: SecretString,
}

/// The request that a proof is for.
#[derive(Debug, Clone, Copy)]
pub struct ProvenRequest<'request> {
    /// The method.
    pub method: &'request str,
    /// The URL; its query and fragment are not a part of the proof.
    pub url: &'request Url,
    /// The access token in the request, if there is one.
    pub access_token: Option<&'request str>,
    /// The server's latest nonce, if it has sent one (RFC 9449 §8).
    pub nonce: Option<&'request str>,
}

/// Why there is no proof, or why a token is not bound to the key.
#[derive(Debug, thiserror::Error)]
pub enum DpopError {
    /// No key was generated.
    #[error("could not generate the DPoP key")]
    NewKey(#[source] NewKeyError),
    /// The stored key cannot be used.
    #[error("the stored DPoP key cannot be used")]
    StoredKey(#[source] KeystoreError),
    /// The stored key is not on the curve of the proofs' algorithm.
    #[error("the stored DPoP key is of the kind {0}; proofs are signed with EC on P-256")]
    KeyKind(String),
    /// The signature failed.
    #[error("could not sign the DPoP proof")]
    Signing(#[source] SigningError),
    /// The token has no `cnf.jkt`, so that anyone who has it can use it.
    #[error("the access token is not bound to the DPoP key: it has no `cnf.jkt` (RFC 9449 §6.1)")]
    Unbound,
    /// The token's `cnf.jkt` is the thumbprint of another key.
    #[error("the access token is bound to another key than the DPoP key of the request (`cnf.jkt`, RFC 9449 §6.1)")]
    OtherKey,
}

impl Explain for DpopError {
    fn code(&self) -> &'static str {
        match self {
            Self::NewKey(error) => error.code(),
            Self::StoredKey(_) | Self::KeyKind(_) => "dpop_key",
            Self::Signing(_) => "dpop_proof",
            Self::Unbound | Self::OtherKey => "dpop_binding",
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::NewKey(error) => error.hint(),
            Self::StoredKey(_) | Self::KeyKind(_) | Self::Signing(_) => Some("log in again".to_owned()),
            Self::Unbound => Some("the server does not support DPoP for this client: leave --dpop out".to_owned()),
            Self::OtherKey => {
                Some("do not use the token: log in again, and report it to the operator of the server".to_owned())
            }
        }
    }
}

/// The header of a proof (RFC 9449 §4.2).
#[derive(Serialize)]
struct ProofHeader {
    typ: &'static str,
    alg: &'static str,
    jwk: Map<String, Value>,
}

/// The claims of a proof (RFC 9449 §4.2).
#[derive(Serialize)]
struct ProofClaims<'request> {
    jti: String,
    htm: &'request str,
    htu: &'request str,
    iat: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    ath: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    nonce: Option<&'request str>,
}

impl DpopKey {
    /// Generates a key.
    ///
    /// # Errors
    /// [`DpopError::NewKey`] if OpenSSL fails.
    pub fn generate() -> Result<Self, DpopError> {
        let key = NewKey::generate(NewKeyKind::P256, None).map_err(DpopError::NewKey)?;
        Ok(Self { key: key.signing_key().clone(), jwk: key.private_jwk().clone() })
    }

    /// Restores a key from its private JWK.
    ///
    /// # Errors
    /// [`DpopError::StoredKey`] or [`DpopError::KeyKind`] if it is not a key that can sign proofs.
    pub fn from_private_jwk(jwk: SecretString) -> Result<Self, DpopError> {
        let file = JwkFile::parse("DPoP key", jwk.expose_secret()).map_err(DpopError::StoredKey)?;
        let key = file.choose(None).map_err(DpopError::StoredKey)?;
        if key.can_sign_with(ALGORITHM) { Ok(Self { key, jwk }) } else { Err(DpopError::KeyKind(key.kind())) }
    }

    /// Returns the private JWK, for a store of secrets.
    #[must_use]
    pub fn private_jwk(&self) -> &SecretString {
        &self.jwk
    }

    /// Returns the thumbprint that tokens are bound to (`jkt`, RFC 9449 §6.1).
    #[must_use]
    pub fn thumbprint(&self) -> String {
        self.key.thumbprint()
    }

    /// Makes a proof for one request; it must not be sent twice.
    ///
    /// # Errors
    /// [`DpopError::Signing`] if the signature fails.
    pub fn proof(&self, request: ProvenRequest<'_>, clock: &dyn Clock) -> Result<SecretString, DpopError> {
        let mut htu = request.url.clone();
        htu.set_query(None);
        htu.set_fragment(None);
        let claims = ProofClaims {
            jti: Uuid::new_v4().to_string(),
            htm: request.method,
            htu: htu.as_str(),
            iat: clock.now().timestamp(),
            ath: request.access_token.map(access_token_hash),
            nonce: request.nonce,
        };
        let header = ProofHeader { typ: "dpop+jwt", alg: ALGORITHM.name(), jwk: self.public_members() };
        let mut jwt = format!("{}.{}", encoded(&header), encoded(&claims));
        let signature = self.key.sign(ALGORITHM, jwt.as_bytes()).map_err(DpopError::Signing)?;
        jwt.push('.');
        URL_SAFE_NO_PAD.encode_string(signature, &mut jwt);
        Ok(jwt.into())
    }

    /// Checks that an access token is bound to this key. A token that is not a JWT does not show what it is bound to.
    ///
    /// # Errors
    /// [`DpopError::Unbound`] or [`DpopError::OtherKey`].
    pub fn check_binding(&self, access_token: &str) -> Result<(), DpopError> {
        let Some(claims) = claims(access_token) else { return Ok(()) };
        match claims.get("cnf").and_then(|cnf| cnf.get("jkt")).and_then(Value::as_str) {
            None => Err(DpopError::Unbound),
            Some(bound) if bound == self.thumbprint() => Ok(()),
            Some(_) => Err(DpopError::OtherKey),
        }
    }

    fn public_members(&self) -> Map<String, Value> {
        let Value::Object(mut jwk) = self.key.public_jwk("", ALGORITHM) else { return Map::new() };
        jwk.retain(|name, _| KEY_MEMBERS.contains(&name.as_str()));
        jwk
    }
}

/// Returns the hash by which a proof names the token (`ath`).
fn access_token_hash(access_token: &str) -> String {
    URL_SAFE_NO_PAD.encode(digest(&SHA256, access_token.as_bytes()))
}

#[expect(clippy::expect_used, reason = "texts and numbers can be written as JSON")]
fn encoded(part: &impl Serialize) -> String {
    let json = serde_json::to_vec(part).expect("texts and numbers can be written as JSON");
    URL_SAFE_NO_PAD.encode(json)
}

/// Returns the claims of a JWT; `None` if the token is not one.
fn claims(token: &str) -> Option<Value> {
    let [_, payload, _] = token.split('.').collect::<Vec<_>>()[..] else { return None };
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;

    use super::*;
    use crate::{clock::FixedClock, keystore::KeySet};

    /// The proof of RFC 9449 §4.1; §6.1 has the thumbprint of its key.
    const PROOF: &str = "eyJ0eXAiOiJkcG9wK2p3dCIsImFsZyI6IkVTMjU2IiwiandrIjp7Imt0eSI6IkVDIiwieCI6Imw4dEZyaHgtMzR0VjNoUklDUk\
                         RZOXpDa0RscEJoRjQyVVFVZldWQVdCRnMiLCJ5IjoiOVZFNGpmX09rX282NHpiVFRsY3VOSmFqSG10NnY5VERWclUwQ2R2R1JE\
                         QSIsImNydiI6IlAtMjU2In19.eyJqdGkiOiItQndDM0VTYzZhY2MybFRjIiwiaHRtIjoiUE9TVCIsImh0dSI6Imh0dHBzOi8vc\
                         2VydmVyLmV4YW1wbGUuY29tL3Rva2VuIiwiaWF0IjoxNTYyMjYyNjE2fQ.2-GxA6T8lP4vfrg8v-FdWP0A0zdrj8igiMLvqRMU\
                         vwnQg4PtFLbdLXiOSsX0x7NVY-FNyJK70nfbV37xRZT3Lg";

    fn part(jwt: &str, at: usize) -> Value {
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(jwt.split('.').nth(at).unwrap()).unwrap()).unwrap()
    }

    fn is_signed_by(jwt: &str, jwk: &Value) -> bool {
        let (message, signature) = jwt.rsplit_once('.').unwrap();
        let keys = KeySet::parse(jwk.to_string().as_bytes()).unwrap();
        let key = keys.find(None, ALGORITHM).next().unwrap();
        key.verify(ALGORITHM, message.as_bytes(), &URL_SAFE_NO_PAD.decode(signature).unwrap())
    }

    fn at(seconds: i64) -> FixedClock {
        FixedClock(DateTime::from_timestamp(seconds, 0).unwrap())
    }

    #[test]
    fn a_proof_has_the_members_of_the_example_in_rfc_9449_and_is_signed_by_the_key_in_it() {
        let example = (part(PROOF, 0), part(PROOF, 1));
        assert!(is_signed_by(PROOF, &example.0["jwk"]));
        let key = DpopKey::generate().unwrap();
        let url = Url::parse("https://server.example.com/token?query#fragment").unwrap();

        let request = ProvenRequest { method: "POST", url: &url, access_token: None, nonce: None };
        let proof = key.proof(request, &at(1_562_262_616)).unwrap();

        let names = |value: &Value| {
            let mut names: Vec<String> = value.as_object().unwrap().keys().cloned().collect();
            names.sort();
            names
        };
        let (header, mut claims) = (part(proof.expose_secret(), 0), part(proof.expose_secret(), 1));
        assert!(is_signed_by(proof.expose_secret(), &header["jwk"]));
        assert_eq!(names(&header), names(&example.0));
        assert_eq!(names(&header["jwk"]), names(&example.0["jwk"]));
        assert_eq!((&header["typ"], &header["alg"]), (&example.0["typ"], &example.0["alg"]));
        claims["jti"] = example.1["jti"].clone();
        assert_eq!(claims, example.1);
    }

    #[test]
    fn the_hash_of_a_token_and_the_thumbprint_of_a_key_are_those_of_rfc_9449() {
        let token = "Kz~8mXK1EalYznwH-LC-1fBAo.4Ljp~zsPE_NeO.gxU";
        assert_eq!(access_token_hash(token), "fUHyO2r2Z3DZ53EsNrWBb0xWXoaNy59IiKCAqksmQEo");
        let keys = KeySet::parse(part(PROOF, 0)["jwk"].to_string().as_bytes()).unwrap();
        let thumbprint = keys.find(None, ALGORITHM).next().unwrap().thumbprint();
        assert_eq!(thumbprint, "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I");
    }

    #[test]
    fn a_proof_names_the_token_and_the_nonce_and_no_two_are_alike() {
        let key = DpopKey::generate().unwrap();
        let url = Url::parse("HTTPS://API.example.no:443/a/../b").unwrap();
        let request = ProvenRequest { method: "GET", url: &url, access_token: Some("a.b.c"), nonce: Some("n-1") };

        let proofs = [(); 2].map(|()| key.proof(request, &at(7)).unwrap());

        let claims = proofs.map(|proof| part(proof.expose_secret(), 1));
        assert_eq!(claims[0]["ath"], access_token_hash("a.b.c"));
        assert_eq!((&claims[0]["nonce"], &claims[0]["htu"]), (&"n-1".into(), &"https://api.example.no/b".into()));
        assert_ne!(claims[0]["jti"], claims[1]["jti"]);
    }

    #[test]
    fn a_key_restored_from_its_jwk_is_the_same_and_another_kind_of_key_is_refused() {
        let key = DpopKey::generate().unwrap();

        let again = DpopKey::from_private_jwk(key.private_jwk().clone()).unwrap();

        assert_eq!(again.thumbprint(), key.thumbprint());
        let other = NewKey::generate(NewKeyKind::Ed25519, None).unwrap();
        let refused = DpopKey::from_private_jwk(other.private_jwk().clone()).unwrap_err();
        assert!(matches!(refused, DpopError::KeyKind(kind) if kind == "Ed25519"));
        assert!(matches!(DpopKey::from_private_jwk("{".into()), Err(DpopError::StoredKey(_))));
    }

    #[test]
    fn a_token_that_is_bound_to_another_key_or_to_none_is_refused() {
        let key = DpopKey::generate().unwrap();
        let token = |claims: &str| format!("e30.{}.c2ln", URL_SAFE_NO_PAD.encode(claims));
        let own = token(&format!(r#"{{"cnf":{{"jkt":"{}"}}}}"#, key.thumbprint()));

        assert!(key.check_binding(&own).is_ok());
        // RFC 9449 §6.1's example.
        let other = token(r#"{"cnf":{"jkt":"0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I"}}"#);
        assert!(matches!(key.check_binding(&other), Err(DpopError::OtherKey)));
        for unbound in [r#"{"iss":"x"}"#, r#"{"cnf":{"x5t#S256":"x"}}"#, r#"{"cnf":{"jkt":1}}"#, r#"{"cnf":[]}"#] {
            assert!(matches!(key.check_binding(&token(unbound)), Err(DpopError::Unbound)), "{unbound}");
        }
        assert!(key.check_binding("opaque").is_ok());
    }

    #[test]
    fn debug_output_does_not_show_the_private_key() {
        let key = DpopKey::generate().unwrap();
        let private: Value = serde_json::from_str(key.private_jwk().expose_secret()).unwrap();
        assert!(!format!("{key:?}").contains(private["d"].as_str().unwrap()));
    }
}
