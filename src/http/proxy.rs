//! Finds the proxy that a request goes through, for errors and reports.
//!
//! The HTTP client reads the same environment variables itself, but does not report which proxy it chose.

use std::error::Error;

use hyper_util::client::proxy::matcher::Matcher;

use super::Endpoint;

/// Returns the URL of the proxy for requests to this endpoint, without its user name and password.
pub(super) fn for_endpoint(endpoint: &Endpoint) -> Option<String> {
    if endpoint.is_loopback() { None } else { find(&Matcher::from_system(), endpoint) }
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

/// Returns the proxy variable whose URL is unusable for this endpoint; the HTTP client would ignore it.
pub(super) fn unusable_variable(endpoint: &Endpoint) -> Option<&'static str> {
    const SCHEMES: [&str; 6] = ["http", "https", "socks4", "socks4a", "socks5", "socks5h"];
    if endpoint.is_loopback() {
        return None;
    }
    let mut variables = ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"].into_iter();
    variables.find(|variable| {
        let value = std::env::var(variable).unwrap_or_default();
        value.split_once("://").is_some_and(|(scheme, _)| !SCHEMES.contains(&scheme.to_lowercase().as_str()))
    })
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
