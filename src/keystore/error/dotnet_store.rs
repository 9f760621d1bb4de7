//! Why no key could be loaded from .NET's certificate store.

use super::KeystoreErrorKind;
use crate::explain::Explain;

/// Why no key could be loaded from a certificate store.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DotnetStoreErrorKind {
    /// The text is not a thumbprint.
    #[error(
        "`{given}` is not a thumbprint: it has {digits} characters, but SHA-1 has 40 hexadecimal digits and SHA-256 \
         has 64"
    )]
    Thumbprint {
        /// The text.
        given: String,
        /// How many characters count.
        digits: usize,
    },
    /// The folder does not exist.
    #[error("the folder does not exist, so .NET has not stored a certificate for this user")]
    NoStore,
    /// No certificate has the thumbprint.
    #[error("no certificate in it has the thumbprint {wanted}; its certificates are:{present}")]
    NotFound {
        /// The thumbprint that was asked for.
        wanted: String,
        /// The certificates, one per line.
        present: String,
    },
    /// The certificate is stored without its key.
    #[error("its certificate {0} has no private key")]
    NoPrivateKey(String),
    /// Windows does not give this user the key.
    #[error("Windows did not give access to the private key of {certificate}: {reason}")]
    PrivateKeyUnusable {
        /// The subject of the certificate.
        certificate: String,
        /// The error of Windows.
        reason: String,
    },
    /// The key cannot sign a JWT.
    #[error(transparent)]
    Key(KeystoreErrorKind),
}

impl Explain for DotnetStoreErrorKind {
    fn code(&self) -> &'static str {
        match self {
            Self::Thumbprint { .. } => "thumbprint",
            Self::NoStore => "certificate_store_missing",
            Self::NotFound { .. } => "certificate_store_not_found",
            Self::NoPrivateKey(_) => "certificate_store_no_private_key",
            Self::PrivateKeyUnusable { .. } => "certificate_store_private_key",
            Self::Key(kind) => kind.code(),
        }
    }

    fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Thumbprint { .. } => {
                "show it with: openssl x509 -in certificate.pem -noout -fingerprint -sha1".to_owned()
            }
            Self::NoStore if cfg!(target_os = "macos") => {
                "export it with its private key from Keychain Access (My Certificates, Export, .p12), then --keystore \
                 keystore.p12"
                    .to_owned()
            }
            Self::NoStore => "pass the certificate's own file instead: --keystore keystore.p12".to_owned(),
            Self::NotFound { .. } => "pass the thumbprint of one of them with --certificate-thumbprint".to_owned(),
            Self::NoPrivateKey(_) => {
                "store it again with its private key, or pass the file that has both: --keystore keystore.p12"
                    .to_owned()
            }
            Self::PrivateKeyUnusable { .. } => {
                "let this user read the key: in certlm.msc, All Tasks, Manage Private Keys; a key that an old provider \
                 (CSP) has must be imported again, or pass the file that has both: --keystore keystore.p12"
                    .to_owned()
            }
            Self::Key(kind) => kind.hint("keystore.p12"),
        })
    }
}
