//! What went wrong with a source of keys, and which; why is in the enum of that source.

use std::{fmt, io};

use super::{CertificateReason, HardwareReason, JwkReason, PemReason, Reason, StoreReason};
use crate::explain::Explain;

/// What went wrong with a source of keys, and which.
#[derive(Debug, thiserror::Error)]
pub enum KeystoreError {
    /// The file cannot be read at all.
    #[error("could not read the {kind} `{name}`")]
    Unreadable {
        /// What the file was to be.
        kind: FileKind,
        /// The file as the user named it.
        name: String,
        /// What the system says.
        source: io::Error,
    },
    /// The file was read and gives no key.
    #[error("could not open the keystore `{name}`")]
    Unopened {
        /// The file as the user named it.
        name: String,
        /// Why.
        source: Reason,
    },
    /// A JWK or JWK set gives no key.
    #[error("could not take a key from the JWK `{name}`")]
    Jwk {
        /// The file or variable as the user named it.
        name: String,
        /// Why.
        source: JwkReason,
    },
    /// A PEM file gives no key.
    #[error("could not take a key from the PEM file `{name}`")]
    Pem {
        /// The file as the user named it.
        name: String,
        /// Why.
        source: PemReason,
    },
    /// A file of certificates gives none for the key.
    #[error("could not use the certificates in `{name}`")]
    Certificates {
        /// The file as the user named it.
        name: String,
        /// Why.
        source: CertificateReason,
    },
    /// .NET's certificate store gives no key.
    #[error("could not take a key from the certificate store `{name}`")]
    Store {
        /// The folder.
        name: String,
        /// Why.
        source: StoreReason,
    },
    /// A hardware token gives no key.
    #[error("could not use a key in the hardware token `{name}`")]
    Hardware {
        /// The token's label.
        name: String,
        /// Why.
        source: HardwareReason,
    },
}

/// What a file that cannot be read was to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileKind {
    /// PKCS#12.
    Keystore,
    /// JWK or JWK set.
    Jwk,
    /// PEM.
    Pem,
    /// Certificates alone.
    Certificates,
    /// A folder of .NET's.
    Store,
}

impl FileKind {
    fn hint(self) -> &'static str {
        match self {
            Self::Keystore => "check the path given with --keystore, and that you may read it",
            Self::Jwk => "check the path given with --jwk, and that you may read it",
            Self::Pem => "check the path given with --key, and that you may read it",
            Self::Certificates => "check the path given with --certificate, and that you may read it",
            Self::Store => "check that you may read the folder and the files in it",
        }
    }
}

impl fmt::Display for FileKind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Keystore => "keystore",
            Self::Jwk => "JWK",
            Self::Pem => "PEM file",
            Self::Certificates => "certificate file",
            Self::Store => "certificate store",
        })
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

/// Quotes a file name for a shell when it needs it, so that the command in a hint works when pasted.
pub(super) fn shell_word(name: &str) -> String {
    let plain = |character: char| character.is_alphanumeric() || "-_./+:@%,".contains(character);
    if !name.is_empty() && !name.starts_with('-') && name.chars().all(plain) {
        name.to_owned()
    } else {
        format!("'{}'", name.replace('\'', r"'\''"))
    }
}
