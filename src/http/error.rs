//! Why a request got no response, distinguished by what the user can do about it.

use std::{error::Error, io};

use rustls::{AlertDescription, CertificateError};

use super::{
    Endpoint,
    proxy::{self, ConnectFailure, ProxyVariable},
};
use crate::{explain::Explain, text::excerpt};

/// One error in a chain of causes.
type Cause<'error> = &'error (dyn Error + 'static);

/// Why a request got no response.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HttpError {
    /// The file with certificate authorities cannot be used.
    #[error("could not use the CA file `{file}`: {why}")]
    CaFile {
        /// The file.
        file: String,
        /// What is wrong with it.
        why: String,
    },
    /// A proxy variable cannot be used.
    #[error("{0}")]
    ProxySetting(ProxyVariable),
    /// TLS could not be set up on the client's side.
    #[error("could not set up TLS: {0}")]
    Tls(String),
    /// The host name could not be resolved.
    #[error("could not find the address of `{host}`")]
    Dns {
        /// The host name.
        host: String,
    },
    /// The connection could not be established.
    #[error("could not connect to {endpoint}: {why}")]
    Connect {
        /// The endpoint.
        endpoint: Endpoint,
        /// The reason.
        why: String,
    },
    /// The proxy could not be reached, or refused the connection.
    #[error("could not connect through the proxy {proxy} to {endpoint}: {why}")]
    Proxy {
        /// The proxy, without its user name and password.
        proxy: String,
        /// The endpoint.
        endpoint: Endpoint,
        /// The reason.
        why: String,
        /// Whether the proxy requires credentials, so that a retry cannot help.
        authentication_required: bool,
    },
    /// No TLS parameters in common, or the server does not speak TLS.
    #[error("the TLS handshake with {endpoint} failed: {why}")]
    Handshake {
        /// The endpoint.
        endpoint: Endpoint,
        /// The reason.
        why: String,
    },
    /// The server's certificate was rejected.
    #[error("certificate verification failed for {endpoint}: {why}")]
    Certificate {
        /// The endpoint.
        endpoint: Endpoint,
        /// What is wrong with it.
        why: String,
        /// Whether the issuer is not in the trust store.
        unknown_issuer: bool,
    },
    /// The time limit was reached.
    #[error("{endpoint} did not answer in time")]
    TimedOut {
        /// The endpoint.
        endpoint: Endpoint,
        /// Whether it was reached while connecting.
        connecting: bool,
    },
    /// The connection was closed early, or the response is not valid HTTP.
    #[error("the connection to {endpoint} failed before the response was complete: {why}")]
    ConnectionClosed {
        /// The endpoint.
        endpoint: Endpoint,
        /// The reason.
        why: String,
    },
    /// The response body exceeds the limit.
    #[error("the response from {endpoint} is longer than {limit} bytes")]
    TooLong {
        /// The endpoint.
        endpoint: Endpoint,
        /// The limit in bytes.
        limit: usize,
    },
}

impl HttpError {
    /// Classifies reqwest's error by its causes; its own text would contain the URL with its query.
    pub(super) fn from_reqwest(endpoint: &Endpoint, error: &reqwest::Error) -> Self {
        let causes = || std::iter::successors(error.source(), |cause| next_cause(*cause));
        if let Some(rustls) = causes().find_map(|cause| cause.downcast_ref::<rustls::Error>()) {
            return Self::from_tls(endpoint.clone(), rustls);
        }
        if let Some(proxy) = proxy::for_endpoint(endpoint).filter(|_| error.is_connect()) {
            return Self::from_proxy(proxy, endpoint.clone(), error.is_timeout(), causes());
        }
        let endpoint = endpoint.clone();
        if error.is_timeout() {
            return Self::TimedOut { endpoint, connecting: error.is_connect() };
        }
        if causes().any(is_dns_error) {
            return Self::Dns { host: endpoint.host().to_owned() };
        }
        let why = reason(causes(), "server");
        if error.is_connect() { Self::Connect { endpoint, why } } else { Self::ConnectionClosed { endpoint, why } }
    }

