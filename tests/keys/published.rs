//! Public keys of others: JWK sets (RFC 7517 §5), certificates, and signatures that they verify.

use std::{fs, time::Instant};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use maskinporten::{
    explain::Explain as _,
    keystore::{Certificate, JwkFile, KeySet, SignatureAlgorithm, VerificationKey},
};
use serde_json::{Value, json};

use crate::{
    support::testdata,
    vectors::{EXAMPLES, Example, RS256},
};

fn algorithm(example: &Example) -> SignatureAlgorithm {
    SignatureAlgorithm::parse(example.algorithm).unwrap()
}

/// The signed message and the signature.
fn parts(example: &Example) -> (&'static [u8], Vec<u8>) {
    let (signed, signature) = example.jws.rsplit_once('.').unwrap();
    (signed.as_bytes(), URL_SAFE_NO_PAD.decode(signature).unwrap())
}

fn set(keys: &Value) -> KeySet {
    KeySet::parse(json!({ "keys": keys }).to_string().as_bytes()).unwrap()
}

/// Returns the JWK of an example with some members replaced.
fn with(example: &Example, changes: &Value) -> Value {
    let mut key: Value = serde_json::from_str(example.key).unwrap();
    for (name, value) in changes.as_object().unwrap() {
        key[name] = value.clone();
    }
    key
}

fn certificate(name: &str) -> Certificate {
    let pem = fs::read(testdata(&format!("keys/{name}.pem"))).unwrap();
    Certificate::from_der(&openssl::x509::X509::from_pem(&pem).unwrap().to_der().unwrap()).unwrap()
}

#[test]
fn the_signatures_in_the_standards_verify_and_changed_ones_do_not() {
    for example in EXAMPLES {
        let keys = KeySet::parse(example.key.as_bytes()).unwrap();
        let key = keys.find(None, algorithm(example)).next().unwrap();
        let (signed, signature) = parts(example);

        assert!(key.verify(algorithm(example), signed, &signature), "{}", example.name);
        assert!(!key.verify(algorithm(example), &signed[1..], &signature), "{}", example.name);
        for place in [0, signature.len() - 1] {
            let mut changed = signature.clone();
            changed[place] ^= 1;
            assert!(!key.verify(algorithm(example), signed, &changed), "{}", example.name);
        }
        for cut in [&[][..], &signature[1..], &[&[0], signature.as_slice()].concat()] {
            assert!(!key.verify(algorithm(example), signed, cut), "{}", example.name);
        }
    }
}

#[test]
fn a_key_never_verifies_with_an_algorithm_of_another_kind() {
    for example in EXAMPLES {
        let keys = KeySet::parse(example.key.as_bytes()).unwrap();
        let key = keys.find(None, algorithm(example)).next().unwrap();
        let (signed, signature) = parts(example);
        for other in SignatureAlgorithm::ALL.into_iter().filter(|other| *other != algorithm(example)) {
            assert!(!key.verify(other, signed, &signature), "{} {other}", example.name);
        }
    }
}

#[test]
fn the_key_of_a_certificate_verifies_what_its_private_key_signed() {
    use SignatureAlgorithm::{EdDsa, Es256, Es384, Es512, Ps384, Rs512};
    for (jwk, name, algorithm) in [
        ("rsa", "enterprise", Rs512),
        ("rsa", "enterprise", Ps384),
        ("ec", "ec", Es256),
        ("ec384", "ec384", Es384),
        ("ec521", "ec521", Es512),
        ("ed25519", "ed25519", EdDsa),
    ] {
        let jwk = fs::read_to_string(testdata(&format!("jwk/{jwk}.json"))).unwrap();
        let signing = JwkFile::parse("key", &jwk).unwrap().choose(None).unwrap();
        let signature = signing.sign(algorithm, b"message").unwrap();

        let key = VerificationKey::from_certificate(&certificate(name)).unwrap();
        let published = KeySet::parse(signing.public_jwk("id", algorithm).to_string().as_bytes()).unwrap();

        assert!(key.verify(algorithm, b"message", &signature), "{name}");
        assert!(!key.verify(algorithm, b"massage", &signature), "{name}");
        assert_eq!(key.thumbprint(), signing.thumbprint());
        assert_eq!(key.kind(), signing.kind());
        assert!(published.find(Some("id"), algorithm).any(|key| key.verify(algorithm, b"message", &signature)));
    }
}

