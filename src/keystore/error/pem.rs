//! Why no key could be loaded from a PEM file.

use super::{KeystoreErrorKind, shell_word};
use crate::{keystore::FileFormat, pem::PemFault};

/// Why no key could be loaded from a PEM file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PemErrorKind {
    /// The file is larger than the limit in bytes.
    #[error("it is larger than the limit of {0} bytes")]
    TooLarge(u64),
    /// The file has no PEM block.
    #[error("it has no PEM block: {0}")]
    NotPem(FileFormat),
    /// The file has more PEM blocks than allowed.
    #[error("it has more than {0} PEM blocks")]
    TooManyBlocks(usize),
    /// The PEM text is not well-formed.
    #[error("it is not well-formed PEM: {0}")]
    Malformed(PemFault),
    /// The file has no private key.
    #[error("it has no private key, only {0}")]
    NoPrivateKey(String),
    /// The file has several private keys.
    #[error("it has {0} private keys, but one is expected")]
    Ambiguous(usize),
    /// The key has the format of ssh-keygen.
    #[error("its private key has the format of OpenSSH, which is not supported")]
    OpenSsh,
    /// The key is encrypted, and no password was given.
    #[error("its private key is encrypted, and no password was given")]
    NeedsPassword,
    /// The password does not decrypt the key.
    #[error("the password does not decrypt its private key")]
    WrongPassword,
    /// The block with the key cannot be parsed.
    #[error("its block `{0}` is damaged: it cannot be parsed as a private key")]
    Damaged(String),
    /// A certificate cannot be parsed.
    #[error("a certificate in it cannot be parsed")]
    DamagedCertificate,
    /// The encryption is not supported.
    #[error("its private key is encrypted with {0}, which is not supported")]
    Unsupported(String),
    /// The file has certificates, but none for the key.
    #[error("its private key does not belong to any certificate in it")]
    ForeignCertificate,
    /// The key cannot sign a JWT, or opening it takes more iterations than allowed.
    #[error(transparent)]
    Key(KeystoreErrorKind),
}

impl From<PemFault> for PemErrorKind {
    fn from(fault: PemFault) -> Self {
        Self::Malformed(fault)
    }
}

impl From<KeystoreErrorKind> for PemErrorKind {
    fn from(kind: KeystoreErrorKind) -> Self {
        match kind {
            KeystoreErrorKind::WrongPassword
            | KeystoreErrorKind::Undecipherable
            | KeystoreErrorKind::OtherKeyPassword => Self::WrongPassword,
            KeystoreErrorKind::Unsupported(what) => Self::Unsupported(what),
            other => Self::Key(other),
        }
    }
}

impl PemErrorKind {
    pub(super) fn code(&self) -> &'static str {
        match self {
            Self::TooLarge(_) | Self::TooManyBlocks(_) | Self::NotPem(_) => "pem_not_pem",
            Self::Malformed(_) | Self::Damaged(_) | Self::DamagedCertificate => "pem_damaged",
            Self::NoPrivateKey(_) => "pem_no_private_key",
            Self::Ambiguous(_) => "pem_several_keys",
            Self::OpenSsh => "pem_openssh",
            Self::NeedsPassword | Self::WrongPassword => "keystore_password",
            Self::Unsupported(_) => "keystore_encryption",
            Self::ForeignCertificate => "certificate_foreign",
            Self::Key(kind) => kind.code(),
        }
    }

    pub(super) fn hint(&self, name: &str) -> String {
        let file = shell_word(name);
        match self {
            Self::NotPem(FileFormat::Jwk) => format!("pass it as a JWK: --jwk {file}"),
            Self::NotPem(FileFormat::Pkcs12) => format!("pass it as a keystore: --keystore {file}"),
            Self::NotPem(FileFormat::DerCertificate | FileFormat::Pkcs7) | Self::NoPrivateKey(_) => {
                "pass the private key's file with --key, and the certificate's file with --certificate".to_owned()
            }
            Self::NotPem(FileFormat::Base64) => {
                "if it is a keystore, pass it with --keystore; if it is a key, copy it again from its source".to_owned()
            }
            Self::TooLarge(_) | Self::TooManyBlocks(_) | Self::NotPem(_) => {
                "with --key, pass a file that contains -----BEGIN PRIVATE KEY-----".to_owned()
            }
            Self::Malformed(_) => "correct that line, or copy the file again from its source".to_owned(),
            Self::DamagedCertificate => "copy the certificate again from its source".to_owned(),
            Self::Damaged(_) => {
                format!("copy the file again from its source; this shows what OpenSSL finds: openssl pkey -in {file}")
            }
            Self::Ambiguous(_) => "keep only one private key in the file".to_owned(),
            Self::OpenSsh => format!(
                "convert a copy, because the command changes the file in place: cp {file} key.pem && chmod 600 \
                 key.pem && ssh-keygen -p -m PKCS8 -f key.pem"
            ),
            Self::NeedsPassword | Self::WrongPassword => {
                "set MASKINPORTEN_KEYSTORE_PASSWORD, or pass --keystore-password-file FILE".to_owned()
            }
            Self::Unsupported(method) => {
                // OpenSSL 3 has the old ciphers and digests in a provider that is off by default.
                let old = ["DES", "MD2", "MD5", "RC2", "RC4", "BF", "IDEA", "CAST", "SEED"];
                let old = old.iter().any(|name| method.to_uppercase().contains(name));
                let providers = if old { " -provider legacy -provider default" } else { "" };
                format!("convert it: openssl pkcs8 -topk8{providers} -in {file} -out new.pem")
            }
            Self::ForeignCertificate => {
                "pass the key's own certificate with --certificate FILE, or register the key and pass --kid".to_owned()
            }
            Self::Key(KeystoreErrorKind::KeySize(_)) => {
                "make a larger key: maskinporten keys new --rsa 3072".to_owned()
            }
            Self::Key(kind) => kind.hint(name),
        }
    }
}
