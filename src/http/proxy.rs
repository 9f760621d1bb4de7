//! Finds the proxy that a request goes through, for errors and reports.
//!
//! The HTTP client reads the same environment variables itself, but does not report which proxy it chose.

use std::{error::Error, ffi::OsStr, fmt};

use hyper::Uri;
use hyper_util::client::proxy::matcher::Matcher;
use url::Url;

use super::Endpoint;

/// Returns the URL of the proxy for requests to this endpoint, without its user name and password.
pub(super) fn for_endpoint(endpoint: &Endpoint) -> Option<String> {
    if endpoint.is_local() { None } else { find(&Matcher::from_system(), endpoint) }
}

fn find(matcher: &Matcher, endpoint: &Endpoint) -> Option<String> {
    let intercept = matcher.intercept(&endpoint.as_str().parse().ok()?)?;
    let proxy = intercept.uri();
    let port = proxy.port().map(|port| format!(":{port}")).unwrap_or_default();
    Some(format!("{}://{}{port}", proxy.scheme_str()?, proxy.host()?))
}

/// Whether the URL of the proxy for this endpoint has a user name or a password.
pub(super) fn has_credentials(endpoint: &Endpoint) -> bool {
    let uri = endpoint.as_str().parse().ok();
    let intercept = uri.and_then(|uri| Matcher::from_system().intercept(&uri));
    intercept.is_some_and(|intercept| intercept.basic_auth().is_some())
}

/// A proxy variable that the HTTP client would ignore.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ProxyVariable {
    /// Its name.
    pub name: &'static str,
    fault: ProxyFault,
}

/// Why the HTTP client would ignore a proxy variable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ProxyFault {
    Form,
    Characters,
    Socks,
    /// hyper-util takes the program for a CGI script then, whose `HTTP_PROXY` a client can set.
    RequestMethod,
    /// The variable in capitals is empty and takes precedence.
    EmptyInCapitals,
}

impl fmt::Display for ProxyVariable {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = self.name;
        match self.fault {
            ProxyFault::Form => write!(formatter, "{name} is not a usable proxy URL"),
            ProxyFault::Characters => {
                write!(formatter, "{name} is not a usable proxy URL: it has a character that must be percent-encoded")
            }
            ProxyFault::Socks => write!(formatter, "{name} names a SOCKS proxy, which is not supported"),
            ProxyFault::RequestMethod => {
                write!(formatter, "{name} would be ignored, because REQUEST_METHOD is set as for a CGI script")
            }
            ProxyFault::EmptyInCapitals => {
                write!(formatter, "{name} would be ignored, because {} is set and empty", name.to_uppercase())
            }
        }
    }
}

impl ProxyVariable {
    /// Returns what to do about it.
    pub(super) fn hint(self) -> &'static str {
        match self.fault {
            ProxyFault::Form => "write it as http://HOST:PORT, or unset it",
            ProxyFault::Characters => {
                "write it as http://USER:PASSWORD@HOST:PORT, with %5C for \\, %40 for @, %23 for # and %20 for a blank"
            }
            ProxyFault::Socks => "name an HTTP proxy, http://HOST:PORT, or unset it",
            ProxyFault::RequestMethod => "unset REQUEST_METHOD",
            ProxyFault::EmptyInCapitals => "set both or neither",
        }
    }
}

/// Returns the proxy variable that applies to this endpoint and that the HTTP client would ignore: the request would go
/// out directly.
pub(super) fn unusable_variable(endpoint: &Endpoint) -> Option<ProxyVariable> {
    let target: Uri = endpoint.as_str().parse().ok()?;
    let exceptions = ["NO_PROXY", "no_proxy"].into_iter().find_map(|name| std::env::var(name).ok());
    let any = Matcher::builder().all("http://proxy.invalid").no(exceptions.unwrap_or_default()).build();
    if endpoint.is_local() || any.intercept(&target).is_none() {
        return None;
    }
    for (capitals, name) in [("HTTPS_PROXY", "https_proxy"), ("ALL_PROXY", "all_proxy")] {
        let [first, second] = [capitals, name].map(std::env::var_os);
        if first.as_ref().is_some_and(|value| value.is_empty())
            && second.as_ref().is_some_and(|value| !value.is_empty())
        {
            return Some(ProxyVariable { name, fault: ProxyFault::EmptyInCapitals });
        }
        for (name, value) in [(capitals, first), (name, second)] {
            let Some(value) = value.filter(|value| !value.is_empty()) else { continue };
            let is_script = std::env::var_os("REQUEST_METHOD").is_some();
            let fault = if is_script { Some(ProxyFault::RequestMethod) } else { fault(&value, &target) };
            if let Some(fault) = fault {
                return Some(ProxyVariable { name, fault });
            }
        }
    }
    None
}

