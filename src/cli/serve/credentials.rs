//! The files that a running server takes its secret and its certificate from.

use std::path::PathBuf;

use maskinporten_token_generator::server::{Handle, TlsFiles};
use secrecy::SecretString;

use super::{of_server, served::Served};
use crate::cli::{report::Failure, secret};

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

    /// Reads them again.
    pub(super) fn renew(&self, handle: &Handle<Served>) -> Result<(), Failure> {
        handle.renew(self.secret()?.as_ref(), self.tls.as_ref()).map_err(|error| of_server(&error))
    }
}
