//! What the server is guarded and encrypted with: renewed while it runs, from one request or connection to the next.

use std::sync::{PoisonError, RwLock};

use secrecy::SecretString;
use tokio_rustls::TlsAcceptor;

use super::{ServerError, TlsFiles, guard::Secret, tls};

/// The secret that callers must know and the certificate, where there are any.
pub(super) struct Credentials {
    secret: RwLock<Option<Secret>>,
    tls: RwLock<Option<TlsAcceptor>>,
}

impl Credentials {
    pub(super) fn new(secret: Option<&SecretString>, files: Option<&TlsFiles>) -> Result<Self, ServerError> {
        let tls = files.map(tls::acceptor).transpose()?;
        Ok(Self { secret: RwLock::new(secret.map(Secret::of)), tls: RwLock::new(tls) })
    }

    /// Takes others in place of those that are there. None is taken away, and none is new: that would be another server.
    pub(super) fn renew(&self, secret: Option<&SecretString>, files: Option<&TlsFiles>) -> Result<(), ServerError> {
        let tls = files.map(tls::acceptor).transpose()?;
        replace(&self.secret, secret.map(Secret::of));
        replace(&self.tls, tls);
        Ok(())
    }

    pub(super) fn secret(&self) -> Option<Secret> {
        self.secret.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(super) fn tls(&self) -> Option<TlsAcceptor> {
        self.tls.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

fn replace<T>(old: &RwLock<Option<T>>, new: Option<T>) {
    let mut old = old.write().unwrap_or_else(PoisonError::into_inner);
    if old.is_some() && new.is_some() {
        *old = new;
    }
}
