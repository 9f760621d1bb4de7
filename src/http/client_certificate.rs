//! The certificate that the client presents when the server asks for one (mutual TLS), or that there is none.

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use rustls::{
    SignatureScheme,
    client::ResolvesClientCert,
    pki_types::CertificateDer,
    sign::{CertifiedKey, SigningKey},
};

/// A certificate with its chain, and the key that signs the handshake.
#[derive(Clone)]
pub struct ClientCertificate(Arc<CertifiedKey>);

impl ClientCertificate {
    /// Combines certificates in DER, leaf first and at least one, with the key of the first.
    #[must_use]
    pub fn new<'der>(certificates: impl IntoIterator<Item = &'der [u8]>, key: Arc<dyn SigningKey>) -> Self {
        let chain = certificates.into_iter().map(|der| CertificateDer::from(der.to_vec())).collect();
        Self(Arc::new(CertifiedKey::new(chain, key)))
    }
}

impl fmt::Debug for ClientCertificate {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_tuple("ClientCertificate").field(&self.0.key).finish()
    }
}

/// Presents the certificate, and records whether the server asked for one that the client does not have.
#[derive(Debug, Default)]
pub(super) struct CertificateResolver {
    certificate: Option<ClientCertificate>,
    asked_in_vain: AtomicBool,
}

impl CertificateResolver {
    pub(super) fn new(certificate: Option<ClientCertificate>) -> Self {
        Self { certificate, asked_in_vain: AtomicBool::default() }
    }

    /// Whether the server asked for a certificate, and the client presented none.
    pub(super) fn was_asked_in_vain(&self) -> bool {
        self.asked_in_vain.load(Ordering::Relaxed)
    }
}

impl ResolvesClientCert for CertificateResolver {
    fn resolve(&self, _: &[&[u8]], _: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        // The names of authorities that the server sends are a hint, and often wrong: the server decides.
        let certificate = self.certificate.as_ref().map(|own| Arc::clone(&own.0));
        self.asked_in_vain.store(certificate.is_none(), Ordering::Relaxed);
        certificate
    }

    fn has_certs(&self) -> bool {
        self.certificate.is_some()
    }
}