/// Returns why the value of a proxy variable cannot be used.
fn fault(value: &OsStr, target: &Uri) -> Option<ProxyFault> {
    let Some(value) = value.to_str() else { return Some(ProxyFault::Characters) };
    let (scheme, rest) = value.split_once("://").unwrap_or(("http", value));
    let scheme = scheme.to_ascii_lowercase();
    if scheme.starts_with("socks") {
        return Some(ProxyFault::Socks);
    }
    if !["http", "https"].contains(&scheme.as_str()) {
        return Some(ProxyFault::Form);
    }
    let must_be_encoded = |character: char| !character.is_ascii_graphic() || "\\#?\"<>^`{|}".contains(character);
    if rest.contains(must_be_encoded) || rest.matches('@').count() > 1 {
        return Some(ProxyFault::Characters);
    }
    // The host and port as a URL has them, and the client's own opinion.
    let url = Url::parse(&format!("{scheme}://{rest}")).ok().filter(|url| url.path() == "/" && url.port() != Some(0));
    let is_used = Matcher::builder().https(value).build().intercept(target).is_some();
    if url.is_some() && is_used { None } else { Some(ProxyFault::Form) }
}

/// Why a CONNECT request to a proxy failed.
pub(super) enum ConnectFailure {
    /// Status 407.
    AuthenticationRequired,
    /// Any other status outside 2xx, or a response that is not HTTP.
    Refused,
    /// No response.
    ConnectionClosed,
}

/// Recognises the failure by the text of hyper-util's error, whose type is private
/// (hyper-util 0.1.21, `client/legacy/connect/proxy/tunnel.rs`).
pub(super) fn connect_failure(cause: &(dyn Error + 'static)) -> Option<ConnectFailure> {
    match cause.to_string().as_str() {
        "tunnel error: proxy authorization required" => Some(ConnectFailure::AuthenticationRequired),
        "tunnel error: unsuccessful" => Some(ConnectFailure::Refused),
        "tunnel error: unexpected end of file" => Some(ConnectFailure::ConnectionClosed),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_proxy_url_that_the_client_would_ignore_has_a_fault() {
        let target = "https://maskinporten.no/token".parse().unwrap();
        for (value, expected) in [
            ("http://proxy.example:3128", None),
            ("http://proxy.example:3128/", None),
            ("HTTP://proxy.example", None),
            ("https://user:p%40ss@proxy.example", None),
            ("proxy.example:3128", None),
            ("user:password@proxy.example:3128", None),
            ("http://[::1]:3128", None),
            ("http://", Some(ProxyFault::Form)),
            ("http://proxy.example:99999", Some(ProxyFault::Form)),
            ("http://proxy.example:0", Some(ProxyFault::Form)),
            ("http://proxy.example:port", Some(ProxyFault::Form)),
            ("http://user@", Some(ProxyFault::Form)),
            ("http://proxy.example/path", Some(ProxyFault::Form)),
            ("htp://proxy.example", Some(ProxyFault::Form)),
            ("http:proxy.example:3128", Some(ProxyFault::Form)),
            ("://proxy.example", Some(ProxyFault::Form)),
            ("SOCKS5://proxy.example:1080", Some(ProxyFault::Socks)),
            ("socks5h://proxy.example:1080", Some(ProxyFault::Socks)),
            ("http://DOMAIN\\user:password@proxy.example:3128", Some(ProxyFault::Characters)),
            ("http://user:p@ss@proxy.example:3128", Some(ProxyFault::Characters)),
            ("http://user:p#ss@proxy.example:3128", Some(ProxyFault::Characters)),
            (" http://proxy.example:3128", Some(ProxyFault::Form)),
            ("http://proxy.example:3128 ", Some(ProxyFault::Characters)),
            ("  ", Some(ProxyFault::Characters)),
            ("http://pr\u{f8}xy.example:3128", Some(ProxyFault::Characters)),
        ] {
            assert_eq!(fault(OsStr::new(value), &target), expected, "{value:?}");
        }
    }

    #[test]
    fn a_proxy_is_named_without_credentials_and_not_for_hosts_in_no_proxy() {
        let matcher = Matcher::builder().https("http://user:hemmelig@proxy.example:3128").no("test.invalid").build();
        for (url, proxy) in [
            ("https://maskinporten.no/token", Some("http://proxy.example:3128")),
            ("https://maskinporten.test.invalid/token", None),
        ] {
            assert_eq!(find(&matcher, &Endpoint::parse(url).unwrap()).as_deref(), proxy, "{url}");
        }
    }
}
