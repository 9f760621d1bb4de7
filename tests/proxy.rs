//! Proxies from the usual variables: gone through, gone past, and told apart from the server behind them.

use crate::{
    server::{Authority, Server, Step, TOKEN, Validity, acceptor, answer, asking, asking_at, nobody, raw, token},
    support::Outcome,
};

const HOST: &str = "maskinporten.test.invalid";
const ENDPOINT: &str = "https://maskinporten.test.invalid/token";
const HINT: &str = "check HTTPS_PROXY (http://USER:PASSWORD@HOST:PORT) and what the proxy lets through; NO_PROXY names the \
                    hosts that are reached without it";

/// A proxy's address with a user name and a password before it.
fn with_credentials(proxy: &str) -> String {
    proxy.replace("http://", "http://user:hemmelig@")
}

#[track_caller]
fn is_the_proxys_fault(outcome: &Outcome, proxy: &str, why: &str) {
    outcome.fails(
        6,
        &format!(
            "error: could not reach the server\ncaused by: could not get through the proxy {proxy} to {ENDPOINT}: {why}\n\
             hint: {HINT}\n"
        ),
    );
}

#[test]
fn a_server_behind_a_proxy_is_reached_and_the_proxy_sees_no_grant() {
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
fn an_address_on_this_machine_never_goes_through_a_proxy() {
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
fn a_host_that_no_proxy_names_is_reached_without_one() {
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
            "error: could not reach the server\ncaused by: could not find the address of `maskinporten.test.invalid`\n\
             hint: check the network and the spelling of the address\n",
        );
    }
}

#[test]
fn a_proxy_that_wants_a_password_is_named_without_the_one_it_got_and_asked_once() {
    let proxy = Server::start([answer("407 No", &["Proxy-Authenticate: Basic realm=\"x\""], "<html>no</html>")]);

    let outcome = asking_at("token", ENDPOINT).env("HTTPS_PROXY", with_credentials(&proxy.url(""))).run();

    is_the_proxys_fault(&outcome, &proxy.url(""), "it wants a user name and a password");
}

#[test]
fn a_proxy_that_does_not_let_us_through_may_do_so_a_moment_later() {
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
fn a_proxy_that_refuses_breaks_off_or_speaks_no_http_is_told_from_the_server() {
    for (step, why) in [
        (answer("403 Forbidden", &[], "<html>no</html>"), "it refuses to connect there"),
        (Step::Reset, "the other side hung up"),
        (Step::Answer(Vec::new()), "the other side hung up"),
        (raw("SSH-2.0-OpenSSH_9.2p1\r\n\r\n"), "it refuses to connect there"),
    ] {
        let proxy = Server::start([step]);

        let outcome = asking_at("token", ENDPOINT).args(["--retries", "0"]).env("HTTPS_PROXY", proxy.url("")).run();

        is_the_proxys_fault(&outcome, &proxy.url(""), why);
    }
}

#[test]
fn a_proxy_that_is_not_there_or_never_answers_is_told_from_the_server() {
    let gone = format!("http://{}", nobody());
    let silent = Server::start([Step::Hang(Vec::new())]);
    for (proxy, why) in [
        (gone, "nobody listens there"),
        ("http://proxy.test.invalid:8080".to_owned(), "its name has no address"),
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
fn a_certificate_that_a_proxy_put_in_its_place_is_told_with_what_to_do_about_it() {
    let server = Server::start_tls(
        acceptor(&Authority::named("The proxy's CA").issue(HOST, Validity::Now)),
        [Step::NoHandshake],
    );
    let proxy = Server::start([Step::Tunnel(server.address())]);

    let outcome = asking_at("token", ENDPOINT).env("HTTPS_PROXY", proxy.url("")).run();

    outcome.fails(
        6,
        &format!(
            "error: could not reach the server\ncaused by: did not believe the certificate of {ENDPOINT}: nobody whom this \
             machine trusts issued it\nhint: if a proxy of your organisation opens TLS, pass its certificate with \
             --ca-file; if it is the simulator, pass the tls-ca.pem in its folder\n"
        ),
    );
}

#[test]
fn programs_are_told_that_it_was_the_proxy() {
    let proxy = Server::start([answer("407 Proxy Authentication Required", &[], "")]);

    let outcome = asking_at("headers", ENDPOINT)
        .args(["--error-format", "json"])
        .env("HTTPS_PROXY", with_credentials(&proxy.url("")))
        .run();

    outcome.fails(
        6,
        &format!(
            "{{\"error\":{{\"code\":\"proxy\",\"message\":\"could not reach the server\",\"causes\":[\"could not get \
             through the proxy {} to {ENDPOINT}: it wants a user name and a password\"],\"hint\":\"{HINT}\",\
             \"exit_code\":6,\"http_status\":null,\"oauth_error\":null,\"mp_code\":null,\"trace_id\":null,\
             \"warnings\":[]}}}}\n",
            proxy.url("")
        ),
    );
}

#[test]
fn a_proxy_that_is_misspelt_is_an_error_and_not_passed_over() {
    let keystore = crate::support::testdata("modern.p12");
    let token = crate::support::maskinporten(["token", "--env", "test", "-c", "a", "-s", "a:b", "-k", &keystore]);

    let outcome = token
        .env("MASKINPORTEN_KEYSTORE_PASSWORD", "secret")
        .env("HTTPS_PROXY", "htp://user:hemmelig@127.0.0.1:1080")
        .run();

    outcome.fails(
        3,
        "error: could not prepare the connection\n\
         caused by: the variable HTTPS_PROXY names no proxy that can be used\n\
         hint: write it as http://HOST:PORT, or unset it\n",
    );
}
