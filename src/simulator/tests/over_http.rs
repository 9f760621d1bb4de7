//! The whole simulator over loopback.

use std::{
    fs,
    io::{Read as _, Write as _},
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use openssl::{hash::MessageDigest, pkey::PKey, rsa::Rsa, sign::Verifier};
use serde_json::{Value, json};

use super::{
    grants::{MODERN, TestGrant, now},
    running::{Running, exchange},
};
use crate::clock::Clock;

#[test]
fn issues_tokens_for_each_keystore_and_the_registered_key_that_the_api_accepts() {
    let running = Running::start(|_| ());
    let file = fs::read(&running.installation.registered_key.file).unwrap();
    let jwk: Value = serde_json::from_slice(&file).unwrap();
    let number = |name: &str| {
        let bytes = URL_SAFE_NO_PAD.decode(jwk[name].as_str().unwrap()).unwrap();
        openssl::bn::BigNum::from_slice(&bytes).unwrap()
    };
    let key = Rsa::from_private_components(
        number("n"),
        number("e"),
        number("d"),
        number("p"),
        number("q"),
        number("dp"),
        number("dq"),
        number("qi"),
    );
    let registered = TestGrant::new(
        json!({"alg": "RS512", "kid": jwk["kid"], "typ": "JWT"}),
        running.installation.registered_key.client_id,
        &PKey::from_rsa(key.unwrap()).unwrap(),
    );
    let grants = [
        (running.grant(0, 0, "a"), "310700010"),
        (running.grant(1, 0, "b"), "310700029"),
        (running.grant(2, 0, "c"), "310700037"),
        (registered.claim("aud", json!(running.issuer)), "310700045"),
    ];
    for (grant, orgno) in grants {
        let (status, head, body) = running.token(&grant.sign());

        assert_eq!(status, 200, "{body}");
        assert!(head.contains("content-type: application/json\r\n"), "{head}");
        assert!(head.contains("cache-control: no-store"), "{head}");
        assert!(head.contains("date: sun, 22 nov 2026 12:00:00 gmt"), "{head}");
        let answer: Value = serde_json::from_str(&body).unwrap();
        let token = answer["access_token"].as_str().unwrap();
        verify(&running, token);
        let (status, _, body) = running.ask("GET /api/hello", &format!("Authorization: Bearer {token}\r\n"), "");
        assert_eq!(status, 200);
        assert_eq!(serde_json::from_str::<Value>(&body).unwrap()["hello"], orgno);
        let path = "GET /api/hello?scope=altinn:serviceowner";
        let (status, head, _) = running.ask(path, &format!("Authorization: Bearer {token}\r\n"), "");
        assert_eq!(status, 403);
        assert!(head.contains("www-authenticate: bearer error=\"insufficient_scope\""));
        assert!(!running.log.lock().unwrap().iter().any(|line| line.contains(token)));
    }
    let log = running.log.lock().unwrap().join("\n");
    assert!(log.starts_with(&format!("POST /token 200 client {MODERN}: token issued for difitest:test1\n")), "{log}");
}

/// Verifies a token with the key in `/jwk`.
fn verify(running: &Running, token: &str) {
    let (_, _, body) = running.ask("GET /jwk", "", "");
    let set: Value = serde_json::from_str(&body).unwrap();
    let number = |name: &str| {
        let bytes = URL_SAFE_NO_PAD.decode(set["keys"][0][name].as_str().unwrap()).unwrap();
        openssl::bn::BigNum::from_slice(&bytes).unwrap()
    };
    let key = PKey::from_rsa(Rsa::from_public_components(number("n"), number("e")).unwrap()).unwrap();
    let (signed, signature) = token.rsplit_once('.').unwrap();
    let mut verifier = Verifier::new(MessageDigest::sha256(), &key).unwrap();
    assert!(verifier.verify_oneshot(&URL_SAFE_NO_PAD.decode(signature).unwrap(), signed.as_bytes()).unwrap());
}

#[test]
fn only_the_authentication_entry_of_the_three_may_sign() {
    let running = Running::start(|_| ());

    for alias in [1, 2] {
        let (status, _, body) = running.token(&running.grant(2, alias, "a").sign());
        assert_eq!(status, 400);
        assert!(body.contains("MP-120"), "{body}");
    }
}

#[test]
fn a_refusal_has_trace_id_and_error_uri_and_is_logged_with_its_reason() {
    let running = Running::start(|_| ());
    let grant = running.grant(0, 0, "a").claim("scope", json!("altinn:serviceowner/read"));

    let (status, head, body) = running.token(&grant.sign());

    let trace_id = body.split("trace_id: ").nth(1).unwrap()[..32].to_owned();
    assert!(trace_id.bytes().all(|sign| sign.is_ascii_digit() || (b'a'..=b'f').contains(&sign)));
    assert_eq!(status, 400);
    assert!(head.contains("content-type: application/json\r\n") && head.contains("cache-control: no-store"));
    let text = "Token request contains invalid scopes for client, altinn:serviceowner/read";
    assert_eq!(
        body,
        format!(
            r#"{{"error":"invalid_scope","error_description":"{text} (trace_id: {trace_id})","error_uri":"{}errors/MP-200"}}"#,
            running.issuer
        )
    );
    let line = format!("POST /token 400 client {MODERN}: MP-200 trace_id {trace_id}");
    assert_eq!(*running.log.lock().unwrap(), [line]);
    assert_eq!(running.token(&grant.sign()).0, 400);
    assert!(running.log.lock().unwrap()[1].contains("MP-012"));
}

#[test]
fn the_metadata_has_the_members_of_the_real_one() {
    let running = Running::start(|_| ());
    let own = &running.issuer;

    let (status, _, body) = running.ask("GET /.well-known/oauth-authorization-server", "", "");

    assert_eq!(status, 200);
    let expected = format!(
        concat!(
            r#"{{"authorization_details_types_supported":["urn:altinn:systemuser","urn:altinn:consent"],"#,
            r#""grant_types_supported":["urn:ietf:params:oauth:grant-type:jwt-bearer"],"issuer":"{0}","#,
            r#""jwks_uri":"{0}jwk","token_endpoint":"{0}token","#,
            r#""token_endpoint_auth_methods_supported":["private_key_jwt"],"#,
            r#""token_endpoint_auth_signing_alg_values_supported":["RS256","RS384","RS512"]}}"#
        ),
        own
    );
    assert_eq!(body, expected);
}

#[test]
fn answers_on_its_paths_and_on_no_others() {
    let running = Running::start(|_| ());
    let status = |start: &str| running.ask(start, "", "").0;

    assert_eq!(status("GET /health"), 200);
    assert_eq!(status("GET /token"), 405);
    assert_eq!(status("POST /jwk"), 405);
    assert_eq!(status("GET /"), 404);
    assert_eq!(status("GET /.well-known/openid-configuration"), 404);
    assert_eq!(status("GET /errors/MP-999"), 404);
    let codes = "011 012 100 110 120 121 122 123 124 130 200 201 250 251 301 302 303";
    for code in codes.split(' ') {
        let (status, _, body) = running.ask(&format!("GET /errors/MP-{code}"), "", "");
        assert!(status == 200 && body.starts_with(&format!("MP-{code}: ")), "{body}");
    }
    assert_eq!(status("GET /api/hello"), 401);
    let (status, head, _) = running.ask("GET /api/hello", "Authorization: Bearer a.b.c\r\n", "");
    assert_eq!(status, 401);
    assert!(head.contains("www-authenticate: bearer error=\"invalid_token\""), "{head}");
}

#[test]
fn the_metadata_is_found_with_a_trailing_slash_too() {
    let running = Running::start(|_| ());
    let [with, without] =
        ["/", ""].map(|end| running.ask(&format!("GET /.well-known/oauth-authorization-server{end}"), "", "").2);

    assert_eq!(with, without);
    assert!(with.starts_with(r#"{"authorization_details_types_supported""#), "{with}");
}

#[test]
fn the_sample_api_gives_the_reason_of_a_refusal_to_the_caller() {
    let running = Running::start(|_| ());
    let (_, _, body) = running.token(&running.grant(0, 0, "a").sign());
    let token = serde_json::from_str::<Value>(&body).unwrap()["access_token"].as_str().unwrap().to_owned();
    let ask = |query: &str, token: &str| {
        running.ask(&format!("GET /api/hello{query}"), &format!("Authorization: {token}\r\n"), "")
    };
    let rows = [
        ("", "Basic YTpi".to_owned(), 401, "bearer\r\n", "the request has no Bearer token\n"),
        (
            "",
            "Bearer a.b.c".to_owned(),
            401,
            "bearer error=\"invalid_token\", error_description=\"the token is not a jwt\"\r\n",
            "the token is not a JWT\n",
        ),
        (
            "?scope=other:scope",
            format!("Bearer {token}"),
            403,
            "bearer error=\"insufficient_scope\", error_description=\"the token lacks the scope\"\r\n",
            "the token lacks the scope\n",
        ),
    ];
    for (query, authorization, expected_status, challenge, reason) in rows {
        let (status, head, body) = ask(query, &authorization);
        assert_eq!((status, body.as_str()), (expected_status, reason));
        assert!(format!("{head}\r\n").contains(&format!("www-authenticate: {challenge}")), "{head}");
    }
}

#[test]
fn the_log_names_undocumented_claims_that_were_accepted() {
    let running = Running::start(|_| ());
    let grant = running.grant(0, 0, "a");
    let client = grant.claims["iss"].clone();

    assert_eq!(running.token(&grant.claim("sub", client).claim("nbf", json!(now().timestamp())).sign()).0, 200);

    let line = format!(
        "POST /token 200 client {MODERN}: token issued for difitest:test1; accepted the undocumented sub and nbf"
    );
    assert_eq!(*running.log.lock().unwrap(), [line]);
}

#[test]
fn the_published_key_has_a_certificate() {
    let running = Running::start(|_| ());

    let keys: Value = serde_json::from_str(&running.ask("GET /jwk", "", "").2).unwrap();

    let [x5c] = keys["keys"][0]["x5c"].as_array().unwrap().as_slice() else { panic!("{keys}") };
    let der = base64::engine::general_purpose::STANDARD.decode(x5c.as_str().unwrap()).unwrap();
    let key = openssl::x509::X509::from_der(&der).unwrap().public_key().unwrap().rsa().unwrap();
    assert_eq!(keys["keys"][0]["n"], json!(URL_SAFE_NO_PAD.encode(key.n().to_vec())));
}

#[test]
fn rejects_bodies_that_are_too_large_or_not_valid_forms() {
    let running = Running::start(|_| ());
    let form = "Content-Type: application/x-www-form-urlencoded\r\n";

    assert_eq!(running.ask("POST /token", form, &"a".repeat(70_000)).0, 413);
    let (status, _, body) = running.ask("POST /token", "Content-Type: application/json\r\n", "{}");
    assert_eq!(status, 400);
    assert!(body.starts_with(r#"{"error":"invalid_request""#), "{body}");
    let (status, _, body) = running.ask("POST /token", form, "grant_type=password&assertion=a");
    assert_eq!(status, 400);
    assert!(body.starts_with(r#"{"error":"unsupported_grant_type""#), "{body}");
}

#[test]
fn ignores_dpop_and_rejects_other_hosts() {
    let running = Running::start(|_| ());

    let assertion = running.grant(0, 0, "a").sign();
    let form = format!("grant_type=urn:ietf:params:oauth:grant-type:jwt-bearer&assertion={assertion}");
    let headers = "DPoP: a.b.c\r\nContent-Type: application/x-www-form-urlencoded\r\n";
    let (status, _, body) = running.ask("POST /token", headers, &form);
    assert!(status == 200 && body.contains(r#""token_type":"Bearer""#), "{body}");

    let mut stream = running.connect();
    stream.write_all(b"GET /health HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 421 "), "{answer}");
}

#[test]
fn closes_a_connection_whose_headers_are_late() {
    let running = Running::start(|_| ());
    let mut stream = running.connect();

    stream.write_all(b"GET /health HTTP/1.1\r\nHost: ").unwrap();

    let started = std::time::Instant::now();
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    assert!(started.elapsed() < Duration::from_secs(10));
}

#[test]
fn reads_changed_clients_and_keeps_the_old_ones_when_the_file_is_invalid() {
    let running = Running::start(|_| ());
    let path = &running.installation.clients_file;
    let edit = |path: &Path, pointer: &str, value: Value| {
        let mut clients: Value = serde_json::from_slice(&fs::read(path).unwrap()).unwrap();
        *clients.pointer_mut(pointer).unwrap() = value;
        fs::write(path, clients.to_string()).unwrap();
    };

    edit(path, "/clients/0/orgno", json!("310700053"));
    assert!(running.token(&running.grant(0, 0, "a").sign()).2.contains("MP-122"));
    fs::write(path, "{\n \"clients\": [\n").unwrap();
    assert!(running.token(&running.grant(0, 0, "b").sign()).2.contains("MP-122"));
    assert!(running.token(&running.grant(0, 0, "c").sign()).2.contains("MP-122"));

    let log = running.log.lock().unwrap();
    let reported: Vec<_> = log.iter().filter(|line| !line.starts_with("POST")).collect();
    assert_eq!(reported.len(), 1, "{reported:?}");
    assert!(reported[0].starts_with(&format!("`{}` is not valid on line 3", path.display())), "{}", reported[0]);
    assert!(reported[0].ends_with("; the last valid content remains in effect"));
}

#[test]
fn serves_https_with_a_certificate_of_its_own_authority() {
    let running = Running::start(|options| options.tls = true);
    assert!(running.issuer.starts_with("https://127.0.0.1:"));
    let mut connector = openssl::ssl::SslConnector::builder(openssl::ssl::SslMethod::tls_client()).unwrap();
    connector.set_ca_file(&running.installation.tls_ca_file).unwrap();
    let connector = connector.build();

    let connect = |name: &str| {
        let mut configuration = connector.configure().unwrap();
        configuration.param_mut().set_time(now().timestamp());
        configuration.connect(name, running.connect())
    };

    for name in ["127.0.0.1", "localhost", "::1"] {
        let stream = connect(name).unwrap();
        let (status, _, body) = exchange(stream, running.port, "GET /health", "", "");
        assert_eq!((status, body.as_str()), (200, "{\"status\":\"UP\"}"));
    }
    assert!(connect("example.no").is_err());
}

/// The clock of the tests for rustls.
#[derive(Debug)]
struct TestTime;

impl rustls::time_provider::TimeProvider for TestTime {
    fn current_time(&self) -> Option<rustls::pki_types::UnixTime> {
        let seconds = u64::try_from(now().timestamp()).unwrap();
        Some(rustls::pki_types::UnixTime::since_unix_epoch(Duration::from_secs(seconds)))
    }
}

#[test]
fn serves_https_to_rustls_in_both_versions_of_tls() {
    let running = Running::start(|options| options.tls = true);
    let pem = fs::read(&running.installation.tls_ca_file).unwrap();
    let der = openssl::x509::X509::from_pem(&pem).unwrap().to_der().unwrap();
    let mut roots = rustls::RootCertStore::empty();
    roots.add(der.into()).unwrap();
    for version in [&rustls::version::TLS12, &rustls::version::TLS13] {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = rustls::ClientConfig::builder_with_details(provider, Arc::new(TestTime))
            .with_protocol_versions(&[version])
            .unwrap()
            .with_root_certificates(roots.clone())
            .with_no_client_auth();
        let name = "127.0.0.1".try_into().unwrap();
        let session = rustls::ClientConnection::new(Arc::new(config), name).unwrap();

        let stream = rustls::StreamOwned::new(session, running.connect());
        let (status, _, body) = exchange(stream, running.port, "GET /health", "", "");

        assert_eq!((status, body.as_str()), (200, "{\"status\":\"UP\"}"));
    }
}

/// A fixed clock that counts how often it is read.
#[derive(Debug, Default)]
struct CountingClock(AtomicUsize);

impl Clock for CountingClock {
    fn now(&self) -> chrono::DateTime<chrono::Utc> {
        self.0.fetch_add(1, Ordering::SeqCst);
        now()
    }
}

#[test]
fn an_in_flight_request_finishes_during_shutdown() {
    let clock = Arc::new(CountingClock::default());
    let mut running = Running::start(|options| {
        options.faults.delay_milliseconds = 600;
        options.clock = Arc::clone(&clock) as Arc<dyn Clock>;
    });
    let count = || clock.0.load(Ordering::SeqCst);
    let assertion = running.grant(0, 0, "a").sign();
    let form = format!("grant_type=urn:ietf:params:oauth:grant-type:jwt-bearer&assertion={assertion}");
    let mut stream = running.connect();
    let head = "POST /token HTTP/1.1\r\nContent-Type: application/x-www-form-urlencoded\r\n";
    let (port, length) = (running.port, form.len());
    let before = count();
    write!(stream, "{head}Host: 127.0.0.1:{port}\r\nContent-Length: {length}\r\n\r\n{form}").unwrap();
    // The time is needed to validate the assertion, before the delay.
    while count() == before {
        std::thread::sleep(Duration::from_millis(1));
    }

    drop(running.stop.take());

    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 OK"), "{answer}");
}
