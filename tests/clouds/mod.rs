//! Keys in Azure and Google, fetched and used by the built program from strict doubles of both.

mod azure;
mod azure_credentials;
mod azure_keys;
mod double;
mod google;
mod google_keys;

use std::{fs, sync::LazyLock};

use openssl::{
    hash::MessageDigest,
    pkey::{PKey, Private},
    pkey_ctx::PkeyCtx,
    rsa::Padding,
    sign::RsaPssSaltlen,
};
use serde_json::Value;

use crate::{
    local::Local,
    registered::{public_set, simulator},
    support::{Maskinporten, Outcome, testdata},
};

/// A simulator that knows testdata's RSA and EC keys, by certificate and by key id.
pub static SIMULATOR: LazyLock<Local> = LazyLock::new(|| {
    let sets = ["jwk/rsa.json", "jwk/ec.json", "jwk/ec384.json", "jwk/ed25519.json"];
    simulator(&sets.map(|file| public_set(&["--jwk", &testdata(file)])))
});

/// Returns `token` for a client, with a key from this place.
pub fn token(client: &str, place: &str) -> Maskinporten {
    crate::registered::token(&SIMULATOR, client).args(["--key-from", place])
}

/// Returns what a report in JSON says about the place of the key.
fn place_check(report: &Outcome) -> Value {
    let report: Value = serde_json::from_str(&report.stdout).unwrap();
    report["checks"].as_array().unwrap().iter().find(|check| check["id"] == "keystore.place").unwrap().clone()
}

/// The enterprise key's certificate and its chain in PEM.
pub fn chain() -> String {
    ["keys/enterprise.pem", "keys/chain.pem"].map(|file| fs::read_to_string(testdata(file)).unwrap()).concat()
}

/// The enterprise key in PEM, with its certificate and chain.
pub fn pem_with_chain() -> String {
    fs::read_to_string(testdata("keys/enterprise-key.pem")).unwrap() + &chain()
}

/// Signs a digest, whose length must be that of the algorithm.
fn rsa(key: &PKey<Private>, digest: &[u8], hash: MessageDigest, padding: Padding) -> Vec<u8> {
    assert_eq!(digest.len(), hash.size());
    let mut context = PkeyCtx::new(key).unwrap();
    context.sign_init().unwrap();
    context.set_rsa_padding(padding).unwrap();
    let md = if hash.size() == 32 { openssl::md::Md::sha256() } else { openssl::md::Md::sha512() };
    context.set_signature_md(md).unwrap();
    if padding == Padding::PKCS1_PSS {
        context.set_rsa_pss_saltlen(RsaPssSaltlen::DIGEST_LENGTH).unwrap();
    }
    let mut signature = Vec::new();
    context.sign_to_vec(digest, &mut signature).unwrap();
    signature
}

fn private_key(file: &str) -> PKey<Private> {
    PKey::private_key_from_pem(&fs::read(testdata(file)).unwrap()).unwrap()
}
