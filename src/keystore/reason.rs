//! Why a keystore gives no key, told apart so that each has its own remedy.

use super::{MAXIMUM_ITERATIONS, error::shell_word, file_format::FileFormat};

/// Why the content of a keystore gives no key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Reason {
    /// The integrity check failed.
    #[error("its integrity check failed, so the password is wrong or the file was changed")]
    WrongPassword,
    /// There is no integrity check, and decrypting failed.
    #[error("it cannot be decrypted, so the password is wrong or the file was changed")]
    Undecipherable,
    /// The file's password is right, but the key inside has another.
    #[error("its password is right, but what is inside is encrypted with another password")]
    OtherKeyPassword,
    /// The file begins as PKCS#12 does and does not go on so.
    #[error("it is damaged or cut short: {0}")]
    Damaged(&'static str),
    /// The file is something else.
    #[error("it is not a PKCS#12 keystore: {0}")]
    NotPkcs12(FileFormat),
    /// The file is larger than any keystore.
    #[error("it is larger than {0} bytes, which no keystore is")]
    TooLarge(u64),
    /// It holds more than any keystore.
    #[error("it holds {keys} keys or {certificates} certificates or more, which no keystore does")]
    TooManyEntries {
        /// How many keys are too many.
        keys: usize,
        /// How many certificates are too many.
        certificates: usize,
    },
    /// There is no private key in it.
    #[error("there is no private key in it, {}", beside(*.certificates))]
    NoPrivateKey {
        /// How many certificates there are.
        certificates: usize,
    },
    /// There are certificates, and none has the key's public half.
    #[error("its private key does not belong to any certificate in it")]
    ForeignKey,
    /// It is encrypted or sealed in a way that is not read here.
    #[error("it uses {0}, which is not read here")]
    Unsupported(String),
    /// Opening it would take too long.
    #[error("opening it takes {wanted} iterations of key derivation or more, and {limit} are allowed")]
    TooManyIterations {
        /// What has been counted so far.
        wanted: u64,
        /// What is allowed.
        limit: u64,
    },
    /// No entry has the alias that was asked for.
    #[error("it has no entry with the alias `{alias}`; it has{entries}")]
    NoSuchAlias {
        /// The alias that was asked for.
        alias: String,
        /// The entries, a line each.
        entries: String,
    },
    /// Several entries could be meant.
    #[error("it has several keys and none is the obvious one:{entries}")]
    Ambiguous {
        /// The entries, a line each.
        entries: String,
    },
    /// The key is of a kind that signs no JWT.
    #[error("its private key is of the kind {0}, which signs no JWT")]
    KeyKind(String),
    /// An RSA key that the standards and Maskinporten find too short, or that nobody can use.
    #[error("its RSA key has {0} bits; 2048 to 16384 are accepted (RFC 7518 §3.3)")]
    KeySize(u32),
}

impl Reason {
    /// Tells a damaged keystore from a file of another kind.
    pub(super) fn of_unreadable(bytes: &[u8]) -> Self {
        if FileFormat::like_pkcs12(bytes) {
            Self::Damaged("its lengths do not fit what is there")
        } else {
            Self::NotPkcs12(FileFormat::sniff(bytes))
        }
    }

    pub(super) fn hint(&self, name: &str) -> String {
        let file = shell_word(name);
        match self {
            Self::WrongPassword | Self::Undecipherable => {
                "set MASKINPORTEN_KEYSTORE_PASSWORD, or pass --keystore-password-file FILE".to_owned()
            }
            Self::OtherKeyPassword => format!(
                "give key and keystore the same password: keytool -importkeystore -srckeystore {file} \
                 -destkeystore new.p12 -deststoretype pkcs12"
            ),
            Self::Damaged(_) => "copy the file again from where it came, in binary mode".to_owned(),
            Self::NotPkcs12(looks) => hint_for_other_file(*looks, &file),
            Self::TooLarge(_) => "check the path given with --keystore".to_owned(),
            Self::TooManyEntries { .. } => {
                "export the one key and its certificates into a keystore of their own".to_owned()
            }
            Self::NoPrivateKey { .. } => "export it again from where the key was made, with the private key \
                 (openssl pkcs12 -export -inkey key.pem -in certificate.pem -out keystore.p12)"
                .to_owned(),
            Self::ForeignKey => "put the key and its own certificate together: openssl pkcs12 -export -inkey key.pem \
                 -in certificate.pem -out keystore.p12"
                .to_owned(),
            Self::Unsupported(_) => format!(
                "convert it: openssl pkcs12 -legacy -in {file} -nodes -out key-and-certificates.pem && openssl \
                 pkcs12 -export -in key-and-certificates.pem -out new.p12; rm key-and-certificates.pem"
            ),
            Self::TooManyIterations { wanted, .. } if *wanted > MAXIMUM_ITERATIONS => {
                "get the file again from where it was made: no program asks for so much".to_owned()
            }
            Self::TooManyIterations { wanted, .. } => {
                format!("if you trust the file, pass --max-iterations {wanted} or more")
            }
            Self::NoSuchAlias { .. } | Self::Ambiguous { .. } => "choose one of them with --alias ALIAS".to_owned(),
            Self::KeyKind(_) => "use an RSA key: Maskinporten accepts RS256, RS384 and RS512".to_owned(),
            Self::KeySize(_) => "order a certificate with an RSA key of 2048 bits or more".to_owned(),
        }
    }

    pub(super) fn code(&self) -> &'static str {
        match self {
            Self::WrongPassword | Self::Undecipherable | Self::OtherKeyPassword => "keystore_password",
            Self::Damaged(_) | Self::TooLarge(_) | Self::TooManyEntries { .. } => "keystore_damaged",
            Self::NotPkcs12(_) => "keystore_not_pkcs12",
            Self::NoPrivateKey { .. } => "keystore_no_private_key",
            Self::ForeignKey => "keystore_foreign_key",
            Self::Unsupported(_) => "keystore_encryption",
            Self::TooManyIterations { .. } => "keystore_iterations",
            Self::NoSuchAlias { .. } | Self::Ambiguous { .. } => "keystore_alias",
            Self::KeyKind(_) | Self::KeySize(_) => "keystore_key",
        }
    }
}

fn hint_for_other_file(looks: FileFormat, file: &str) -> String {
    match looks {
        FileFormat::Pem => format!(
            "if the PEM file holds the key and its certificate: openssl pkcs12 -export -in {file} -out keystore.p12"
        ),
        FileFormat::Jks | FileFormat::Jceks => format!(
            "convert it: keytool -importkeystore -srckeystore {file} -destkeystore keystore.p12 -deststoretype pkcs12"
        ),
        FileFormat::Base64 => format!("decode it: base64 -d {file} > keystore.p12"),
        FileFormat::DerCertificate | FileFormat::Pkcs7 => {
            "find the .p12 or .pfx file that came with the certificate's private key".to_owned()
        }
        FileFormat::DerKey => format!(
            // `pkcs12 -inkey` reads PEM alone.
            "put it together with its certificate: openssl pkey -inform DER -in {file} -out key.pem && openssl \
             pkcs12 -export -inkey key.pem -in certificate.pem -out keystore.p12; rm key.pem"
        ),
        FileFormat::Jwk | FileFormat::Empty | FileFormat::Unknown => {
            "pass the .p12 or .pfx file with --keystore".to_owned()
        }
    }
}

/// What there is in place of a private key.
fn beside(certificates: usize) -> String {
    match certificates {
        0 => "and no certificate either".to_owned(),
        1 => "only a certificate".to_owned(),
        _ => format!("only {certificates} certificates"),
    }
}
