//! The store `My` of Windows, of this user and of the machine. The private key stays there, and CNG signs with it.

use std::sync::Arc;

use openssl::hash::hash;
use rustls_cng::{
    cert::CertContext,
    error::CngError,
    key::{NCryptKey, SignaturePadding},
    store::{CertStore, CertStoreType},
};

use super::{DotnetStore, list};
use crate::keystore::{
    Certificate, CertificateThumbprint, DotnetStoreErrorKind, KeystoreError, SignatureAlgorithm, SigningError,
    SigningKey, chain,
    openssl_key::digest,
    private_key::{PrivateKey, Signer},
};

/// The error of Windows for a certificate without a private key (`CRYPT_E_NO_KEY_PROPERTY`, `winerror.h`).
const NO_KEY: u32 = 0x8009_200b;

/// A private key in Windows, which signs with it.
struct WindowsKey {
    key: NCryptKey,
    default_algorithm: SignatureAlgorithm,
}

impl DotnetStore {
    pub(super) fn find_key(&self, thumbprint: &CertificateThumbprint) -> Result<SigningKey, KeystoreError> {
        // Users without a certificate have no store.
        let stores = [CertStoreType::CurrentUser, CertStoreType::LocalMachine].into_iter();
        let contexts = stores.filter_map(|store| CertStore::open(store, "My").and_then(|open| open.find_all()).ok());
        let parsed = contexts.flatten().filter_map(|context| Some((Certificate::from_der(context.as_der())?, context)));
        let (mut found, mut present) = (None, Vec::new());
        for (certificate, context) in parsed {
            if !thumbprint.matches(&certificate) {
                present.push(certificate);
                continue;
            }
            // The other store may have the same certificate with a key that this user may use.
            match signing_key(certificate, &context) {
                Ok(key) => return Ok(key),
                Err(kind) => found = found.or(Some(kind)),
            }
        }
        let wanted = thumbprint.to_string();
        Err(self.error(found.unwrap_or_else(|| DotnetStoreErrorKind::NotFound { wanted, present: list(&present) })))
    }
}

fn signing_key(certificate: Certificate, context: &CertContext) -> Result<SigningKey, DotnetStoreErrorKind> {
    // Windows may ask the user for the PIN of a card.
    let key = context.acquire_key(false).map_err(|error| match error {
        CngError::WindowsError(NO_KEY) => DotnetStoreErrorKind::NoPrivateKey(certificate.subject()),
        error => {
            DotnetStoreErrorKind::PrivateKeyUnusable { certificate: certificate.subject(), reason: error.to_string() }
        }
    })?;
    let Some(public) = certificate.public_key().cloned() else {
        return Err(DotnetStoreErrorKind::NoPrivateKey(certificate.subject()));
    };
    let default_algorithm = public.kind().map_err(DotnetStoreErrorKind::Key)?.default_algorithm();
    // The chain comes from the stores of intermediate certificates too.
    let others = context.as_chain_der().unwrap_or_default();
    let others: Vec<Certificate> = others.iter().filter_map(|der| Certificate::from_der(der)).collect();
    let key = PrivateKey::new(public, Arc::new(WindowsKey { key, default_algorithm }));
    SigningKey::new(key, chain::from_leaf(certificate, &others)).map_err(DotnetStoreErrorKind::Key)
}

impl Signer for WindowsKey {
    /// Signs a digest. CNG returns an ECDSA signature in the form of JWS: two numbers side by side (RFC 7518 §3.4).
    fn sign(&self, algorithm: SignatureAlgorithm, message: &[u8]) -> Result<Vec<u8>, SigningError> {
        use SignatureAlgorithm::{EdDsa, Es256, Es384, Es512, Ps256, Ps384, Ps512, Rs256, Rs384, Rs512};
        let padding = match algorithm {
            Rs256 | Rs384 | Rs512 => SignaturePadding::Pkcs1,
            Ps256 | Ps384 | Ps512 => SignaturePadding::Pss,
            Es256 | Es384 | Es512 | EdDsa => SignaturePadding::None,
        };
        let Some(digest) = digest(algorithm) else {
            return Err(SigningError::KindMismatch { algorithm, possible: self.default_algorithm });
        };
        let digest = hash(digest, message).map_err(SigningError::OpenSsl)?;
        self.key.sign(&digest, padding).map_err(|error| SigningError::External(Arc::new(error)))
    }
}
