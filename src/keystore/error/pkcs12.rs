//! Why no key could be loaded from a PKCS#12 keystore.

use super::shell_word;
use crate::keystore::{FileFormat, MAXIMUM_ITERATIONS};

/// Why no key could be loaded from the content of a keystore.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeystoreErrorKind {
    /// The integrity check failed.
    #[error("its integrity check failed, so the password is wrong or the file is damaged")]
    WrongPassword,
    /// The file has no integrity check, and decryption failed.
    #[error("it could not be decrypted, so the password is wrong or the file is damaged")]
    Undecipherable,
    /// The password of the file is right, but the key inside has another one.
    #[error("its password is right, but its content is encrypted with another password")]
    OtherKeyPassword,
    /// The file begins like PKCS#12, but cannot be parsed.
    #[error("it is damaged or truncated: {0}")]
    Damaged(&'static str),
    /// The file has another format.
    #[error("it is not a PKCS#12 keystore: {0}")]
    NotPkcs12(FileFormat),
    /// The file is larger than the limit in bytes.
    #[error("it is larger than the limit of {0} bytes")]
    TooLarge(u64),
    /// The file has more keys or certificates than allowed.
    #[error("it has more than {keys} keys or {certificates} certificates")]
    TooManyEntries {
        /// The limit for keys.
        keys: usize,
        /// The limit for certificates.
        certificates: usize,
    },
    /// The file has no private key.
    #[error("it has no private key, {}", instead(*.certificates))]
    NoPrivateKey {
        /// How many certificates it has.
        certificates: usize,
    },
    /// The file has certificates, but none for the key.
    #[error("its private key does not belong to any certificate in it")]
    ForeignKey,
    /// The certificate of the RSA key is for RSASSA-PSS only.
    #[error(
        "its certificate is for RSASSA-PSS only, and does not fit the private key, which is for RSA (rsaEncryption)"
    )]
    PssCertificate,
    /// The encryption or MAC is not supported.
    #[error("it uses {0}, which is not supported")]
    Unsupported(String),
    /// Opening the file takes more iterations than allowed.
    #[error("opening it takes at least {wanted} key derivation iterations, and {limit} are allowed")]
    TooManyIterations {
        /// The iterations counted so far.
        wanted: u64,
        /// The limit.
        limit: u64,
    },
    /// No entry has this alias.
    #[error("it has no entry with the alias `{alias}`; its entries are:{entries}")]
    NoSuchAlias {
        /// The alias that was asked for.
        alias: String,
        /// The entries, one per line.
        entries: String,
    },
    /// No key has a certificate with this thumbprint.
    #[error("it has no key whose certificate has the thumbprint {thumbprint}; its entries are:{entries}")]
    NoSuchCertificate {
        /// The thumbprint that was asked for.
        thumbprint: String,
        /// The entries, one per line.
        entries: String,
    },
    /// Several entries match.
    #[error("it has several keys to choose from:{entries}")]
    Ambiguous {
        /// The entries, one per line.
        entries: String,
        /// Whether entries share an alias, so that an alias cannot choose.
        same_alias: bool,
    },
    /// The key is of a kind that cannot sign a JWT.
    #[error("its private key is of the kind {0}, which cannot sign a JWT")]
    KeyKind(String),
    /// The RSA key is too short for the standards and Maskinporten, or too long for OpenSSL.
    #[error("its RSA key has {0} bits; 2048 to 16384 are accepted (RFC 7518 §3.3)")]
    KeySize(u32),
}

impl KeystoreErrorKind {
    /// Distinguishes a damaged keystore from a file of another format.
    pub(in crate::keystore) fn for_unreadable(bytes: &[u8]) -> Self {
        match FileFormat::sniff(bytes) {
            FileFormat::Pkcs12 => Self::Damaged("its lengths do not match its size"),
            format => Self::NotPkcs12(format),
        }
    }

