//! The one HTTP client: time-outs, TLS 1.2 or newer, no redirects, https or loopback, answers with an end.
//!
//! An assertion must not travel further than to the endpoint it is for, so redirects are answers like any other
//! (RFC 9700 §4.12) and plain http is for this machine alone. What an answer means is not decided here.

mod endpoint;
mod error;
mod name;
mod peer;
mod proxy;
mod trust;

use std::{
    path::PathBuf,
    sync::Arc,
    time::{Duration, Instant},
};

use chrono::{DateTime, Utc};
use reqwest::header::{ACCEPT, CONTENT_TYPE, DATE, HeaderMap, LOCATION, RETRY_AFTER};
use secrecy::{ExposeSecret as _, SecretString};
use zeroize::Zeroizing;

use self::peer::Seen;
pub use self::{
    endpoint::{Endpoint, EndpointError},
    error::HttpError,
    name::addresses,
    peer::{Peer, TlsVersion},
};

/// Longer answers are not read: a token answer has a few kilobytes.
pub const MAXIMUM_ANSWER_BYTES: usize = 1024 * 1024;

const USER_AGENT: &str = concat!("maskinporten-token-generator/", env!("CARGO_PKG_VERSION"));

/// How requests are sent.
#[derive(Debug, Clone)]
pub struct HttpOptions {
    /// How long setting up a connection may take.
    pub connect_timeout: Duration,
    /// A PEM file with certificate authorities that are trusted beside the machine's own.
    pub ca_file: Option<PathBuf>,
    /// A client to send requests with; the options above and this crate's rules for TLS and proxies do not apply to it.
    ///
    /// # Security
    /// It must not follow redirects ([`reqwest::redirect::Policy::none`]): an assertion must reach no other server.
    pub client: Option<reqwest::Client>,
}

impl Default for HttpOptions {
    /// Returns a connect timeout of five seconds, and the trust store of the machine.
    fn default() -> Self {
        Self { connect_timeout: Duration::from_secs(5), ca_file: None, client: None }
    }
}

/// Sends requests to one endpoint.
#[derive(Debug, Clone)]
pub struct HttpClient {
    client: reqwest::Client,
    endpoint: Endpoint,
    seen: Option<Arc<Seen>>,
}

/// An answer that was read to its end.
pub struct Answer {
    /// The status code.
    pub status: u16,
    /// The media type, in lower case and without parameters; empty when there is none.
    pub media_type: String,
    /// Where a redirect points, without its query.
    pub location: Option<String>,
    /// How long the server asks us to wait.
    pub retry_after: Option<Duration>,
    /// When the server says that it answered, to the second (`Date`, RFC 9110 §6.6.1).
    pub date: Option<DateTime<Utc>>,
    /// When we began, by this machine's clock: setting up a connection, where there is none yet, comes after this.
    pub sent_at: DateTime<Utc>,
    /// When status and headers were here, by this machine's clock.
    pub received_at: DateTime<Utc>,
    /// The body, which may hold a token.
    pub body: Zeroizing<Vec<u8>>,
}

impl HttpClient {
    /// Prepares requests to `endpoint`; nothing is sent. A proxy is taken from the usual variables, except for
    /// addresses on this machine.
    ///
    /// # Errors
    /// [`HttpError::CaFile`] when the file with certificate authorities cannot be used, [`HttpError::ProxySetting`] when
    /// a variable is meant to name a proxy and does not.
    pub fn new(endpoint: Endpoint, options: &HttpOptions) -> Result<Self, HttpError> {
        Self::build(endpoint, options, None)
    }

    /// The same, and remembers what the server shows of itself: see [`HttpClient::peer`].
    ///
    /// # Errors
    /// As [`HttpClient::new`].
    pub fn observing(endpoint: Endpoint, options: &HttpOptions) -> Result<Self, HttpError> {
        let seen = Arc::new(Seen::of(&endpoint));
        Self::build(endpoint, options, Some(seen))
    }

    fn build(endpoint: Endpoint, options: &HttpOptions, seen: Option<Arc<Seen>>) -> Result<Self, HttpError> {
        if let Some(client) = options.client.clone() {
            return Ok(Self { client, endpoint, seen });
        }
        if let Some(variable) = proxy::unusable(&endpoint) {
            return Err(HttpError::ProxySetting(variable));
        }
        let mut builder = reqwest::Client::builder()
            .user_agent(USER_AGENT)
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(options.connect_timeout)
            .tls_backend_preconfigured(trust::client_config(options.ca_file.as_deref(), seen.clone())?);
        if endpoint.is_loopback() {
            builder = builder.no_proxy();
        }
        let client = builder.build().map_err(|error| HttpError::of(&endpoint, &error))?;
        Ok(Self { client, endpoint, seen })
    }