    fn from_proxy<'error>(
        proxy: String,
        endpoint: Endpoint,
        timed_out: bool,
        causes: impl Iterator<Item = Cause<'error>>,
    ) -> Self {
        let causes: Vec<_> = causes.collect();
        let failure = causes.iter().find_map(|cause| proxy::connect_failure(*cause));
        let why = match failure {
            Some(ConnectFailure::AuthenticationRequired) if proxy::has_credentials(&endpoint) => {
                "it did not accept the user name and the password".to_owned()
            }
            Some(ConnectFailure::AuthenticationRequired) => "it requires a user name and a password".to_owned(),
            Some(ConnectFailure::ConnectionClosed) => "connection closed by the proxy".to_owned(),
            Some(ConnectFailure::Refused) => "it rejected the CONNECT request".to_owned(),
            None if timed_out => "it did not answer in time".to_owned(),
            None if causes.iter().any(|cause| is_dns_error(*cause)) => "could not find its address".to_owned(),
            None => reason(causes.into_iter(), "proxy"),
        };
        let authentication_required = matches!(failure, Some(ConnectFailure::AuthenticationRequired));
        Self::Proxy { proxy, endpoint, why, authentication_required }
    }

    fn from_tls(endpoint: Endpoint, error: &rustls::Error) -> Self {
        match error {
            rustls::Error::InvalidCertificate(fault) => {
                // Another authority with the same name, such as a re-created one, shows as a wrong signature.
                let unknown_issuer = matches!(fault, CertificateError::UnknownIssuer | CertificateError::BadSignature);
                Self::Certificate { why: certificate_fault(fault), endpoint, unknown_issuer }
            }
            rustls::Error::General(why) => Self::Tls(why.clone()),
            rustls::Error::AlertReceived(AlertDescription::ProtocolVersion) | rustls::Error::PeerIncompatible(_) => {
                Self::Handshake {
                    endpoint,
                    why: "no common TLS version or parameters (TLS 1.2 or newer is required)".to_owned(),
                }
            }
            rustls::Error::AlertReceived(AlertDescription::HandshakeFailure) => {
                Self::Handshake { endpoint, why: "no common cipher suite".to_owned() }
            }
            rustls::Error::InvalidMessage(_) => {
                Self::Handshake { endpoint, why: "the server does not speak TLS".to_owned() }
            }
            other => Self::ConnectionClosed { endpoint, why: format!("TLS: {other}") },
        }
    }

    /// Whether a connection to the server was established before the failure.
    #[must_use]
    pub fn reached_the_server(&self) -> bool {
        matches!(self, Self::TimedOut { connecting: false, .. } | Self::ConnectionClosed { .. } | Self::TooLong { .. })
    }

    /// Whether the failure is transient, so that a retry may succeed.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        matches!(
            self,
            Self::Dns { .. }
                | Self::Connect { .. }
                | Self::Proxy { authentication_required: false, .. }
                | Self::TimedOut { .. }
                | Self::ConnectionClosed { .. }
        )
    }
}

