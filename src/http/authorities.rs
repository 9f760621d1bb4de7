//! Reads the certificate authorities that this machine trusts.

use std::{ffi::OsStr, io, mem, path::Path};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use rustls::{RootCertStore, pki_types::CertificateDer};
use rustls_native_certs::{CertificateResult, ErrorKind, load_certs_from_paths};

use super::HttpError;
use crate::{file, text::shown_path};

/// Maximum size of a file; the trust store of a whole machine has about 200 kilobytes.
pub(super) const MAXIMUM_BYTES: u64 = 10 * 1024 * 1024;

/// The variables of OpenSSL that replace the machine's trust store.
const CERT_FILE: &str = "SSL_CERT_FILE";
const CERT_DIR: &str = "SSL_CERT_DIR";

/// Certificates of authorities that were not parsed.
pub(super) type Authorities = Vec<CertificateDer<'static>>;

/// Reads the authorities that `SSL_CERT_FILE` and `SSL_CERT_DIR` name in place of the machine's; `None` if neither is
/// set. An empty variable counts as unset.
pub(super) fn of_variables() -> Result<Option<Authorities>, HttpError> {
    let variable = |name| std::env::var_os(name).filter(|value| !value.is_empty());
    let (file, folders) = (variable(CERT_FILE), variable(CERT_DIR));
    if file.is_none() && folders.is_none() {
        return Ok(None);
    }
    let mut authorities = Vec::new();
    if let Some(file) = file {
        let found = load(Path::new(&file));
        add(&mut authorities, CERT_FILE, &file, found)?;
    }
    if let Some(folders) = folders {
        let mut found = CertificateResult::default();
        for folder in std::env::split_paths(&folders).filter(|folder| !folder.as_os_str().is_empty()) {
            let CertificateResult { certs, errors, .. } = load_certs_from_paths(None, Some(&folder));
            found.certs.extend(certs);
            found.errors.extend(errors);
        }
        add(&mut authorities, CERT_DIR, &folders, found)?;
    }
    Ok(Some(authorities))
}

/// Adds what a variable names, which must be a certificate or more.
fn add(
    authorities: &mut Authorities,
    variable: &'static str,
    value: &OsStr,
    found: CertificateResult,
) -> Result<(), HttpError> {
    if found.certs.iter().any(|certificate| RootCertStore::empty().add(certificate.clone()).is_ok()) {
        authorities.extend(found.certs);
        return Ok(());
    }
    let why = found.errors.iter().find_map(|error| match &error.kind {
        ErrorKind::Io { inner, .. } if inner.kind() == io::ErrorKind::NotFound => Some("it does not exist"),
        ErrorKind::Io { .. } => Some("it cannot be read"),
        _ => None,
    });
    let why = why.unwrap_or("it contains no certificate in PEM").to_owned();
    Err(HttpError::CaFile { file: shown_path(Path::new(value)), variable: Some(variable), why })
}

/// Reads the machine's certificate authorities. Where one bundle has them all, the folder with one file for each is
/// not read, which would take three times as long.
pub(super) fn of_machine() -> Authorities {
    #[cfg(all(unix, not(target_os = "macos")))]
    if let Some(bundle) = openssl_probe::probe().cert_file {
        let found = load(&bundle).certs;
        if !found.is_empty() {
            return found;
        }
    }
    rustls_native_certs::load_native_certs().certs
}

/// Reads a file with certificates in PEM.
fn load(file: &Path) -> CertificateResult {
    let Some(certificates) = read_bundle(file).filter(|certificates| !certificates.is_empty()) else {
        return load_certs_from_paths(Some(file), None);
    };
    let mut found = CertificateResult::default();
    found.certs = certificates;
    found
}

/// Reads a file with certificates in PEM and text around them; `None` for anything else. rustls decodes base64 in
/// constant time, for the sake of keys, which takes milliseconds for a machine's whole store.
fn read_bundle(file: &Path) -> Option<Authorities> {
    // Certificates are not secret, so their bytes need not be erased.
    let bytes = mem::take(&mut *file::read(file, MAXIMUM_BYTES).ok()?);
    let blocks = str::from_utf8(&bytes).ok()?.split("-----BEGIN CERTIFICATE-----").skip(1);
    let decode = |block: &str| {
        let (base64, _) = block.split_once("-----END CERTIFICATE-----")?;
        let base64 = base64.lines().collect::<Vec<_>>().concat();
        STANDARD.decode(base64).ok().map(CertificateDer::from)
    };
    blocks.map(decode).collect()
}

/// Returns the names of the issuer and of the subject of a certificate in DER (RFC 5280 §4.1).
pub(super) fn names(certificate: &[u8]) -> Option<[&[u8]; 2]> {
    /// The version, which is absent in version 1.
    const VERSION: u8 = 0xa0;
    let [certificate, _] = split_value(certificate)?;
    let [mut fields, _] = split_value(certificate)?;
    if fields.first() == Some(&VERSION) {
        [_, fields] = split_value(fields)?;
    }
    let [_serial_number, fields] = split_value(fields)?;
    let [_signature_algorithm, fields] = split_value(fields)?;
    let [issuer, fields] = split_value(fields)?;
    let [_validity, fields] = split_value(fields)?;
    let [subject, _] = split_value(fields)?;
    Some([issuer, subject])
}

/// Returns the content of the first value in DER, and what follows the value (X.690 §8.1).
pub(super) fn split_value(der: &[u8]) -> Option<[&[u8]; 2]> {
    let (&length, rest) = der.get(1..)?.split_first()?;
    let (length, rest) = if length < 0x80 {
        (usize::from(length), rest)
    } else {
        // Three bytes are enough for the longest file.
        let (long, rest) = rest.split_at_checked(usize::from(length & 0x7f)).filter(|(long, _)| long.len() <= 3)?;
        (long.iter().fold(0, |length, byte| length << 8 | usize::from(*byte)), rest)
    };
    rest.split_at_checked(length).map(|(content, rest)| [content, rest])
}

#[cfg(test)]
mod tests {
    use openssl::x509::X509;

    use super::*;

    /// Returns the certificates of a file in `testdata`.
    fn certificates(file: &str) -> Vec<Vec<u8>> {
        let pem = std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata").join(file)).unwrap();
        X509::stack_from_pem(&pem).unwrap().iter().map(|certificate| certificate.to_der().unwrap()).collect()
    }

    #[test]
    fn the_names_of_a_certificate_are_found_in_its_der() {
        for der in certificates("keys/chain.pem") {
            let certificate = X509::from_der(&der).unwrap();
            let expected = [certificate.issuer_name(), certificate.subject_name()].map(|name| name.to_der().unwrap());

            let found = names(&der).unwrap();

            for (found, expected) in found.into_iter().zip(&expected) {
                assert_eq!(found, split_value(expected).unwrap()[0]);
            }
        }
    }

    #[test]
    fn der_that_is_cut_off_or_has_a_length_beyond_its_end_has_no_names() {
        let der = certificates("keys/chain.pem").remove(0);
        for length in 0..der.len() {
            assert_eq!(names(&der[..length]), None, "{length}");
        }
        for der in [&b"\x30\x80\0\0"[..], b"\x30\x84\xff\xff\xff\xff", b"\x30\x83\xff\xff\xff\0", b"\x30\xff\0"] {
            assert_eq!(names(der), None, "{der:x?}");
        }
    }
}
