//! Why a PEM file gives no key, told apart so that each has its own remedy.

use crate::keystore::{FileFormat, Reason, error::shell_word};

/// Why a PEM file gives no key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PemReason {
    /// The file is larger than any key with its certificates.
    #[error("it is larger than {0} bytes, which no key is")]
    TooLarge(u64),
    /// There is no PEM block in it.
    #[error("there is no PEM block in it: {0}")]
    NotPem(FileFormat),
    /// It is a PKCS#12 keystore.
    #[error("it is a PKCS#12 keystore, not PEM")]
    Pkcs12,
    /// There are more blocks than anybody's key and chain have.
    #[error("there are more than {0} PEM blocks in it")]
    TooManyBlocks(usize),
    /// A block begins and does not end.
    #[error("a PEM block in it begins and does not end")]
    CutShort,
    /// There are blocks, and none holds a private key.
    #[error("there is no private key in it, only {0}")]
    NoPrivateKey(String),
    /// There is more than one private key.
    #[error("there are {0} private keys in it, and none is the obvious one")]
    Ambiguous(usize),
    /// The key is in the form that ssh-keygen writes.
    #[error("its private key is in OpenSSH's own form, which only ssh tools read")]
    OpenSsh,
    /// The password does not open the key.
    #[error("its private key does not open with this password")]
    WrongPassword,
    /// The block cannot be read as what it says it is.
    #[error("its block `{0}` is damaged: what is in it cannot be read as a private key")]
    Damaged(String),
    /// A certificate in it cannot be read.
    #[error("a certificate in it cannot be read")]
    DamagedCertificate,
    /// It is encrypted in a way that is not read here.
    #[error("its private key is encrypted with {0}, which is not read here")]
    Unsupported(String),
    /// There are certificates in the file, and none has the key's public half.
    #[error("its private key does not belong to any certificate in it")]
    ForeignCertificate,
    /// The key signs no JWT, or opening it takes too long.
    #[error(transparent)]
    Key(Reason),
}

impl From<Reason> for PemReason {
    fn from(reason: Reason) -> Self {
        match reason {
            Reason::WrongPassword | Reason::Undecipherable | Reason::OtherKeyPassword => Self::WrongPassword,
            Reason::Unsupported(what) => Self::Unsupported(what),
            other => Self::Key(other),
        }
    }
}

impl PemReason {
    pub(in crate::keystore) fn code(&self) -> &'static str {
        match self {
            Self::TooLarge(_) | Self::TooManyBlocks(_) | Self::NotPem(_) | Self::Pkcs12 => "pem_not_pem",
            Self::CutShort | Self::Damaged(_) | Self::DamagedCertificate => "pem_damaged",
            Self::NoPrivateKey(_) => "pem_no_private_key",
            Self::Ambiguous(_) => "pem_several_keys",
            Self::OpenSsh => "pem_openssh",
            Self::WrongPassword => "keystore_password",
            Self::Unsupported(_) => "keystore_encryption",
            Self::ForeignCertificate => "certificate_foreign",
            Self::Key(reason) => reason.code(),
        }
    }

    pub(in crate::keystore) fn hint(&self, name: &str) -> String {
        let file = shell_word(name);
        match self {
            Self::NotPem(FileFormat::DerKey) => format!("convert it: openssl pkey -inform DER -in {file} -out key.pem"),
            Self::NotPem(FileFormat::Jwk) => format!("pass it as a JWK: --jwk {file}"),
            Self::Pkcs12 => format!("pass it as a keystore: --keystore {file}"),
            Self::NotPem(FileFormat::DerCertificate | FileFormat::Pkcs7) | Self::NoPrivateKey(_) => {
                "give the file with the private key to --key, and the certificate to --certificate".to_owned()
            }
            Self::TooLarge(_) | Self::TooManyBlocks(_) | Self::NotPem(_) => {
                "give a file with -----BEGIN PRIVATE KEY----- in it to --key".to_owned()
            }
            Self::CutShort | Self::Damaged(_) | Self::DamagedCertificate => {
                format!(
                    "copy the file again from where it came; this shows what OpenSSL finds: openssl pkey -in {file}"
                )
            }
            Self::Ambiguous(_) => "leave one private key in the file".to_owned(),
            Self::OpenSsh => format!(
                "convert a copy of it, for the command changes the file in place: cp {file} key.pem && chmod 600 \
                 key.pem && ssh-keygen -p -m PKCS8 -f key.pem"
            ),
            Self::WrongPassword => {
                "set MASKINPORTEN_KEYSTORE_PASSWORD, or pass --keystore-password-file FILE".to_owned()
            }
            Self::Unsupported(_) => format!("convert it: openssl pkcs8 -topk8 -in {file} -out new.pem"),
            Self::ForeignCertificate => {
                "give the key's own certificate with --certificate FILE, or register the key and pass --kid".to_owned()
            }
            Self::Key(Reason::KeySize(_)) => "make a larger key: maskinporten keys new --rsa 3072".to_owned(),
            Self::Key(reason) => reason.hint(name),
        }
    }
}
