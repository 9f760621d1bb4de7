//! The token goes where it is sent and nowhere else.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};

use super::{bearer, calling, fine, token_named};
use crate::server::{Server, TOKEN, answer, nobody, token};

#[cfg_attr(not(feature = "system-tests"), ignore = "needs curl")]
#[test]
fn a_redirect_to_another_port_or_name_does_not_get_the_token_but_other_headers() {
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
        assert_eq!(
            outcome.stderr,
            "warning: when it is redirected, curl sends these headers on to other hosts too: ApiKey\n"
        );
        assert_eq!(api.request().header("authorization"), Some(bearer(TOKEN).as_str()));
    }
    let heard: Vec<_> = other.requests().into_iter().map(|request| request.head).collect();
    assert_eq!(heard.len(), 2);
    for head in heard {
        assert!(!head.contains(TOKEN) && head.contains("ApiKey: key\r\n"), "{head}");
    }
}

#[cfg_attr(not(feature = "system-tests"), ignore = "needs curl")]
#[test]
fn a_redirect_on_the_same_server_keeps_the_token() {
    let api = Server::start([answer("302 Found", &["Location: /y"], ""), fine("there")]);
    let tokens = Server::start([token()]);

    let said = calling(&tokens, &["-L", &api.url("/x")]).run().artefact();

    assert_eq!(said, "there");
    assert!(api.requests().iter().all(|request| request.header("authorization") == Some(bearer(TOKEN).as_str())));
}

#[cfg_attr(not(feature = "system-tests"), ignore = "needs curl")]
#[test]
fn a_proxy_does_not_get_a_call_to_this_machine() {
    let api = Server::start([fine("direct")]);
    let tokens = Server::start([token()]);
    let proxy = format!("http://{}", nobody());

    let command = calling(&tokens, &[&api.url("/x")]);
    let said = ["http_proxy", "ALL_PROXY"].iter().fold(command, |command, name| command.env(name, &proxy)).run();

    assert_eq!(said.artefact(), "direct");
}

#[test]
fn calls_that_would_show_the_token_or_send_it_on_are_refused_before_it_is_fetched() {
    let nobody_asks = Server::start([]);
    let plain = "the token would go to api.example over plain http, for everyone on the way to read";
    for (arguments, said, hint) in [
        (["http://api.example/x?secret"].as_slice(), plain, "write the URL as https://api.example/…"),
        (&["api.example/x"], plain, "write the URL as https://api.example/…"),
        (&["-sS", "--url", "http://api.example"], plain, "write the URL as https://api.example/…"),
        (
            &["https://a.example/", "https://b.example/"],
            "the token would go to both a.example and b.example",
            "make one call for each host",
        ),
        (
            &["https://{a,b}.example/?secret"],
            "the host of the URL `https://{a,b}.example/` cannot be told",
            "write it as https://api.example.no/path, without a pattern in the host",
        ),
        (
            &["https://a.example/", "--next", "https://a.example/"],
            "curl forgets the headers after --next, and the token with them",
            "make one call for each request",
        ),
        (
            &["-s:", "https://a.example/"],
            "curl forgets the headers after --next, and the token with them",
            "make one call for each request",
        ),
        (
            &["--location-trusted", "https://a.example/"],
            "--location-trusted would send the token to any host that a redirect names",
            "use --location, which does not",
        ),
        (
            &["--location-tr", "https://a.example/"],
            "--location-tr is not the whole name of an option of curl's",
            "write it out, such as --location-trusted",
        ),
        (
            &["file:///etc/passwd"],
            "the host of the URL `file:///etc/passwd` cannot be told",
            "write it as https://api.example.no/path, without a pattern in the host",
        ),
        (&["ftp://a.example/"], "a token goes with https, not with `ftp`", "call curl itself"),
    ] {
        calling(&nobody_asks, arguments).run().fails(125, &format!("error: {said}\nhint: {hint}\n"));
    }
}

#[cfg_attr(not(feature = "system-tests"), ignore = "needs curl")]
#[test]
fn plain_http_in_a_configuration_that_is_not_read_is_refused_by_curl() {
    let tokens = Server::start([token()]);
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("own").display().to_string();
    std::fs::write(&file, "url = http://api.example/\n").unwrap();

    let outcome = calling(&tokens, &["-K", &file]).run();

    assert_eq!((outcome.code, outcome.stdout.as_str()), (1, ""));
    assert!(outcome.stderr.starts_with("curl: (1) Protocol \"http\" "), "{}", outcome.stderr);
}

#[cfg_attr(not(feature = "system-tests"), ignore = "needs curl")]
#[test]
fn an_option_of_a_newer_curl_is_left_to_curl() {
    let tokens = Server::start([token()]);

    let outcome = calling(&tokens, &["--brand-new", "https://a.example/"]).run();

    assert_eq!((outcome.code, outcome.stdout.as_str()), (2, ""));
    assert!(outcome.stderr.starts_with("curl: option --brand-new: is unknown\n"), "{}", outcome.stderr);
}

#[cfg_attr(not(feature = "system-tests"), ignore = "needs curl")]
#[test]
fn a_token_that_does_not_fit_its_host_is_warned_of() {
    let jwt = |claims: &str| format!("{}.{}.c2ln", encoded(r#"{"alg":"RS256","kid":"k"}"#), encoded(claims));
    let elsewhere = format!("::{}", nobody());
    for (claims, url, said) in [
        (
            r#"{"iss":"https://test.maskinporten.no/"}"#,
            "https://platform.altinn.no/x",
            "warning: a token of the environment test goes to platform.altinn.no, which is production\n",
        ),
        (
            r#"{"iss":"https://maskinporten.no/","aud":"https://tt02.altinn.no/"}"#,
            "https://platform.tt02.altinn.no/x",
            "warning: a production token goes to platform.tt02.altinn.no, which is for tests\n",
        ),
        (
            r#"{"iss":"https://test.maskinporten.no/","aud":["https://api.example/"]}"#,
            "https://other.example/",
            "warning: the token is for api.example (`aud`), and goes to other.example\n",
        ),
        (r#"{"iss":"https://test.maskinporten.no/","aud":"https://api.example/v1"}"#, "https://api.example/", ""),
    ] {
        let tokens = Server::start([token_named(&jwt(claims))]);

        let outcome = calling(&tokens, &["--no-show-error", "--connect-to", &elsewhere, url]).run();

        assert_eq!((outcome.code, outcome.stdout.as_str(), outcome.stderr.as_str()), (7, "", said));
    }
}

fn encoded(text: &str) -> String {
    URL_SAFE_NO_PAD.encode(text)
}
