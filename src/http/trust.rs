//! Which server certificates are believed: the machine's trust store, and a file of the user's.
//!
//! The store has some 140 certificates and takes milliseconds to read, so it is read when a certificate must be
//! checked and not before: plain http to the simulator never pays for it. Verification itself is rustls-webpki's;
//! rustls calls the way in "dangerous" because one could do less there.

use std::{
    fs::File,
    io::Read as _,
    path::Path,
    sync::{Arc, OnceLock},
};

use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme,
    client::{
        VerifierBuilderError, WebPkiServerVerifier,
        danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    },
    crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature},
    pki_types::{CertificateDer, ServerName, UnixTime, pem::PemObject as _},
};

use super::{
    HttpError,
    peer::{PeerRecorder, TlsVersion},
};

/// A machine's whole trust store has some 200 kilobytes.
const MAXIMUM_BYTES: u64 = 10 * 1024 * 1024;

/// TLS 1.2 and 1.3 with ring; aws-lc, rustls' own choice, takes 32 ms to start.
pub(super) fn client_config(
    ca_file: Option<&Path>,
    seen: Option<Arc<PeerRecorder>>,
) -> Result<ClientConfig, HttpError> {
    let provider = Arc::new(ring::default_provider());
    let verifier = LazyRoots::new(Arc::clone(&provider), ca_file.map(read).transpose()?, seen)?;
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| HttpError::Tls(error.to_string()))?;
    Ok(builder.dangerous().with_custom_certificate_verifier(Arc::new(verifier)).with_no_client_auth())
}

fn read(ca_file: &Path) -> Result<RootCertStore, HttpError> {
    let unusable = |why: String| HttpError::CaFile { file: ca_file.display().to_string(), why };
    let mut text = Vec::new();
    let read = File::open(ca_file).and_then(|file| file.take(MAXIMUM_BYTES + 1).read_to_end(&mut text));
    read.map_err(|error| unusable(error.to_string()))?;
    if text.len() as u64 > MAXIMUM_BYTES {
        return Err(unusable(format!("it is larger than {MAXIMUM_BYTES} bytes")));
    }
    let certificates: Vec<_> = CertificateDer::pem_slice_iter(&text)
        .collect::<Result<_, _>>()
        .map_err(|_| unusable("it is not well-formed PEM".to_owned()))?;
    let mut store = RootCertStore::empty();
    let (usable, _) = store.add_parsable_certificates(certificates);
    if usable == 0 {
        return Err(unusable("it holds no certificate in PEM".to_owned()));
    }
    Ok(store)
}

/// A verifier that asks the user's own authorities first, and reads the machine's trust store the first time that
/// they do not know an issuer.
#[derive(Debug)]
struct LazyRoots {
    provider: Arc<CryptoProvider>,
    own: Option<Arc<WebPkiServerVerifier>>,
    machine: OnceLock<Arc<WebPkiServerVerifier>>,
    seen: Option<Arc<PeerRecorder>>,
}

impl LazyRoots {
    fn new(
        provider: Arc<CryptoProvider>,
        own: Option<RootCertStore>,
        seen: Option<Arc<PeerRecorder>>,
    ) -> Result<Self, HttpError> {
        let own = own.map(|roots| verifier(roots, &provider)).transpose();
        let own = own.map_err(|error| HttpError::Tls(error.to_string()))?;
        Ok(Self { provider, own, machine: OnceLock::new(), seen })
    }

    fn machine(&self) -> Result<&Arc<WebPkiServerVerifier>, Error> {
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

/// The machine's certificate authorities. Where one file has them all, the folder with a file for each, which
/// takes three times as long to read, is left alone; `SSL_CERT_FILE` and `SSL_CERT_DIR` are heeded as ever.
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

impl ServerCertVerifier for LazyRoots {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        if let Some(seen) = &self.seen {
            seen.showed(server_name, end_entity, intermediates);
        }
        if let Some(own) = &self.own {
            let verdict = own.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now);
            if !matches!(verdict, Err(Error::InvalidCertificate(CertificateError::UnknownIssuer))) {
                return verdict;
            }
        }
        self.machine()?.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now)
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        if let Some(seen) = &self.seen {
            seen.speaks(TlsVersion::Tls12, certificate);
        }
        verify_tls12_signature(message, certificate, signature, &self.provider.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        if let Some(seen) = &self.seen {
            seen.speaks(TlsVersion::Tls13, certificate);
        }
        verify_tls13_signature(message, certificate, signature, &self.provider.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}
