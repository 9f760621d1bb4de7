//! .NET's certificate store of the current user, searched by thumbprint.
//!
//! On Linux, .NET keeps the store `My` in `~/.dotnet/corefx/cryptography/x509stores/my`: a PKCS#12 file with an empty
//! password for each certificate, named `THUMBPRINT.pfx` by its SHA-1 thumbprint, or `THUMBPRINT.1.pfx` to `.9.pfx`
//! if that name is taken (`OpenSslDirectoryBasedStoreProvider.cs` in dotnet/runtime). The name is only a hint: what
//! counts is the certificate inside. The files often lack intermediate certificates, so the chain may be incomplete. On
//! Windows it is the system's store, of this user and of the machine. On macOS, .NET uses the keychain, which is not
//! supported.

#[cfg(unix)]
mod folder;
#[cfg(not(unix))]
#[path = "non_unix.rs"]
mod folder;

use std::{
    fmt::Write as _,
    path::{Path, PathBuf},
};

use super::{Certificate, CertificateThumbprint, DotnetStoreErrorKind, KeystoreError, SigningKey};

/// A folder in which .NET stores certificates, one per file; on Windows the system's store.
#[derive(Debug, Clone)]
pub struct DotnetStore {
    folder: PathBuf,
}

impl DotnetStore {
    /// Uses the folder in which .NET keeps a store; the current user's is
    /// `~/.dotnet/corefx/cryptography/x509stores/my`. On Windows it is not used.
    #[must_use]
    pub fn new(folder: &Path) -> Self {
        Self { folder: folder.to_owned() }
    }

    /// Loads the key whose certificate has this thumbprint.
    ///
    /// # Errors
    /// [`KeystoreError::Store`] with the reason: no such folder, no such certificate, or one without a key;
    /// [`KeystoreError::Unreadable`] if the folder or a file cannot be read.
    pub fn find(&self, thumbprint: &CertificateThumbprint) -> Result<SigningKey, KeystoreError> {
        self.find_key(thumbprint)
    }

    fn name(&self) -> String {
        if cfg!(windows) {
            [r"Cert:\CurrentUser\My", r"Cert:\LocalMachine\My"].join(", ")
        } else {
            self.folder.display().to_string()
        }
    }

    fn error(&self, source: DotnetStoreErrorKind) -> KeystoreError {
        KeystoreError::Store { name: self.name(), source }
    }
}

/// Lists the certificates for an error, one per line.
fn list(present: &[Certificate]) -> String {
    if present.is_empty() {
        return " none".to_owned();
    }
    present.iter().take(100).fold(String::new(), |mut text, certificate| {
        let _ = write!(text, "\n  {}: {}", certificate.thumbprint(), certificate.subject());
        text
    })
}
