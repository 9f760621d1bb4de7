//! Summaries of keystores and JWK sets, compared with openssl's output for the same keys.

use maskinporten::keystore::{DEFAULT_ITERATIONS, JwkFile, KeySummary, Keystore, KeystoreFile};
use openssl::hash::MessageDigest;

use super::{bytes, certificate, hexadecimal, secret, text};

fn open(name: &str, password: &str) -> Keystore {
    KeystoreFile::parse(name, &bytes(name), DEFAULT_ITERATIONS).unwrap().open(&secret(password)).unwrap()
}

fn protections(name: &str) -> Vec<String> {
    let password = if name.starts_with("keytool") { "secret12" } else { "secret" };
    let keystore = open(name, password);
    keystore.protections().iter().map(|protection| format!("{}: {}", protection.part, protection.method)).collect()
}

#[test]
fn an_entry_shows_its_certificate_its_key_and_the_thumbprints_of_both() {
    let listed = open("modern.p12", "secret").summaries();
    let thumbprint = |digest| hexadecimal(&certificate("enterprise").digest(digest).unwrap()).to_uppercase();
    let jwk: serde_json::Value = serde_json::from_str(&text("key.jwk.json")).unwrap();

    let [KeySummary { alias, key, key_thumbprint, certificate: Some(certificate), chain_length, fault }] = &listed[..]
    else {
        panic!("{listed:?}");
    };
    assert_eq!((alias.as_str(), key.as_deref()), ("enterprise", Some("RSA with 2048 bits")));
    assert_eq!(key_thumbprint.as_deref(), jwk["kid"].as_str());
    assert_eq!((*chain_length, fault), (3, &None));
    assert_eq!(certificate.subject, "C=NO, O=TESTETATEN, CN=TESTETATEN, serialNumber=991825827");
    assert_eq!(certificate.issuer, "C=NO, O=Testdata, CN=Testdata Issuing CA");
    assert_eq!(certificate.organisation_number.as_deref(), Some("991825827"));
    assert_eq!(certificate.usage.as_ref().unwrap().join(" "), "digitalSignature keyEncipherment dataEncipherment");
    assert_eq!(certificate.not_after.unwrap().format("%Y").to_string(), "2124");
    assert_eq!(certificate.sha1, thumbprint(MessageDigest::sha1()));
    assert_eq!(certificate.sha256, thumbprint(MessageDigest::sha256()));
}

#[test]
fn every_entry_of_a_keystore_is_listed_even_without_its_certificate() {
    let three = open("keytool-three.p12", "secret12").summaries();
    let foreign = open("other-key.p12", "secret").summaries();
    let alone = open("no-certificate.p12", "secret").summaries();

    assert_eq!(
        three.iter().map(|entry| entry.alias.as_str()).collect::<Vec<_>>().join(" "),
        "signature authentication encryption"
    );
    assert_eq!(foreign[0].fault.as_deref(), Some("its private key does not belong to any certificate in it"));
    assert_eq!((&alone[0].certificate, alone[0].chain_length, &alone[0].fault), (&None, 0, &None));
}

#[test]
fn every_key_of_a_set_is_listed_even_if_it_cannot_sign() {
    let words = |name: &str| {
        let listed = JwkFile::parse(name, text(name)).unwrap().summaries();
        let words = listed
            .iter()
            .map(|entry| format!("{}: {}", entry.alias, entry.key.as_deref().or(entry.fault.as_deref()).unwrap()));
        words.collect::<Vec<_>>()
    };

    assert_eq!(
        words("jwk/set.json"),
        ["enterprise: RSA with 2048 bits", "second: RSA with 2048 bits", "ec: EC on P-256"]
    );
    assert_eq!(words("jwk/oct.json"), ["shared: it is a symmetric key (`kty` is `oct`), which cannot sign a grant"]);
    assert_eq!(words("jwk/no-kid.json"), ["(no `kid`): RSA with 2048 bits"]);
}

#[test]
fn the_encryption_of_each_part_of_a_keystore_is_named() {
    let pbes2 = "PBES2 with AES-256-CBC, PBKDF2-HMAC-SHA-256, 2048 iterations";
    assert_eq!(
        protections("modern.p12"),
        [
            "integrity: HMAC-SHA-256, PKCS#12 derivation, 2048 iterations",
            &format!("safe 1: {pbes2}"),
            "safe 2: none",
            &format!("key enterprise: {pbes2}"),
        ]
    );
    assert_eq!(
        protections("legacy.p12"),
        [
            "integrity: HMAC-SHA-1, PKCS#12 derivation, 2048 iterations",
            "safe 1: RC2 with 40 bits (pbeWithSHAAnd40BitRC2-CBC), 2048 iterations",
            "safe 2: none",
            "key enterprise: 3DES with three keys (pbeWithSHAAnd3-KeyTripleDES-CBC), 2048 iterations",
        ]
    );
    assert_eq!(protections("no-mac.p12")[0], "integrity: none");
    assert_eq!(
        protections("pbmac1.p12")[0],
        "integrity: PBMAC1 with HMAC-SHA-256, PBKDF2-HMAC-SHA-256, 2048 iterations"
    );
    assert_eq!(protections("iterations-one.p12")[0], "integrity: HMAC-SHA-256, PKCS#12 derivation, 1 iteration");
    assert_eq!(protections("sha512-mac.p12")[0], "integrity: HMAC-SHA-512, PKCS#12 derivation, 2048 iterations");
    assert_eq!(protections("certpbe-none.p12")[1], "safe 1: none");
}
