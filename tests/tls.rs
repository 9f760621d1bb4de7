//! Whom the client believes, and what it says when it does not.

use std::fs;

use openssl::ssl::SslAcceptor;

use crate::{
    server::{
        ADDRESS, Authority, Server, Step, TOKEN, Validity, acceptor, answer, asking, asking_at, old_acceptor,
        tls_1_2_acceptor, token,
    },
    support::{Outcome, testdata},
};

const UNKNOWN: &str = "if a proxy of your organisation opens TLS, pass its certificate with --ca-file; if it is the \
                       simulator, pass the tls-ca.pem in its folder";
const FAULTY: &str = "check the address and this machine's clock";
const NO_TLS: &str = "check the address and its port; a server, or a proxy in its place, must speak TLS 1.2 or newer";

/// Asks a server that is not to be believed, once and never again, trusting this authority.
fn refusing(acceptor: SslAcceptor, trusted: &Authority) -> (Outcome, String) {
    let server = Server::start_tls(acceptor, [Step::NoHandshake]);
    let outcome = asking("token", &server).env("MASKINPORTEN_CA_FILE", trusted.file()).run();
    (outcome, server.url("/token"))
}

#[track_caller]
fn does_not_believe((outcome, url): (Outcome, String), why: &str, hint: &str) {
    outcome.fails(
        6,
        &format!(
            "error: could not reach the server\ncaused by: did not believe the certificate of {url}: {why}\nhint: {hint}\n"
        ),
    );
}

#[test]
fn a_server_with_a_certificate_of_the_given_authority_is_believed_over_tls_1_2_and_1_3() {
    let authority = Authority::named("Test CA");
    let identity = authority.issue(ADDRESS, Validity::Now);
    for acceptor in [acceptor(&identity), tls_1_2_acceptor(&identity)] {
        let server = Server::start_tls(acceptor, [token()]);

        let printed = asking("token", &server).args(["--ca-file", authority.file().to_str().unwrap()]).run().artefact();

        assert_eq!(printed, format!("{TOKEN}\n"));
        assert_eq!(server.request().line(), "POST /token HTTP/1.1");
    }
}

#[test]
fn the_machines_trust_store_can_be_named_by_a_variable() {
    let authority = Authority::named("Test CA");
    let server = Server::start_tls(acceptor(&authority.issue(ADDRESS, Validity::Now)), [token()]);

    let printed = asking("token", &server).env("SSL_CERT_FILE", authority.file()).run().artefact();

    assert_eq!(printed, format!("{TOKEN}\n"));
}

#[test]
fn a_certificate_of_an_unknown_authority_is_not_believed() {
    let identity = Authority::named("Test CA").issue(ADDRESS, Validity::Now);

    let refused = refusing(acceptor(&identity), &Authority::named("Another CA"));

    does_not_believe(refused, "nobody whom this machine trusts issued it", UNKNOWN);
}

#[test]
fn a_certificate_of_an_authority_that_was_made_anew_is_not_believed() {
    let identity = Authority::named("Test CA").issue(ADDRESS, Validity::Now);

    let refused = refusing(acceptor(&identity), &Authority::named("Test CA"));

    does_not_believe(refused, "the authority that is trusted under its issuer's name did not sign it", UNKNOWN);
}

#[test]
fn an_authority_that_serves_with_its_own_certificate_is_not_believed() {
    let authority = Authority::named("Test CA");

    let refused = refusing(acceptor(&authority.itself()), &authority);

    does_not_believe(refused, "it is an authority's and not a server's", FAULTY);
}

#[test]
fn a_certificate_out_of_its_time_or_for_another_name_is_not_believed() {
    let authority = Authority::named("Test CA");
    for (host, validity, why) in [
        (ADDRESS, Validity::Past, "it has expired"),
        (ADDRESS, Validity::Future, "it is not valid yet"),
        ("maskinporten.test.invalid", Validity::Now, "it is for another name"),
        ("127.0.0.2", Validity::Now, "it is for another name"),
    ] {
        let refused = refusing(acceptor(&authority.issue(host, validity)), &authority);

        does_not_believe(refused, why, FAULTY);
    }
}

#[test]
fn a_server_that_speaks_nothing_newer_than_tls_1_1_is_refused_at_once() {
    let authority = Authority::named("Test CA");

    let (outcome, url) = refusing(old_acceptor(&authority.issue(ADDRESS, Validity::Now)), &authority);

    outcome.fails(
        6,
        &format!(
            "error: could not reach the server\ncaused by: could not agree on TLS with {url}: it does not speak TLS 1.2 \
             or newer as we do\nhint: {NO_TLS}\n"
        ),
    );
}

