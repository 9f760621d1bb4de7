//! Verifies server certificates against the machine's trust store and the user's CA file.
//!
//! The store has about 140 certificates and takes milliseconds to read, so it is read only when a certificate must be
//! verified: plain http to the simulator never needs it. rustls-webpki does the verification itself; rustls names the
//! extension point "dangerous" because a custom verifier could do less.

use std::{
    path::Path,
    sync::{Arc, OnceLock},
};

use openssl::x509::X509;
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme,
    client::{
        VerifierBuilderError, WebPkiServerVerifier,
        danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    },
    crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature},
    pki_types::{CertificateDer, ServerName, UnixTime},
};

use super::{
    HttpError,
    peer::{PeerRecorder, TlsVersion},
};
use crate::{
    file,
    pem::{self, PemBlock},
    text::shown_path,
};

/// Maximum size of a CA file; the trust store of a whole machine has about 200 kilobytes.
const MAXIMUM_BYTES: u64 = 10 * 1024 * 1024;

/// Configures TLS 1.2 and 1.3 with ring: aws-lc, the default of rustls, takes 32 ms to start.
pub(super) fn client_config(
    ca_file: Option<&Path>,
    recorder: Option<Arc<PeerRecorder>>,
) -> Result<ClientConfig, HttpError> {
    let provider = Arc::new(ring::default_provider());
    let verifier = LazyVerifier::new(Arc::clone(&provider), ca_file.map(read).transpose()?, recorder)?;
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| HttpError::Tls(error.to_string()))?;
    Ok(builder.dangerous().with_custom_certificate_verifier(Arc::new(verifier)).with_no_client_auth())
}

fn read(ca_file: &Path) -> Result<RootCertStore, HttpError> {
    let unusable = |why: String| HttpError::CaFile { file: shown_path(ca_file), why };
    let text = file::read(ca_file, MAXIMUM_BYTES).map_err(|error| unusable(error.to_string()))?;
    let text = pem::decode(&text);
    let blocks = PemBlock::find_all(&text);
    if blocks.is_empty() && text.contains("-----BEGIN ") {
        return Err(unusable("it is not well-formed PEM".to_owned()));
    }
    let encoded = blocks.iter().filter(|block| block.is_certificate()).map(PemBlock::der);
    let encoded = encoded.collect::<Option<Vec<_>>>();
    let encoded = encoded.ok_or_else(|| unusable("it is not well-formed PEM".to_owned()))?;
    let certificates = encoded.iter().filter_map(|der| {
        // Not the decoded bytes: OpenSSL's own data follows a trusted certificate.
        let der = X509::from_der(der).and_then(|certificate| certificate.to_der());
        der.ok().map(CertificateDer::from)
    });
    let mut store = RootCertStore::empty();
    let (usable, _) = store.add_parsable_certificates(certificates);
    if usable == 0 {
        return Err(unusable("it contains no PEM certificate".to_owned()));
    }
    Ok(store)
}

/// Verifies against the user's CA file first, and reads the machine's trust store when an issuer is not in it.
#[derive(Debug)]
struct LazyVerifier {
    provider: Arc<CryptoProvider>,
    ca_file: Option<Arc<WebPkiServerVerifier>>,
    machine: OnceLock<Arc<WebPkiServerVerifier>>,
    recorder: Option<Arc<PeerRecorder>>,
}

impl LazyVerifier {
    fn new(
        provider: Arc<CryptoProvider>,
        ca_file: Option<RootCertStore>,
        recorder: Option<Arc<PeerRecorder>>,
    ) -> Result<Self, HttpError> {
        let ca_file = ca_file.map(|roots| verifier(roots, &provider)).transpose();
        let ca_file = ca_file.map_err(|error| HttpError::Tls(error.to_string()))?;
        Ok(Self { provider, ca_file, machine: OnceLock::new(), recorder })
    }

    fn machine_verifier(&self) -> Result<&Arc<WebPkiServerVerifier>, Error> {
        if let Some(machine) = self.machine.get() {
            return Ok(machine);
        }
        let mut roots = RootCertStore::empty();
        roots.add_parsable_certificates(machine_certificates());
        let machine = verifier(roots, &self.provider)
            .map_err(|_| Error::General("this machine's trust store is empty".to_owned()))?;
        Ok(self.machine.get_or_init(|| machine))
    }
}

/// Reads the machine's certificate authorities. Where one bundle has them all, the folder with one file for each is
/// not read, which would take three times as long. `SSL_CERT_FILE` and `SSL_CERT_DIR` have their usual effect.
fn machine_certificates() -> Vec<CertificateDer<'static>> {
    #[cfg(all(unix, not(target_os = "macos")))]
    if !["SSL_CERT_FILE", "SSL_CERT_DIR"].iter().any(|name| std::env::var_os(name).is_some())
        && let Some(bundle) = openssl_probe::probe().cert_file
    {
        let found = rustls_native_certs::load_certs_from_paths(Some(&bundle), None).certs;
        if !found.is_empty() {
            return found;
        }
    }
    rustls_native_certs::load_native_certs().certs
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
        if let Some(ca_file) = &self.ca_file {
            let result = ca_file.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now);
            if !matches!(result, Err(Error::InvalidCertificate(CertificateError::UnknownIssuer))) {
                return result;
            }
        }
        self.machine_verifier()?.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now)
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
        verify_tls12_signature(message, certificate, signature, &self.provider.signature_verification_algorithms)
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
        verify_tls13_signature(message, certificate, signature, &self.provider.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}