    pub(super) fn hint(&self, name: &str) -> String {
        let file = shell_word(name);
        match self {
            Self::WrongPassword | Self::Undecipherable => {
                "set MASKINPORTEN_KEYSTORE_PASSWORD, or pass --keystore-password-file FILE".to_owned()
            }
            // OpenSSL writes the key before it reports that the certificates have another password.
            Self::OtherKeyPassword => format!(
                "give key and keystore the same password: openssl pkcs12 -in {file} -twopass -nocerts -nodes -out \
                 key.pem; openssl pkcs12 -in {file} -nokeys -out certificates.pem && openssl pkcs12 -export -inkey \
                 key.pem -in certificates.pem -out new.p12; rm key.pem"
            ),
            Self::Damaged(_) => "copy the file again from its source, in binary mode".to_owned(),
            Self::NotPkcs12(format) => hint_for_format(*format, &file),
            Self::TooLarge(_) => "check the path: a keystore takes a few kilobytes".to_owned(),
            Self::TooManyEntries { .. } => {
                "export the key and its certificates into a keystore of their own".to_owned()
            }
            Self::NoPrivateKey { .. } => "export it again where the key was made, with the private key: openssl \
                 pkcs12 -export -inkey key.pem -in certificate.pem -out keystore.p12"
                .to_owned(),
            Self::ForeignKey => "put the key and its own certificate together: openssl pkcs12 -export -inkey key.pem \
                 -in certificate.pem -out keystore.p12"
                .to_owned(),
            Self::PssCertificate => "get a certificate for the RSA key itself: Maskinporten accepts RS256, RS384 and \
                 RS512, and none of RSASSA-PSS"
                .to_owned(),
            Self::Unsupported(_) => format!(
                "convert it: openssl pkcs12 -legacy -in {file} -nodes -out key-and-certificates.pem && openssl \
                 pkcs12 -export -in key-and-certificates.pem -out new.p12; rm key-and-certificates.pem"
            ),
            Self::TooManyIterations { wanted, .. } if *wanted > MAXIMUM_ITERATIONS => {
                "get the file again from its source: no known program writes such a count".to_owned()
            }
            Self::TooManyIterations { wanted, .. } => {
                format!("if you trust the file, pass --max-iterations {wanted} or more")
            }
            Self::NoSuchCertificate { .. } | Self::Ambiguous { same_alias: true, .. } => {
                "choose one of them with --certificate-thumbprint HEX".to_owned()
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
            Self::ForeignKey | Self::PssCertificate => "keystore_foreign_key",
            Self::Unsupported(_) => "keystore_encryption",
            Self::TooManyIterations { .. } => "keystore_iterations",
            Self::NoSuchAlias { .. } | Self::NoSuchCertificate { .. } | Self::Ambiguous { .. } => "keystore_alias",
            Self::KeyKind(_) | Self::KeySize(_) => "keystore_key",
        }
    }
}

fn hint_for_format(format: FileFormat, file: &str) -> String {
    match format {
        FileFormat::Pem => format!("pass it as a PEM key: --key {file}"),
        FileFormat::Jwk => format!("pass it as a JWK: --jwk {file}"),
        FileFormat::Jks | FileFormat::Jceks => format!(
            "convert it: keytool -importkeystore -srckeystore {file} -destkeystore keystore.p12 -deststoretype pkcs12"
        ),
        FileFormat::DerCertificate | FileFormat::Pkcs7 => {
            "find the .p12 or .pfx file that came with the certificate's private key".to_owned()
        }
        FileFormat::DerKey => format!(
            // `pkcs12 -inkey` reads PEM only.
            "put it together with its certificate: openssl pkey -inform DER -in {file} -out key.pem && openssl \
             pkcs12 -export -inkey key.pem -in certificate.pem -out keystore.p12; rm key.pem"
        ),
        FileFormat::Empty | FileFormat::Pkcs12 | FileFormat::Base64 | FileFormat::Unknown => {
            "pass the .p12 or .pfx file with --keystore".to_owned()
        }
    }
}

/// Describes what a keystore has instead of a private key.
fn instead(certificates: usize) -> String {
    match certificates {
        0 => "and no certificate either".to_owned(),
        1 => "only a certificate".to_owned(),
        _ => format!("only {certificates} certificates"),
    }
}
