//! Certificate files, for a key that comes without its certificates.
//!
//! PEM in any order with other text around it, or one certificate in DER. Certificates are needed only to send `x5c`:
//! a key that is registered under a key id does without.

use std::path::Path;

use super::{
    Certificate, FileFormat, KeyFileKind, KeystoreError, MAXIMUM_BYTES, chain,
    error::shell_word,
    pem::{self, PemBlock, labels},
    pkcs12::MAXIMUM_CERTIFICATES,
    read_key_file,
};

/// The certificates in a file.
#[derive(Debug, Clone)]
pub struct CertificateFile {
    name: String,
    certificates: Vec<Certificate>,
}

/// Why a file gives no certificate for a key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CertificateFileErrorKind {
    /// The file is larger than the limit in bytes.
    #[error("it is larger than the limit of {0} bytes")]
    TooLarge(u64),
    /// The file has more PEM blocks than allowed.
    #[error("it has more than {0} PEM blocks")]
    TooMany(usize),
    /// The file has PEM blocks, but no certificate.
    #[error("it has no certificate, only {0}")]
    NoCertificate(String),
    /// The file is neither PEM nor DER.
    #[error("it is neither PEM nor a certificate in DER: {0}")]
    NotCertificates(FileFormat),
    /// A certificate cannot be parsed.
    #[error("a certificate in it cannot be parsed")]
    Damaged,
    /// The file has no certificate for the key.
    #[error("none of its {certificates} certificate(s) belongs to the private key; the first is {first}")]
    Foreign {
        /// How many certificates it has.
        certificates: usize,
        /// The subject of the first.
        first: String,
    },
}

impl CertificateFileErrorKind {
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
                "pass a certificate with --certificate, or leave it out and pass the key id of a registered key with \
                 --kid"
                    .to_owned()
            }
            Self::Damaged => {
                format!("copy the file again from its source; this shows what OpenSSL finds: openssl x509 -in {file}")
            }
            Self::Foreign { .. } => {
                format!(
                    "pass the key's own certificate; this shows the public key in the file: openssl x509 -in {file} \
                     -noout -pubkey"
                )
            }
        }
    }
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

    pub(super) fn new(name: &str, certificates: Vec<Certificate>) -> Self {
        Self { name: name.to_owned(), certificates }
    }

    /// Builds the chain of the certificate for which `owns` returns true, also from the certificates in `more`.
    pub(super) fn chain_for(
        &self,
        more: &[Certificate],
        owns: impl Fn(&Certificate) -> bool,
    ) -> Result<Vec<Certificate>, KeystoreError> {
        let all = [&self.certificates, more].concat();
        match chain::leaf(&all, owns) {
            Some(leaf) => Ok(chain::from_leaf(all[leaf].clone(), &all)),
            None => Err(KeystoreError::Certificates {
                name: self.name.clone(),
                source: CertificateFileErrorKind::Foreign {
                    certificates: all.len(),
                    first: all.first().map_or_else(|| "missing".to_owned(), Certificate::subject),
                },
            }),
        }
    }
}

fn parse(bytes: &[u8]) -> Result<Vec<Certificate>, CertificateFileErrorKind> {
    if bytes.len() as u64 > MAXIMUM_BYTES {
        return Err(CertificateFileErrorKind::TooLarge(MAXIMUM_BYTES));
    }
    let text = String::from_utf8_lossy(bytes);
    let blocks = PemBlock::find_all(&text);
    if blocks.len() > MAXIMUM_CERTIFICATES {
        return Err(CertificateFileErrorKind::TooMany(MAXIMUM_CERTIFICATES));
    }
    let certificates = pem::certificates(&blocks).ok_or(CertificateFileErrorKind::Damaged)?;
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
