//! Classifies the errors of a request by their causes.

use std::{error::Error, io};

use super::{
    Endpoint, HttpError,
    client_certificate::CertificateRequest,
    proxy::{self, ConnectFailure},
    tls_error,
};
use crate::text::excerpt;

/// One error in a chain of causes.
type Cause<'error> = &'error (dyn Error + 'static);

impl HttpError {
    /// Classifies reqwest's error by its causes; its own text would contain the URL with its query.
    ///
    /// `asked` is whether the server has asked for a client certificate.
    pub(super) fn from_reqwest(endpoint: &Endpoint, error: &reqwest::Error, asked: CertificateRequest) -> Self {
        let causes = || std::iter::successors(error.source(), |cause| next_cause(*cause));
        if let Some(rustls) = causes().find_map(|cause| cause.downcast_ref::<rustls::Error>()) {
            return tls_error::classify(endpoint.clone(), rustls, asked);
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
        let mut why = reason(causes(), "server");
        // In TLS 1.3 the server rejects the client after the handshake, and its alert may be lost.
        match asked {
            CertificateRequest::None => {}
            CertificateRequest::Unanswered => why.push_str("; the server had asked for a client certificate"),
            CertificateRequest::Answered => why.push_str("; the server may have rejected the client certificate"),
        }
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
