//! Records the certificates that a server presented, for a report.
//!
//! They are recorded before they are verified, so that a rejected certificate can be reported too.

use std::{
    fmt,
    sync::{Mutex, PoisonError},
};

use rustls::pki_types::{CertificateDer, ServerName};

use super::Endpoint;

/// What a server presented in the TLS handshake.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Peer {
    /// Its certificates in DER, as sent: its own first, then the rest of the chain.
    pub certificates: Vec<Vec<u8>>,
    /// The negotiated version; `None` when the certificate was rejected, which ends the handshake.
    pub tls_version: Option<TlsVersion>,
}

/// A version of TLS that this client supports.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TlsVersion {
    /// TLS 1.2 (RFC 5246).
    Tls12,
    /// TLS 1.3 (RFC 8446).
    Tls13,
}

impl fmt::Display for TlsVersion {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Tls12 => "TLS 1.2",
            Self::Tls13 => "TLS 1.3",
        })
    }
}

/// Records the server's side of the latest handshake.
///
/// An https proxy presents a certificate too, so only a handshake with the endpoint's own host is recorded.
#[derive(Debug)]
pub(super) struct PeerRecorder {
    host: String,
    peer: Mutex<Option<Peer>>,
}

impl PeerRecorder {
    pub(super) fn new(endpoint: &Endpoint) -> Self {
        Self { host: strip_brackets_and_dot(endpoint.host()).to_owned(), peer: Mutex::new(None) }
    }

    pub(super) fn peer(&self) -> Option<Peer> {
        self.peer.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(super) fn record_certificates(
        &self,
        name: &ServerName<'_>,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
    ) {
        if strip_brackets_and_dot(&name.to_str()).eq_ignore_ascii_case(&self.host) {
            let certificates =
                [end_entity].into_iter().chain(intermediates).map(|certificate| certificate.to_vec()).collect();
            *self.peer.lock().unwrap_or_else(PoisonError::into_inner) = Some(Peer { certificates, tls_version: None });
        }
    }

    /// Records the version, once the certificate has been verified and the server proves that it has its key.
    pub(super) fn record_version(&self, version: TlsVersion, certificate: &CertificateDer<'_>) {
        let mut peer = self.peer.lock().unwrap_or_else(PoisonError::into_inner);
        let same = |peer: &&mut Peer| peer.certificates.first().is_some_and(|first| first == certificate.as_ref());
        if let Some(peer) = peer.as_mut().filter(same) {
            peer.tls_version = Some(version);
        }
    }
}

/// Returns the host without the brackets around an IPv6 address and without the dot of the DNS root.
fn strip_brackets_and_dot(host: &str) -> &str {
    host.trim_matches(['[', ']']).trim_end_matches('.')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_certificate_for_another_host_is_a_proxys_and_is_not_recorded() {
        let certificate = CertificateDer::from(vec![1]);
        for (url, name, recorded) in [
            ("https://maskinporten.no/token", "maskinporten.no", true),
            ("https://maskinporten.no./token", "maskinporten.no", true),
            ("https://[2001:db8::1]/token", "2001:db8::1", true),
            ("https://maskinporten.no/token", "proxy.example", false),
        ] {
            let recorder = PeerRecorder::new(&Endpoint::parse(url).unwrap());

            recorder.record_certificates(&ServerName::try_from(name).unwrap(), &certificate, &[]);

            assert_eq!(recorder.peer().is_some(), recorded, "{url} {name}");
        }
    }

    #[test]
    fn certificates_are_recorded_in_order_and_the_version_with_the_first() {
        let [own, other] = [vec![1], vec![2]].map(CertificateDer::from);
        let recorder = PeerRecorder::new(&Endpoint::parse("https://maskinporten.no/token").unwrap());

        recorder.record_certificates(
            &ServerName::try_from("maskinporten.no").unwrap(),
            &own,
            std::slice::from_ref(&other),
        );
        recorder.record_version(TlsVersion::Tls12, &other);
        recorder.record_version(TlsVersion::Tls13, &own);

        let peer = recorder.peer().unwrap();
        assert_eq!(peer.certificates, [[1], [2]]);
        assert_eq!(peer.tls_version.unwrap().to_string(), "TLS 1.3");
    }
}
