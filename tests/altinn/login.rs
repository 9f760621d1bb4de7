//! The two methods of Altinn 2, over TLS: a password, and an enterprise user's password with the enterprise certificate.
//!
//! The servers are OpenSSL's: they verify the certificate, its chain and the signature of the handshake.

use std::path::Path;

use openssl::ssl::SslVersion;
use snapbox::str;

use crate::{
    registered::SoftHsm,
    server::{ADDRESS, Authority, Server, Step, Validity, acceptor, answer, curl, verifying_acceptor},
    support::{Maskinporten, assert_snapshot, maskinporten, testdata},
};

/// The response of Altinn 2 to a login, with the cookies that it sets.
fn session() -> Step {
    let cookies = [
        "Content-Type: application/hal+json; charset=utf-8",
        "Set-Cookie: ASP.NET_SessionId=first; path=/; HttpOnly",
        "Set-Cookie: .ASPXAUTH=2AF7F203; path=/; HttpOnly; secure",
    ];
    answer("200 OK", &cookies, "")
}

/// Makes a login at a server, whose authority is trusted, with the API key in an option and the password in a variable.
fn login(server: &Server, authority: &Authority) -> Maskinporten {
    maskinporten(["altinn", "login", "-q", "--user", "MyUsername", "--header", "ApiKey: myKey"])
        .args(["--altinn-url", &server.url("/")])
        .env("MASKINPORTEN_CA_FILE", authority.file())
        .env("MASKINPORTEN_ALTINN_PASSWORD", "My\"Pass\\word æ")
}

/// A server that requires an enterprise certificate below the root of the test data.
fn verifying(authority: &Authority, newest: SslVersion, step: Step) -> Server {
    let identity = authority.issue(ADDRESS, Validity::Now);
    Server::start_tls(verifying_acceptor(&identity, Path::new(&testdata("keys/root.pem")), newest), [step])
}