#[test]
fn a_key_is_found_by_its_id_and_its_algorithm() {
    let keys = set(&json!([
        with(&RS256, &json!({ "kid": "any" })),
        with(&RS256, &json!({ "kid": "two", "alg": "RS512", "use": "sig" })),
        with(&RS256, &json!({ "kid": "two", "alg": "RS256", "key_ops": ["verify"] })),
    ]));

    let count = |id, algorithm| keys.find(id, algorithm).count();

    assert_eq!(count(Some("any"), SignatureAlgorithm::Rs256), 1);
    assert_eq!(count(Some("any"), SignatureAlgorithm::Ps512), 1);
    assert_eq!(count(Some("two"), SignatureAlgorithm::Rs256), 1);
    assert_eq!(count(Some("two"), SignatureAlgorithm::Rs384), 0);
    assert_eq!(count(Some("any"), SignatureAlgorithm::Es256), 0);
    assert_eq!(count(Some("none"), SignatureAlgorithm::Rs256), 0);
    assert_eq!(count(None, SignatureAlgorithm::Rs512), 2);
    assert_eq!(keys.key_ids().collect::<Vec<_>>(), ["any", "two", "two"]);
    assert_eq!(keys.fault("none", SignatureAlgorithm::Rs256), None);
}

#[test]
fn keys_that_cannot_verify_are_skipped_with_a_reason() {
    let even = URL_SAFE_NO_PAD.encode([2]);
    let long = URL_SAFE_NO_PAD.encode([1, 0, 0, 0, 1]);
    let huge = URL_SAFE_NO_PAD.encode([0xff; 2049]);
    let short = URL_SAFE_NO_PAD.encode([0xff; 128]);
    let faults = [
        (json!({ "kty": "AKP" }), "its `kty` is `AKP`, but only RSA, EC and OKP are supported"),
        (json!({ "kty": "oct", "k": "c2VjcmV0" }), "it is a symmetric key (`kty` is `oct`), which cannot sign a grant"),
        (json!({}), "the member `kty` is missing"),
        (json!({ "kty": "RSA", "e": "AQAB" }), "the member `n` is missing"),
        (with(&RS256, &json!({ "use": "enc" })), "its `use` is `enc`, not `sig`"),
        (with(&RS256, &json!({ "key_ops": ["encrypt"] })), "its `key_ops` do not include `verify`"),
        (with(&RS256, &json!({ "e": even })), "the exponent of its RSA key is not an odd number from 3 to 2^32"),
        (with(&RS256, &json!({ "e": "AQ" })), "the exponent of its RSA key is not an odd number from 3 to 2^32"),
        (with(&RS256, &json!({ "e": long })), "the exponent of its RSA key is not an odd number from 3 to 2^32"),
        (with(&RS256, &json!({ "n": short })), "its RSA key has 1024 bits; 2048 to 16384 are accepted (RFC 7518 §3.3)"),
        (with(&RS256, &json!({ "n": huge })), "its RSA key has 16392 bits; 2048 to 16384 are accepted (RFC 7518 §3.3)"),
        (
            with(&RS256, &json!({ "n": "a+b" })),
            "the member `n` is not base64url without padding: it has `+` or `/`, which belong to standard base64",
        ),
        (with(EXAMPLES[1], &json!({ "y": "AQAB" })), "its numbers are not those of a public key"),
        (
            with(EXAMPLES[1], &json!({ "crv": "secp256k1" })),
            "it is of the kind EC on the curve secp256k1, which cannot sign a JWT",
        ),
        (with(EXAMPLES[3], &json!({ "x": "AQAB" })), "its numbers are not those of a public key"),
        (
            with(EXAMPLES[3], &json!({ "crv": "X25519" })),
            "it is of the kind OKP on the curve X25519, which cannot sign a JWT",
        ),
        (with(&RS256, &json!({ "alg": "PS256" })), "its `alg` is `PS256`"),
        (EXAMPLES[1].key.parse().unwrap(), "it is EC on P-256"),
    ];
    for (mut key, wanted) in faults {
        key["kid"] = json!("faulty");
        let keys = set(&json!([key, with(&RS256, &json!({ "kid": "good" }))]));

        assert_eq!(keys.find(Some("faulty"), SignatureAlgorithm::Rs256).count(), 0, "{wanted}");
        assert_eq!(keys.fault("faulty", SignatureAlgorithm::Rs256).as_deref(), Some(wanted));
        assert_eq!(keys.find(Some("good"), SignatureAlgorithm::Rs256).count(), 1);
    }
}

