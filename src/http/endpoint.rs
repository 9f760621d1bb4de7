//! The URL that a request may be sent to: https to any host, plain http to this machine only.
//!
//! RFC 6749 §3.2 requires TLS for the token endpoint. A simulator on loopback is the one exception, by the reasoning
//! of RFC 8252 §7.3.

use std::{fmt, sync::Arc};

use url::{Host, Url};

use crate::{explain::Explain, text::excerpt};

/// The name of Google's metadata service, which each of its machines resolves to 169.254.169.254.
const GOOGLE_METADATA_HOST: &str = "metadata.google.internal";

/// A validated URL for requests.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint(Arc<Url>);

/// Why a URL was rejected. It is shown without its query and without user name and password.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EndpointError {
    /// It is not an absolute URL.
    #[error("`{0}` is not a URL")]
    NotAUrl(String),
    /// It is plain http to another machine, or another scheme.
    #[error("`{0}` is neither an https URL nor an http URL on this machine")]
    NotSecure(String),
    /// It contains a user name, a password or a fragment.
    #[error("`{0}` contains a user name, a password or a fragment, which an endpoint cannot have")]
    ExtraParts(String),
}

impl Explain for EndpointError {
    fn code(&self) -> &'static str {
        "endpoint"
    }

    fn hint(&self) -> Option<String> {
        Some("write it as https://test.maskinporten.no/token".to_owned())
    }
}

impl Endpoint {
    /// Parses and validates a URL.
    ///
    /// # Errors
    /// [`EndpointError`] when it is not a URL, is neither https nor loopback, or has parts that an endpoint cannot have.
    pub fn parse(text: &str) -> Result<Self, EndpointError> {
        Self::parse_where(text, Self::is_loopback)
    }

    /// Parses and validates the URL of a cloud's metadata service, to which plain http may be sent: the service is on the
    /// link of this machine, and has no certificate.
    ///
    /// # Errors
    /// As [`Endpoint::parse`]; [`EndpointError::NotSecure`] for plain http to any other machine.
    pub fn parse_metadata_service(text: &str) -> Result<Self, EndpointError> {
        Self::parse_where(text, Self::is_local)
    }

    fn parse_where(text: &str, may_be_plain: impl Fn(&Self) -> bool) -> Result<Self, EndpointError> {
        let Ok(url) = Url::parse(text.trim()) else {
            return Err(EndpointError::NotAUrl(without_secrets(text)));
        };
        let endpoint = Self(Arc::new(url));
        let secure = match endpoint.0.scheme() {
            "https" => true,
            "http" => may_be_plain(&endpoint),
            _ => false,
        };
        if !secure || endpoint.0.host().is_none() {
            return Err(EndpointError::NotSecure(endpoint.to_string()));
        }
        let url = &endpoint.0;
        if !url.username().is_empty() || url.password().is_some() || url.fragment().is_some() {
            return Err(EndpointError::ExtraParts(endpoint.to_string()));
        }
        Ok(endpoint)
    }

    /// Whether the host is this machine: 127.0.0.0/8, `::1` or `localhost`.
    #[must_use]
    pub fn is_loopback(&self) -> bool {
        is_loopback(&self.0)
    }

    /// Whether the host is this machine, or a metadata service on its link: 169.254.0.0/16, or Google's name for it.
    #[must_use]
    pub fn is_local(&self) -> bool {
        let is_metadata_service = match self.0.host() {
            Some(Host::Ipv4(address)) => address.is_link_local(),
            Some(Host::Domain(name)) => name == GOOGLE_METADATA_HOST,
            Some(Host::Ipv6(_)) | None => false,
        };
        is_metadata_service || self.is_loopback()
    }

    /// Returns the host; an IPv6 address is in brackets.
    #[must_use]
    pub fn host(&self) -> &str {
        self.0.host_str().unwrap_or_default()
    }

