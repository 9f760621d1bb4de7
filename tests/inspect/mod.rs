//! `inspect`: what it reports, rejects and verifies. Tokens are signed here with OpenSSL only.

mod expectations;
mod grants;
mod inputs;
mod over_http;
mod properties;
mod refusals;
mod reports;
mod vectors;

use std::fs;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use openssl::{
    hash::MessageDigest,
    pkey::{PKey, Private},
    sign::Signer,
};
use serde_json::{Value, json};

use crate::support::testdata;

/// Returns the key that plays the issuer's.
fn issuer_key() -> PKey<Private> {
    PKey::private_key_from_pem(&fs::read(testdata("keys/maskinporten-key.pem")).unwrap()).unwrap()
}

/// Returns its public half as an issuer publishes it.
fn published() -> Value {
    let rsa = issuer_key().rsa().unwrap();
    let [n, e] = [rsa.n(), rsa.e()].map(|number| URL_SAFE_NO_PAD.encode(number.to_vec()));
    json!({ "keys": [{ "kty": "RSA", "kid": "issuer", "use": "sig", "alg": "RS256", "n": n, "e": e }] })
}

fn encode(value: &Value) -> String {
    URL_SAFE_NO_PAD.encode(value.to_string())
}

/// Returns a token with these claims, signed with RS256.
fn signed_with(key: &PKey<Private>, header: &Value, claims: &Value) -> String {
    let input = format!("{}.{}", encode(header), encode(claims));
    let signature = Signer::new(MessageDigest::sha256(), key).unwrap().sign_oneshot_to_vec(input.as_bytes()).unwrap();
    format!("{input}.{}", URL_SAFE_NO_PAD.encode(signature))
}

/// Returns a token of the issuer with these claims.
fn signed(claims: &Value) -> String {
    signed_with(&issuer_key(), &json!({ "kid": "issuer", "alg": "RS256" }), claims)
}

/// Returns the claims of a real token, from `testdata/wire`.
fn wire(name: &str) -> Value {
    serde_json::from_slice(&fs::read(testdata(&format!("wire/{name}.json"))).unwrap()).unwrap()
}
