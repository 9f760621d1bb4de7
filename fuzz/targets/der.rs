//! A key or certificate in DER, as each format that it could be: libFuzzer changes its numbers and lengths, which it
//! cannot in base64.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use maskinporten::keystore::{Certificate, PemFile};
use secrecy::SecretString;

use super::{
    ITERATIONS,
    properties::{Secrets, check_certificate, check_error, check_key},
};

const PASSWORD: &str = "secret";

pub fn run(bytes: &[u8]) {
    if let Some(certificate) = Certificate::from_der(bytes) {
        check_certificate(&certificate);
        let again = Certificate::from_der(certificate.der()).expect("it has been parsed before");
        assert_eq!((again.der(), again.subject()), (certificate.der(), certificate.subject()));
    }
    for label in ["PRIVATE KEY", "ENCRYPTED PRIVATE KEY", "RSA PRIVATE KEY", "EC PRIVATE KEY"] {
        let text = format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", STANDARD.encode(bytes));
        let opened = PemFile::parse("key.pem", text.as_bytes(), ITERATIONS)
            .and_then(|file| file.open(&SecretString::from(PASSWORD)));
        match opened {
            Ok(key) => check_key(&key),
            Err(error) => check_error(&error, &Secrets::none()),
        }
    }
}
