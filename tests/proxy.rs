//! Proxies from the usual variables: used, bypassed, and distinguished from the server in errors.

use snapbox::str;

use crate::{
    server::{
        Authority, Server, Step, TOKEN, Validity, acceptor, answer, asking, asking_at, raw, token, unused_address,
    },
    support::Outcome,
};

const HOST: &str = "maskinporten.test.invalid";
const ENDPOINT: &str = "https://maskinporten.test.invalid/token";
const HINT: &str = "check HTTPS_PROXY (http://USER:PASSWORD@HOST:PORT) and which hosts the proxy allows; NO_PROXY lists \
                    the hosts to reach without it";

/// Adds a user name and a password to a proxy URL.
fn with_credentials(proxy: &str) -> String {
    proxy.replace("http://", "http://user:hemmelig@")
}

#[track_caller]
fn is_the_proxys_fault(outcome: &Outcome, proxy: &str, why: &str) {
    outcome.fails(
        6,
        &format!(
            "error: could not reach the server\ncaused by: could not connect through the proxy {proxy} to {ENDPOINT}: {why}\n\
             hint: {HINT}\n"
        ),
    );
}

#[test]
fn a_proxy_tunnels_to_the_server_and_does_not_see_the_assertion() {
    for variable in ["HTTPS_PROXY", "https_proxy", "ALL_PROXY"] {
        let authority = Authority::named("Test CA");
        let server = Server::start_tls(acceptor(&authority.issue(HOST, Validity::Now)), [token()]);
        let proxy = Server::start([Step::Tunnel(server.address())]);

        let printed = asking_at("token", ENDPOINT)
            .env("MASKINPORTEN_CA_FILE", authority.file())
            .env(variable, with_credentials(&proxy.url("")))
            .run()
            .artefact();

        assert_eq!(printed, format!("{TOKEN}\n"));
        let connect = proxy.request();
        assert_eq!(connect.line(), format!("CONNECT {HOST}:443 HTTP/1.1"));
        assert_eq!(connect.header("Proxy-Authorization"), Some("Basic dXNlcjpoZW1tZWxpZw=="));
        assert_eq!(connect.body, "");
        let request = server.request();
        assert_eq!((request.line(), request.header("Host")), ("POST /token HTTP/1.1", Some(HOST)));
        assert_eq!(request.header("Proxy-Authorization"), None);
    }
}

