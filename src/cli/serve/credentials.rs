//! The files that a running server takes its secret and its certificate from.

use std::path::{Path, PathBuf};

use maskinporten_token_generator::server::{Handle, TlsFiles};
use secrecy::SecretString;

use super::{of_server, served::Served};
use crate::cli::{
    report::{Failure, Report},
    secret,
};

/// Where secret, certificate and its key are, as far as there are any.
#[derive(Default)]
pub(super) struct Credentials {
    pub(super) secret_file: Option<PathBuf>,
    pub(super) tls: Option<TlsFiles>,
}

impl Credentials {
    pub(super) fn secret(&self) -> Result<Option<SecretString>, Failure> {
        self.secret_file.as_deref().map(secret::server_secret_in).transpose()
    }

    pub(super) fn files(&self) -> impl Iterator<Item = PathBuf> {
        let tls = self.tls.iter().flat_map(|tls| [tls.certificate.clone(), tls.key.clone()]);
        self.secret_file.clone().into_iter().chain(tls)
    }

    /// Warns of files that tell others what only this user should know.
    pub(super) fn warn(&self, report: &Report) {
        let key = self.tls.as_ref().map(|tls| &tls.key);
        for file in self.secret_file.iter().chain(key).filter(|file| is_for_others(file)) {
            let file = file.display();
            report.warning(&format!("`{file}` can be read by others on this machine; chmod 600 keeps it from them"));
        }
    }

    /// Reads them again.
    pub(super) fn renew(&self, handle: &Handle<Served>) -> Result<(), Failure> {
        handle.renew(self.secret()?.as_ref(), self.tls.as_ref()).map_err(|error| of_server(&error))
    }
}

/// Whether those who are neither the file's owner nor in its group may read it.
fn is_for_others(file: &Path) -> bool {
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
