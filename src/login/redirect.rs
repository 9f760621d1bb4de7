//! The address that the browser comes back to (RFC 6749 §3.1.2; for programs RFC 8252 §7.3).

use url::Url;

use crate::{explain::Explain, http::is_loopback, text::excerpt};

/// The address that the browser comes back to.
///
/// # Security
/// It must be registered on the client. Plain http is for this machine alone, where no other machine can read it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RedirectUri(Url);

/// Why a text is not such an address.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RedirectUriError {
    /// It is not an absolute URL of http or https.
    #[error("`{0}` is not a redirect address: an absolute http or https URL")]
    NotAUrl(String),
    /// It is plain http to another machine.
    #[error("`{0}` is plain http to another machine")]
    NotSecure(String),
    /// It has a user name, a password or a fragment.
    #[error("`{0}` has a user name, a password or a fragment, which a redirect address cannot have (RFC 6749 §3.1.2)")]
    ExtraParts(String),
}

impl Explain for RedirectUriError {
    fn code(&self) -> &'static str {
        "redirect_uri"
    }

    fn hint(&self) -> Option<String> {
        Some("pass one that is registered on the client, such as --redirect-uri http://127.0.0.1:0/response".to_owned())
    }
}

impl RedirectUri {
    /// The address on this machine, on any free port: registered as `http://127.0.0.1:0/response`
    /// (<https://docs.digdir.no/docs/idporten/oidc/oidc_auth_app>).
    pub const DEFAULT: &str = "http://127.0.0.1:0/response";

    /// Parses an address.
    ///
    /// # Errors
    /// [`RedirectUriError`] when it is not a URL that a browser can come back to.
    pub fn parse(text: &str) -> Result<Self, RedirectUriError> {
        let shown = || excerpt(text.split(['?', '#']).next().unwrap_or_default(), 100);
        let url = Url::parse(text.trim()).map_err(|_| RedirectUriError::NotAUrl(shown()))?;
        if url.fragment().is_some() || !url.username().is_empty() || url.password().is_some() {
            return Err(RedirectUriError::ExtraParts(shown()));
        }
        match url.scheme() {
            "https" => Ok(Self(url)),
            "http" if is_loopback(&url) => Ok(Self(url)),
            "http" => Err(RedirectUriError::NotSecure(shown())),
            _ => Err(RedirectUriError::NotAUrl(shown())),
        }
    }

    /// Whether this program can listen at the address: without TLS, which only an address on this machine can be.
    #[must_use]
    pub fn can_be_listened_at(&self) -> bool {
        self.0.scheme() == "http"
    }

    /// Returns the host; an IPv6 address is in brackets.
    #[must_use]
    pub fn host(&self) -> &str {
        self.0.host_str().unwrap_or_default()
    }

    /// Returns the port; 0 stands for any that is free.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.0.port_or_known_default().unwrap_or_default()
    }

    /// Returns the path.
    #[must_use]
    pub fn path(&self) -> &str {
        self.0.path()
    }

    /// Returns the address with this port.
    #[must_use]
    pub fn with_port(&self, port: u16) -> Self {
        let mut url = self.0.clone();
        // It has a host, so it can have a port.
        let _ = url.set_port(Some(port));
        Self(url)
    }

    /// Returns the address as it is sent.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }

    /// Returns the query of an address that the browser came back to, if it is this address with a query.
    #[must_use]
    pub fn query_of(&self, pasted: &str) -> Option<String> {
        let mut url = Url::parse(pasted.trim()).ok()?;
        let query = url.query()?.to_owned();
        url.set_fragment(None);
        url.set_query(self.0.query());
        (url == self.0).then_some(query)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_http_is_for_this_machine_alone() {
        for (text, can_be_listened_at) in [
            (RedirectUri::DEFAULT, true),
            ("http://localhost:17823/response", true),
            ("http://[::1]:8000/", true),
            ("https://localhost/response", false),
            ("https://example.no/response", false),
        ] {
            assert_eq!(RedirectUri::parse(text).unwrap().can_be_listened_at(), can_be_listened_at, "{text}");
        }
        for text in
            ["http://example.no/", "http://127.0.0.1.example.no/", "/response", "urn:a", "https://a@b/", "https://b/#c"]
        {
            assert!(RedirectUri::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_pasted_address_must_be_the_redirect_address() {
        let uri = RedirectUri::parse("http://127.0.0.1:0/response").unwrap().with_port(40123);
        assert_eq!(
            uri.query_of(" http://127.0.0.1:40123/response?code=a&state=b\n").as_deref(),
            Some("code=a&state=b")
        );
        for pasted in [
            "http://127.0.0.1:40124/response?code=a",
            "http://127.0.0.1:40123/other?code=a",
            "https://127.0.0.1:40123/response?code=a",
            "http://127.0.0.1:40123/response",
            "code=a&state=b",
        ] {
            assert_eq!(uri.query_of(pasted), None, "{pasted}");
        }
    }
}
