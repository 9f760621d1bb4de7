//! Why there is no answer, told apart by what its reader can do about it.

use std::{error::Error, io};

use rustls::{AlertDescription, CertificateError};

use super::{
    Endpoint,
    proxy::{self, Verdict},
};
use crate::{explain::Explain, text::excerpt};

/// A link in a chain of errors.
type Cause<'error> = &'error (dyn Error + 'static);

/// What kept a request from getting an answer.
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
    /// A variable is meant to name a proxy and does not.
    #[error("the variable {0} names no proxy that can be used")]
    ProxySetting(&'static str),
    /// TLS could not be set up on our side.
    #[error("could not set up TLS: {0}")]
    Tls(String),
    /// The name has no address.
    #[error("could not find the address of `{host}`")]
    Dns {
        /// The name.
        host: String,
    },
    /// Nobody took the connection.
    #[error("could not connect to {endpoint}: {why}")]
    Connect {
        /// The endpoint.
        endpoint: Endpoint,
        /// What the system says.
        why: String,
    },
    /// The proxy did not let us through, or is not there.
    #[error("could not get through the proxy {proxy} to {endpoint}: {why}")]
    Proxy {
        /// The proxy, without its user name and password.
        proxy: String,
        /// The endpoint.
        endpoint: Endpoint,
        /// What happened.
        why: String,
        /// Whether it wants a password, and will as long as it gets none.
        wants_password: bool,
    },
    /// The other side speaks no TLS that we do.
    #[error("could not agree on TLS with {endpoint}: {why}")]
    Handshake {
        /// The endpoint.
        endpoint: Endpoint,
        /// What keeps us apart.
        why: String,
    },
    /// The server's certificate is not believed.
    #[error("did not believe the certificate of {endpoint}: {why}")]
    Certificate {
        /// The endpoint.
        endpoint: Endpoint,
        /// What is wrong with it.
        why: String,
        /// Whether nobody known here issued it.
        unknown_issuer: bool,
    },
    /// The time ran out.
    #[error("{endpoint} did not answer in time")]
    TimedOut {
        /// The endpoint.
        endpoint: Endpoint,
        /// Whether the time ran out while connecting.
        connecting: bool,
    },
    /// The connection broke, or what came over it was no HTTP.
    #[error("the connection to {endpoint} broke before the answer was complete: {why}")]
    ConnectionClosed {
        /// The endpoint.
        endpoint: Endpoint,
        /// What happened.
        why: String,
    },
    /// The answer went on for too long.
    #[error("the answer of {endpoint} is longer than {limit} bytes")]
    TooLong {
        /// The endpoint.
        endpoint: Endpoint,
        /// How much is read.
        limit: usize,
    },
}

impl HttpError {
    /// Sorts reqwest's error by its deepest cause; its own text would name the URL with its query.
    pub(super) fn of(endpoint: &Endpoint, error: &reqwest::Error) -> Self {
        let causes = || std::iter::successors(error.source(), |cause| deeper(*cause));
        if let Some(rustls) = causes().find_map(|cause| cause.downcast_ref::<rustls::Error>()) {
            return Self::of_tls(endpoint.clone(), rustls);
        }
        if let Some(proxy) = proxy::towards(endpoint).filter(|_| error.is_connect()) {
            return Self::of_proxy(proxy, endpoint.clone(), error.is_timeout(), causes());
        }
        let endpoint = endpoint.clone();
        if error.is_timeout() {
            return Self::TimedOut { endpoint, connecting: error.is_connect() };
        }
        if causes().any(is_about_a_name) {
            return Self::Dns { host: endpoint.host().to_owned() };
        }
        let why = words(causes());
        if error.is_connect() { Self::Connect { endpoint, why } } else { Self::ConnectionClosed { endpoint, why } }
    }

    fn of_proxy<'error>(
        proxy: String,
        endpoint: Endpoint,
        late: bool,
        causes: impl Iterator<Item = Cause<'error>>,
    ) -> Self {
        let causes: Vec<_> = causes.collect();
        let verdict = causes.iter().find_map(|cause| proxy::verdict(*cause));
        let why = match verdict {
            Some(Verdict::WantsPassword) => "it wants a user name and a password".to_owned(),
            Some(Verdict::HungUp) => "the other side hung up".to_owned(),
            Some(Verdict::Refused) => "it refuses to connect there".to_owned(),
            None if late => "it did not answer in time".to_owned(),
            None if causes.iter().any(|cause| is_about_a_name(*cause)) => "its name has no address".to_owned(),
            None => words(causes.into_iter()),
        };
        Self::Proxy { proxy, endpoint, why, wants_password: matches!(verdict, Some(Verdict::WantsPassword)) }
    }

    fn of_tls(endpoint: Endpoint, error: &rustls::Error) -> Self {
        match error {
            rustls::Error::InvalidCertificate(fault) => {
                // A wrong signature is an authority of the right name that is another one, such as one made anew.
                let unknown_issuer = matches!(fault, CertificateError::UnknownIssuer | CertificateError::BadSignature);
                Self::Certificate { why: certificate_fault(fault), endpoint, unknown_issuer }
            }
            rustls::Error::General(why) => Self::Tls(why.clone()),
            rustls::Error::AlertReceived(AlertDescription::ProtocolVersion) | rustls::Error::PeerIncompatible(_) => {
                Self::Handshake { endpoint, why: "it does not speak TLS 1.2 or newer as we do".to_owned() }
            }
            rustls::Error::AlertReceived(AlertDescription::HandshakeFailure) => {
                Self::Handshake { endpoint, why: "it takes none of our ciphers".to_owned() }
            }
            rustls::Error::InvalidMessage(_) => Self::Handshake { endpoint, why: "what it sends is no TLS".to_owned() },
            other => Self::ConnectionClosed { endpoint, why: format!("TLS: {other}") },
        }
    }

    /// Whether a server was there, although its answer was of no use.
    #[must_use]
    pub fn reached_the_server(&self) -> bool {
        matches!(self, Self::TimedOut { connecting: false, .. } | Self::ConnectionClosed { .. } | Self::TooLong { .. })
    }

    /// Whether the same request may succeed a moment later.
    #[must_use]
    pub fn is_passing(&self) -> bool {
        matches!(
            self,
            Self::Dns { .. }
                | Self::Connect { .. }
                | Self::Proxy { wants_password: false, .. }
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
            Self::ProxySetting(_) => "write it as http://HOST:PORT, or unset it",
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
                "check HTTPS_PROXY (http://USER:PASSWORD@HOST:PORT) and what the proxy lets through; NO_PROXY names the \
                 hosts that are reached without it"
            }
            Self::Handshake { .. } => {
                "check the address and its port; a server, or a proxy in its place, must speak TLS 1.2 or newer"
            }
            Self::Certificate { unknown_issuer: true, .. } => {
                "if a proxy of your organisation opens TLS, pass its certificate with --ca-file; if it is the simulator, \
                 pass the tls-ca.pem in its folder"
            }
            Self::Certificate { .. } => "check the address and this machine's clock",
            Self::TimedOut { connecting: true, .. } => {
                "check that the firewall lets https out, or set HTTPS_PROXY to your proxy; --connect-timeout waits longer"
            }
            Self::TimedOut { .. } => "try again later; --timeout waits longer",
            Self::ConnectionClosed { .. } | Self::TooLong { .. } => {
                "check the address, and whether a proxy answers in its place"
            }
        };
        Some(hint.to_owned())
    }
}

