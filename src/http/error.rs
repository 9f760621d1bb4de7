//! Why a request got no response, distinguished by what the user can do about it.

use super::{Endpoint, proxy::ProxyVariable};
use crate::explain::Explain;

/// Why a request got no response.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HttpError {
    /// The file with certificate authorities cannot be used.
    #[error("could not use the CA file `{file}`{}: {why}", named_by(*.variable))]
    CaFile {
        /// The file, or the folder.
        file: String,
        /// The variable that names it in place of the machine's trust store.
        variable: Option<&'static str>,
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
    /// The server requires a client certificate.
    #[error("{endpoint} requires a client certificate (mutual TLS), and this client has none")]
    ClientCertificate {
        /// The endpoint.
        endpoint: Endpoint,
    },
    /// The server rejected the client certificate.
    #[error("{endpoint} rejected the client certificate: {why}")]
    RejectedCertificate {
        /// The endpoint.
        endpoint: Endpoint,
        /// The alert, in words.
        why: String,
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
            Self::Tls(_)
            | Self::Handshake { .. }
            | Self::Certificate { .. }
            | Self::ClientCertificate { .. }
            | Self::RejectedCertificate { .. } => "tls",
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
            Self::CaFile { variable: Some("SSL_CERT_DIR"), .. } => {
                "set SSL_CERT_DIR to a folder with certificate authorities in PEM, or unset it"
            }
            Self::CaFile { variable: Some(_), .. } => {
                "set SSL_CERT_FILE to a PEM file with certificate authorities, or unset it"
            }
            Self::CaFile { variable: None, .. } => "pass a PEM file with --ca-file",
            Self::Tls(_) => "install ca-certificates, or pass a PEM file with --ca-file",
            Self::Dns { .. } => "check the network and the spelling of the address, or set HTTPS_PROXY to your proxy",
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
            Self::ClientCertificate { .. } => {
                "check the address: Maskinporten requires none; a gateway in front of it may"
            }
            Self::RejectedCertificate { .. } => {
                "check that the certificate is valid, and that the server trusts its issuer: maskinporten keys list FILE"
            }
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

fn named_by(variable: Option<&str>) -> String {
    variable.map_or_else(String::new, |variable| format!(" that {variable} names"))
}
