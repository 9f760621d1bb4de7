//! Serves the routes on loopback, with limits on time and number.

use std::{net::TcpListener as StdListener, sync::Arc, time::Duration};

use axum::Router;
use openssl::{
    pkey::{PKey, Private},
    x509::X509,
};
use rustls::pki_types::{CertificateDer, PrivatePkcs8KeyDer};
use tokio::{net::TcpListener, sync::watch};
use tokio_rustls::TlsAcceptor;

use super::{client_certificates::OptionalCertificates, error::SimulatorError};
use crate::connections::{self, Limits, Listener, ListeningSocket, Phase};

const LIMITS: Limits = Limits {
    connections: 64,
    idle_time: Duration::from_secs(5),
    lifetime: Duration::from_mins(2),
    headers: 64,
    header_bytes: 64 * 1024,
};

/// Serves until `stop` completes, then waits for in-flight requests.
pub(crate) async fn serve(
    listener: StdListener,
    tls: Option<TlsAcceptor>,
    router: Router,
    stop: impl Future<Output = ()>,
) -> std::io::Result<()> {
    listener.set_nonblocking(true)?;
    let socket = ListeningSocket::Tcp(TcpListener::from_std(listener)?);
    let tls = tls.map(|acceptor| watch::channel(acceptor).1);
    let phase = watch::Sender::new(Phase::Serving);
    connections::serve(vec![Listener { socket, tls, router }], &LIMITS, &phase, stop).await;
    Ok(())
}

/// Sets up TLS with the server's certificate; clients may have one too.
pub(crate) fn acceptor(
    certificate: &X509,
    key: &PKey<Private>,
    clients: OptionalCertificates,
) -> Result<TlsAcceptor, SimulatorError> {
    let certificate = CertificateDer::from(certificate.to_der()?);
    let key = PrivatePkcs8KeyDer::from(key.private_key_to_pkcs8()?);
    connections::tls_acceptor_with(vec![certificate], key.into(), Arc::new(clients))
        .map_err(|error| SimulatorError::Tls(Box::new(error)))
}
