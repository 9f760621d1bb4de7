//! Keys and certificates in PEM, and certificates in PKCS#7 or DER.

use maskinporten::keystore::{CertificateFile, FileFormat, PemFile};
use secrecy::SecretString;

use super::{
    ITERATIONS,
    properties::{Secrets, base64_words, check_error, check_key},
};

const PASSWORD: &str = "secret";

pub fn run(bytes: &[u8]) {
    let _ = FileFormat::sniff(bytes);
    let text = String::from_utf8_lossy(bytes);
    // Labels may be shown.
    let bodies = text.split("-----").filter(|part| !part.starts_with("BEGIN ") && !part.starts_with("END "));
    let secrets = Secrets::new(&text, bodies.flat_map(base64_words));
    let certificates = CertificateFile::parse("certificates.pem", bytes);
    if let Err(error) = &certificates {
        check_error(error, &secrets);
    }
    let opened = PemFile::parse("key.pem", bytes, ITERATIONS).and_then(|file| {
        let _ = (file.needs_password(), file.has_certificates());
        secrets.are_not_in(&format!("{file:?}"));
        file.open(&SecretString::from(PASSWORD))
    });
    match opened {
        Ok(key) => {
            secrets.are_not_in(&format!("{key:?}"));
            check_key(&key);
            if let Ok(certificates) = certificates
                && let Err(error) = key.with_certificates(&certificates)
            {
                check_error(&error, &secrets);
            }
        }
        Err(error) => check_error(&error, &secrets),
    }
}
