//! The HTTP client: time limits, TLS 1.2 or newer, no redirects, https or loopback, capped responses.
//!
//! An assertion must reach only the endpoint that it is for, so redirects are not followed but returned like any other
//! response (RFC 9700 §4.12), and plain http is for this machine only. The callers interpret the responses.

mod api_request;
mod causes;
mod client_certificate;
mod clock_difference;
mod endpoint;
mod error;
mod peer;
mod proxy;
mod tls_error;
mod trust;

use std::{
    net::IpAddr,
    path::PathBuf,
    sync::Arc,
    time::{Duration, Instant},
};

use chrono::{DateTime, Utc};
use reqwest::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, DATE, HeaderMap, LOCATION, RETRY_AFTER, SET_COOKIE};
use secrecy::{ExposeSecret as _, SecretString};
use zeroize::Zeroizing;

pub use reqwest::Method;

pub use self::{
    api_request::ApiRequest,
    client_certificate::ClientCertificate,
    endpoint::{Endpoint, EndpointError},
    error::HttpError,
    peer::{Peer, TlsVersion},
    proxy::ProxyVariable,
};
use self::{
    client_certificate::{CertificateRequest, CertificateResolver},
    peer::PeerRecorder,
};
use crate::{
    clock::{Clock as _, SystemClock},
    text::shown_path,
};

/// Maximum size of a response body; a token response has a few kilobytes.
pub const MAXIMUM_RESPONSE_BYTES: usize = 1024 * 1024;

const USER_AGENT: &str = concat!("maskinporten-token-generator/", env!("CARGO_PKG_VERSION"));

const JSON: &str = "application/json";

/// How requests are sent.
#[derive(Debug, Clone)]
pub struct HttpOptions {
    /// The time limit for establishing a connection.
    pub connect_timeout: Duration,
    /// A PEM file with certificate authorities to trust in addition to the machine's trust store.
    pub ca_file: Option<PathBuf>,
    /// Whether the CA file may only be used for servers on this machine: an authority that is not the user's choice
    /// could otherwise intercept every connection.
    pub ca_file_is_confined: bool,
    /// A client to send requests with; the options above and this crate's rules for TLS and proxies do not apply to it.
    ///
    /// # Security
    /// It must not follow redirects ([`reqwest::redirect::Policy::none`]): an assertion must reach no other server.
    pub client: Option<reqwest::Client>,
}

impl Default for HttpOptions {
    /// Returns a connect timeout of five seconds, and the trust store of the machine.
    fn default() -> Self {
        Self { connect_timeout: Duration::from_secs(5), ca_file: None, ca_file_is_confined: false, client: None }
    }
}

/// Sends requests to one endpoint.
#[derive(Debug, Clone)]
pub struct HttpClient {
    client: reqwest::Client,
    endpoint: Endpoint,
    recorder: Option<Arc<PeerRecorder>>,
    resolver: Arc<CertificateResolver>,
}

/// A complete response.
pub struct Response {
    /// The status code.
    pub status: u16,
    /// The media type in lower case, without parameters; empty when it is missing.
    pub media_type: String,
    /// The target of a redirect, without its query.
    pub location: Option<String>,
    /// How long the server asks the client to wait.
    pub retry_after: Option<Duration>,
    /// When the server created the response, to the second (`Date`, RFC 9110 §6.6.1).
    pub date: Option<DateTime<Utc>>,
    /// When the request was started, by this machine's clock; a new connection is established after that.
    pub sent_at: DateTime<Utc>,
    /// When status and headers had arrived, by this machine's clock.
    pub received_at: DateTime<Utc>,
    /// The values of `Set-Cookie` (RFC 6265 §4.1), without those that are not text.
    pub cookies: Vec<SecretString>,
    /// The body, which may contain a token.
    pub body: Zeroizing<Vec<u8>>,
}

impl HttpClient {
    /// Prepares requests to `endpoint` without sending any.
    ///
    /// The proxy comes from `HTTPS_PROXY`, `ALL_PROXY` and `NO_PROXY`, except for endpoints on this machine.
    ///
    /// # Errors
    /// [`HttpError::CaFile`] when the CA file cannot be used, [`HttpError::ProxySetting`] when a proxy variable cannot.
    pub fn new(endpoint: Endpoint, options: &HttpOptions) -> Result<Self, HttpError> {
        Self::build(endpoint, options, None, None)
    }

