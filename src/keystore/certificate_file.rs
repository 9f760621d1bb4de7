//! Certificate files, for a key that is stored without its certificates.
//!
//! PEM in any order with other text around it, or one certificate in DER. Certificates are needed only to send `x5c`:
//! a key that is registered under a key id does not need them.

use std::path::Path;

use secrecy::SecretString;

use super::{
    Certificate, CertificateFileErrorKind, DEFAULT_ITERATIONS, FileFormat, KeyFileKind, KeystoreError,
    KeystoreErrorKind, MAXIMUM_BYTES, MAXIMUM_CERTIFICATES, chain,
    key_material::{KeyForm, decoded},
    pkcs12::Pkcs12,
    public_key::PublicKey,
    read_key_file,
};
use crate::pem::{self, PemBlock, PemFault, labels};

/// The certificates in a file.
#[derive(Debug, Clone)]
pub struct CertificateFile {
    name: String,
    certificates: Vec<Certificate>,
}

impl CertificateFile {
    /// Reads the certificates at `path`.
    ///
    /// # Errors
    /// [`KeystoreError::Unreadable`] if the file cannot be read, otherwise as [`CertificateFile::parse`].
    pub fn read(path: &Path) -> Result<Self, KeystoreError> {
        Self::parse(&path.display().to_string(), &read_key_file(KeyFileKind::Certificates, path)?)
    }

    /// Parses certificates in PEM or DER; `name` is for messages.
    ///
    /// # Errors
    /// [`KeystoreError::Certificates`] with the reason: no certificates, or damaged ones.
    pub fn parse(name: &str, bytes: &[u8]) -> Result<Self, KeystoreError> {
        match parse(bytes) {
            Ok(certificates) => Ok(Self { name: name.to_owned(), certificates }),
            Err(source) => Err(KeystoreError::Certificates { name: name.to_owned(), source }),
        }
    }

    /// Parses the certificates of a PKCS#12 file without a password, as services give them beside a key that they keep.
    ///
    /// # Errors
    /// [`KeystoreError::Unopened`] with the reason: not PKCS#12, a password, or damage.
    pub fn from_pkcs12(name: &str, bytes: &[u8]) -> Result<Self, KeystoreError> {
        let opened = Pkcs12::parse(bytes, DEFAULT_ITERATIONS).and_then(|file| {
            let password = SecretString::default();
            let mut unlocked = file.unlock(&password)?;
            unlocked.open_safes()?;
            unlocked.certificates()
        });
        match opened {
            Ok(certificates) => {
                Ok(Self::new(name, certificates.into_iter().map(|(certificate, _)| certificate).collect()))
            }
            Err(source) => Err(KeystoreError::Unopened { name: name.to_owned(), source }),
        }
    }

    pub(super) fn new(name: &str, certificates: Vec<Certificate>) -> Self {
        Self { name: name.to_owned(), certificates }
    }

    /// Builds the chain of the key's own certificate, also from the certificates in `more`.
    pub(super) fn chain_for(&self, more: &[Certificate], key: &PublicKey) -> Result<Vec<Certificate>, KeystoreError> {
        let all = [&self.certificates, more].concat();
        if let Some(leaf) = chain::leaf(&all, |certificate| certificate.belongs_to(key)) {
            return Ok(chain::from_leaf(all[leaf].clone(), &all));
        }
        let source = if all.iter().any(|certificate| certificate.is_for_pss_with(key)) {
            CertificateFileErrorKind::Pss(KeystoreErrorKind::PssCertificate)
        } else {
            let first = all.first().map_or_else(|| "missing".to_owned(), Certificate::subject);
            CertificateFileErrorKind::Foreign { certificates: all.len(), first }
        };
        Err(KeystoreError::Certificates { name: self.name.clone(), source })
    }
}

fn parse(bytes: &[u8]) -> Result<Vec<Certificate>, CertificateFileErrorKind> {
    if bytes.len() as u64 > MAXIMUM_BYTES {
        return Err(CertificateFileErrorKind::TooLarge(MAXIMUM_BYTES));
    }
    let material = decoded(bytes, KeyForm::Certificate);
    let bytes = material.as_ref().map_or(bytes, |material| &material.content);
    let text = pem::decode(bytes);
    let blocks = PemBlock::find_all(&text)?;
    if blocks.len() > MAXIMUM_CERTIFICATES {
        return Err(CertificateFileErrorKind::TooMany(MAXIMUM_CERTIFICATES));
    }
    let certificates = certificates(&blocks)?.ok_or(CertificateFileErrorKind::Damaged)?;
    if !certificates.is_empty() {
        return Ok(certificates);
    }
    match FileFormat::sniff(bytes) {
        FileFormat::DerCertificate => {
            let certificate = Certificate::from_der(bytes).ok_or(CertificateFileErrorKind::Damaged)?;
            Ok(vec![certificate])
        }
        format if blocks.is_empty() => Err(CertificateFileErrorKind::NotCertificates(format)),
        _ => Err(CertificateFileErrorKind::NoCertificate(labels(&blocks))),
    }
}

/// Parses the certificates among the blocks; returns `None` if one is damaged.
///
/// # Errors
/// [`PemFault`] if the base64 of one is damaged.
pub(super) fn certificates(blocks: &[PemBlock]) -> Result<Option<Vec<Certificate>>, PemFault> {
    let certificates = blocks.iter().filter(|block| block.is_certificate());
    certificates.map(|block| Ok(Certificate::from_der(&block.der()?))).collect()
}