#[test]
fn a_password_is_exchanged_for_a_session_as_in_altinns_documentation() {
    let authority = Authority::named("Test CA");
    let server = Server::start_tls(acceptor(&authority.issue(ADDRESS, Validity::Now)), [session()]);

    let headers = login(&server, &authority).run().artefact();

    assert_eq!(headers, "Cookie: .ASPXAUTH=2AF7F203\nAccept: application/hal+json\nApiKey: myKey\n");
    let request = server.request();
    assert!(
        request.head.starts_with("POST /api/authentication/authenticatewithpassword HTTP/1.1\r\n"),
        "{}",
        request.head
    );
    for header in ["content-type: application/hal+json\r\n", "accept: application/hal+json\r\n", "apikey: myKey\r\n"] {
        assert!(request.head.contains(header), "{}", request.head);
    }
    assert_eq!(request.body, r#"{"UserName":"MyUsername","UserPassword":"My\"Pass\\word æ"}"#);
}

#[test]
fn an_enterprise_user_presents_the_certificate_of_any_key_in_every_version_of_tls() {
    let authority = Authority::named("Test CA");
    let chained = |name: &str| {
        let files = ["--key", &testdata(&format!("keys/{name}-key.pem")), "--certificate"].map(str::to_owned);
        [files.to_vec(), vec![chain_of(name)]].concat()
    };
    let keys = [
        ["--keystore", &testdata("modern.p12")].map(str::to_owned).to_vec(),
        ["--jwk", &testdata("jwk/x5c.json")].map(str::to_owned).to_vec(),
        chained("enterprise"),
        chained("rsa3072"),
        chained("ec"),
        chained("ec384"),
        chained("ed25519"),
    ];
    let both = [SslVersion::TLS1_2, SslVersion::TLS1_3];
    let keys = keys.into_iter().map(|key| (key, both.as_slice()));
    // In TLS 1.2 a certificate's curve must be one that the client can agree on keys with (RFC 8422 §5.1.1).
    for (key, versions) in keys.chain([(chained("ec521"), [SslVersion::TLS1_3].as_slice())]) {
        for version in versions.iter().copied() {
            let server = verifying(&authority, version, session());

            let headers = login(&server, &authority)
                .args(["--client-certificate"])
                .args(&key)
                .env("MASKINPORTEN_KEYSTORE_PASSWORD", "secret")
                .run()
                .artefact();

            assert!(headers.starts_with("Cookie: .ASPXAUTH=2AF7F203\n"), "{key:?} {version:?}: {headers}");
            let path = "POST /api/authentication/authenticatewithpassword?ForceEIAuthentication HTTP/1.1\r\n";
            assert!(server.request().head.starts_with(path), "{}", server.request().head);
        }
    }
}

#[cfg_attr(not(feature = "system-tests"), ignore = "needs SoftHSM")]
#[test]
fn an_enterprise_user_presents_a_certificate_whose_key_is_in_a_hardware_token() {
    let authority = Authority::named("Test CA");
    let hsm = SoftHsm::with(&[("enterprise", "signing")]);
    for version in [SslVersion::TLS1_2, SslVersion::TLS1_3] {
        let server = verifying(&authority, version, session());

        let headers = hsm
            .key(login(&server, &authority), "signing")
            .args(["--client-certificate", "--certificate", &chain_of("enterprise")])
            .env("MASKINPORTEN_PKCS11_PIN", SoftHsm::PIN)
            .run()
            .artefact();

        assert!(headers.starts_with("Cookie: .ASPXAUTH=2AF7F203\n"), "{version:?}: {headers}");
    }
}

/// Writes the certificate of a key with its issuer, and returns the name of the file.
fn chain_of(name: &str) -> String {
    let file = std::env::temp_dir().join(format!("maskinporten-{}-{name}-chain.pem", std::process::id()));
    let read = |name: &str| std::fs::read(testdata(&format!("keys/{name}.pem"))).unwrap();
    std::fs::write(&file, [read(name), read("issuing")].concat()).unwrap();
    file.display().to_string()
}

#[test]
fn a_certificate_that_the_server_does_not_accept_is_named_as_the_reason() {
    let authority = Authority::named("Test CA");
    for version in [SslVersion::TLS1_2, SslVersion::TLS1_3] {
        // Its key usage does not allow signatures in TLS.
        let server = verifying(&authority, version, Step::NoHandshake);

        let outcome = login(&server, &authority)
            .args(["--client-certificate", "--key", &testdata("keys/encryption-key.pem")])
            .args(["--certificate", &testdata("keys/encryption.pem")])
            .run();

        outcome.replacing(server.url("/api/authentication/authenticatewithpassword"), "[URL]").fails(
            6,
            str![[r#"
error: could not reach the server
caused by: [URL] rejected the client certificate: unknown ca
hint: check that the certificate is valid, and that the server trusts its issuer: maskinporten keys list FILE

"#]],
        );
    }
}

#[test]
fn a_server_that_requires_a_certificate_refuses_a_login_without_one() {
    let authority = Authority::named("Test CA");
    let server = verifying(&authority, SslVersion::TLS1_2, Step::NoHandshake);

    let outcome = login(&server, &authority).run();

    outcome.replacing(server.url("/api/authentication/authenticatewithpassword"), "[URL]").fails(
        6,
        str![[r#"
error: could not reach the server
caused by: [URL] requires a client certificate (mutual TLS), and this client has none
hint: check the address: Maskinporten requires none; a gateway in front of it may

"#]],
    );
}

#[test]
fn a_key_without_a_certificate_cannot_be_presented() {
    let authority = Authority::named("Test CA");
    let server = Server::start([]);

    let outcome = login(&server, &authority).args(["--client-certificate", "--jwk", &testdata("jwk/rsa.json")]).run();

    outcome.fails(
        4,
        str![[r#"
error: the key has no certificate that could be presented to the server
hint: use a keystore, or pass the certificate of the key with --certificate FILE

"#]],
    );
}

#[test]
fn the_reason_for_a_refused_login_is_altinns_own_and_explained() {
    let authority = Authority::named("Test CA");
    for (status, body, expected) in [
        (
            "400 Required header 'ApiKey' is missing.",
            "",
            str![[r#"
error: Altinn refused to log the user in: HTTP 400
caused by: the header ApiKey is missing, or the request is malformed
hint: pass the key that was issued for this installation with --api-key-file FILE, or set MASKINPORTEN_API_KEY

"#]],
        ),
        (
            "401 Unauthorized",
            "",
            str![[r#"
error: Altinn refused to log the user in: HTTP 401
caused by: the user name or the password is wrong, or the certificate is missing or not that of the user's organisation
hint: check the user name and the password; an enterprise user also needs --client-certificate, with the key of the organisation that it belongs to

"#]],
        ),
        (
            "403 Forbidden",
            r#"{"ErrorCode":12345,"ErrorMessage":"The API key is not authorized"}"#,
            str![[r#"
error: Altinn refused to log the user in: HTTP 403: The API key is not authorized
caused by: the API key is not authorised for this operation
hint: ask those who run this installation to authorise the key for logins

"#]],
        ),
    ] {
        let server = Server::start([answer(status, &["Content-Type: text/plain"], body)]);

        let outcome = login(&server, &authority).run();

        outcome.fails(5, expected);
    }
}

#[test]
fn no_password_is_sent_to_altinn_itself_which_has_no_such_login_any_more() {
    for env in ["prod", "test"] {
        let outcome = maskinporten(["altinn", "login", "--env", env, "--user", "u"])
            .env("MASKINPORTEN_ALTINN_PASSWORD", "hemmelig")
            .run();

        outcome.fails(3, str![[r#"
error: Altinn's own login with user name and password was switched off on 2026-06-19, with Altinn 2
hint: for an installation that still has it, pass --altinn-url URL; Altinn's own APIs take a token instead: maskinporten headers --altinn

"#]]);
    }
}

#[test]
fn stderr_says_that_altinns_own_login_is_gone_and_what_replaced_it() {
    let server = Server::start([session()]);

    let outcome = maskinporten(["altinn", "login", "--user", "u", "--altinn-url", &server.url("")])
        .env("MASKINPORTEN_ALTINN_PASSWORD", "hemmelig")
        .run();

    assert_eq!(outcome.code, 0);
    assert_snapshot(
        &outcome.stderr,
        str![[r#"
warning: Altinn's own login with user name and password was switched off on 2026-06-19, with Altinn 2; use Maskinporten or ID-porten there

"#]],
    );
}

#[test]
fn a_project_file_cannot_decide_where_the_password_is_sent() {
    let server = Server::start([]);
    let run = maskinporten(["altinn", "login", "--user", "u"]).env("MASKINPORTEN_ALTINN_PASSWORD", "hemmelig");
    let folder = run.home().join("project");
    std::fs::create_dir(&folder).unwrap();
    let profile = format!("default_profile = \"a\"\n[profiles.a]\naltinn_url = \"{}\"\n", server.url(""));
    std::fs::write(folder.join("maskinporten.toml"), profile).unwrap();

    let outcome = run.in_folder(&folder).run();

    outcome.replacing(folder.display(), "[FOLDER]").fails(
        3,
        str![[r#"
error: altinn_url in `[FOLDER]/maskinporten.toml`, line 3 decides where the password would be sent
hint: if you trust the file, name it with --config, or write the address in your own config file

"#]],
    );
}

#[test]
fn curl_uses_the_kept_session() {
    let authority = Authority::named("Test CA");
    let identity = authority.issue(ADDRESS, Validity::Now);
    let server = Server::start_tls(acceptor(&identity), [session(), answer("200 OK", &[], "messages")]);
    let run = login(&server, &authority);
    let jar = run.home().join("session.txt");
    let kept = tempfile::tempdir().unwrap();
    let jar = kept.path().join(jar.file_name().unwrap());

    let stdout = run.args(["--cookie-jar", jar.to_str().unwrap()]).run().artefact();

    assert_eq!(stdout, "");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        assert_eq!(std::fs::metadata(&jar).unwrap().permissions().mode() & 0o777, 0o600);
    }
    let authority = authority.file();
    let printed = curl(
        ["-b", jar.to_str().unwrap(), "--cacert", authority.to_str().unwrap(), &server.url("/api/my/messages")],
        "",
    );
    assert_eq!(printed, "messages");
    assert!(server.requests()[1].head.contains("\r\nCookie: .ASPXAUTH=2AF7F203\r\n"), "{:?}", server.requests()[1]);
}
