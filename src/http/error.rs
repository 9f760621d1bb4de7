//! Why there is no answer, told apart by what its reader can do about it.

use std::{error::Error, io};

use rustls::CertificateError;

use super::Endpoint;
use crate::explain::Explain;

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
    /// TLS could not be set up on our side.
    #[error("could not set up TLS: {0}")]
    Tls(String),
    /// The name has no address.
    #[error("could not find the address of `{host}`")]
    Name {
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
    Broken {
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
        let endpoint = endpoint.clone();
        if error.is_timeout() {
            return Self::TimedOut { endpoint, connecting: error.is_connect() };
        }
        let causes = || std::iter::successors(error.source(), |cause| deeper(*cause));
        if let Some(rustls) = causes().find_map(|cause| cause.downcast_ref::<rustls::Error>()) {
            return Self::of_tls(endpoint, rustls);
        }
        if causes().any(|cause| cause.to_string().contains("dns error")) {
            return Self::Name { host: endpoint.host().to_owned() };
        }
        let why = causes().find_map(known_words).map_or_else(|| last_words(causes().last()), str::to_owned);
        if error.is_connect() { Self::Connect { endpoint, why } } else { Self::Broken { endpoint, why } }
    }

    fn of_tls(endpoint: Endpoint, error: &rustls::Error) -> Self {
        match error {
            rustls::Error::InvalidCertificate(fault) => {
                let unknown_issuer = matches!(fault, CertificateError::UnknownIssuer);
                Self::Certificate { why: certificate_fault(fault), endpoint, unknown_issuer }
            }
            rustls::Error::General(why) => Self::Tls(why.clone()),
            other => Self::Broken { endpoint, why: format!("TLS: {other}") },
        }
    }

    /// Whether a server was there, although its answer was of no use.
    #[must_use]
    pub fn reached_the_server(&self) -> bool {
        matches!(self, Self::TimedOut { connecting: false, .. } | Self::Broken { .. } | Self::TooLong { .. })
    }

    /// Whether the same request may succeed a moment later.
    #[must_use]
    pub fn is_passing(&self) -> bool {
        matches!(self, Self::Name { .. } | Self::Connect { .. } | Self::TimedOut { .. } | Self::Broken { .. })
    }
}

impl Explain for HttpError {
    fn code(&self) -> &'static str {
        match self {
            Self::CaFile { .. } => "ca_file",
            Self::Tls(_) | Self::Certificate { .. } => "tls",
            Self::Name { .. } => "dns",
            Self::Connect { .. } => "connect",
            Self::TimedOut { .. } => "timeout",
            Self::Broken { .. } | Self::TooLong { .. } => "answer",
        }
    }

    fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::CaFile { .. } => "pass a PEM file with --ca-file",
            Self::Tls(_) => "install ca-certificates, or pass a PEM file with --ca-file",
            Self::Name { .. } => "check the network and the spelling of the address",
            Self::Connect { endpoint, .. } if endpoint.is_loopback() => {
                "start the simulator in another terminal: maskinporten simulate"
            }
            Self::Connect { .. } => {
                "check that the firewall lets https out to Maskinporten, or set HTTPS_PROXY to your proxy"
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
            Self::Broken { .. } | Self::TooLong { .. } => "check the address, and whether a proxy answers in its place",
        };
        Some(hint.to_owned())
    }
}

/// The next cause; an I/O error hides the one it was made of.
fn deeper<'error>(cause: &'error (dyn Error + 'static)) -> Option<&'error (dyn Error + 'static)> {
    let hidden = cause.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
    hidden.map(|inner| inner as &(dyn Error + 'static)).or_else(|| cause.source())
}

/// What a cause means, when a person should not have to read it in the words of a library.
fn known_words(cause: &(dyn Error + 'static)) -> Option<&'static str> {
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

fn last_words(cause: Option<&(dyn Error + 'static)>) -> String {
    let text = cause.map_or_else(|| "unknown".to_owned(), ToString::to_string);
    text.chars().map(|character| if character.is_control() { ' ' } else { character }).take(200).collect()
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
        other => other.to_string(),
    }
}
