//! Where the token is sent: one host per call, over https or on this machine.
//!
//! URLs are parsed as curl does (<https://curl.se/docs/url-syntax.html>). A URL whose host two parsers could read
//! differently is rejected.

use std::net::{Ipv4Addr, Ipv6Addr};

use super::call::{CurlCall, usage};
use crate::cli::report::Failure;

/// The host that curl connects to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct CurlTarget {
    pub(super) host: String,
    /// Whether it is this machine.
    pub(super) is_loopback: bool,
    /// Whether a URL is plain http, which is allowed for this machine only.
    pub(super) is_plain: bool,
    /// Whether it is exactly one request.
    pub(super) is_single: bool,
    /// The URL with its scheme; `None` if there are several.
    pub(super) url: Option<String>,
}

impl CurlTarget {
    /// Returns the host of a call, whose options in `.curlrc` come first.
    pub(super) fn from_call(call: &CurlCall, curlrc: &CurlCall) -> Result<Self, Failure> {
        for (option, problem, hint) in [
            (
                "location-trusted",
                "--location-trusted would send the token to any host that a redirect names",
                "use --location, which does not",
            ),
            ("expand-url", "the host of --expand-url is not known before curl runs", "write the URL out"),
            (
                "expand-config",
                "a config file that a variable names is not known before curl runs",
                "write its name out",
            ),
            ("expand-header", "a header that a variable names is not known before curl runs", "write its name out"),
            ("url", "the hosts in the file of --url @FILE are not checked", "write the URL out"),
            (
                "next",
                "curl drops the headers after --next, and the token with them",
                "run one command for each request",
            ),
        ] {
            // The names of most headers are known.
            let is_known = |call: &CurlCall| option == "expand-header" && !call.values(option).any(has_variable_name);
            if [call, curlrc].iter().any(|call| call.has(&[option]) && !is_known(call)) {
                return Err(usage(problem.to_owned(), hint));
            }
        }
        let default_schemes = curlrc.values("proto-default").chain(call.values("proto-default"));
        let default_scheme = default_schemes.last().unwrap_or("http");
        let urls: Vec<_> = curlrc.urls().iter().chain(call.urls()).collect();
        let hosts = urls.iter().map(|url| checked_host(url, default_scheme)).collect::<Result<Vec<_>, _>>()?;
        let Some((host, _)) = hosts.first() else {
            let hint = "put curl's arguments after --: maskinporten curl --env test -- https://api.example.no/";
            return Err(usage("curl needs a URL".to_owned(), hint));
        };
        if let Some((other, _)) = hosts.iter().find(|(other, _)| other != host) {
            let message = format!("the token would be sent to both {host} and {other}");
            return Err(usage(message, "run one command for each host"));
        }
        let is_pattern = !call.has(&["globoff"]) && urls[0].contains(['{', '[']);
        let with_scheme =
            |url: &str| if url.contains("://") { url.to_owned() } else { format!("{default_scheme}://{url}") };
        let target = Self {
            host: host.clone(),
            is_loopback: is_loopback(host),
            is_plain: hosts.iter().any(|(_, is_plain)| *is_plain),
            is_single: urls.len() == 1 && !call.has(&["config"]) && !is_pattern,
            url: (urls.len() == 1).then(|| with_scheme(urls[0])),
        };
        if target.is_plain {
            target.check_detours(call)?;
        }
        Ok(target)
    }

    /// Returns the host without the brackets of an IPv6 address.
    pub(super) fn bare_host(&self) -> &str {
        self.host.trim_start_matches('[').trim_end_matches(']')
    }

    /// Checks that no option sends a call over plain http to another machine: a proxy, or another address for the host.
    fn check_detours(&self, call: &CurlCall) -> Result<(), Failure> {
        let proxies =
            PROXIES.iter().chain(&["preproxy"]).flat_map(|name| call.values(name).map(move |value| (*name, value)));
        let addresses = ["resolve", "connect-to", "noproxy"].into_iter();
        let addresses = addresses.flat_map(|name| call.values(name).map(move |value| (name, value)));
        let remote = proxies.chain(addresses).find(|(name, value)| match *name {
            "resolve" => {
                let addresses = value.splitn(3, ':').nth(2).unwrap_or_default();
                !addresses.is_empty() && !addresses.split(',').all(is_loopback)
            }
            // HOST1:PORT1:HOST2:PORT2, where an empty HOST2 is HOST1.
            "connect-to" => {
                let host = value.rsplit_once(':').map_or(*value, |(before, _)| before);
                let host =
                    host.rfind('[').map_or_else(|| host.rsplit(':').next().unwrap_or_default(), |at| &host[at..]);
                !host.is_empty() && !is_loopback(host)
            }
            "noproxy" => !value.split([',', ' ']).any(|name| name == "*" || name == self.bare_host()),
            _ => {
                let authority = value.split_once("://").map_or(*value, |(_, authority)| authority);
                let authority = authority.trim_end_matches('/').rsplit('@').next().unwrap_or_default();
                !value.is_empty() && !host(authority).is_some_and(|host| is_loopback(&host))
            }
        });
        let Some((name, _)) = remote else { return Ok(()) };
        let message =
            format!("--{name} would send the token to another machine over plain http, which others can read");
        Err(usage(message, &format!("remove --{name}, or use https")))
    }
}