#[test]
fn requests_to_this_machine_bypass_the_proxy() {
    let proxy = Server::start([]);
    let server = Server::start([token()]);

    let printed = ["HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "ALL_PROXY"]
        .into_iter()
        .fold(asking("token", &server), |command, variable| command.env(variable, proxy.url("")))
        .run()
        .artefact();

    assert_eq!(printed, format!("{TOKEN}\n"));
}

#[test]
fn requests_to_a_host_in_no_proxy_bypass_the_proxy() {
    let proxy = Server::start([]);
    for exceptions in [".test.invalid", "maskinporten.test.invalid", "*"] {
        let outcome = asking_at("token", ENDPOINT)
            .args(["--retries", "0"])
            .env("HTTPS_PROXY", proxy.url(""))
            .env("NO_PROXY", exceptions)
            .env("RES_OPTIONS", "timeout:1 attempts:1")
            .run();

        outcome.fails(
            6,
            str![[r#"
error: could not reach the server
caused by: could not find the address of `maskinporten.test.invalid`
hint: check the network and the spelling of the address, or set HTTPS_PROXY to your proxy

"#]],
        );
    }
}

#[test]
fn a_proxy_that_requires_a_password_is_named_and_not_retried() {
    let proxy = Server::start([answer("407 No", &["Proxy-Authenticate: Basic realm=\"x\""], "<html>no</html>")]);

    let outcome = asking_at("token", ENDPOINT).env("HTTPS_PROXY", proxy.url("")).run();

    is_the_proxys_fault(&outcome, &proxy.url(""), "it requires a user name and a password");
}

#[test]
fn a_proxy_that_rejects_the_password_is_named_without_credentials_and_not_retried() {
    let proxy = Server::start([answer("407 No", &["Proxy-Authenticate: Basic realm=\"x\""], "<html>no</html>")]);

    let outcome = asking_at("token", ENDPOINT).env("HTTPS_PROXY", with_credentials(&proxy.url(""))).run();

    is_the_proxys_fault(&outcome, &proxy.url(""), "it did not accept the user name and the password");
}

#[test]
fn a_connect_request_that_the_proxy_rejects_is_retried() {
    let authority = Authority::named("Test CA");
    let server = Server::start_tls(acceptor(&authority.issue(HOST, Validity::Now)), [token()]);
    let proxy = Server::start([answer("502 Bad Gateway", &[], "no"), Step::Tunnel(server.address())]);

    let printed = asking_at("token", ENDPOINT)
        .env("MASKINPORTEN_CA_FILE", authority.file())
        .env("HTTPS_PROXY", proxy.url(""))
        .run()
        .artefact();

    assert_eq!(printed, format!("{TOKEN}\n"));
}

#[test]
fn a_proxy_that_rejects_closes_or_does_not_speak_http_is_named_in_the_error() {
    for (step, why) in [
        (answer("403 Forbidden", &[], "<html>no</html>"), "it rejected the CONNECT request"),
        (Step::Reset, "connection closed by the proxy"),
        (Step::Answer(Vec::new()), "connection closed by the proxy"),
        (raw("SSH-2.0-OpenSSH_9.2p1\r\n\r\n"), "it rejected the CONNECT request"),
    ] {
        let proxy = Server::start([step]);

        let outcome = asking_at("token", ENDPOINT).args(["--retries", "0"]).env("HTTPS_PROXY", proxy.url("")).run();

        is_the_proxys_fault(&outcome, &proxy.url(""), why);
    }
}

#[test]
fn a_proxy_that_cannot_be_reached_or_does_not_answer_is_named_in_the_error() {
    let gone = format!("http://{}", unused_address());
    let silent = Server::start([Step::Hang(Vec::new())]);
    for (proxy, why) in [
        (gone, "connection refused"),
        ("http://proxy.test.invalid:8080".to_owned(), "could not find its address"),
        (silent.url(""), "it did not answer in time"),
    ] {
        let outcome = asking_at("token", ENDPOINT)
            .args(["--retries", "0", "--connect-timeout", "1"])
            .env("HTTPS_PROXY", with_credentials(&proxy))
            .env("RES_OPTIONS", "timeout:1 attempts:1")
            .run();

        is_the_proxys_fault(&outcome, &proxy, why);
    }
}

#[test]
fn a_certificate_from_an_intercepting_proxy_is_rejected_with_a_hint() {
    let server = Server::start_tls(
        acceptor(&Authority::named("The proxy's CA").issue(HOST, Validity::Now)),
        [Step::NoHandshake],
    );
    let proxy = Server::start([Step::Tunnel(server.address())]);

    let outcome = asking_at("token", ENDPOINT).env("HTTPS_PROXY", proxy.url("")).run();

    outcome.fails(
        6, str![[r#"
error: could not reach the server
caused by: certificate verification failed for https://maskinporten.test.invalid/token: unknown issuer (not in the trust store)
hint: if your organisation's proxy intercepts TLS, pass its CA certificate with --ca-file; for the simulator, pass the tls-ca.pem in its folder

"#]],
    );
}

#[test]
fn the_json_error_has_the_code_proxy() {
    let proxy = Server::start([answer("407 Proxy Authentication Required", &[], "")]);

    let outcome = asking_at("headers", ENDPOINT)
        .args(["--error-format", "json"])
        .env("HTTPS_PROXY", with_credentials(&proxy.url("")))
        .run();

    outcome.replacing(proxy.url(""), "[URL]").fails(
        6, str![[r#"
{"error":{"code":"proxy","message":"could not reach the server","causes":["could not connect through the proxy [URL] to https://maskinporten.test.invalid/token: it did not accept the user name and the password"],"hint":"check HTTPS_PROXY (http://USER:PASSWORD@HOST:PORT) and which hosts the proxy allows; NO_PROXY lists the hosts to reach without it","exit_code":6,"http_status":null,"oauth_error":null,"mp_code":null,"trace_id":null,"warnings":[]}}

"#]],
    );
}

#[test]
fn a_proxy_variable_that_would_be_ignored_is_named_before_anything_is_sent() {
    let server = Server::start([]);
    let host = server.url("").replace("http://", "");
    for (variable, value, script) in [
        ("HTTPS_PROXY", format!("http://DOMAIN\\user:hemmelig@{host}"), false),
        ("https_proxy", format!("http://user:hem melig@{host}"), false),
        ("HTTPS_PROXY", format!(" http://{host}"), false),
        ("HTTPS_PROXY", "  ".to_owned(), false),
        ("HTTPS_PROXY", format!("http://user:hem#melig@{host}"), false),
        ("HTTPS_PROXY", format!("http://user:hem@melig@{host}"), false),
        ("ALL_PROXY", "http://127.0.0.1:99999".to_owned(), false),
        ("all_proxy", format!("SOCKS5://{host}"), false),
        ("HTTPS_PROXY", format!("socks5h://{host}"), false),
        ("HTTPS_PROXY", "http://".to_owned(), false),
        ("HTTPS_PROXY", format!("http://{host}"), true),
    ] {
        let command = asking_at("token", ENDPOINT).args(["--retries", "0"]).env(variable, &value);
        let outcome = if script { command.env("REQUEST_METHOD", "GET") } else { command }.run();

        assert_eq!((outcome.code, outcome.stdout.as_str()), (3, ""), "{value}: {}", outcome.stderr);
        assert!(outcome.stderr.contains(&format!("caused by: {variable} ")), "{value}: {}", outcome.stderr);
        assert!(!outcome.stderr.contains("melig"), "{}", outcome.stderr);
    }
    let empty = asking_at("token", ENDPOINT).env("HTTPS_PROXY", "").env("https_proxy", server.url("")).run();
    assert!(empty.failure(3).contains("https_proxy would be ignored, because HTTPS_PROXY is set and empty"));
}

#[test]
fn a_misspelt_proxy_url_is_an_error_and_is_not_ignored() {
    let keystore = crate::support::testdata("modern.p12");
    let token = crate::support::maskinporten(["token", "--env", "test", "-c", "a", "-s", "a:b", "-k", &keystore]);

    let outcome = token
        .env("MASKINPORTEN_KEYSTORE_PASSWORD", "secret")
        .env("HTTPS_PROXY", "htp://user:hemmelig@127.0.0.1:1080")
        .run();

    outcome.fails(
        3,
        str![[r#"
error: could not prepare the connection
caused by: HTTPS_PROXY is not a usable proxy URL
hint: write it as http://HOST:PORT, or unset it

"#]],
    );
}
