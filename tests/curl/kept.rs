//! The token is sent to the host of the call and nowhere else.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};

use super::{bearer, calling, fine, token_named};
use crate::server::{Server, TOKEN, answer, token, unused_address};

#[cfg_attr(not(feature = "system-tests"), ignore = "needs curl")]
#[test]
fn a_redirect_to_another_port_or_name_gets_the_other_headers_but_not_the_token() {
    let other = Server::start([fine("other"), fine("other")]);
    let by_name = other.url("/y").replace(crate::server::ADDRESS, "elsewhere.example");
    let resolved = format!("elsewhere.example:{}:{}", other.address().port(), crate::server::ADDRESS);
    for location in [other.url("/y"), by_name] {
        let api = Server::start([answer("302 Found", &[&format!("Location: {location}")], "")]);
        let tokens = Server::start([token()]);

        let outcome = crate::server::asking("curl", &tokens)
            .args(["--header", "ApiKey: key", "--", "-sSL", "--resolve", &resolved, &api.url("/x")])
            .run();

        assert_eq!((outcome.code, outcome.stdout.as_str()), (0, "other"));
        assert_eq!(outcome.stderr, "warning: on a redirect, curl sends these headers to other hosts too: ApiKey\n");
        assert_eq!(api.request().header("authorization"), Some(bearer(TOKEN).as_str()));
    }
    let heads: Vec<_> = other.requests().into_iter().map(|request| request.head).collect();
    assert_eq!(heads.len(), 2);
    for head in heads {
        assert!(!head.contains(TOKEN) && head.contains("ApiKey: key\r\n"), "{head}");
    }
}

#[cfg_attr(not(feature = "system-tests"), ignore = "needs curl")]
#[test]
fn a_redirect_on_the_same_server_keeps_the_token() {
    let api = Server::start([answer("302 Found", &["Location: /y"], ""), fine("there")]);
    let tokens = Server::start([token()]);

    let printed = calling(&tokens, &["-L", &api.url("/x")]).run().artefact();

    assert_eq!(printed, "there");
    assert!(api.requests().iter().all(|request| request.header("authorization") == Some(bearer(TOKEN).as_str())));
}

#[cfg_attr(not(feature = "system-tests"), ignore = "needs curl")]
#[test]
fn a_call_to_this_machine_does_not_use_a_proxy() {
    let api = Server::start([fine("direct")]);
    let tokens = Server::start([token()]);
    let proxy = format!("http://{}", unused_address());

    let command = calling(&tokens, &[&api.url("/x")]);
    let printed = ["http_proxy", "ALL_PROXY"].iter().fold(command, |command, name| command.env(name, &proxy)).run();

    assert_eq!(printed.artefact(), "direct");
}

#[test]
fn calls_that_would_disclose_the_token_are_rejected_before_it_is_fetched() {
    let unused = Server::start([]);
    let plain = "the token would be sent to api.example over plain http, which others can read";
    for (arguments, message, hint) in [
        (["http://api.example/x?secret"].as_slice(), plain, "write the URL as https://api.example/…"),
        (&["api.example/x"], plain, "write the URL as https://api.example/…"),
        (&["-sS", "--url", "http://api.example"], plain, "write the URL as https://api.example/…"),
        (
            &["https://a.example/", "https://b.example/"],
            "the token would be sent to both a.example and b.example",
            "run one command for each host",
        ),
        (
            &["https://{a,b}.example/?secret"],
            "could not determine the host of the URL `https://{a,b}.example/`",
            "write it as https://api.example.no/path, without a pattern in the host",
        ),
        (
            &["https://a.example/", "--next", "https://a.example/"],
            "curl drops the headers after --next, and the token with them",
            "run one command for each request",
        ),
        (
            &["-s:", "https://a.example/"],
            "curl drops the headers after --next, and the token with them",
            "run one command for each request",
        ),
        (
            &["--location-trusted", "https://a.example/"],
            "--location-trusted would send the token to any host that a redirect names",
            "use --location, which does not",
        ),
        (
            &["--location-tr", "https://a.example/"],
            "--location-tr is not a whole option of curl",
            "write it as --location-trusted",
        ),
        (
            &["file:///etc/passwd"],
            "could not determine the host of the URL `file:///etc/passwd`",
            "write it as https://api.example.no/path, without a pattern in the host",
        ),
        (&["ftp://a.example/"], "a token is only sent over https, not `ftp`", "run curl itself"),
    ] {
        calling(&unused, arguments).run().fails(125, &format!("error: {message}\nhint: {hint}\n"));
    }
}

