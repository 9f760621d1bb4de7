//! Where the token would go: one host a call, over https or on this machine.
//!
//! URLs are read as curl reads them (<https://curl.se/docs/url-syntax.html>); what two readers could take for different
//! hosts is refused.

use std::net::{Ipv4Addr, Ipv6Addr};

use super::call::Call;
use crate::cli::report::{Exit, Failure};

/// The host that a call goes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Target {
    pub(super) host: String,
    /// Whether it is this machine, which plain http may go to.
    pub(super) is_loopback: bool,
    /// Whether it is one request, no more.
    pub(super) is_single: bool,
}

/// Where a URL leads.
struct Address {
    scheme: String,
    host: String,
}

impl Target {
    /// Finds the one host of a call. A call whose URL may stand in a configuration of the user's own has none.
    pub(super) fn of(call: &Call) -> Result<Option<Self>, Failure> {
        if call.gives(&["location-trusted", "expand-url"]).is_some() {
            return Err(trusting(call));
        }
        if call.gives(&["url"]).is_some() {
            return Err(usage("the hosts in the file of --url @FILE cannot be seen".to_owned(), "write the URL out"));
        }
        if call.gives(&["next"]).is_some() {
            let message = "curl forgets the headers after --next, and the token with them".to_owned();
            return Err(usage(message, "make one call for each request"));
        }
        let addresses = call.urls().iter().map(|url| address(url, call)).collect::<Result<Vec<_>, _>>()?;
        let Some(first) = addresses.first() else {
            let hint = "put curl's arguments after --: maskinporten curl --env test -- https://api.example.no/";
            let elsewhere = call.gives(&["config"]).is_some();
            return if elsewhere { Ok(None) } else { Err(usage("there is no URL for curl".to_owned(), hint)) };
        };
        if let Some(other) = addresses.iter().find(|other| other.host != first.host) {
            let message = format!("the token would go to both {} and {}", first.host, other.host);
            return Err(usage(message, "make one call for each host"));
        }
        let is_loopback = is_loopback(&first.host);
        addresses.iter().try_for_each(|address| check_scheme(address, is_loopback))?;
        let patterns = call.globs() && call.urls()[0].contains(['{', '[']);
        let is_single = addresses.len() == 1 && call.gives(&["config"]).is_none() && !patterns;
        Ok(Some(Self { host: first.host.clone(), is_loopback, is_single }))
    }
}

/// Options with which the token would go where nobody has looked.
fn trusting(call: &Call) -> Failure {
    if call.gives(&["expand-url"]).is_some() {
        return usage("the host of --expand-url cannot be seen".to_owned(), "write the URL out");
    }
    let message = "--location-trusted would send the token to any host that a redirect names".to_owned();
    usage(message, "use --location, which does not")
}

fn address(url: &str, call: &Call) -> Result<Address, Failure> {
    let default = call.values("proto-default").last().unwrap_or("http");
    let (scheme, rest) = url.split_once("://").unwrap_or((default, url));
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let after_user = authority.rsplit('@').next().unwrap_or_default();
    let Some(host) = host(after_user).filter(|_| !scheme.contains(['/', '{', '[', '@']) && !authority.contains('\\'))
    else {
        let hint = "write it as https://api.example.no/path, without a pattern in the host";
        return Err(usage(format!("the host of the URL `{}` cannot be told", shown(url)), hint));
    };
    Ok(Address { scheme: scheme.to_ascii_lowercase(), host })
}

/// The host in `host:port`, as it is compared; `None` when it is none or holds what has to be decoded first.
fn host(authority: &str) -> Option<String> {
    if let Some(rest) = authority.strip_prefix('[') {
        let (address, port) = rest.split_once(']')?;
        let address: Ipv6Addr = address.parse().ok()?;
        return is_port(port).then(|| format!("[{address}]"));
    }
    let (host, port) = authority.split_at(authority.find(':').unwrap_or(authority.len()));
    let odd = |letter: char| letter.is_control() || letter.is_whitespace() || "\\%{}[]<>\"^`|".contains(letter);
    let host = host.strip_suffix('.').unwrap_or(host).to_lowercase();
    (!host.is_empty() && !host.contains(odd) && is_port(port)).then_some(host)
}

