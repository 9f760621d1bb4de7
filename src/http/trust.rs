//! Verifies server certificates against the machine's trust store and the user's CA file.
//!
//! The store has about 140 certificates and takes milliseconds to read, so it is read only when a certificate must be
//! verified: plain http to the simulator never needs it. Of its authorities only those are parsed that issued a
//! certificate of the server's chain, by their names. rustls-webpki does the verification itself; rustls names the
//! extension point "dangerous" because a custom verifier could do less.

use std::{
    path::Path,
    sync::{Arc, OnceLock},
};

use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme,
    client::{
        Resumption, VerifierBuilderError, WebPkiServerVerifier,
        danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    },
    crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature},
    pki_types::{CertificateDer, ServerName, UnixTime},
};

use super::{
    HttpError,
    authorities::{self, Authorities, MAXIMUM_BYTES, names, split_value},
    client_certificate::CertificateResolver,
    peer::{PeerRecorder, TlsVersion},
    tls_error::with_reason,
};
use crate::{
    file,
    pem::{self, PemBlock, PemFault, labels},
    text::shown_path,
};

/// Configures TLS 1.2 and 1.3 with ring: aws-lc, the default of rustls, takes 32 ms to start.
pub(super) fn client_config(
    ca_file: Option<&Path>,
    variables: Option<Authorities>,
    recorder: Option<Arc<PeerRecorder>>,
    resolver: Arc<CertificateResolver>,
) -> Result<ClientConfig, HttpError> {
    let provider = Arc::new(ring::default_provider());
    let ca_file = ca_file.map(read).transpose()?;
    let verifier = LazyVerifier::new(Arc::clone(&provider), ca_file, variables, recorder)?;
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| HttpError::Tls(error.to_string()))?;
    let mut config =
        builder.dangerous().with_custom_certificate_verifier(Arc::new(verifier)).with_client_cert_resolver(resolver);
    // Connections are reused, but hardly ever made again: the store for tickets of 256 servers would be made in vain.
    config.resumption = Resumption::disabled();
    Ok(config)
}

fn read(ca_file: &Path) -> Result<RootCertStore, HttpError> {
    let unusable = |why: String| HttpError::CaFile { file: shown_path(ca_file), variable: None, why };
    let bytes = file::read(ca_file, MAXIMUM_BYTES).map_err(|error| unusable(error.to_string()))?;
    let text = pem::decode(&bytes);
    let malformed = |fault: PemFault| unusable(format!("it is not well-formed PEM: {fault}"));
    let blocks = PemBlock::find_all(&text).map_err(malformed)?;
    let encoded = blocks.iter().filter(|block| block.is_certificate()).map(PemBlock::der);
    let mut encoded = encoded.collect::<Result<Vec<_>, _>>().map_err(malformed)?;
    if blocks.is_empty() {
        encoded.push(bytes);
    }
    // OpenSSL's own data follows a trusted certificate.
    let certificates = encoded.iter().filter_map(|der| {
        let [_, rest] = split_value(der)?;
        Some(CertificateDer::from(&der[..der.len() - rest.len()]))
    });
    let mut store = RootCertStore::empty();
    let (usable, _) = store.add_parsable_certificates(certificates);
    if usable == 0 {
        let other = blocks.iter().any(|block| !block.is_certificate());
        return Err(unusable(if other {
            format!("it contains no certificate, only {}", labels(&blocks))
        } else {
            "it contains no certificate".to_owned()
        }));
    }
    Ok(store)
}

/// Verifies against the user's CA file first, and reads the machine's trust store when an issuer is not in it.
#[derive(Debug)]
struct LazyVerifier {
    provider: Arc<CryptoProvider>,
    ca_file: Option<Arc<WebPkiServerVerifier>>,
    /// The machine's authorities, or those of the variables.
    authorities: OnceLock<Authorities>,
    recorder: Option<Arc<PeerRecorder>>,
}

impl LazyVerifier {
    fn new(
        provider: Arc<CryptoProvider>,
        ca_file: Option<RootCertStore>,
        variables: Option<Authorities>,
        recorder: Option<Arc<PeerRecorder>>,
    ) -> Result<Self, HttpError> {
        let ca_file = ca_file.map(|roots| verifier(roots, &provider)).transpose();
        let ca_file = ca_file.map_err(|error| HttpError::Tls(error.to_string()))?;
        Ok(Self { provider, ca_file, authorities: variables.map_or_else(OnceLock::new, OnceLock::from), recorder })
    }

    /// Returns a verifier with those of the machine's authorities whose name is an issuer in this chain; with all of them
    /// if there is none, so that an unknown issuer is not the first of several faults to be reported.
    fn machine_verifier(&self, chain: &[&CertificateDer<'_>]) -> Result<Arc<WebPkiServerVerifier>, Error> {
        let authorities = self.authorities.get_or_init(authorities::of_machine);
        let issuers: Vec<_> =
            chain.iter().filter_map(|certificate| names(certificate)).map(|[issuer, _]| issuer).collect();
        let is_issuer = |[_, subject]: [&[u8]; 2]| issuers.contains(&subject);
        let issued = authorities.iter().filter(|authority| names(authority).is_some_and(is_issuer));
        let mut roots = RootCertStore::empty();
        roots.add_parsable_certificates(issued.cloned());
        if roots.is_empty() {
            roots.add_parsable_certificates(authorities.iter().cloned());
        }
        verifier(roots, &self.provider).map_err(|_| Error::General("this machine's trust store is empty".to_owned()))
    }
}

fn verifier(
    roots: RootCertStore,
    provider: &Arc<CryptoProvider>,
) -> Result<Arc<WebPkiServerVerifier>, VerifierBuilderError> {
    WebPkiServerVerifier::builder_with_provider(Arc::new(roots), Arc::clone(provider)).build()
}

impl ServerCertVerifier for LazyVerifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        if let Some(recorder) = &self.recorder {
            recorder.record_certificates(server_name, end_entity, intermediates);
        }
        let chain: Vec<_> = [end_entity].into_iter().chain(intermediates).collect();
        let verify = |verifier: &WebPkiServerVerifier| {
            let result = verifier.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now);
            result.map_err(|error| with_reason(error, &chain))
        };
        if let Some(ca_file) = &self.ca_file {
            let result = verify(ca_file);
            if !matches!(result, Err(Error::InvalidCertificate(CertificateError::UnknownIssuer))) {
                return result;
            }
        }
        verify(&*self.machine_verifier(&chain)?)
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        if let Some(recorder) = &self.recorder {
            recorder.record_version(TlsVersion::Tls12, certificate);
        }
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls12_signature(message, certificate, signature, algorithms)
            .map_err(|error| with_reason(error, &[certificate]))
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        if let Some(recorder) = &self.recorder {
            recorder.record_version(TlsVersion::Tls13, certificate);
        }
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signature, algorithms)
            .map_err(|error| with_reason(error, &[certificate]))
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}
