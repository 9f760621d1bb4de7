//! Which proxy stands in the way, for errors and reports: the HTTP client itself reads the same variables and says
//! nothing of them.

use std::error::Error;

use hyper_util::client::proxy::matcher::Matcher;

use super::Endpoint;

/// The address of the proxy that requests to this endpoint go through, without its user name and password.
pub(super) fn towards(endpoint: &Endpoint) -> Option<String> {
    if endpoint.is_loopback() { None } else { found(&Matcher::from_system(), endpoint) }
}

fn found(matcher: &Matcher, endpoint: &Endpoint) -> Option<String> {
    let intercept = matcher.intercept(&endpoint.as_str().parse().ok()?)?;
    let proxy = intercept.uri();
    let port = proxy.port().map(|port| format!(":{port}")).unwrap_or_default();
    Some(format!("{}://{}{port}", proxy.scheme_str()?, proxy.host()?))
}

/// The variable that is meant to name a proxy for this endpoint and does not; the HTTP client would pass it over.
pub(super) fn unusable(endpoint: &Endpoint) -> Option<&'static str> {
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

/// How a proxy answered a CONNECT, when that is what went wrong.
pub(super) enum Verdict {
    /// It answered 407.
    WantsPassword,
    /// It answered with any other status that is no success, or not in HTTP.
    Refused,
    /// It answered nothing.
    HungUp,
}

/// Reads the verdict from the words of hyper-util, whose type for it is private
/// (hyper-util 0.1.21, `client/legacy/connect/proxy/tunnel.rs`).
pub(super) fn verdict(cause: &(dyn Error + 'static)) -> Option<Verdict> {
    match cause.to_string().as_str() {
        "tunnel error: proxy authorization required" => Some(Verdict::WantsPassword),
        "tunnel error: unsuccessful" => Some(Verdict::Refused),
        "tunnel error: unexpected end of file" => Some(Verdict::HungUp),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_proxy_is_named_without_user_and_password_unless_the_host_is_excepted() {
        let matcher = Matcher::builder().https("http://user:hemmelig@proxy.example:3128").no("test.invalid").build();
        for (url, proxy) in [
            ("https://maskinporten.no/token", Some("http://proxy.example:3128")),
            ("https://maskinporten.test.invalid/token", None),
        ] {
            assert_eq!(found(&matcher, &Endpoint::parse(url).unwrap()).as_deref(), proxy, "{url}");
        }
    }
}
