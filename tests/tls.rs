//! Verification of server certificates, and the errors when it fails.

use std::{fs, process::Command};

use openssl::ssl::{SslAcceptor, SslVersion};
use snapbox::str;

use crate::{
    server::{
        ADDRESS, Authority, Identity, Server, Step, TOKEN, Validity, acceptor, answer, asking, asking_at,
        demanding_acceptor, old_acceptor, tls_1_2_acceptor, token, weak_acceptor,
    },
    support::{Outcome, program, testdata},
};

const UNKNOWN: &str = "if your organisation's proxy intercepts TLS, pass its CA certificate with --ca-file; for the \
                       simulator, pass the tls-ca.pem in its folder";
const FAULTY: &str = "check the address and this machine's clock";
/// Sends one request, trusting this authority, to a server whose handshake must fail.
fn failing_handshake(acceptor: SslAcceptor, trusted: &Authority) -> (Outcome, String) {
    let server = Server::start_tls(acceptor, [Step::NoHandshake]);
    let outcome = asking("token", &server).env("MASKINPORTEN_CA_FILE", trusted.file()).run();
    (outcome, server.url("/token"))
}

#[track_caller]
fn rejects_certificate((outcome, url): (Outcome, String), why: &str, hint: &str) {
    outcome.fails(
        6,
        &format!(
            "error: could not reach the server\ncaused by: certificate verification failed for {url}: {why}\nhint: {hint}\n"
        ),
    );
}

