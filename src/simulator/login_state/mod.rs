//! What ID-porten and Ansattporten remember: requests, sessions, codes and tokens. Secrets are kept as hashes.

mod expiring;
mod request;
mod store;

use std::sync::{Mutex, MutexGuard, PoisonError};

use self::store::LoginStore;
pub(crate) use self::{
    expiring::{HashedSecret, hash, secret},
    request::{Acr, AuthenticationRequest, ResponseTarget, acrs},
    store::{Authorization, IssuedRefreshToken, LoginStoreError, PUSHED_SECONDS, PersonLogin},
};
use super::lazy_issuer::LazyIssuer;

/// One of the two services.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LoginServiceKind {
    Idporten,
    Ansattporten,
}

impl LoginServiceKind {
    /// Returns the name in paths and in `integration_type`.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Idporten => "idporten",
            Self::Ansattporten => "ansattporten",
        }
    }

    pub(crate) fn title(self) -> &'static str {
        match self {
            Self::Idporten => "ID-porten",
            Self::Ansattporten => "Ansattporten",
        }
    }
}

/// A service with its keys and its state.
pub(crate) struct LoginService {
    pub(crate) kind: LoginServiceKind,
    pub(crate) issuer: LazyIssuer,
    store: Mutex<LoginStore>,
}

impl LoginService {
    pub(crate) fn new(kind: LoginServiceKind, issuer: LazyIssuer) -> Self {
        Self { kind, issuer, store: Mutex::default() }
    }

    pub(crate) fn store(&self) -> MutexGuard<'_, LoginStore> {
        self.store.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns the URL of a path below the issuer.
    pub(crate) fn url(&self, path: &str) -> String {
        format!("{}/{path}", self.issuer.identifier)
    }
}
