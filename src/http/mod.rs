//! The HTTP client: time limits, TLS 1.2 or newer, no redirects, https or loopback, capped responses.
//!
//! An assertion must reach only the endpoint that it is for, so redirects are not followed but returned like any other
//! response (RFC 9700 §4.12), and plain http is for this machine only. The callers interpret the responses.

mod api_request;
mod authorities;
mod causes;
mod client_certificate;
mod clock_difference;
mod early_connection;
mod endpoint;
mod error;
mod peer;
mod proxy;
mod response;
mod retry;
mod tls_error;
mod trust;

use std::{
    net::IpAddr,
    path::PathBuf,
    sync::Arc,
    time::{Duration, Instant},
};

use reqwest::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE};
use secrecy::{ExposeSecret as _, SecretString};
use url::form_urlencoded;
use zeroize::Zeroizing;

pub use reqwest::Method;

pub(crate) use self::endpoint::is_loopback;
pub use self::{
    api_request::ApiRequest,
    client_certificate::ClientCertificate,
    endpoint::{Endpoint, EndpointError},
    error::HttpError,
    peer::{Peer, TlsVersion},
    proxy::ProxyVariable,
    response::Response,
    retry::{RetryPolicy, Transient},
};
use self::{
    client_certificate::{CertificateRequest, CertificateResolver},
    early_connection::EarlyConnection,
    peer::PeerRecorder,
};
use crate::{
    clock::{Clock as _, SystemClock},
    text::shown_path,
};

/// Maximum size of a response body, unless a request allows more; a token response has a few kilobytes.
pub const MAXIMUM_RESPONSE_BYTES: usize = 1024 * 1024;

const USER_AGENT: &str = concat!(env!("CARGO_PKG_NAME"), "/", env!("CARGO_PKG_VERSION"));

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
    /// `None` if no connection can be opened before the first request, or it would save no time.
    early: Option<EarlyConnection>,
}

impl HttpClient {
    /// Prepares requests to `endpoint` without sending any.
    ///
    /// The proxy comes from `HTTPS_PROXY`, `ALL_PROXY` and `NO_PROXY`, except for endpoints on this machine or its link.
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
            return Ok(Self { client, endpoint, recorder, resolver, early: None });
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
        let variables = if is_encrypted { authorities::of_variables()? } else { None };
        let tls = trust::client_config(options.ca_file.as_deref(), variables, recorder.clone(), Arc::clone(&resolver))?;
        let mut builder = reqwest::Client::builder()
            .user_agent(USER_AGENT)
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(options.connect_timeout)
            .tls_backend_preconfigured(tls);
        let early = (!endpoint.is_local()).then(EarlyConnection::default);
        builder = match &early {
            Some(early) => builder.connector_layer(early.clone()),
            None => builder.no_proxy(),
        };
        let client =
            builder.build().map_err(|error| HttpError::from_reqwest(&endpoint, &error, CertificateRequest::None))?;
        Ok(Self { client, endpoint, recorder, resolver, early })
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

    /// Starts to connect for the first request, which waits for the connection and returns the error if there is none.
    ///
    /// Does nothing after a request was sent, for an endpoint on this machine, and with [`HttpOptions::client`].
    ///
    /// # Panics
    /// Outside of a tokio runtime.
    pub fn connect_early(&self) {
        if let Some(early) = &self.early {
            early.start(self.client.clone(), self.endpoint.clone(), Arc::clone(&self.resolver));
        }
    }

    /// Posts a form, which no error contains, and reads the response before `deadline`; `authorization` is the value of
    /// that header, and `headers` are others.
    ///
    /// # Errors
    /// [`HttpError`] when there is no complete response.
    pub async fn post_form(
        &self,
        form: &SecretString,
        authorization: Option<&SecretString>,
        headers: &[(&str, SecretString)],
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
        for (name, value) in headers {
            request = request.header(*name, value.expose_secret());
        }
        self.send(request.header(ACCEPT, JSON), MAXIMUM_RESPONSE_BYTES, deadline).await
    }

    /// Gets a document before `deadline`.
    ///
    /// # Errors
    /// As [`HttpClient::post_form`].
    pub async fn get(&self, deadline: Instant) -> Result<Response, HttpError> {
        let request = self.client.get(self.endpoint.url().clone());
        self.send(request.header(ACCEPT, JSON), MAXIMUM_RESPONSE_BYTES, deadline).await
    }

    async fn send(
        &self,
        request: reqwest::RequestBuilder,
        limit: usize,
        deadline: Instant,
    ) -> Result<Response, HttpError> {
        let failed = |error: reqwest::Error| HttpError::from_reqwest(&self.endpoint, &error, self.resolver.request());
        let sent_at = SystemClock.now();
        if let Some(early) = &self.early {
            early.wait(&self.endpoint, deadline).await?;
        }
        let remaining = deadline.saturating_duration_since(Instant::now());
        let request = request.timeout(remaining);
        let mut response = request.send().await.map_err(failed)?;
        let received_at = SystemClock.now();
        let mut body = Zeroizing::new(Vec::new());
        while let Some(chunk) = response.chunk().await.map_err(failed)? {
            if body.len() + chunk.len() > limit {
                return Err(HttpError::TooLong { endpoint: self.endpoint.clone(), limit });
            }
            body.extend_from_slice(&chunk);
        }
        Ok(Response::new(&response, body, sent_at, received_at))
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

/// Encodes a form that contains secrets.
pub(crate) fn encode_form<'text>(parameters: impl Iterator<Item = (&'text str, &'text str)> + Clone) -> SecretString {
    // Percent-encoding takes at most three bytes for one. A text that grows would leave a copy behind.
    let length = parameters.clone().map(|(name, value)| 3 * (name.len() + value.len()) + 2).sum();
    let form = form_urlencoded::Serializer::new(String::with_capacity(length)).extend_pairs(parameters).finish();
    // So would one that is cut to its length, as the conversion of a `String` does.
    SecretString::from(Zeroizing::new(form).as_str())
}
