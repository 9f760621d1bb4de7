//! Keys in Azure, Google and AWS KMS, fetched and used by the built program from strict doubles of them, and what holds
//! for every service.

mod aws_kms;
mod azure;
mod azure_credentials;
mod azure_keys;
pub mod double;
mod every_service;
mod google;
mod google_accounts;
mod google_keys;

use std::{fs, sync::LazyLock};

use openssl::{
    ecdsa::EcdsaSig,
    hash::MessageDigest,
    pkey::{PKey, Private},
    pkey_ctx::PkeyCtx,
    rsa::Padding,
    sign::{RsaPssSaltlen, Signer},
};
use serde_json::Value;

use crate::{
    local::Local,
    registered::{public_set, simulator},
    support::{Maskinporten, Outcome, testdata},
};

/// A simulator that knows testdata's RSA and EC keys, by certificate and by key id.
pub static SIMULATOR: LazyLock<Local> = LazyLock::new(|| {
    let sets = ["jwk/rsa.json", "jwk/ec.json", "jwk/ec384.json", "jwk/ec521.json", "jwk/ed25519.json"];
    simulator(&sets.map(|file| public_set(&["--jwk", &testdata(file)])))
});

/// What is said of a service that signs with another key than the one whose public key it gave.
pub const OTHER_KEY: &str = "error: could not sign the grant\n\
                             caused by: the service or agent signed with another key than the one whose public key it gave\n\
                             hint: try again: the key may have been replaced meanwhile\n";

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
    context.set_signature_md(openssl::md::Md::from_nid(hash.type_()).unwrap()).unwrap();
    if padding == Padding::PKCS1_PSS {
        context.set_rsa_pss_saltlen(RsaPssSaltlen::DIGEST_LENGTH).unwrap();
    }
    let mut signature = Vec::new();
    context.sign_to_vec(digest, &mut signature).unwrap();
    signature
}

/// Signs a digest with the algorithm of this name (RFC 7518 §3.1); the numbers of ECDSA are in DER.
pub fn signature(file: &str, algorithm: &str, digest: &[u8]) -> Vec<u8> {
    let key = private_key(file);
    let hash = match &algorithm[2..] {
        "256" => MessageDigest::sha256(),
        "384" => MessageDigest::sha384(),
        "512" => MessageDigest::sha512(),
        other => panic!("unknown digest {other}"),
    };
    match &algorithm[..2] {
        "RS" => rsa(&key, digest, hash, Padding::PKCS1),
        "PS" => rsa(&key, digest, hash, Padding::PKCS1_PSS),
        "ES" => {
            assert_eq!(digest.len(), hash.size());
            EcdsaSig::sign(digest, &key.ec_key().unwrap()).unwrap().to_der().unwrap()
        }
        other => panic!("unknown algorithm {other}"),
    }
}

/// Checks that a key whose certificate has expired is warned of, and refused by the server.
#[track_caller]
pub fn is_refused_as_expired(run: Maskinporten) {
    let outcome = run.run();
    let stderr = outcome.failure(5);
    assert!(stderr.contains("warning: the certificate expired on 2022-01-01"), "{stderr}");
}

/// Signs a message with an Ed25519 key.
fn ed25519(file: &str, message: &[u8]) -> Vec<u8> {
    Signer::new_without_digest(&private_key(file)).unwrap().sign_oneshot_to_vec(message).unwrap()
}

fn private_key(file: &str) -> PKey<Private> {
    PKey::private_key_from_pem(&fs::read(testdata(file)).unwrap()).unwrap()
}