impl Explain for HttpError {
    fn code(&self) -> &'static str {
        match self {
            Self::CaFile { .. } => "ca_file",
            Self::Tls(_) | Self::Handshake { .. } | Self::Certificate { .. } => "tls",
            Self::Proxy { .. } | Self::ProxySetting(_) => "proxy",
            Self::Dns { .. } => "dns",
            Self::Connect { .. } => "connect",
            Self::TimedOut { .. } => "timeout",
            Self::ConnectionClosed { .. } | Self::TooLong { .. } => "answer",
        }
    }

    fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::ProxySetting(variable) => variable.hint(),
            Self::CaFile { .. } => "pass a PEM file with --ca-file",
            Self::Tls(_) => "install ca-certificates, or pass a PEM file with --ca-file",
            Self::Dns { .. } => "check the network and the spelling of the address",
            Self::Connect { endpoint, .. } if endpoint.is_loopback() => {
                "start the simulator in another terminal: maskinporten simulate"
            }
            Self::Connect { .. } => {
                "check that the firewall lets https out to Maskinporten, or set HTTPS_PROXY to your proxy"
            }
            Self::Proxy { .. } => {
                "check HTTPS_PROXY (http://USER:PASSWORD@HOST:PORT) and which hosts the proxy allows; NO_PROXY lists the \
                 hosts to reach without it"
            }
            Self::Handshake { .. } => {
                "check the address and the port; the server, or a proxy in front of it, must support TLS 1.2 or newer"
            }
            Self::Certificate { unknown_issuer: true, .. } => {
                "if your organisation's proxy intercepts TLS, pass its CA certificate with --ca-file; for the simulator, \
                 pass the tls-ca.pem in its folder"
            }
            Self::Certificate { .. } => "check the address and this machine's clock",
            Self::TimedOut { connecting: true, .. } => {
                "check that the firewall lets https out, or set HTTPS_PROXY to your proxy; --connect-timeout waits longer"
            }
            Self::TimedOut { .. } => "try again later; --timeout waits longer",
            Self::ConnectionClosed { .. } | Self::TooLong { .. } => {
                "check the URL, and whether a proxy answers instead of the server"
            }
        };
        Some(hint.to_owned())
    }
}

/// Returns the next cause; `io::Error::source` skips the error that it wraps.
fn next_cause(cause: Cause<'_>) -> Option<Cause<'_>> {
    let hidden = cause.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
    hidden.map(|inner| inner as Cause<'_>).or_else(|| cause.source())
}

/// Describes the common causes, whose own text is a library's; `peer` is what the connection goes to.
fn known_reason(cause: Cause<'_>, peer: &str) -> Option<String> {
    let closed = || format!("connection closed by the {peer}");
    if let Some(error) = cause.downcast_ref::<hyper::Error>() {
        return match error {
            error if error.is_parse_too_large() => Some("the response headers are too long".to_owned()),
            error if error.is_parse() => Some("the response is not valid HTTP".to_owned()),
            error if error.is_incomplete_message() => Some(closed()),
            _ => None,
        };
    }
    match cause.downcast_ref::<io::Error>()?.kind() {
        io::ErrorKind::ConnectionRefused => Some("connection refused".to_owned()),
        io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe => Some(closed()),
        io::ErrorKind::UnexpectedEof => Some("unexpected end of data".to_owned()),
        _ => None,
    }
}

/// Describes a chain of causes by the first one with a known reason, otherwise by the deepest one.
fn reason<'error>(causes: impl Iterator<Item = Cause<'error>>, peer: &str) -> String {
    let causes: Vec<_> = causes.collect();
    if let Some(known) = causes.iter().find_map(|cause| known_reason(*cause, peer)) {
        return known;
    }
    let text = causes.last().map_or_else(|| "unknown".to_owned(), ToString::to_string);
    excerpt(&text, 200)
}

fn is_dns_error(cause: Cause<'_>) -> bool {
    cause.to_string().contains("dns error")
}

fn certificate_fault(fault: &CertificateError) -> String {
    match fault {
        CertificateError::UnknownIssuer => "unknown issuer (not in the trust store)".to_owned(),
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => "the certificate has expired".to_owned(),
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            "the certificate is not valid yet".to_owned()
        }
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            "the certificate is for another name".to_owned()
        }
        CertificateError::Revoked => "the certificate was revoked".to_owned(),
        CertificateError::BadSignature => {
            "its signature does not match the trusted authority that has its issuer's name".to_owned()
        }
        CertificateError::Other(other) if other.to_string().contains("CaUsedAsEndEntity") => {
            "it is a CA certificate, not a server certificate".to_owned()
        }
        other => format!("the certificate is malformed ({other})"),
    }
}