    /// The endpoint that requests go to.
    #[must_use]
    pub fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    /// The address of the proxy that requests go through, without its user name and password.
    #[must_use]
    pub fn proxy(&self) -> Option<String> {
        proxy::towards(&self.endpoint)
    }

    /// What the server showed in the latest TLS handshake, whether the request then succeeded or not. `None` before
    /// there was one, without TLS, and from a client that is not [observing](HttpClient::observing).
    #[must_use]
    pub fn peer(&self) -> Option<Peer> {
        self.seen.as_ref()?.peer()
    }

    /// Posts a form, which is not shown in any error, and reads the answer; both before `deadline`.
    ///
    /// # Errors
    /// [`HttpError`] when there is no answer that could be read to its end.
    pub async fn post_form(&self, form: &SecretString, deadline: Instant) -> Result<Answer, HttpError> {
        let request = self
            .client
            .post(self.endpoint.url().clone())
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(form.expose_secret().to_owned());
        self.send(request, deadline).await
    }

    /// Fetches a document before `deadline`.
    ///
    /// # Errors
    /// As [`HttpClient::post_form`].
    pub async fn get(&self, deadline: Instant) -> Result<Answer, HttpError> {
        self.send(self.client.get(self.endpoint.url().clone()), deadline).await
    }

    async fn send(&self, request: reqwest::RequestBuilder, deadline: Instant) -> Result<Answer, HttpError> {
        let remaining = deadline.saturating_duration_since(Instant::now());
        let failed = |error: reqwest::Error| HttpError::of(&self.endpoint, &error);
        let request = request.header(ACCEPT, "application/json").timeout(remaining);
        let sent_at = Utc::now();
        let mut response = request.send().await.map_err(failed)?;
        let received_at = Utc::now();
        let mut body = Zeroizing::new(Vec::new());
        while let Some(chunk) = response.chunk().await.map_err(failed)? {
            if body.len() + chunk.len() > MAXIMUM_ANSWER_BYTES {
                return Err(HttpError::TooLong { endpoint: self.endpoint.clone(), limit: MAXIMUM_ANSWER_BYTES });
            }
            body.extend_from_slice(&chunk);
        }
        let headers = response.headers();
        Ok(Answer {
            status: response.status().as_u16(),
            media_type: media_type(headers),
            location: text(headers, &LOCATION).map(|location| without_query(location).to_owned()),
            retry_after: text(headers, &RETRY_AFTER).and_then(|value| retry_after(value, Utc::now())),
            date: text(headers, &DATE).and_then(http_date),
            sent_at,
            received_at,
            body,
        })
    }
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

/// Seconds or a date (RFC 9110 §10.2.3).
fn retry_after(value: &str, now: DateTime<Utc>) -> Option<Duration> {
    if let Ok(seconds) = value.trim().parse() {
        return Some(Duration::from_secs(seconds));
    }
    Some((http_date(value)? - now).to_std().unwrap_or(Duration::ZERO))
}

/// A date as HTTP writes it since 1999, which is one of those of mail (RFC 9110 §5.6.7, IMF-fixdate).
fn http_date(value: &str) -> Option<DateTime<Utc>> {
    DateTime::parse_from_rfc2822(value.trim()).ok().map(|date| date.to_utc())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn retry_after_is_seconds_or_a_date_that_may_be_past() {
        let now = DateTime::parse_from_rfc3339("2026-11-22T10:00:00Z").unwrap().to_utc();
        for (value, wanted) in [
            ("7", Some(7)),
            ("Sun, 22 Nov 2026 10:00:05 GMT", Some(5)),
            ("Sun, 22 Nov 2026 09:00:00 GMT", Some(0)),
            ("soon", None),
            ("-1", None),
        ] {
            assert_eq!(retry_after(value, now), wanted.map(Duration::from_secs), "{value}");
        }
    }

    #[test]
    fn a_date_is_read_as_http_writes_it_and_nothing_else_is_one() {
        for (value, wanted) in [
            ("Sun, 06 Nov 1994 08:49:37 GMT", Some("1994-11-06T08:49:37Z")), // RFC 9110 §5.6.7's example
            ("Sun, 22 Nov 2026 23:59:59 GMT", Some("2026-11-22T23:59:59Z")),
            ("Mon, 22 Nov 2026 23:59:59 GMT", None),
            ("Sun, 31 Feb 2027 10:00:00 GMT", None),
            ("2026-11-22T10:00:00Z", None),
            ("1795341600", None),
            ("", None),
        ] {
            let wanted = wanted.map(|wanted| DateTime::parse_from_rfc3339(wanted).unwrap().to_utc());
            assert_eq!(http_date(value), wanted, "{value}");
        }
    }
}
