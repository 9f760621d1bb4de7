//! The connection to a server on another machine is established while the key is opened, and only then.
//!
//! The other machine is behind a proxy on loopback. Each script also fails the test when there is another connection.

use crate::{
    server::{Authority, Server, Step, TOKEN, Validity, acceptor, asking_at, token},
    support::{Maskinporten, testdata},
};

const HOST: &str = "maskinporten.test.invalid";
const ENDPOINT: &str = "https://maskinporten.test.invalid/token";

fn through(proxy: &Server) -> Maskinporten {
    asking_at("token", ENDPOINT).env("HTTPS_PROXY", proxy.url(""))
}

#[test]
fn it_is_established_before_the_key_is_open_and_nothing_is_sent_if_the_key_cannot_be_opened() {
    let authority = Authority::named("Test CA");
    let server = Server::start_tls(acceptor(&authority.issue(HOST, Validity::Now)), [Step::Hang(Vec::new())]);
    let proxy = Server::start([Step::Tunnel(server.address())]);

    // The derivation that finds the password wrong takes longer than everything else together.
    let outcome = through(&proxy)
        .env("MASKINPORTEN_CA_FILE", authority.file())
        .env("MASKINPORTEN_KEYSTORE", testdata("iterations-600000.p12"))
        .env("MASKINPORTEN_KEYSTORE_PASSWORD", "wrong")
        .run();

    assert!(outcome.failure(4).contains("the password is wrong"), "{}", outcome.stderr);
    assert_eq!(proxy.request().line(), format!("CONNECT {HOST}:443 HTTP/1.1"));
    assert_eq!(server.requests().len(), 0);
}

#[test]
fn the_request_is_sent_on_it() {
    let authority = Authority::named("Test CA");
    let server = Server::start_tls(acceptor(&authority.issue(HOST, Validity::Now)), [token()]);
    let proxy = Server::start([Step::Tunnel(server.address())]);

    let printed = through(&proxy).env("MASKINPORTEN_CA_FILE", authority.file()).run().artefact();

    assert_eq!(printed, format!("{TOKEN}\n"));
    assert_eq!(server.request().line(), "POST /token HTTP/1.1");
}

#[test]
fn nothing_is_connected_for_a_cached_token() {
    let authority = Authority::named("Test CA");
    let server = Server::start_tls(acceptor(&authority.issue(HOST, Validity::Now)), [token()]);
    let proxy = Server::start([Step::Tunnel(server.address())]);
    let cache = tempfile::tempdir().unwrap();

    for _ in 0..2 {
        let command = through(&proxy).env("MASKINPORTEN_CA_FILE", authority.file());
        assert_eq!(command.env("XDG_CACHE_HOME", cache.path()).run().artefact(), format!("{TOKEN}\n"));
    }

    assert_eq!(proxy.requests().len(), 1);
}

#[test]
fn nothing_is_connected_when_the_keystore_or_the_password_is_known_to_be_unusable() {
    let proxy = Server::start([]);
    let keystore = |file: &str| through(&proxy).env("MASKINPORTEN_KEYSTORE", file);

    for command in [
        keystore(&testdata("random.bin")),
        keystore(&testdata("iterations-huge.p12")),
        keystore("missing.p12"),
        through(&proxy).args(["--keystore-password-file", "missing"]),
        through(&proxy).args(["--keystore-password-command", "false"]),
    ] {
        let outcome = command.run();

        assert!([3, 4].contains(&outcome.code), "{outcome:?}");
    }
}