#[test]
fn a_certificate_from_the_ca_file_is_accepted_over_tls_1_2_and_1_3() {
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
fn ssl_cert_file_replaces_the_machines_trust_store() {
    let authority = Authority::named("Test CA");
    let server = Server::start_tls(acceptor(&authority.issue(ADDRESS, Validity::Now)), [token()]);

    let printed = asking("token", &server).env("SSL_CERT_FILE", authority.file()).run().artefact();

    assert_eq!(printed, format!("{TOKEN}\n"));
}

#[test]
fn a_certificate_from_an_unknown_issuer_is_rejected() {
    let identity = Authority::named("Test CA").issue(ADDRESS, Validity::Now);

    let outcome = failing_handshake(acceptor(&identity), &Authority::named("Another CA"));

    rejects_certificate(outcome, "unknown issuer (not in the trust store)", UNKNOWN);
}

#[test]
fn a_certificate_from_another_authority_with_the_same_name_is_rejected() {
    let identity = Authority::named("Test CA").issue(ADDRESS, Validity::Now);

    let outcome = failing_handshake(acceptor(&identity), &Authority::named("Test CA"));

    rejects_certificate(
        outcome,
        "its signature does not match the trusted authority that has its issuer's name",
        UNKNOWN,
    );
}

#[test]
fn a_ca_certificate_used_as_a_server_certificate_is_rejected() {
    let authority = Authority::named("Test CA");

    let outcome = failing_handshake(acceptor(&authority.itself()), &authority);

    rejects_certificate(outcome, "it is a CA certificate, not a server certificate", FAULTY);
}

#[test]
fn an_expired_or_premature_certificate_or_one_for_another_name_is_rejected() {
    let authority = Authority::named("Test CA");
    for (host, validity, why) in [
        (ADDRESS, Validity::Past, "the certificate has expired"),
        (ADDRESS, Validity::Future, "the certificate is not valid yet"),
        ("maskinporten.test.invalid", Validity::Now, "the certificate is for another name"),
        ("127.0.0.2", Validity::Now, "the certificate is for another name"),
    ] {
        let outcome = failing_handshake(acceptor(&authority.issue(host, validity)), &authority);

        rejects_certificate(outcome, why, FAULTY);
    }
}

#[test]
fn a_server_with_tls_1_1_at_most_is_rejected_without_a_retry() {
    let authority = Authority::named("Test CA");

    let (outcome, url) = failing_handshake(old_acceptor(&authority.issue(ADDRESS, Validity::Now)), &authority);

    outcome.replacing(&url, "[URL]").fails(
        6,
        str![[r#"
error: could not reach the server
caused by: the TLS handshake with [URL] failed: no common TLS version or parameters (TLS 1.2 or newer is required)
hint: check the address and the port; the server, or a proxy in front of it, must support TLS 1.2 or newer

"#]],
    );
}

#[test]
fn a_port_that_does_not_speak_tls_is_rejected_without_a_retry() {
    for bytes in ["HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n", "SSH-2.0-OpenSSH_9.2p1\r\n"] {
        let server = Server::start([Step::Blurt(bytes.into())]);
        let url = server.url("/token").replace("http:", "https:");

        let outcome = asking_at("token", &url).run();

        outcome.replacing(&url, "[URL]").fails(
            6,
            str![[r#"
error: could not reach the server
caused by: the TLS handshake with [URL] failed: the server does not speak TLS
hint: check the address and the port; the server, or a proxy in front of it, must support TLS 1.2 or newer

"#]],
        );
    }
}

#[test]
fn a_variable_that_names_no_authority_is_a_configuration_error_before_anything_is_sent() {
    let folder = tempfile::tempdir().unwrap();
    let [empty, text, no_files] =
        ["empty", "text", "folder"].map(|name| folder.path().join(name).display().to_string());
    fs::write(&empty, "").unwrap();
    fs::write(&text, "not PEM").unwrap();
    fs::create_dir(&no_files).unwrap();
    let (file, folder) = ("SSL_CERT_FILE", "SSL_CERT_DIR");
    for (variable, value, why) in [
        (file, "/nonexistent", "it does not exist"),
        (file, &empty, "it contains no certificate in PEM"),
        (file, &text, "it contains no certificate in PEM"),
        (folder, "/nonexistent", "it does not exist"),
        (folder, &no_files, "it contains no certificate in PEM"),
        (folder, &format!("{no_files}:/nonexistent"), "it does not exist"),
    ] {
        let authority = Authority::named("Test CA");
        let server = Server::start_tls(acceptor(&authority.issue(ADDRESS, Validity::Now)), []);
        let what = if variable == file {
            "PEM file with certificate authorities"
        } else {
            "folder with certificate authorities in PEM"
        };

        let outcome = asking("token", &server)
            .args(["--ca-file".as_ref(), authority.file().as_os_str()])
            .env(variable, value)
            .run();

        outcome.fails(
            3,
            &format!(
                "error: could not prepare the connection\n\
                 caused by: could not use the CA file `{value}` that {variable} names: {why}\n\
                 hint: set {variable} to a {what}, or unset it\n"
            ),
        );
    }
}

#[test]
fn ssl_cert_dir_is_one_folder_or_several_and_an_empty_variable_counts_as_unset() {
    let authority = Authority::named("Test CA");
    let own = authority.file().parent().unwrap().display().to_string();
    for value in [own.clone(), format!("/nonexistent:{own}")] {
        let server = Server::start_tls(acceptor(&authority.issue(ADDRESS, Validity::Now)), [token()]);

        let printed = asking("token", &server).env("SSL_CERT_DIR", value).env("SSL_CERT_FILE", "").run().artefact();

        assert_eq!(printed, format!("{TOKEN}\n"));
    }
    let server = Server::start([token()]);
    let plain = asking("token", &server).env("SSL_CERT_FILE", "/nonexistent").run().artefact();
    assert_eq!(plain, format!("{TOKEN}\n"), "plain http needs no authorities");
}

#[test]
fn an_old_or_weak_server_certificate_is_named_as_what_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str| folder.path().join(name);
    let shell = |script: &str| {
        let script = format!("cd '{}' && {script}", folder.path().display());
        program(Command::new("sh").args(["-ec", &script]), b"")
    };
    shell(
        "exec 2>&1; printf 'subjectAltName=IP:127.0.0.3\\n' > ext; cp ext critical; cp ext chained
         printf '1.2.3.4=critical,ASN1:NULL\\n' >> critical
         openssl req -x509 -newkey rsa:2048 -nodes -subj /CN=CA -days 2 -keyout ca.key -out ca.pem
         openssl req -x509 -newkey rsa:1024 -nodes -subj /CN=Old -days 2 -keyout old.key -out old.pem
         cat old.pem >> ca.pem; openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out key
         openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:1024 -out short
         openssl genpkey -algorithm RSA-PSS -out pss",
    );
    let old = "the certificate of server";
    let sha1 = format!("{old} is signed with sha1WithRSAEncryption; SHA-256 or better is required");
    for (key, options, why) in [
        ("key", "-CA ca.pem -CAkey ca.key -extfile ext -sha1", sha1),
        ("key", "-CA ca.pem -CAkey ca.key", format!("{old} has version 1 of X.509; version 3 is required")),
        (
            "key",
            "-CA old.pem -CAkey old.key -extfile ext",
            format!("{old} is signed with an RSA key of 1024 bits; 2048 are required"),
        ),
        (
            "short",
            "-CA ca.pem -CAkey ca.key -extfile ext",
            format!("{old} has an RSA key of 1024 bits; 2048 are required"),
        ),
        (
            "key",
            "-CA ca.pem -CAkey ca.key -extfile critical",
            "a certificate has a critical extension that is not supported".to_owned(),
        ),
    ] {
        shell(&format!(
            "exec 2>&1; openssl req -new -key {key} -subj /CN=server -out csr; openssl x509 -req -in csr -days 2 -CAcreateserial {options} -out server.pem"
        ));
        let server =
            Server::start_tls(weak_acceptor(&Identity::read(&file("server.pem"), &file(key))), [Step::NoHandshake]);

        let outcome = asking("token", &server).env("MASKINPORTEN_CA_FILE", file("ca.pem")).run();

        rejects_certificate((outcome, server.url("/token")), &why, FAULTY);
    }
}

#[test]
fn a_server_that_wants_a_client_certificate_is_named_as_such() {
    let authority = Authority::named("Test CA");
    for version in [SslVersion::TLS1_2, SslVersion::TLS1_3] {
        let identity = authority.issue(ADDRESS, Validity::Now);

        let (outcome, url) = failing_handshake(demanding_acceptor(&identity, version), &authority);

        outcome.replacing(&url, "[URL]").fails(
            6,
            str![[r#"
error: could not reach the server
caused by: [URL] requires a client certificate (mutual TLS), and this client has none
hint: check the address: Maskinporten requires none; a gateway in front of it may

"#]],
        );
    }
}

#[test]
fn an_unusable_ca_file_is_a_configuration_error() {
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
        (written("empty.pem", ""), "it contains no certificate"),
        (written("hollow.pem", hollow), "it contains no certificate"),
        (written("broken.pem", broken), "it is not well-formed PEM: line 2 has characters that are not base64"),
        (testdata("modern.p12"), "it contains no certificate"),
        (testdata("keys/enterprise-key.pem"), "it contains no certificate, only PRIVATE KEY"),
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
fn plain_http_to_another_machine_is_rejected_before_anything_is_sent() {
    let proxy = Server::start([]);
    for url in ["http://maskinporten.test.invalid/token", "http://192.0.2.1/token", "http://0.0.0.0/token"] {
        let outcome = asking_at("token", "https://issuer.example/token")
            .args(["--token-endpoint", &format!("{url}?key=hemmelig")])
            .env("HTTP_PROXY", proxy.url(""))
            .run();

        outcome.replacing(url, "[URL]").fails(
            2,
            str![[r#"
error: --token-endpoint cannot be used
caused by: `[URL]` is neither an https URL nor an http URL on this machine
hint: write it as https://test.maskinporten.no/token

"#]],
        );
    }
}

#[test]
fn a_truncated_response_over_tls_gives_no_token() {
    let authority = Authority::named("Test CA");
    let step = Step::Answer(b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{\"access_token\":\"secret".to_vec());
    let server = Server::start_tls(acceptor(&authority.issue(ADDRESS, Validity::Now)), [step]);

    let outcome = asking("token", &server).env("MASKINPORTEN_CA_FILE", authority.file()).args(["--retries", "0"]).run();

    outcome.replacing(server.url("/token"), "[URL]").fails(
        6,
        str![[r#"
error: could not read the response
caused by: the connection to [URL] failed before the response was complete: unexpected end of data
hint: check the URL, and whether a proxy answers instead of the server

"#]],
    );
}

#[test]
fn a_redirect_from_https_to_http_is_not_followed() {
    let authority = Authority::named("Test CA");
    let elsewhere = Server::start([]);
    let redirect = answer("307 Temporary Redirect", &[&format!("Location: {}", elsewhere.url("/token"))], "");
    let server = Server::start_tls(acceptor(&authority.issue(ADDRESS, Validity::Now)), [redirect]);

    let outcome = asking("token", &server).env("MASKINPORTEN_CA_FILE", authority.file()).run();

    assert_eq!((outcome.code, outcome.stdout.as_str()), (6, ""), "{}", outcome.stderr);
}