#[test]
fn a_port_that_speaks_no_tls_is_refused_at_once() {
    for bytes in ["HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n", "SSH-2.0-OpenSSH_9.2p1\r\n"] {
        let server = Server::start([Step::Blurt(bytes.into())]);
        let url = server.url("/token").replace("http:", "https:");

        let outcome = asking_at("token", &url).run();

        outcome.fails(
            6,
            &format!(
                "error: could not reach the server\ncaused by: could not agree on TLS with {url}: what it sends is no \
                 TLS\nhint: {NO_TLS}\n"
            ),
        );
    }
}

#[test]
fn a_machine_without_a_trust_store_is_told_how_to_get_one() {
    let identity = Authority::named("Test CA").issue(ADDRESS, Validity::Now);
    let server = Server::start_tls(acceptor(&identity), [Step::NoHandshake]);

    let outcome = asking("token", &server).env("SSL_CERT_FILE", "/dev/null").env("SSL_CERT_DIR", "/nonexistent").run();

    outcome.fails(
        6,
        "error: could not prepare the connection\n\
         caused by: could not set up TLS: this machine's trust store is empty\n\
         hint: install ca-certificates, or pass a PEM file with --ca-file\n",
    );
}

#[test]
fn a_ca_file_that_is_none_is_a_fault_of_the_configuration() {
    let folder = tempfile::tempdir().unwrap();
    let written = |name: &str, text: &str| {
        let file = folder.path().join(name);
        fs::write(&file, text).unwrap();
        file.display().to_string()
    };
    let missing = folder.path().join("missing").display().to_string();
    let broken = "-----BEGIN CERTIFICATE-----\n\u{1b}[31m!\n-----END CERTIFICATE-----\n";
    let hollow = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    for (file, why) in [
        (missing, "No such file or directory (os error 2)"),
        (folder.path().display().to_string(), "Is a directory (os error 21)"),
        (written("empty.pem", ""), "it holds no certificate in PEM"),
        (written("hollow.pem", hollow), "it holds no certificate in PEM"),
        (written("broken.pem", broken), "it is not well-formed PEM"),
        (testdata("certificate.der"), "it holds no certificate in PEM"),
        (testdata("modern.p12"), "it holds no certificate in PEM"),
        (testdata("keys/enterprise-key.pem"), "it holds no certificate in PEM"),
    ] {
        let server = Server::start([]);

        let outcome = asking("token", &server).args(["--ca-file", &file]).run();

        outcome.fails(
            3,
            &format!(
                "error: could not prepare the connection\ncaused by: could not use the CA file `{file}`: {why}\n\
                 hint: pass a PEM file with --ca-file\n"
            ),
        );
    }
}

#[test]
fn plain_http_to_another_machine_is_refused_before_anything_is_sent() {
    let proxy = Server::start([]);
    for url in ["http://maskinporten.test.invalid/token", "http://192.0.2.1/token", "http://0.0.0.0/token"] {
        let outcome = asking_at("token", "https://issuer.example/token")
            .args(["--token-endpoint", &format!("{url}?key=hemmelig")])
            .env("HTTP_PROXY", proxy.url(""))
            .run();

        outcome.fails(
            2,
            &format!(
                "error: --token-endpoint cannot be used\n\
                 caused by: `{url}` is neither https nor an http address on this machine\n\
                 hint: write it as https://test.maskinporten.no/token\n"
            ),
        );
    }
}

#[test]
fn an_answer_over_tls_that_is_cut_short_is_no_token() {
    let authority = Authority::named("Test CA");
    let step = Step::Answer(b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{\"access_token\":\"secret".to_vec());
    let server = Server::start_tls(acceptor(&authority.issue(ADDRESS, Validity::Now)), [step]);

    let outcome = asking("token", &server).env("MASKINPORTEN_CA_FILE", authority.file()).args(["--retries", "0"]).run();

    outcome.fails(
        6,
        &format!(
            "error: could not read the response\n\
             caused by: the connection to {} broke before the answer was complete: it was cut short\n\
             hint: check the URL, and whether a proxy answers instead of the server\n",
            server.url("/token")
        ),
    );
}

#[test]
fn a_redirect_from_https_to_http_is_not_followed_either() {
    let authority = Authority::named("Test CA");
    let elsewhere = Server::start([]);
    let redirect = answer("307 Temporary Redirect", &[&format!("Location: {}", elsewhere.url("/token"))], "");
    let server = Server::start_tls(acceptor(&authority.issue(ADDRESS, Validity::Now)), [redirect]);

    let outcome = asking("token", &server).env("MASKINPORTEN_CA_FILE", authority.file()).run();

    assert_eq!((outcome.code, outcome.stdout.as_str()), (6, ""), "{}", outcome.stderr);
}