    /// Returns whether another endpoint has the same scheme, host and port.
    #[must_use]
    pub fn has_origin_of(&self, other: &Self) -> bool {
        self.0.origin() == other.0.origin()
    }

    /// Returns the whole URL, with its query.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }

    /// Returns the URL whose path continues that of this one with these segments, with this query. Both are encoded.
    /// A parameter whose value is empty has no `=`.
    #[must_use]
    pub fn below(&self, segments: &[&str], query: &[(&str, &str)]) -> Self {
        let mut url = (*self.0).clone();
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty().extend(segments);
        }
        url.set_query(None);
        if !query.is_empty() {
            let mut pairs = url.query_pairs_mut();
            for (name, value) in query {
                if value.is_empty() {
                    pairs.append_key_only(name)
                } else {
                    pairs.append_pair(name, value)
                };
            }
        }
        Self(Arc::new(url))
    }

    /// Returns the URL with one more parameter in its query, encoded.
    #[must_use]
    pub fn with_parameter(&self, name: &str, value: &str) -> Self {
        let mut url = (*self.0).clone();
        url.query_pairs_mut().append_pair(name, value);
        Self(Arc::new(url))
    }

    pub(crate) fn url(&self) -> &Url {
        &self.0
    }
}

impl fmt::Display for Endpoint {
    /// Writes the URL without its query, which may contain a secret.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let port = self.0.port().map(|port| format!(":{port}")).unwrap_or_default();
        write!(formatter, "{}://{}{port}{}", self.0.scheme(), self.host(), self.0.path())
    }
}

/// Whether the host of a URL is this machine: 127.0.0.0/8, `::1` or `localhost`.
pub(crate) fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        Some(Host::Domain(name)) => name.trim_end_matches('.').eq_ignore_ascii_case("localhost"),
        None => false,
    }
}

/// Returns the part of an invalid URL that cannot contain a secret.
fn without_secrets(text: &str) -> String {
    let start = text.rfind('@').map_or(0, |at| at + 1);
    let visible = text[start..].split(['?', '#']).next().unwrap_or_default();
    excerpt(visible, 100)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn https_is_accepted_for_any_host_and_http_for_this_machine_only() {
        for text in [
            "https://maskinporten.no/token",
            "http://127.0.0.1:17824/token",
            "http://127.9.9.9/",
            "http://[::1]:80/token",
            "http://localhost/token",
        ] {
            assert!(Endpoint::parse(text).is_ok(), "{text}");
        }
        for text in [
            "http://maskinporten.no/token",
            "http://127.0.0.1.example.no/",
            "http://localhost.example.no/",
            "ftp://maskinporten.no/",
            "file:///etc/passwd",
            "maskinporten.no/token",
            "https://",
            "",
        ] {
            assert!(Endpoint::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn http_is_accepted_for_the_metadata_services_of_clouds_only_where_they_are_asked() {
        for text in ["http://169.254.169.254/metadata", "http://169.254.170.2/", "http://metadata.google.internal/"] {
            assert!(Endpoint::parse_metadata_service(text).is_ok_and(|endpoint| endpoint.is_local()), "{text}");
            assert!(Endpoint::parse(text).is_err(), "{text}");
        }
        assert!(Endpoint::parse_metadata_service("http://127.0.0.1:1/").is_ok());
        for text in ["http://169.253.1.1/", "http://metadata.google.internal.example.no/", "http://example.no/"] {
            assert!(Endpoint::parse_metadata_service(text).is_err(), "{text}");
        }
    }

    #[test]
    fn an_error_contains_neither_the_password_nor_the_query() {
        for text in
            ["https://user:hemmelig@maskinporten.no/token?code=hemmelig", "x://hemmelig@y z?hemmelig", "hemmelig@?"]
        {
            let error = Endpoint::parse(text).unwrap_err().to_string();
            assert!(!error.contains("hemmelig"), "{error}");
        }
    }
}
