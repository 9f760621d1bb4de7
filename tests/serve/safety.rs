//! Which requests are refused: other names, other origins, and missing secrets.

use std::{fs, process::Command};

use super::Serve;
use crate::{
    local::Local,
    support::{program, testdata},
};

#[test]
fn only_loopback_names_with_the_servers_port_are_accepted_as_host() {
    let local = Local::start(&[]);
    let serve = Serve::local(&local, &[]);
    let port = serve.port();
    for name in ["127.0.0.1", "localhost", "LOCALHOST", "[::1]"] {
        let answer = serve.get_with("/healthz", &[&format!("Host: {name}:{port}")]);
        assert_eq!(answer.status, 200, "{name}");
    }
    let other = if port == 65535 { 1024 } else { port + 1 };
    for host in [
        format!("rebound.example.no:{port}"),
        format!("127.0.0.1.example.no:{port}"),
        format!("localhost.:{port}"),
        format!("127.0.0.1:{other}"),
        "127.0.0.1".to_owned(),
        "localhost".to_owned(),
        format!("user@127.0.0.1:{port}"),
        format!("0.0.0.0:{port}"),
        format!("127.1:{port}"),
        String::new(),
    ] {
        serve.get_with("/?cache=true", &[&format!("Host: {host}")]).fails(403, "host");
    }
    let two =
        format!("GET / HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nHost: localhost:{port}\r\nConnection: close\r\n\r\n");
    serve.send(two.as_bytes()).fails(400, "invalid_request");
    serve.send(b"GET / HTTP/1.1\r\nConnection: close\r\n\r\n").fails(400, "invalid_request");
    serve.send(b"GET / HTTP/1.0\r\n\r\n").fails(400, "invalid_request");
    let absolute =
        format!("GET http://evil.example.no/ HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\n\r\n");
    serve.send(absolute.as_bytes()).fails(403, "host");
    assert_eq!(local.grants(), 0);
}

#[test]
fn another_loopback_address_is_accepted_as_host_too() {
    let local = Local::start(&[]);
    let arguments = ["serve", "--env", "local", "--port", "0", "--listen", "127.0.0.9", "--listen", "127.0.0.1"];
    let serve = Serve::start(local.maskinporten(&arguments));
    let url = serve.log().split("listening on ").nth(1).unwrap().split(' ').next().unwrap().to_owned();
    assert!(url.starts_with("http://127.0.0.9:"), "{url}");
    let status = |host: &str| {
        let mut curl = Command::new("curl");
        curl.args(["-sS", "-o", "/dev/null", "-w", "%{http_code}", &format!("{url}healthz")]);
        program(if host.is_empty() { &mut curl } else { curl.args(["-H", &format!("Host: {host}")]) }, b"")
    };

    assert_eq!(status(""), "200");
    assert_eq!(status("127.0.0.9"), "403");
    assert_eq!(status("rebound.example.no"), "403");
}

#[test]
fn pages_of_other_origins_are_refused_on_every_path() {
    let local = Local::start(&[]);
    let serve = Serve::local(&local, &[]);
    let port = serve.port();
    for headers in [
        &["Origin: https://evil.example.no"][..],
        &["Origin: null"],
        &["Origin: http://localhost:3000"],
        &["Origin: https://evil.example.no", "Sec-Fetch-Site: same-origin"],
        &["Sec-Fetch-Site: cross-site"],
        &["Sec-Fetch-Site: cross-site", "Sec-Fetch-Mode: navigate", "Accept: text/html"],
        // Another port of localhost belongs to the same site, but to another origin.
        &["Sec-Fetch-Site: same-site"],
        &["Sec-Fetch-Site: same-origin", "Sec-Fetch-Site: cross-site"],
    ] {
        for path in ["/", "/?cache=true", "/headers", "/page.json", "/metrics", "/healthz", "/nothing"] {
            let answer = serve.get_with(path, headers);
            answer.fails(403, "origin");
            assert_eq!(answer.header("access-control-allow-origin"), None);
        }
    }
    let preflight = ["Origin: https://evil.example.no", "Access-Control-Request-Method: GET"];
    serve.request("OPTIONS", "/", &preflight, "").fails(403, "origin");
    assert_eq!(serve.get_with("/?cache=true", &["Sec-Fetch-Site: same-origin"]).status, 200);
    let own = format!("Origin: http://127.0.0.1:{port}");
    assert_eq!(serve.get_with("/?cache=true", &[&own, "Sec-Fetch-Site: same-origin"]).status, 200);
    assert_eq!(local.grants(), 1);
}

#[test]
fn an_allowed_origin_may_send_requests_and_no_other() {
    let local = Local::start(&[]);
    let serve = Serve::local(&local, &["--allow-origin", "https://app.example.no"]);
    let named = ["Origin: https://app.example.no", "Sec-Fetch-Site: cross-site"];

    let answer = serve.get_with("/?cache=true", &named);
    let preflight = serve.request("OPTIONS", "/api/v1/token", &named, "");

    assert_eq!((answer.status, answer.header("access-control-allow-origin")), (200, Some("https://app.example.no")));
    assert_eq!(answer.header("vary"), Some("Origin"));
    assert_eq!(answer.header("access-control-expose-headers"), Some("age, retry-after"));
    assert_eq!((preflight.status, preflight.header("access-control-allow-methods")), (204, Some("POST")));
    assert_eq!(preflight.header("access-control-allow-headers"), Some("authorization, content-type"));
    for other in ["https://app.example.no.evil.example", "http://app.example.no", "https://app.example.no:8443"] {
        serve.get_with("/?cache=true", &[&format!("Origin: {other}")]).fails(403, "origin");
    }
}

