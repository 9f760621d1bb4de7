//! TLS 1.2 and 1.3 (RFC 8446) with the user's own certificate, on ring and nothing process-wide.

use std::{path::Path, sync::Arc};

use rustls::pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _};
use tokio_rustls::TlsAcceptor;

use super::{ServerError, TlsFiles};

/// Reads certificate chain and key.
pub(super) fn acceptor(files: &TlsFiles) -> Result<TlsAcceptor, ServerError> {
    let certificates = CertificateDer::pem_file_iter(&files.certificate)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(|error| unusable(&files.certificate, &error))?;
    if certificates.is_empty() {
        return Err(unusable(&files.certificate, &"there is no certificate in it"));
    }
    let key = PrivateKeyDer::from_pem_file(&files.key).map_err(|error| unusable(&files.key, &error))?;
    let config = rustls::ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| unusable(&files.certificate, &error))?
        .with_no_client_auth()
        .with_single_cert(certificates, key)
        .map_err(|error| match error {
            rustls::Error::InconsistentKeys(_) => unusable(&files.key, &"it is not the key of the certificate"),
            error => unusable(&files.key, &error),
        })?;
    Ok(TlsAcceptor::from(Arc::new(config)))
}

fn unusable(path: &Path, why: &impl std::fmt::Display) -> ServerError {
    ServerError::Tls { path: path.to_owned(), why: why.to_string() }
}
