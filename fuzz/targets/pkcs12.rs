//! A PKCS#12 keystore, from its bytes to a signature.

use maskinporten_token_generator::keystore::{FileFormat, KeystoreError, KeystoreFile, SigningKey};
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
    let keystore = file.open(&SecretString::from(password))?;
    let _ = keystore.summaries();
    assert!(!format!("{keystore:?}").contains(MARKED));
    let key = keystore.choose(alias)?;
    check_key(&key);
    Ok(key)
}