/// The next cause; an I/O error hides the one it was made of.
fn deeper(cause: Cause<'_>) -> Option<Cause<'_>> {
    let hidden = cause.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
    hidden.map(|inner| inner as Cause<'_>).or_else(|| cause.source())
}

/// What a cause means, when a person should not have to read it in the words of a library.
fn known_words(cause: Cause<'_>) -> Option<&'static str> {
    if let Some(error) = cause.downcast_ref::<hyper::Error>() {
        return match error {
            error if error.is_parse_too_large() => Some("its headers are too long"),
            error if error.is_parse() => Some("what came is no HTTP"),
            error if error.is_incomplete_message() => Some("the other side hung up"),
            _ => None,
        };
    }
    match cause.downcast_ref::<io::Error>()?.kind() {
        io::ErrorKind::ConnectionRefused => Some("nobody listens there"),
        io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe => Some("the other side hung up"),
        io::ErrorKind::UnexpectedEof => Some("it was cut short"),
        _ => None,
    }
}

/// Why, in the plainest words that a chain of causes has.
fn words<'error>(causes: impl Iterator<Item = Cause<'error>>) -> String {
    let causes: Vec<_> = causes.collect();
    if let Some(known) = causes.iter().find_map(|cause| known_words(*cause)) {
        return known.to_owned();
    }
    let text = causes.last().map_or_else(|| "unknown".to_owned(), ToString::to_string);
    excerpt(&text, 200)
}

fn is_about_a_name(cause: Cause<'_>) -> bool {
    cause.to_string().contains("dns error")
}

fn certificate_fault(fault: &CertificateError) -> String {
    match fault {
        CertificateError::UnknownIssuer => "nobody whom this machine trusts issued it".to_owned(),
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => "it has expired".to_owned(),
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => "it is not valid yet".to_owned(),
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            "it is for another name".to_owned()
        }
        CertificateError::Revoked => "it was revoked".to_owned(),
        CertificateError::BadSignature => {
            "the authority that is trusted under its issuer's name did not sign it".to_owned()
        }
        CertificateError::Other(other) if other.to_string().contains("CaUsedAsEndEntity") => {
            "it is an authority's and not a server's".to_owned()
        }
        other => format!("it is not well formed ({other})"),
    }
}
