//! The errors of all key sources. Each source has its own enum of reasons.

mod certificate_file;
mod dotnet_store;
mod hardware;
mod jwk;
mod pem;
mod pkcs12;

use std::fmt;

pub use self::{
    certificate_file::CertificateFileErrorKind,
    dotnet_store::DotnetStoreErrorKind,
    hardware::{HardwareErrorKind, PinTries},
    jwk::JwkErrorKind,
    pem::PemErrorKind,
    pkcs12::KeystoreErrorKind,
};
use crate::{explain::Explain, file::FileError, text::excerpt};

/// Why no key could be loaded from a key source.
#[derive(Debug, thiserror::Error)]
pub enum KeystoreError {
    /// The file cannot be read.
    #[error("could not read the {kind} `{name}`")]
    Unreadable {
        /// The expected format of the file.
        kind: KeyFileKind,
        /// The file as the user named it.
        name: String,
        /// The reason.
        source: FileError,
    },
    /// No key could be loaded from the PKCS#12 keystore.
    #[error("could not open the keystore `{name}`")]
    Unopened {
        /// The file as the user named it.
        name: String,
        /// The reason.
        source: KeystoreErrorKind,
    },
    /// No key could be loaded from the JWK or JWK set.
    #[error("could not load a key from the JWK `{name}`")]
    Jwk {
        /// The file or variable as the user named it.
        name: String,
        /// The reason.
        source: JwkErrorKind,
    },
    /// No key could be loaded from the PEM file.
    #[error("could not load a key from the PEM file `{name}`")]
    Pem {
        /// The file as the user named it.
        name: String,
        /// The reason.
        source: PemErrorKind,
    },
    /// The certificate file has no certificate for the key.
    #[error("could not use the certificates in `{name}`")]
    Certificates {
        /// The file as the user named it.
        name: String,
        /// The reason.
        source: CertificateFileErrorKind,
    },
    /// No key could be loaded from .NET's certificate store.
    #[error("could not load a key from the certificate store `{name}`")]
    Store {
        /// The folder.
        name: String,
        /// The reason.
        source: DotnetStoreErrorKind,
    },
    /// No key in the hardware token could be used.
    #[error("could not use a key in the hardware token `{name}`")]
    Hardware {
        /// The token's label.
        name: String,
        /// The reason.
        source: HardwareErrorKind,
    },
}

/// The expected format of a file with keys or certificates.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyFileKind {
    /// PKCS#12.
    Keystore,
    /// JWK or JWK set.
    Jwk,
    /// PEM.
    Pem,
    /// Certificates without a key.
    Certificates,
    /// A file of .NET's certificate store.
    Store,
    /// Any of these.
    Any,
}

impl KeyFileKind {
    fn hint(self) -> &'static str {
        match self {
            Self::Keystore => "check the path given with --keystore, and that you may read it",
            Self::Jwk => "check the path given with --jwk, and that you may read it",
            Self::Pem => "check the path given with --key, and that you may read it",
            Self::Certificates => "check the path given with --certificate, and that you may read it",
            Self::Store => "check that you may read the folder and the files in it",
            Self::Any => "check the path, and that you may read it",
        }
    }
}

impl fmt::Display for KeyFileKind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Keystore => "keystore",
            Self::Jwk => "JWK",
            Self::Pem => "PEM file",
            Self::Certificates => "certificate file",
            Self::Store => "certificate store",
            Self::Any => "file",
        })
    }
}

impl KeystoreError {
    /// Whether the password does not fit, so that another one may.
    #[must_use]
    pub fn is_wrong_password(&self) -> bool {
        matches!(
            self,
            Self::Unopened { source: KeystoreErrorKind::WrongPassword | KeystoreErrorKind::Undecipherable, .. }
                | Self::Pem { source: PemErrorKind::WrongPassword, .. }
        )
    }
}

impl Explain for KeystoreError {
    fn code(&self) -> &'static str {
        match self {
            Self::Unreadable { .. } => "keystore_unreadable",
            Self::Unopened { source, .. } => source.code(),
            Self::Jwk { source, .. } => source.code(),
            Self::Pem { source, .. } => source.code(),
            Self::Certificates { source, .. } => source.code(),
            Self::Store { source, .. } => source.code(),
            Self::Hardware { source, .. } => source.code(),
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Unreadable { kind, .. } => Some(kind.hint().to_owned()),
            Self::Unopened { name, source } => Some(source.hint(name)),
            Self::Jwk { source, .. } => source.hint(),
            Self::Pem { name, source } => Some(source.hint(name)),
            Self::Certificates { name, source } => Some(source.hint(name)),
            Self::Store { source, .. } => source.hint(),
            Self::Hardware { source, .. } => source.hint(),
        }
    }
}

/// Makes text from a file or user fit for an error message: no control characters, and a limited length.
pub(super) fn shown(text: &str) -> String {
    excerpt(text, 300)
}

/// Quotes a file name for a shell if needed, so that the command in a hint works when pasted.
fn shell_word(name: &str) -> String {
    let plain = |character: char| character.is_alphanumeric() || "-_./+:@%,".contains(character);
    if !name.is_empty() && !name.starts_with('-') && name.chars().all(plain) {
        name.to_owned()
    } else {
        format!("'{}'", name.replace('\'', r"'\''"))
    }
}
