//! An address that a request may go to: https anywhere, plain http on this machine alone.
//!
//! RFC 6749 §3.2 wants TLS for the token endpoint; a simulator on loopback is the one exception (RFC 8252 §7.3
//! reasons the same way).

use std::{fmt, sync::Arc};

use url::{Host, Url};

use crate::{explain::Explain, text::excerpt};

/// An address that has been checked, ready for a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint(Arc<Url>);

/// Why an address is not used. The address is shown without its query and without what stands before `@`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EndpointError {
    /// It cannot be read as an absolute URL.
    #[error("`{0}` is not a URL")]
    NotAUrl(String),
    /// It is plain http to another machine, or no HTTP at all.
    #[error("`{0}` is neither https nor an http address on this machine")]
    NotSecure(String),
    /// It carries a user name, a password or a fragment.
    #[error("`{0}` carries a user name, a password or a fragment, which no endpoint has")]
    Superfluous(String),
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
    /// Reads an address.
    ///
    /// # Errors
    /// [`EndpointError`] when it is no URL, not https or loopback, or carries what an endpoint never has.
    pub fn parse(text: &str) -> Result<Self, EndpointError> {
        let Ok(url) = Url::parse(text.trim()) else {
            return Err(EndpointError::NotAUrl(shown(text)));
        };
        let endpoint = Self(Arc::new(url));
        let secure = match endpoint.0.scheme() {
            "https" => true,
            "http" => endpoint.is_loopback(),
            _ => false,
        };
        if !secure || endpoint.0.host().is_none() {
            return Err(EndpointError::NotSecure(endpoint.to_string()));
        }
        let url = &endpoint.0;
        if !url.username().is_empty() || url.password().is_some() || url.fragment().is_some() {
            return Err(EndpointError::Superfluous(endpoint.to_string()));
        }
        Ok(endpoint)
    }

    /// Whether the address is on this machine: 127.0.0.0/8, `::1` or `localhost`.
    #[must_use]
    pub fn is_loopback(&self) -> bool {
        match self.0.host() {
            Some(Host::Ipv4(address)) => address.is_loopback(),
            Some(Host::Ipv6(address)) => address.is_loopback(),
            Some(Host::Domain(name)) => name.trim_end_matches('.').eq_ignore_ascii_case("localhost"),
            None => false,
        }
    }

    /// The host, as a person would name it.
    #[must_use]
    pub fn host(&self) -> &str {
        self.0.host_str().unwrap_or_default()
    }

    /// The address as it is requested.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }

    pub(super) fn url(&self) -> &Url {
        &self.0
    }
}

impl fmt::Display for Endpoint {
    /// Shows the address without anything that might be a secret.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let port = self.0.port().map(|port| format!(":{port}")).unwrap_or_default();
        write!(formatter, "{}://{}{port}{}", self.0.scheme(), self.host(), self.0.path())
    }
}

/// Text that is no URL, as far as it can hold no secret.
fn shown(text: &str) -> String {
    let start = text.rfind('@').map_or(0, |at| at + 1);
    let visible = text[start..].split(['?', '#']).next().unwrap_or_default();
    excerpt(visible, 100)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn https_goes_anywhere_and_http_to_this_machine_alone() {
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
    fn an_error_shows_neither_password_nor_query() {
        for text in
            ["https://user:hemmelig@maskinporten.no/token?code=hemmelig", "x://hemmelig@y z?hemmelig", "hemmelig@?"]
        {
            let error = Endpoint::parse(text).unwrap_err().to_string();
            assert!(!error.contains("hemmelig"), "{error}");
        }
    }
}
