//! Certificates in a file of their own, for a key that came without.
//!
//! PEM in any order with anything around it, or one certificate in DER. They are needed only to send `x5c`; a key
//! that the server knows by its id goes without.

use std::{io::Read, path::Path};

use super::{
    Certificate, FileFormat, FileKind, KeystoreError, MAXIMUM_BYTES, chain,
    error::shell_word,
    pem::{self, Block, labels},
    pkcs12::MAXIMUM_CERTIFICATES,
    read_capped,
};

/// The certificates of a file.
#[derive(Debug, Clone)]
pub struct CertificateFile {
    name: String,
    certificates: Vec<Certificate>,
}

/// Why a file gives no certificate for a key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CertificateReason {
    /// The file is larger than any bundle of certificates.
    #[error("it is larger than {0} bytes, which no chain of certificates is")]
    TooLarge(u64),
    /// It holds more than anybody's chain.
    #[error("it holds more than {0} PEM blocks")]
    TooMany(usize),
    /// There are PEM blocks, and none holds a certificate.
    #[error("there is no certificate in it, only {0}")]
    NoCertificate(String),
    /// There are neither PEM blocks nor DER.
    #[error("it is neither PEM nor a certificate in DER: {0}")]
    NotCertificates(FileFormat),
    /// A certificate cannot be read.
    #[error("a certificate in it cannot be read")]
    Damaged,
    /// No certificate has the key's public half.
    #[error("none of its {certificates} certificate(s) belongs to the private key; the first is {first}")]
    Foreign {
        /// How many there are.
        certificates: usize,
        /// Whom the first is for.
        first: String,
    },
}

impl CertificateReason {
    pub(super) fn code(&self) -> &'static str {
        match self {
            Self::TooLarge(_) | Self::TooMany(_) | Self::Damaged => "certificate_damaged",
            Self::NoCertificate(_) | Self::NotCertificates(_) => "certificate_missing",
            Self::Foreign { .. } => "certificate_foreign",
        }
    }

    pub(super) fn hint(&self, name: &str) -> String {
        let file = shell_word(name);
        match self {
            Self::NotCertificates(FileFormat::Pkcs7) => {
                format!("convert it: openssl pkcs7 -inform DER -in {file} -print_certs -out certificate.pem")
            }
            Self::NoCertificate(found) if found.contains("PKCS7") => {
                format!("convert it: openssl pkcs7 -in {file} -print_certs -out certificate.pem")
            }
            Self::TooLarge(_) | Self::TooMany(_) | Self::NoCertificate(_) | Self::NotCertificates(_) => {
                "give the certificate with --certificate, or leave it out and pass --kid with the registered key's id"
                    .to_owned()
            }
            Self::Damaged => {
                format!(
                    "copy the file again from where it came; this shows what OpenSSL finds: openssl x509 -in {file}"
                )
            }
            Self::Foreign { .. } => {
                format!(
                    "give the key's own certificate; its public half is shown by: openssl x509 -in {file} -noout -pubkey"
                )
            }
        }
    }
}

impl CertificateFile {
    /// Reads the certificates at `path`.
    ///
    /// # Errors
    /// [`KeystoreError::Unreadable`] when the file cannot be read, else as [`CertificateFile::parse`].
    pub fn read(path: &Path) -> Result<Self, KeystoreError> {
        let name = path.display().to_string();
        match std::fs::File::open(path) {
            Ok(file) => Self::read_from(&name, file),
            Err(source) => Err(KeystoreError::Unreadable { kind: FileKind::Certificates, name, source }),
        }
    }

    /// Reads certificates from anything that can be read; `name` is for messages.
    ///
    /// # Errors
    /// As [`CertificateFile::read`].
    pub fn read_from(name: &str, reader: impl Read) -> Result<Self, KeystoreError> {
        let bytes = read_capped(reader, MAXIMUM_BYTES);
        let bytes = bytes.map_err(|source| KeystoreError::Unreadable {
            kind: FileKind::Certificates,
            name: name.to_owned(),
            source,
        })?;
        Self::parse(name, &bytes)
    }

    /// Parses certificates, PEM or DER; `name` is for messages.
    ///
    /// # Errors
    /// [`KeystoreError::Certificates`] with the reason: none there, or damaged.
    pub fn parse(name: &str, bytes: &[u8]) -> Result<Self, KeystoreError> {
        match parse(bytes) {
            Ok(certificates) => Ok(Self { name: name.to_owned(), certificates }),
            Err(source) => Err(KeystoreError::Certificates { name: name.to_owned(), source }),
        }
    }

    pub(super) fn of(name: &str, certificates: Vec<Certificate>) -> Self {
        Self { name: name.to_owned(), certificates }
    }

    /// The same file with more certificates, from which a chain may be completed.
    pub(super) fn and(&self, more: Vec<Certificate>) -> Self {
        let certificates = self.certificates.iter().cloned().chain(more).collect();
        Self { name: self.name.clone(), certificates }
    }

    /// The certificate that `owns` says is the key's, and those that lead from it to a root.
    pub(super) fn chain_for(&self, owns: impl Fn(&Certificate) -> bool) -> Result<Vec<Certificate>, KeystoreError> {
        match chain::leaf(&self.certificates, owns) {
            Some(leaf) => Ok(chain::from_leaf(self.certificates[leaf].clone(), &self.certificates)),
            None => Err(KeystoreError::Certificates {
                name: self.name.clone(),
                source: CertificateReason::Foreign {
                    certificates: self.certificates.len(),
                    first: self.certificates.first().map(Certificate::subject).unwrap_or_default(),
                },
            }),
        }
    }
}

fn parse(bytes: &[u8]) -> Result<Vec<Certificate>, CertificateReason> {
    if bytes.len() as u64 > MAXIMUM_BYTES {
        return Err(CertificateReason::TooLarge(MAXIMUM_BYTES));
    }
    let text = String::from_utf8_lossy(bytes);
    let blocks = Block::all(&text);
    if blocks.len() > MAXIMUM_CERTIFICATES {
        return Err(CertificateReason::TooMany(MAXIMUM_CERTIFICATES));
    }
    let certificates = pem::certificates(&blocks).ok_or(CertificateReason::Damaged)?;
    if !certificates.is_empty() {
        return Ok(certificates);
    }
    match FileFormat::sniff(bytes) {
        FileFormat::DerCertificate => {
            Certificate::from_der(bytes).map(|certificate| vec![certificate]).ok_or(CertificateReason::Damaged)
        }
        looks if blocks.is_empty() => Err(CertificateReason::NotCertificates(looks)),
        _ => Err(CertificateReason::NoCertificate(labels(&blocks))),
    }
}
