//! The secret and the certificate of a server, which can be replaced while it runs.

use std::path::{Path, PathBuf};

use openssl::{memcmp, sha::sha256};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _};
use secrecy::{ExposeSecret as _, SecretString};
use tokio::sync::watch;
use tokio_rustls::TlsAcceptor;

use super::error::ServerError;
use crate::connections::tls_acceptor;

/// The PEM files with the certificate chain and its key.
#[derive(Debug, Clone)]
pub struct TlsFiles {
    /// The certificate, followed by its issuers.
    pub certificate: PathBuf,
    /// Its private key.
    pub key: PathBuf,
}

/// A secret that callers must send. Only its hash is kept, so a comparison always takes the same time.
#[derive(Clone, Copy)]
pub(super) struct SecretHash([u8; 32]);

/// The current secret and certificate of a server.
pub(super) struct Credentials {
    secret: Option<watch::Sender<SecretHash>>,
    tls: Option<watch::Sender<TlsAcceptor>>,
}

impl SecretHash {
    fn new(secret: &SecretString) -> Self {
        Self(sha256(secret.expose_secret().as_bytes()))
    }

    pub(super) fn matches(self, sent: &[u8]) -> bool {
        memcmp::eq(&self.0, &sha256(sent))
    }
}

impl Credentials {
    pub(super) fn new(secret: Option<&SecretString>, files: Option<&TlsFiles>) -> Result<Self, ServerError> {
        let tls = files.map(acceptor).transpose()?;
        Ok(Self { secret: secret.map(SecretHash::new).map(watch::Sender::new), tls: tls.map(watch::Sender::new) })
    }

    /// Replaces what is there. Nothing is added or removed, since that would change who has access.
    pub(super) fn renew(&self, secret: Option<&SecretString>, files: Option<&TlsFiles>) -> Result<(), ServerError> {
        let tls = files.map(acceptor).transpose()?;
        if let (Some(old), Some(new)) = (&self.secret, secret) {
            old.send_replace(SecretHash::new(new));
        }
        if let (Some(old), Some(new)) = (&self.tls, tls) {
            old.send_replace(new);
        }
        Ok(())
    }

    pub(super) fn secret(&self) -> Option<SecretHash> {
        self.secret.as_ref().map(|secret| *secret.borrow())
    }

    pub(super) fn tls(&self) -> Option<watch::Receiver<TlsAcceptor>> {
        self.tls.as_ref().map(watch::Sender::subscribe)
    }
}

/// Reads the certificate chain and the key.
fn acceptor(files: &TlsFiles) -> Result<TlsAcceptor, ServerError> {
    let certificates = CertificateDer::pem_file_iter(&files.certificate)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(|error| unusable(&files.certificate, &error))?;
    if certificates.is_empty() {
        return Err(unusable(&files.certificate, &"it contains no certificate"));
    }
    let key = PrivateKeyDer::from_pem_file(&files.key).map_err(|error| unusable(&files.key, &error))?;
    tls_acceptor(certificates, key).map_err(|error| match error {
        rustls::Error::InconsistentKeys(_) => unusable(&files.key, &"it is not the certificate's key"),
        error => unusable(&files.key, &error),
    })
}

fn unusable(path: &Path, why: &impl std::fmt::Display) -> ServerError {
    ServerError::Tls { path: path.to_owned(), why: why.to_string() }
}
