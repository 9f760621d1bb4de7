//! Asks clients for a certificate in the TLS handshake, for the REST API of Altinn 2.
//!
//! The handshake proves that the client has the key. Whether the certificate is valid is checked by the API, at the
//! simulator's time and with a reason in the log.

use std::sync::Arc;

use openssl::error::ErrorStack;
use rustls::{
    DigitallySignedStruct, DistinguishedName, SignatureScheme,
    client::danger::HandshakeSignatureValid,
    crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature},
    pki_types::{CertificateDer, UnixTime},
    server::danger::{ClientCertVerified, ClientCertVerifier},
};

use super::validator::TrustAnchors;

/// Accepts connections with any certificate whose key the client has, and connections without one.
#[derive(Debug)]
pub(crate) struct OptionalCertificates {
    provider: Arc<CryptoProvider>,
    /// The issuers that are named to clients, so that a browser does not offer other certificates.
    issuers: Vec<DistinguishedName>,
}

impl OptionalCertificates {
    pub(crate) fn new(anchors: &TrustAnchors) -> Result<Self, ErrorStack> {
        let issuers = anchors.authorities().map(|issuer| Ok(DistinguishedName::from(issuer.subject_name().to_der()?)));
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        Ok(Self { provider, issuers: issuers.collect::<Result<_, ErrorStack>>()? })
    }
}

impl ClientCertVerifier for OptionalCertificates {
    fn client_auth_mandatory(&self) -> bool {
        false
    }

    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &self.issuers
    }

    fn verify_client_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: UnixTime,
    ) -> Result<ClientCertVerified, rustls::Error> {
        Ok(ClientCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls12_signature(message, certificate, signature, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signature, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}