#[cfg_attr(not(feature = "system-tests"), ignore = "needs curl")]
#[test]
fn a_call_over_plain_http_goes_to_no_proxy_or_address_that_is_not_on_this_machine() {
    let unused = Server::start([]);
    for (option, value) in [
        ("-x", "http://proxy.example:3128"),
        ("--proxy", "proxy.example"),
        ("--socks5", "198.51.100.7:1080"),
        ("--socks5-hostname", "proxy.example"),
        ("--preproxy", "socks5://proxy.example"),
        ("--proxy1.0", "user:secret@proxy.example:3128"),
        ("--noproxy", ""),
        ("--noproxy", "other.example"),
        ("--resolve", "localhost:80:198.51.100.7"),
        ("--resolve", "localhost:80:127.0.0.1,198.51.100.7"),
        ("--connect-to", "::api.example:80"),
        ("--connect-to", "::[2001:db8::1]:80"),
    ] {
        let outcome = calling(&unused, &[option, value, "http://localhost/"]).run();

        assert_eq!((outcome.code, outcome.stdout.as_str()), (125, ""), "{option} {value}");
        let why = "would send the token to another machine over plain http, which others can read\n";
        assert!(outcome.stderr.contains(why) && !outcome.stderr.contains("secret"), "{}", outcome.stderr);
    }
}

#[cfg_attr(not(feature = "system-tests"), ignore = "needs curl")]
#[test]
fn a_proxy_on_this_machine_may_get_a_call_over_plain_http() {
    let proxy = Server::start([fine("by the proxy")]);
    let tokens = Server::start([token()]);

    let call =
        calling(&tokens, &["-x", &proxy.url(""), "http://localhost:1/x"]).env("http_proxy", "http://proxy.example");

    assert_eq!(call.run().artefact(), "by the proxy");
    assert_eq!(proxy.request().line(), "GET http://localhost:1/x HTTP/1.1");
}

#[cfg_attr(not(feature = "system-tests"), ignore = "needs curl")]
#[test]
fn a_proxy_in_curlrc_is_not_used_for_this_machine() {
    let api = Server::start([fine("direct")]);
    let tokens = Server::start([token()]);
    let call = calling(&tokens, &["--noproxy", "*", &api.url("/x")]);
    let curlrc = format!("proxy = http://{}\nnoproxy = \"\"\n", unused_address());
    std::fs::write(call.home().join(".curlrc"), curlrc).unwrap();

    assert_eq!(call.run().artefact(), "direct");
}

#[cfg_attr(not(feature = "system-tests"), ignore = "needs curl")]
#[test]
fn an_unknown_option_is_rejected_by_curl() {
    let tokens = Server::start([token()]);

    let outcome = calling(&tokens, &["--brand-new", "https://a.example/"]).run();

    assert_eq!((outcome.code, outcome.stdout.as_str()), (2, ""));
    assert!(outcome.stderr.starts_with("curl: option --brand-new: is unknown\n"), "{}", outcome.stderr);
}

#[cfg_attr(not(feature = "system-tests"), ignore = "needs curl")]
#[test]
fn a_token_for_another_host_or_environment_is_warned_of() {
    let jwt = |claims: &str| format!("{}.{}.c2ln", encoded(r#"{"alg":"RS256","kid":"k"}"#), encoded(claims));
    let elsewhere = format!("::{}", unused_address());
    for (claims, url, warning) in [
        (
            r#"{"iss":"https://test.maskinporten.no/"}"#,
            "https://platform.altinn.no/x",
            "warning: a token of the environment test is sent to platform.altinn.no, which is production\n",
        ),
        (
            r#"{"iss":"https://maskinporten.no/","aud":"https://tt02.altinn.no/"}"#,
            "https://platform.tt02.altinn.no/x",
            "warning: a production token is sent to platform.tt02.altinn.no, which is a test host\n",
        ),
        (
            r#"{"iss":"https://test.maskinporten.no/","aud":["https://api.example/"]}"#,
            "https://other.example/",
            "warning: the audience of the token is api.example, but it is sent to other.example\n",
        ),
        (r#"{"iss":"https://test.maskinporten.no/","aud":"https://api.example/v1"}"#, "https://api.example/", ""),
    ] {
        let tokens = Server::start([token_named(&jwt(claims))]);

        let outcome = calling(&tokens, &["--no-show-error", "--connect-to", &elsewhere, url]).run();

        assert_eq!((outcome.code, outcome.stdout.as_str(), outcome.stderr.as_str()), (7, "", warning));
    }
}

fn encoded(text: &str) -> String {
    URL_SAFE_NO_PAD.encode(text)
}