    /// Prepares requests and records the server's certificates: see [`HttpClient::peer`].
    ///
    /// # Errors
    /// As [`HttpClient::new`].
    pub fn observing(endpoint: Endpoint, options: &HttpOptions) -> Result<Self, HttpError> {
        let recorder = Arc::new(PeerRecorder::new(&endpoint));
        Self::build(endpoint, options, Some(recorder), None)
    }

    fn build(
        endpoint: Endpoint,
        options: &HttpOptions,
        recorder: Option<Arc<PeerRecorder>>,
        certificate: Option<ClientCertificate>,
    ) -> Result<Self, HttpError> {
        let resolver = Arc::new(CertificateResolver::new(certificate));
        if let Some(client) = options.client.clone() {
            return Ok(Self { client, endpoint, recorder, resolver });
        }
        if let Some(variable) = proxy::unusable_variable(&endpoint) {
            return Err(HttpError::ProxySetting(variable));
        }
        if let Some(file) = options.ca_file.as_ref().filter(|_| options.ca_file_is_confined && !endpoint.is_loopback())
        {
            let why = "a project file may name one only for servers on this machine".to_owned();
            return Err(HttpError::CaFile { file: shown_path(file), variable: None, why });
        }
        let is_encrypted = endpoint.url().scheme() == "https";
        let variables = if is_encrypted { trust::authorities_of_variables()? } else { None };
        let tls = trust::client_config(options.ca_file.as_deref(), variables, recorder.clone(), Arc::clone(&resolver))?;
        let mut builder = reqwest::Client::builder()
            .user_agent(USER_AGENT)
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(options.connect_timeout)
            .tls_backend_preconfigured(tls);
        if endpoint.is_loopback() {
            builder = builder.no_proxy();
        }
        let client =
            builder.build().map_err(|error| HttpError::from_reqwest(&endpoint, &error, CertificateRequest::None))?;
        Ok(Self { client, endpoint, recorder, resolver })
    }

    /// Returns the endpoint of the requests.
    #[must_use]
    pub fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    /// Returns the URL of the proxy for the requests, without its user name and password.
    #[must_use]
    pub fn proxy(&self) -> Option<String> {
        proxy::for_endpoint(&self.endpoint)
    }

    /// Returns what the server presented in the latest TLS handshake, even if the request then failed.
    ///
    /// `None` before the first handshake, without TLS, and from a client that is not
    /// [observing](HttpClient::observing).
    #[must_use]
    pub fn peer(&self) -> Option<Peer> {
        self.recorder.as_ref()?.peer()
    }

    /// Posts a form, which no error contains, and reads the response before `deadline`; `authorization` is the value of
    /// that header.
    ///
    /// # Errors
    /// [`HttpError`] when there is no complete response.
    pub async fn post_form(
        &self,
        form: &SecretString,
        authorization: Option<&SecretString>,
        deadline: Instant,
    ) -> Result<Response, HttpError> {
        let mut request = self
            .client
            .post(self.endpoint.url().clone())
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(form.expose_secret().to_owned());
        if let Some(value) = authorization {
            request = request.header(AUTHORIZATION, value.expose_secret());
        }
        self.send(request.header(ACCEPT, JSON), deadline).await
    }

    /// Gets a document before `deadline`.
    ///
    /// # Errors
    /// As [`HttpClient::post_form`].
    pub async fn get(&self, deadline: Instant) -> Result<Response, HttpError> {
        self.send(self.client.get(self.endpoint.url().clone()).header(ACCEPT, JSON), deadline).await
    }

    async fn send(&self, request: reqwest::RequestBuilder, deadline: Instant) -> Result<Response, HttpError> {
        let remaining = deadline.saturating_duration_since(Instant::now());
        let failed = |error: reqwest::Error| HttpError::from_reqwest(&self.endpoint, &error, self.resolver.request());
        let request = request.timeout(remaining);
        let sent_at = SystemClock.now();
        let mut response = request.send().await.map_err(failed)?;
        let received_at = SystemClock.now();
        let mut body = Zeroizing::new(Vec::new());
        while let Some(chunk) = response.chunk().await.map_err(failed)? {
            if body.len() + chunk.len() > MAXIMUM_RESPONSE_BYTES {
                return Err(HttpError::TooLong { endpoint: self.endpoint.clone(), limit: MAXIMUM_RESPONSE_BYTES });
            }
            body.extend_from_slice(&chunk);
        }
        let headers = response.headers();
        Ok(Response {
            status: response.status().as_u16(),
            media_type: media_type(headers),
            location: text(headers, &LOCATION).map(|location| without_query(location).to_owned()),
            retry_after: text(headers, &RETRY_AFTER).and_then(|value| retry_after(value, SystemClock.now())),
            date: text(headers, &DATE).and_then(http_date),
            sent_at,
            received_at,
            cookies: headers.get_all(SET_COOKIE).iter().filter_map(|value| Some(value.to_str().ok()?.into())).collect(),
            body,
        })
    }
}

