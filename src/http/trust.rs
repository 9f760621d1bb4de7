//! Verifies server certificates against the machine's trust store and the user's CA file.
//!
//! The store has about 140 certificates and takes milliseconds to read, so it is read only when a certificate must be
//! verified: plain http to the simulator never needs it. rustls-webpki does the verification itself; rustls names the
//! extension point "dangerous" because a custom verifier could do less.

use std::{
    ffi::OsStr,
    io,
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
use rustls_native_certs::{CertificateResult, ErrorKind, load_certs_from_paths};

use super::{
    HttpError,
    client_certificate::CertificateResolver,
    peer::{PeerRecorder, TlsVersion},
    tls_error::with_reason,
};
use crate::{
    file,
    pem::{self, PemBlock, PemFault, labels},
    text::shown_path,
};

/// Maximum size of a CA file; the trust store of a whole machine has about 200 kilobytes.
const MAXIMUM_BYTES: u64 = 10 * 1024 * 1024;

/// The variables of OpenSSL that replace the machine's trust store.
const CERT_FILE: &str = "SSL_CERT_FILE";
const CERT_DIR: &str = "SSL_CERT_DIR";

/// Configures TLS 1.2 and 1.3 with ring: aws-lc, the default of rustls, takes 32 ms to start.
pub(super) fn client_config(
    ca_file: Option<&Path>,
    variables: Option<RootCertStore>,
    recorder: Option<Arc<PeerRecorder>>,
    resolver: Arc<CertificateResolver>,
) -> Result<ClientConfig, HttpError> {
    let provider = Arc::new(ring::default_provider());
    let ca_file = ca_file.map(read).transpose()?;
    let verifier = LazyVerifier::new(Arc::clone(&provider), ca_file, variables, recorder)?;
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| HttpError::Tls(error.to_string()))?;
    Ok(builder.dangerous().with_custom_certificate_verifier(Arc::new(verifier)).with_client_cert_resolver(resolver))
}

/// Reads the authorities that `SSL_CERT_FILE` and `SSL_CERT_DIR` name in place of the machine's; `None` if neither is
/// set. An empty variable counts as unset.
pub(super) fn authorities_of_variables() -> Result<Option<RootCertStore>, HttpError> {
    let variable = |name| std::env::var_os(name).filter(|value| !value.is_empty());
    let (file, folders) = (variable(CERT_FILE), variable(CERT_DIR));
    if file.is_none() && folders.is_none() {
        return Ok(None);
    }
    let mut store = RootCertStore::empty();
    if let Some(file) = file {
        let found = load_certs_from_paths(Some(Path::new(&file)), None);
        add(&mut store, CERT_FILE, &file, found)?;
    }
    if let Some(folders) = folders {
        let mut found = CertificateResult::default();
        for folder in std::env::split_paths(&folders).filter(|folder| !folder.as_os_str().is_empty()) {
            let CertificateResult { certs, errors, .. } = load_certs_from_paths(None, Some(&folder));
            found.certs.extend(certs);
            found.errors.extend(errors);
        }
        add(&mut store, CERT_DIR, &folders, found)?;
    }
    Ok(Some(store))
}

/// Adds what a variable names, which must be a certificate or more.
fn add(
    store: &mut RootCertStore,
    variable: &'static str,
    value: &OsStr,
    found: CertificateResult,
) -> Result<(), HttpError> {
    let (usable, _) = store.add_parsable_certificates(found.certs);
    if usable > 0 {
        return Ok(());
    }
    let why = found.errors.iter().find_map(|error| match &error.kind {
        ErrorKind::Io { inner, .. } if inner.kind() == io::ErrorKind::NotFound => Some("it does not exist"),
        ErrorKind::Io { .. } => Some("it cannot be read"),
        _ => None,
    });
    let why = why.unwrap_or("it contains no certificate in PEM").to_owned();
    Err(HttpError::CaFile { file: shown_path(Path::new(value)), variable: Some(variable), why })
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
    let certificates = encoded.iter().filter_map(|der| {
        // Not the decoded bytes: OpenSSL's own data follows a trusted certificate.
        let der = X509::from_der(der).and_then(|certificate| certificate.to_der());
        der.ok().map(CertificateDer::from)
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
    machine: OnceLock<Arc<WebPkiServerVerifier>>,
    recorder: Option<Arc<PeerRecorder>>,
}

impl LazyVerifier {
    fn new(
        provider: Arc<CryptoProvider>,
        ca_file: Option<RootCertStore>,
        variables: Option<RootCertStore>,
        recorder: Option<Arc<PeerRecorder>>,
    ) -> Result<Self, HttpError> {
        let verifier = |roots: Option<RootCertStore>| {
            let verifier = roots.map(|roots| verifier(roots, &provider)).transpose();
            verifier.map_err(|error| HttpError::Tls(error.to_string()))
        };
        let ca_file = verifier(ca_file)?;
        let machine = verifier(variables)?.map_or_else(OnceLock::new, OnceLock::from);
        Ok(Self { provider, ca_file, machine, recorder })
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
/// not read, which would take three times as long.
fn machine_certificates() -> Vec<CertificateDer<'static>> {
    #[cfg(all(unix, not(target_os = "macos")))]
    if let Some(bundle) = openssl_probe::probe().cert_file {
        let found = load_certs_from_paths(Some(&bundle), None).certs;
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
        verify(self.machine_verifier()?)
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
