//! The files with the secret and the certificate of a server.

use std::path::{Path, PathBuf};

use maskinporten::server::{ServerHandle, TlsFiles};
use secrecy::SecretString;

use super::{served::Served, server_failure};
use crate::cli::{
    report::{Failure, Report},
    secret,
};

/// The files with the secret, the certificate and its key.
#[derive(Default)]
pub(super) struct CredentialFiles {
    pub(super) secret_file: Option<PathBuf>,
    pub(super) tls: Option<TlsFiles>,
}

impl CredentialFiles {
    pub(super) fn secret(&self) -> Result<Option<SecretString>, Failure> {
        self.secret_file.as_deref().map(secret::server_secret_in).transpose()
    }

    pub(super) fn files(&self) -> impl Iterator<Item = PathBuf> {
        let tls = self.tls.iter().flat_map(|tls| [tls.certificate.clone(), tls.key.clone()]);
        self.secret_file.clone().into_iter().chain(tls)
    }

    /// Warns about files that other users may change, and about those with secrets that they may read.
    pub(super) fn warn(&self, report: &Report) {
        for file in self.files() {
            report.warn_of_unsafe_file("file", file);
        }
        let key = self.tls.as_ref().map(|tls| &tls.key);
        for file in self.secret_file.iter().chain(key).filter(|file| is_readable_by_others(file)) {
            let file = file.display();
            report.warning(&format!("other users of this machine can read `{file}`; run chmod 600 on it"));
        }
    }

    /// Reads the files again.
    pub(super) fn renew(&self, handle: &ServerHandle<Served>) -> Result<(), Failure> {
        handle.renew(self.secret()?.as_ref(), self.tls.as_ref()).map_err(|error| server_failure(&error))
    }
}

/// Whether users other than the file's owner and group may read it.
fn is_readable_by_others(file: &Path) -> bool {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        file.metadata().is_ok_and(|file| file.permissions().mode() & 0o004 != 0)
    }
    #[cfg(not(unix))]
    {
        let _ = file;
        false
    }
}