/// Options that name a proxy, in place of the one that variables name.
pub(super) const PROXIES: [&str; 6] = ["proxy", "proxy1.0", "socks4", "socks4a", "socks5", "socks5-hostname"];

/// Returns whether the name of a header has a variable in it.
fn has_variable_name(header: &str) -> bool {
    header.split(':').next().is_some_and(|name| name.contains("{{"))
}

/// Returns the host of a URL, and whether it is plain http, if the token may be sent there.
fn checked_host(url: &str, default_scheme: &str) -> Result<(String, bool), Failure> {
    let (scheme, rest) = url.split_once("://").unwrap_or((default_scheme, url));
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let after_user = authority.rsplit('@').next().unwrap_or_default();
    // Versions of curl differ in which `@` ends the user's name.
    let is_ambiguous =
        authority.contains('\\') || authority.matches('@').count() > 1 || scheme.contains(['/', '{', '[', '@']);
    let host = host(after_user).filter(|_| !is_ambiguous);
    let Some(host) = host else {
        let hint = "write it as https://api.example.no/path, without a pattern in the host";
        return Err(usage(format!("could not determine the host of the URL `{}`", shown(url)), hint));
    };
    match scheme.to_ascii_lowercase().as_str() {
        "https" => Ok((host, false)),
        "http" if is_loopback(&host) => Ok((host, true)),
        "http" => {
            let message = format!("the token would be sent to {host} over plain http, which others can read");
            Err(usage(message, &format!("write the URL as https://{host}/…")))
        }
        scheme => Err(usage(format!("a token is only sent over https, not `{scheme}`"), "run curl itself")),
    }
}

/// Returns the host in `host:port` in the form in which it is compared; `None` if it is not a plain host.
fn host(authority: &str) -> Option<String> {
    let (host, port) = if let Some(rest) = authority.strip_prefix('[') {
        let (address, port) = rest.split_once(']')?;
        (format!("[{}]", address.parse::<Ipv6Addr>().ok()?), port)
    } else {
        let (host, port) = authority.split_at(authority.find(':').unwrap_or(authority.len()));
        let is_special = |mark: char| mark.is_control() || mark.is_whitespace() || "\\%{}[]<>\"^`|".contains(mark);
        let host = host.strip_suffix('.').unwrap_or(host);
        (Some(host).filter(|host| !host.is_empty() && !host.contains(is_special))?.to_lowercase(), port)
    };
    // Not empty: curl reads `https:/host` as a scheme.
    let is_port = |port: &str| !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit());
    (port.is_empty() || port.strip_prefix(':').is_some_and(is_port)).then_some(host)
}

fn is_loopback(host: &str) -> bool {
    let literal = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost"
        || host.parse::<Ipv4Addr>().is_ok_and(|address| address.is_loopback())
        || literal.parse::<Ipv6Addr>().is_ok_and(|address| address.is_loopback())
}

/// Returns the part of a URL that cannot hold a secret.
fn shown(url: &str) -> String {
    let url = url.split(['?', '#']).next().unwrap_or_default();
    let (scheme, rest) = url.split_once("://").map_or(("", url), |(scheme, rest)| (scheme, rest));
    let rest = rest.rsplit('@').next().unwrap_or_default();
    let shown = if scheme.is_empty() { rest.to_owned() } else { format!("{scheme}://{rest}") };
    shown.chars().take(100).collect()
}

#[cfg(test)]
mod tests {
    use super::{super::call::tests::parse, *};

    fn target(arguments: &[&str]) -> Result<CurlTarget, Failure> {
        CurlTarget::from_call(&parse(arguments)?, &CurlCall::default())
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
            let target = target(&[url]).ok().unwrap();
            assert_eq!((target.host.as_str(), target.is_loopback), (host, is_loopback), "{url}");
        }
    }

    #[test]
    fn the_only_url_has_the_scheme_that_curl_uses() {
        for (arguments, url) in [
            (["https://a.example/x?y"].as_slice(), Some("https://a.example/x?y")),
            (&["localhost/x"], Some("http://localhost/x")),
            (&["--proto-default", "https", "a.example/x"], Some("https://a.example/x")),
            (&["https://a.example/x", "https://a.example/y"], None),
        ] {
            assert_eq!(target(arguments).ok().unwrap().url.as_deref(), url, "{arguments:?}");
        }
    }

    #[test]
    fn a_url_without_an_unambiguous_host_is_rejected() {
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
            "https:a.example/",
            "http:/localhost/",
            "HTTP:/127.0.0.1/",
            "http:///localhost/",
            "http:\\\\localhost",
            "localhost:",
            "https://a.example:/",
            "https://a@b@c.example/",
            "a.example/x",
            "ftp://a.example/",
            "file:///etc/passwd",
            "",
        ] {
            assert!(target(&[url]).is_err(), "{url}");
        }
    }

    #[test]
    fn urls_in_a_file_are_rejected() {
        for arguments in [["--url", "@localhost"].as_slice(), &["--url", "@-", "https://a.example/"]] {
            assert!(target(arguments).is_err(), "{arguments:?}");
        }
    }

    #[test]
    fn several_urls_are_accepted_for_one_host() {
        assert_eq!(target(&["https://a.example/1", "https://A.example/2"]).ok().unwrap().host, "a.example");
        assert!(target(&["https://a.example/1", "https://b.example/2"]).is_err());
        assert!(target(&["https://a.example/1", "http://a.example/2"]).is_err());
    }
}