/// Resolves the endpoint's host, for a report: each address once, in the order of the system's resolver.
///
/// Requests resolve the host themselves. Behind a proxy ([`HttpClient::proxy`]) it is the proxy that does, so the
/// addresses found here do not matter.
///
/// # Errors
/// [`HttpError::Dns`] when the host has no address, [`HttpError::TimedOut`] when the lookup exceeds the time limit for
/// establishing a connection.
pub async fn addresses(endpoint: &Endpoint, options: &HttpOptions) -> Result<Vec<IpAddr>, HttpError> {
    let host = endpoint.host();
    let port = endpoint.url().port_or_known_default().unwrap_or_default();
    let lookup = tokio::net::lookup_host((host.trim_matches(['[', ']']), port));
    let Ok(found) = tokio::time::timeout(options.connect_timeout, lookup).await else {
        return Err(HttpError::TimedOut { endpoint: endpoint.clone(), connecting: true });
    };
    let mut addresses = Vec::new();
    for address in found.into_iter().flatten().map(|address| address.ip()) {
        if !addresses.contains(&address) {
            addresses.push(address);
        }
    }
    if addresses.is_empty() {
        return Err(HttpError::Dns { host: host.to_owned() });
    }
    Ok(addresses)
}

fn text<'headers>(headers: &'headers HeaderMap, name: &reqwest::header::HeaderName) -> Option<&'headers str> {
    headers.get(name)?.to_str().ok()
}

fn media_type(headers: &HeaderMap) -> String {
    let value = text(headers, &CONTENT_TYPE).unwrap_or_default();
    value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}

fn without_query(location: &str) -> &str {
    location.split(['?', '#']).next().unwrap_or_default()
}

/// Parses `Retry-After`: seconds or a date (RFC 9110 §10.2.3).
fn retry_after(value: &str, now: DateTime<Utc>) -> Option<Duration> {
    if let Ok(seconds) = value.trim().parse() {
        return Some(Duration::from_secs(seconds));
    }
    Some((http_date(value)? - now).to_std().unwrap_or(Duration::ZERO))
}

/// Parses an IMF-fixdate (RFC 9110 §5.6.7), which is a subset of the dates in mail.
fn http_date(value: &str) -> Option<DateTime<Utc>> {
    DateTime::parse_from_rfc2822(value.trim()).ok().map(|date| date.to_utc())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn retry_after_is_seconds_or_a_date_that_may_be_in_the_past() {
        let now = DateTime::parse_from_rfc3339("2026-11-22T10:00:00Z").unwrap().to_utc();
        for (value, expected) in [
            ("7", Some(7)),
            ("Sun, 22 Nov 2026 10:00:05 GMT", Some(5)),
            ("Sun, 22 Nov 2026 09:00:00 GMT", Some(0)),
            ("soon", None),
            ("-1", None),
        ] {
            assert_eq!(retry_after(value, now), expected.map(Duration::from_secs), "{value}");
        }
    }

    #[test]
    fn only_an_imf_fixdate_is_a_date() {
        for (value, expected) in [
            ("Sun, 06 Nov 1994 08:49:37 GMT", Some("1994-11-06T08:49:37Z")), // RFC 9110 §5.6.7's example
            ("Sun, 22 Nov 2026 23:59:59 GMT", Some("2026-11-22T23:59:59Z")),
            ("Mon, 22 Nov 2026 23:59:59 GMT", None),
            ("Sun, 31 Feb 2027 10:00:00 GMT", None),
            ("2026-11-22T10:00:00Z", None),
            ("1795341600", None),
            ("", None),
        ] {
            let expected = expected.map(|expected| DateTime::parse_from_rfc3339(expected).unwrap().to_utc());
            assert_eq!(http_date(value), expected, "{value}");
        }
    }
}
