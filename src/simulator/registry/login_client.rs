//! What a client for the login of people has in `clients.json`, beyond what every client has.

use serde::Deserialize;
use url::Url;

/// Returns the default lifetime of a refresh token, in seconds.
pub(crate) fn refresh_token_lifetime() -> u32 {
    600
}

/// Returns for how many seconds a login can be refreshed by default.
pub(crate) fn authorization_lifetime() -> u32 {
    7200
}

/// How a client authenticates at the token endpoint.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ClientAuthenticationMethod {
    #[default]
    PrivateKeyJwt,
    ClientSecretBasic,
    ClientSecretPost,
    /// A public client.
    None,
}

impl ClientAuthenticationMethod {
    /// Finds the method with this name.
    pub(crate) fn parse(name: &str) -> Option<Self> {
        let all = [Self::PrivateKeyJwt, Self::ClientSecretBasic, Self::ClientSecretPost, Self::None];
        all.into_iter().find(|method| method.name() == name)
    }

    /// Returns the name of the method.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::PrivateKeyJwt => "private_key_jwt",
            Self::ClientSecretBasic => "client_secret_basic",
            Self::ClientSecretPost => "client_secret_post",
            Self::None => "none",
        }
    }

    pub(crate) fn has_secret(self) -> bool {
        matches!(self, Self::ClientSecretBasic | Self::ClientSecretPost)
    }
}

/// Whether a refresh token can be used once or again and again.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub(crate) enum RefreshTokenUsage {
    #[default]
    Onetime,
    Reuse,
}

impl RefreshTokenUsage {
    /// Returns the name of the usage.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Onetime => "ONETIME",
            Self::Reuse => "REUSE",
        }
    }
}

/// Whether a text is a URL without fragment.
pub(crate) fn is_redirect_uri(text: &str) -> bool {
    Url::parse(text).is_ok_and(|url| url.fragment().is_none()) && text.bytes().all(|byte| byte.is_ascii_graphic())
}

/// Whether a redirect URI is registered: exactly, or as `http://127.0.0.1:0/…` for any port (RFC 8252 §7.3).
pub(crate) fn is_registered(registered: &[String], uri: &str) -> bool {
    registered.iter().any(|own| own == uri || is_on_another_port(own, uri))
}

fn is_on_another_port(registered: &str, uri: &str) -> bool {
    ["http://127.0.0.1:", "http://[::1]:"].iter().any(|loopback| {
        let (Some(own), Some(given)) = (registered.strip_prefix(loopback), uri.strip_prefix(loopback)) else {
            return false;
        };
        let Some(path) = own.strip_prefix('0') else { return false };
        let port = given.strip_suffix(path).unwrap_or_default();
        path.starts_with('/')
            && port.bytes().all(|byte| byte.is_ascii_digit())
            && port.parse::<u16>().is_ok_and(|port| port > 0)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_loopback_address_with_port_zero_is_registered_for_every_port_and_nothing_else() {
        let registered = ["http://127.0.0.1:0/response".to_owned(), "http://localhost:17823/response".to_owned()];
        for uri in ["http://127.0.0.1:1/response", "http://127.0.0.1:65535/response", "http://localhost:17823/response"]
        {
            assert!(is_registered(&registered, uri), "{uri}");
        }
        for uri in [
            "http://127.0.0.1:80/",
            "http://127.0.0.1/response",
            "http://127.0.0.1:/response",
            "http://127.0.0.1:65536/response",
            "http://127.0.0.1:80/response?x",
            "http://127.0.0.1:80@evil.example/response",
            "http://127.0.0.1:80/other/response",
            "http://127.0.0.1:+80/response",
            "http://127.0.0.2:80/response",
            "https://127.0.0.1:80/response",
            "http://localhost:17824/response",
            "http://localhost:17823/response/",
            "http://[::1]:80/response",
        ] {
            assert!(!is_registered(&registered, uri), "{uri}");
        }
    }
}