#[test]
fn a_duplicate_member_makes_a_key_or_set_invalid() {
    let key = RS256.key.replace(r#""kty":"RSA""#, r#""kid":"twice","kty":"RSA","kty":"RSA""#);
    let keys = KeySet::parse(format!(r#"{{"keys":[{key}]}}"#).as_bytes()).unwrap();

    let fault = keys.fault("twice", SignatureAlgorithm::Rs256);

    assert_eq!(fault.as_deref(), Some("the member `kty` occurs twice"));
    assert_eq!(keys.find(None, SignatureAlgorithm::Rs256).count(), 0);
    refused(br#"{"keys":[{"kty":"RSA"}],"keys":[]}"#, "the member `keys` occurs twice");
}

#[track_caller]
fn refused(bytes: &[u8], why: &str) {
    let error = KeySet::parse(bytes).unwrap_err();
    let cause = std::error::Error::source(&error).unwrap().to_string();
    assert_eq!((error.to_string().as_str(), error.code(), cause.as_str()), ("it is not a JWK set", "key_set", why));
    assert!(error.hint().is_some());
}

#[test]
fn a_text_that_is_not_a_key_set_is_rejected_with_the_reason() {
    refused(b"", "it is not a JWK: it is empty");
    refused(b"<html>", "it is not JSON: line 1, column 1");
    refused(b"\xff{", "it is not UTF-8 text");
    refused(b"[1]", "it is JSON, but neither a JWK (with `kty`) nor a set of them (with `keys`)");
    refused(b"[]", "it is an empty JWK set");
    refused(br#"{"keys":[]}"#, "it is an empty JWK set");
    refused(br#"{"keys":{}}"#, "it is JSON, but neither a JWK (with `kty`) nor a set of them (with `keys`)");
    refused(json!({ "keys": vec![json!({}); 101] }).to_string().as_bytes(), "it is a JWK set with more than 100 keys");
    refused(&vec![b' '; 1024 * 1024 + 1], "it is larger than the limit of 1048576 bytes");
    refused("[".repeat(100_000).as_bytes(), "it is nested more than 128 levels deep");
}

#[test]
fn the_largest_key_with_the_largest_exponent_verifies_in_time() {
    let mut n = [0xff; 2048];
    n[2047] = 0x0f;
    let key = with(&RS256, &json!({ "n": URL_SAFE_NO_PAD.encode(n), "e": URL_SAFE_NO_PAD.encode([0xff; 4]) }));
    let keys = set(&json!(vec![key; 100]));
    let started = Instant::now();

    let good = keys.find(None, SignatureAlgorithm::Rs256);
    let good = good.filter(|key| key.verify(SignatureAlgorithm::Rs256, b"message", &[0x7f; 2048])).count();

    assert_eq!(good, 0);
    assert!(started.elapsed().as_secs() < 10, "{:?}", started.elapsed());
}