fn is_port(text: &str) -> bool {
    text.is_empty() || text.strip_prefix(':').is_some_and(|port| port.bytes().all(|byte| byte.is_ascii_digit()))
}

fn is_loopback(host: &str) -> bool {
    let literal = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost"
        || host.parse::<Ipv4Addr>().is_ok_and(|address| address.is_loopback())
        || literal.parse::<Ipv6Addr>().is_ok_and(|address| address.is_loopback())
}

fn check_scheme(address: &Address, is_loopback: bool) -> Result<(), Failure> {
    let Address { scheme, host } = address;
    match scheme.as_str() {
        "https" => Ok(()),
        "http" if is_loopback => Ok(()),
        "http" => {
            let message = format!("the token would go to {host} over plain http, for everyone on the way to read");
            Err(usage(message, &format!("write the URL as https://{host}/…")))
        }
        _ => Err(usage(format!("a token goes with https, not with `{scheme}`"), "call curl itself")),
    }
}

/// A URL as far as it can hold no secret.
fn shown(url: &str) -> String {
    let url = url.split(['?', '#']).next().unwrap_or_default();
    let (scheme, rest) = url.split_once("://").map_or(("", url), |(scheme, rest)| (scheme, rest));
    let rest = rest.rsplit('@').next().unwrap_or_default();
    let shown = if scheme.is_empty() { rest.to_owned() } else { format!("{scheme}://{rest}") };
    shown.chars().take(100).collect()
}

fn usage(message: String, hint: &str) -> Failure {
    Failure::plain(Exit::Usage, "curl_arguments", message, Some(hint.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::{super::options::Options, *};

    fn of(arguments: &[&str]) -> Result<Option<Target>, Failure> {
        let arguments: Vec<_> = arguments.iter().map(std::ffi::OsString::from).collect();
        Target::of(&Call::read(&arguments, &Options::known(), true).ok().unwrap())
    }

    #[test]
    fn the_host_is_the_one_that_curl_connects_to() {
        for (url, host, is_loopback) in [
            ("https://api.example.no/x?y#z", "api.example.no", false),
            ("HTTPS://API.Example.NO.:443", "api.example.no", false),
            ("https://good.example@evil.example/", "evil.example", false),
            ("https://user:p%40ss@a.example?@b.example", "a.example", false),
            ("https://a.example/{b,c}/[1-3]", "a.example", false),
            ("http://127.0.0.1:17824/api/hello", "127.0.0.1", true),
            ("127.9.9.9:80", "127.9.9.9", true),
            ("localhost", "localhost", true),
            ("http://[::1]:80/", "[::1]", true),
            ("https://[2001:db8::1]/", "[2001:db8::1]", false),
        ] {
            let target = of(&[url]).ok().unwrap().unwrap();
            assert_eq!((target.host.as_str(), target.is_loopback), (host, is_loopback), "{url}");
        }
    }

    #[test]
    fn what_has_no_certain_host_is_refused() {
        for url in [
            "https://{a,b}.example/",
            "https://a[1-2].example/",
            "https://a.example{/,@evil.example/}",
            "{https,http}://a.example/",
            "https://a.example\\@evil.example/",
            "https://a%2eexample/",
            "https:///a.example/",
            "https://a b/",
            "https://a.example:{1,2}/",
            "http://127.0.0.1.example/",
            "http://localhost.example/",
            "http://127.1/",
            "https:/a.example/",
            "a.example/x",
            "ftp://a.example/",
            "file:///etc/passwd",
            "",
        ] {
            assert!(of(&[url]).is_err(), "{url}");
        }
    }

    #[test]
    fn urls_in_a_file_are_refused() {
        for arguments in [["--url", "@localhost"].as_slice(), &["--url", "@-", "https://a.example/"]] {
            assert!(of(arguments).is_err(), "{arguments:?}");
        }
    }

    #[test]
    fn several_urls_are_fine_on_one_host() {
        assert_eq!(of(&["https://a.example/1", "https://A.example/2"]).ok().unwrap().unwrap().host, "a.example");
        assert!(of(&["https://a.example/1", "https://b.example/2"]).is_err());
        assert!(of(&["https://a.example/1", "http://a.example/2"]).is_err());
        assert_eq!(of(&["-K", "file"]).ok().unwrap(), None);
    }
}