#[test]
fn an_address_that_other_machines_can_reach_requires_a_secret_and_tls() {
    let local = Local::start(&[]);
    let fails = |arguments: &[&str], stderr: &str| {
        let all = [&["serve", "--env", "local", "--port", "0", "--listen", "0.0.0.0"], arguments].concat();
        local.maskinporten(&all).run().fails(2, stderr);
    };
    let secret = super::secrets::secret_file(&local, "hemmelig-og-lang-nok");
    let secret = secret.as_str();

    fails(
        &["--insecure-plain-http"],
        "error: 0.0.0.0:0 can be reached from other machines, and no secret is set\n\
         hint: pass --secret-file FILE; callers then send it as `Authorization: Bearer`\n",
    );
    fails(
        &["--secret-file", secret],
        "error: 0.0.0.0:0 can be reached from other machines, and tokens would be sent unencrypted\n\
         hint: pass --tls-cert FILE and --tls-key FILE, or --insecure-plain-http if the connection is \
         encrypted by other means\n",
    );
    let serve = Serve::start(local.maskinporten(&[
        "serve",
        "--env",
        "local",
        "--port",
        "0",
        "--listen",
        "0.0.0.0",
        "--listen",
        "127.0.0.1",
        "--secret-file",
        secret,
        "--insecure-plain-http",
    ]));
    let open = serve.log().split("http://0.0.0.0:").nth(1).unwrap().split('/').next().unwrap().to_owned();
    let curl = |arguments: &[&str]| {
        let url = format!("http://127.0.0.1:{open}/?cache=true");
        program(
            Command::new("curl").args(["-sS", "-o", "/dev/null", "-w", "%{http_code}"]).args(arguments).arg(url),
            b"",
        )
    };
    assert_eq!(curl(&[]), "401");
    assert_eq!(curl(&["-H", "Authorization: Bearer hemmelig-og-lang-nok", "-H", "Host: tokens.example.no"]), "200");
}

/// Makes a certificate for this machine, and its key.
pub(super) fn tls_files(local: &Local) -> (String, String) {
    let [certificate, key] = ["tls.pem", "tls.key"].map(|name| local.home().join(name).to_str().unwrap().to_owned());
    program(
        Command::new("openssl")
            .args(["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost"])
            .args(["-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1", "-keyout", &key, "-out", &certificate]),
        b"",
    );
    (certificate, key)
}

#[test]
fn tls_uses_the_users_own_certificate() {
    let local = Local::start(&[]);
    let foreign = tls_files(&local).1;
    let foreign = fs::rename(&foreign, format!("{foreign}.foreign")).map(|()| format!("{foreign}.foreign")).unwrap();
    let (certificate, key) = tls_files(&local);
    let (certificate, key) = (certificate.as_str(), key.as_str());
    let serve = Serve::local(&local, &["--tls-cert", certificate, "--tls-key", key]);

    let url = format!("https://localhost:{}/?cache=true", serve.port());
    let output = program(Command::new("curl").args(["-sSf", "--cacert", certificate, &url]), b"");

    assert!(output.starts_with(r#"{"access_token":"#), "{output}");
    assert!(serve.log().contains("listening on https://127.0.0.1:"), "{}", serve.log());
    for (certificate, key, stderr) in [
        (
            certificate,
            testdata("modern.p12"),
            format!(
                "error: could not use `{0}` for TLS: no items found\n\
                 hint: pass --tls-cert FILE with the certificate chain and --tls-key FILE with its key, both in PEM\n",
                testdata("modern.p12")
            ),
        ),
        (
            certificate,
            foreign.clone(),
            format!(
                "error: could not use `{foreign}` for TLS: it is not the certificate's key\n\
                 hint: pass --tls-cert FILE with the certificate chain and --tls-key FILE with its key, both in PEM\n"
            ),
        ),
        (
            key,
            key.to_owned(),
            format!(
                "error: could not use `{key}` for TLS: it contains no certificate\n\
                 hint: pass --tls-cert FILE with the certificate chain and --tls-key FILE with its key, both in PEM\n"
            ),
        ),
    ] {
        let all = ["serve", "--env", "local", "--port", "0", "--tls-cert", certificate, "--tls-key", &key];
        local.maskinporten(&all).run().fails(3, &stderr);
    }
}

#[test]
fn neither_tokens_nor_grants_nor_secrets_are_in_the_log() {
    let local = Local::start(&[]);
    let mut serve = Serve::local(&local, &["-v", "--allow-scopes", "*"]);

    let mut secrets = vec![serve.get("/").token(), serve.get("/?cache=true").token(), serve.get("/headers").body];
    secrets.push(fs::read_to_string(local.file("modern.password")).unwrap());
    serve.get("/?scope=simulator:ungranted");
    let body = format!("identity_provider=maskinporten&token={}", secrets[0]);
    serve.post("/api/v1/introspect", "application/x-www-form-urlencoded", &body);
    serve.get(&format!("/{}?token={}", secrets[0], secrets[0]));
    serve.signal("-TERM");
    assert_eq!(serve.exit_code(), Some(0));

    let log = serve.log();
    assert!(log.lines().count() >= 7, "{log}");
    assert!(!log.contains("eyJ"), "{log}");
    for secret in secrets {
        assert!(!log.contains(secret.trim()), "{log}");
    }
}
