//! Which certificates a server showed, for a report; whether they are believed is not decided here.
//!
//! What is seen is written down before the verdict, so that a certificate that is not believed can be told about.

use std::{
    fmt,
    sync::{Mutex, PoisonError},
};

use rustls::pki_types::{CertificateDer, ServerName};

use super::Endpoint;

/// What a server showed of itself in the TLS handshake.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Peer {
    /// Its certificates in DER as it sent them: its own first, then those that are to lead to an authority.
    pub certificates: Vec<Vec<u8>>,
    /// The version that was agreed on; `None` when the certificate was not believed, since nothing came after it.
    pub tls_version: Option<TlsVersion>,
}

/// A version of TLS that this client speaks.
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

/// Where a handshake leaves what it saw. A proxy that is reached over TLS shows a certificate too, which is not the
/// server's, so only the one for the endpoint's own name is kept.
#[derive(Debug)]
pub(super) struct PeerRecorder {
    host: String,
    peer: Mutex<Option<Peer>>,
}

impl PeerRecorder {
    pub(super) fn of(endpoint: &Endpoint) -> Self {
        Self { host: bare(endpoint.host()).to_owned(), peer: Mutex::new(None) }
    }

    pub(super) fn peer(&self) -> Option<Peer> {
        self.peer.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(super) fn showed(&self, name: &ServerName<'_>, own: &CertificateDer<'_>, others: &[CertificateDer<'_>]) {
        if bare(&name.to_str()).eq_ignore_ascii_case(&self.host) {
            let certificates = [own].into_iter().chain(others).map(|certificate| certificate.to_vec()).collect();
            *self.peer.lock().unwrap_or_else(PoisonError::into_inner) = Some(Peer { certificates, tls_version: None });
        }
    }

    /// Notes the version once the certificate was believed and has signed something.
    pub(super) fn speaks(&self, version: TlsVersion, certificate: &CertificateDer<'_>) {
        let mut peer = self.peer.lock().unwrap_or_else(PoisonError::into_inner);
        let same = |peer: &&mut Peer| peer.certificates.first().is_some_and(|own| own == certificate.as_ref());
        if let Some(peer) = peer.as_mut().filter(same) {
            peer.tls_version = Some(version);
        }
    }
}

/// A host without the brackets that a URL puts around an IPv6 address, and without the dot of the root.
fn bare(host: &str) -> &str {
    host.trim_matches(['[', ']']).trim_end_matches('.')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_certificate_for_another_name_is_a_proxys_and_not_kept() {
        let certificate = CertificateDer::from(vec![1]);
        for (url, name, kept) in [
            ("https://maskinporten.no/token", "maskinporten.no", true),
            ("https://maskinporten.no./token", "maskinporten.no", true),
            ("https://[2001:db8::1]/token", "2001:db8::1", true),
            ("https://maskinporten.no/token", "proxy.example", false),
        ] {
            let seen = PeerRecorder::of(&Endpoint::parse(url).unwrap());

            seen.showed(&ServerName::try_from(name).unwrap(), &certificate, &[]);

            assert_eq!(seen.peer().is_some(), kept, "{url} {name}");
        }
    }

    #[test]
    fn certificates_are_kept_in_the_order_they_came_and_the_version_goes_with_the_first() {
        let [own, other] = [vec![1], vec![2]].map(CertificateDer::from);
        let seen = PeerRecorder::of(&Endpoint::parse("https://maskinporten.no/token").unwrap());

        seen.showed(&ServerName::try_from("maskinporten.no").unwrap(), &own, std::slice::from_ref(&other));
        seen.speaks(TlsVersion::Tls12, &other);
        seen.speaks(TlsVersion::Tls13, &own);

        let peer = seen.peer().unwrap();
        assert_eq!(peer.certificates, [[1], [2]]);
        assert_eq!(peer.tls_version.unwrap().to_string(), "TLS 1.3");
    }
}
