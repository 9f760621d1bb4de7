//! A PKCS#12 keystore, from its bytes to a signature.

use maskinporten::keystore::{FileFormat, KeyChoice, KeystoreError, KeystoreFile, SigningKey};
use secrecy::SecretString;

use super::{
    ITERATIONS,
    properties::{Secrets, check_error, check_key},
};

/// The password of most samples.
const PASSWORD: &str = "secret";
/// A password that no message contains by chance.
const MARKED: &str = "Hemmelig-7f3a-passord";

pub fn run(bytes: &[u8]) {
    let _ = FileFormat::sniff(bytes);
    if let Err(error) = open(bytes, PASSWORD, None) {
        check_error(&error, &Secrets::none());
        for alias in [None, Some("enterprise")] {
            match open(bytes, MARKED, alias) {
                Ok(key) => check_key(&key),
                Err(error) => check_error(&error, &Secrets::fixed(&[MARKED])),
            }
        }
    }
}

fn open(bytes: &[u8], password: &str, alias: Option<&str>) -> Result<SigningKey, KeystoreError> {
    let file = KeystoreFile::parse("keystore.p12", bytes, ITERATIONS)?;
    let _ = (file.has_integrity(), file.needs_password());
    let password = SecretString::from(password);
    let keystore = file.open(&password)?;
    let _ = keystore.summaries();
    assert!(!format!("{keystore:?}").contains(MARKED));
    let is_only = keystore.entries().len() == 1;
    let key = keystore.choose(alias)?;
    check_key(&key);
    // What is not needed stays encrypted, and the key is the same.
    for uses_certificates in [true, false] {
        let opened = file.open_for(&password, &KeyChoice { alias, certificate: None, uses_certificates })?;
        let same = opened.choose(alias)?;
        assert!(same.thumbprint() == key.thumbprint() || !(uses_certificates || is_only));
        assert!(same.certificates() == key.certificates() || !uses_certificates);
    }
    Ok(key)
}
