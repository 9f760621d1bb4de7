//! Why no certificate for a key could be read from a file.

use super::{KeystoreErrorKind, shell_word};
use crate::{keystore::FileFormat, pem::PemFault};

/// Why no certificate for a key could be read from a file.
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
    /// The PEM text is not well-formed.
    #[error("it is not well-formed PEM: {0}")]
    Malformed(PemFault),
    /// A certificate cannot be parsed.
    #[error("a certificate in it cannot be parsed")]
    Damaged,
    /// The certificate of the RSA key is for RSASSA-PSS only.
    #[error(transparent)]
    Pss(KeystoreErrorKind),
    /// The file has no certificate for the key.
    #[error("none of its {certificates} certificate(s) belongs to the private key; the first is {first}")]
    Foreign {
        /// How many certificates it has.
        certificates: usize,
        /// The subject of the first.
        first: String,
    },
}

impl From<PemFault> for CertificateFileErrorKind {
    fn from(fault: PemFault) -> Self {
        Self::Malformed(fault)
    }
}

impl CertificateFileErrorKind {
    pub(super) fn code(&self) -> &'static str {
        match self {
            Self::TooLarge(_) | Self::TooMany(_) | Self::Malformed(_) | Self::Damaged => "certificate_damaged",
            Self::NoCertificate(_) | Self::NotCertificates(_) => "certificate_missing",
            Self::Pss(_) | Self::Foreign { .. } => "certificate_foreign",
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
            Self::NotCertificates(FileFormat::Pkcs12) => {
                format!("pass it as a keystore, in place of a key and a certificate: --keystore {file}")
            }
            Self::TooLarge(_) | Self::TooMany(_) | Self::NoCertificate(_) | Self::NotCertificates(_) => {
                "pass a certificate with --certificate, or leave it out and pass the key id of a registered key with \
                 --kid"
                    .to_owned()
            }
            Self::Malformed(_) => "correct that line, or copy the file again from its source".to_owned(),
            Self::Damaged => {
                format!("copy the file again from its source; this shows what OpenSSL finds: openssl x509 -in {file}")
            }
            Self::Pss(kind) => kind.hint(name),
            Self::Foreign { .. } => {
                format!(
                    "pass the key's own certificate; this shows the public key in the file: openssl x509 -in {file} \
                     -noout -pubkey"
                )
            }
        }
    }
}
