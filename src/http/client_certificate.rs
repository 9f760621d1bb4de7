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

use super::{Endpoint, HttpClient, HttpError, HttpOptions};

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

impl HttpClient {
    /// Prepares requests that present this certificate if the server asks for one. [`HttpOptions::client`] has no effect.
    ///
    /// # Errors
    /// As [`HttpClient::new`].
    pub fn with_certificate(
        endpoint: Endpoint,
        options: &HttpOptions,
        certificate: ClientCertificate,
    ) -> Result<Self, HttpError> {
        let options = HttpOptions { client: None, ..options.clone() };
        Self::build(endpoint, &options, None, Some(certificate))
    }
}

/// Whether the server asked for a client certificate, and what the client did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum CertificateRequest {
    /// The server did not ask.
    None,
    /// The client has no certificate.
    Unanswered,
    /// The client presented its certificate.
    Answered,
}

/// Presents the certificate, if there is one, and records whether the server asked for it.
#[derive(Debug, Default)]
pub(super) struct CertificateResolver {
    certificate: Option<ClientCertificate>,
    is_asked: AtomicBool,
}

impl CertificateResolver {
    pub(super) fn new(certificate: Option<ClientCertificate>) -> Self {
        Self { certificate, is_asked: AtomicBool::default() }
    }

    pub(super) fn request(&self) -> CertificateRequest {
        match (self.is_asked.load(Ordering::Relaxed), &self.certificate) {
            (false, _) => CertificateRequest::None,
            (true, None) => CertificateRequest::Unanswered,
            (true, Some(_)) => CertificateRequest::Answered,
        }
    }
}

impl ResolvesClientCert for CertificateResolver {
    fn resolve(&self, _: &[&[u8]], _: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        self.is_asked.store(true, Ordering::Relaxed);
        // The names of authorities that the server sends are a hint, and often wrong: the server decides.
        self.certificate.as_ref().map(|own| Arc::clone(&own.0))
    }

    fn has_certs(&self) -> bool {
        self.certificate.is_some()
    }
}
