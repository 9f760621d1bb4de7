//! Config and keys that change while the server runs.

use std::{fs, process::Command};

use super::{Serve, answers::profiles, wait_until};
use crate::{local::Local, support::program};

#[test]
fn a_changed_config_file_is_reloaded_and_no_request_is_dropped() {
    let local = Local::start(&[]);
    let folder = profiles(&local);
    let config = folder.path().join("config.toml");
    let mut serve = Serve::start(local.maskinporten(&["serve", "--port", "0", "--config", config.to_str().unwrap()]));
    let kept = serve.get("/?cache=true").token();
    let text = fs::read_to_string(&config).unwrap();

    let (done, ended) = std::sync::mpsc::channel::<()>();
    let statuses = std::thread::scope(|scope| {
        let serve_now = &serve;
        let asking = scope.spawn(move || {
            let mut statuses = Vec::new();
            while ended.try_recv().is_err() {
                statuses.push(serve_now.get("/?cache=true").status);
            }
            statuses
        });
        fs::write(&config, text.replace("difitest:test1", "altinn:serviceowner")).unwrap();
        wait_until(|| serve.log().contains("reloaded config and keys (serving a)"));
        done.send(()).unwrap();
        asking.join().unwrap()
    });

    assert!(!statuses.is_empty() && statuses.iter().all(|status| *status == 200), "{statuses:?}");
    assert_eq!(serve.get("/?cache=true").json()["scope"], "altinn:serviceowner");
    fs::write(&config, "[profiles").unwrap();
    serve.wait_for("could not reload config and keys, so the previous ones stay in use: ");
    assert_eq!(serve.get("/?cache=true").json()["scope"], "altinn:serviceowner");
    fs::write(&config, &text).unwrap();
    wait_until(|| serve.log().matches("reloaded config and keys (").count() == 2);
    assert_ne!(serve.get("/?cache=true").token(), kept, "a dropped token does not come back");
}

#[test]
fn a_changed_minimum_lifetime_and_changed_headers_apply_to_a_token_in_memory() {
    let local = Local::start(&[]);
    let folder = profiles(&local);
    let config = folder.path().join("config.toml");
    let mut serve = Serve::start(local.maskinporten(&["serve", "--port", "0", "--config", config.to_str().unwrap()]));
    let first = serve.get("/?cache=true").token();
    let text = fs::read_to_string(&config).unwrap();
    wait_until(|| serve.get("/?cache=true").header("age") == Some("2"));

    let changed = text.replace("scope = \"difitest:test1\"", "scope = \"difitest:test1\"\nmin_ttl = 119");
    fs::write(&config, changed.replace("hal+json", "json")).unwrap();
    serve.wait_for("reloaded config and keys (serving a)");

    let second = serve.get("/?cache=true").token();
    assert_ne!(first, second);
    assert_eq!(serve.get("/headers").body.lines().nth(1), Some("Accept: application/json"));
}

#[test]
fn a_hangup_reloads_everything_and_keeps_unchanged_tokens() {
    let local = Local::start(&[]);
    let mut serve = Serve::local(&local, &[]);
    let token = serve.get("/?cache=true").token();

    serve.signal("-HUP");
    serve.wait_for("reloaded config and keys (serving default)");

    assert_eq!(serve.get("/?cache=true").token(), token);
    assert_eq!(local.grants(), 1);
}

#[test]
fn a_hangup_ends_the_backoff_after_a_failure() {
    let local = Local::start(&[]);
    let mut serve = Serve::local(&local, &["-s", "simulator:ungranted"]);
    assert_eq!((serve.get("/").status, serve.get("/").status), (502, 503));

    serve.signal("-HUP");
    serve.wait_for("reloaded config and keys (");

    assert_eq!(serve.get("/").status, 502);
}

#[test]
fn a_replaced_keystore_is_opened_and_a_damaged_one_is_not_used() {
    let local = Local::start(&[]);
    let (keystore, password) = (local.home().join("own.p12"), local.home().join("own.password"));
    let put = |name: &str| {
        fs::copy(local.file(&format!("{name}.password")), &password).unwrap();
        fs::copy(local.file(&format!("{name}.p12")), &keystore).unwrap();
    };
    put("modern");
    let (file, secret) = (keystore.to_str().unwrap(), password.to_str().unwrap());
    let own = ["-k", file, "--keystore-password-file", secret];
    let mut serve = Serve::local(&local, &own);
    assert_eq!(serve.get("/").status, 200);

    fs::write(&keystore, "broken").unwrap();
    serve.wait_for("the previous ones stay in use: ");
    assert_eq!(serve.get("/").status, 200);
    assert!(!serve.log().contains("serving default)\nreloaded"), "{}", serve.log());
    // The key of another organisation, which does not own the client.
    put("legacy");
    serve.wait_for("reloaded config and keys (");
    assert_eq!(serve.get("/").json()["mp_code"], "MP-122");
    put("modern");
    wait_until(|| serve.log().matches("reloaded config and keys (").count() == 2);
    assert_eq!(serve.get("/").status, 200);
}

#[test]
fn a_wrong_password_in_the_password_file_is_logged_and_the_key_stays_in_use() {
    let local = Local::start(&[]);
    let password = local.home().join("own.password");
    fs::copy(local.file("modern.password"), &password).unwrap();
    let keystore = local.file("modern.p12");
    let own = ["-k", keystore.to_str().unwrap(), "--keystore-password-file", password.to_str().unwrap()];
    let mut serve = Serve::local(&local, &own);

    fs::write(&password, "feil passord").unwrap();

    serve.wait_for("the previous ones stay in use: ");
    assert!(!serve.log().contains("reloaded config and keys ("), "{}", serve.log());
    assert_eq!(serve.get("/").status, 200);
}

#[test]
fn secret_and_certificate_are_renewed_with_their_files() {
    let local = Local::start(&[]);
    let (certificate, key) = super::safety::tls_files(&local);
    let secret = super::secrets::secret_file(&local, "the-first-secret");
    let mut serve = Serve::local(&local, &["--secret-file", &secret, "--tls-cert", &certificate, "--tls-key", &key]);
    let url = format!("https://localhost:{}/?cache=true", serve.port());
    let status = |secret: &str| {
        let mut curl = Command::new("curl");
        curl.args(["-sS", "-o", "/dev/null", "-w", "%{http_code}", "--cacert", &certificate]);
        curl.args(["-H", &format!("Authorization: Bearer {secret}"), &url]);
        program(&mut curl, b"")
    };
    assert_eq!((status("the-first-secret"), status("the-other-secret")), ("200".to_owned(), "401".to_owned()));

    fs::write(&secret, "the-other-secret").unwrap();
    super::safety::tls_files(&local);
    serve.signal("-HUP");
    serve.wait_for("reloaded config and keys (");

    // curl trusts only the new certificate.
    assert_eq!((status("the-first-secret"), status("the-other-secret")), ("401".to_owned(), "200".to_owned()));
    fs::write(&secret, "short").unwrap();
    serve.wait_for("is shorter than 16 bytes, and can be guessed; write one with: openssl rand -hex 32 > secret");
    assert_eq!(status("the-other-secret"), "200");
}

#[test]
fn a_typed_password_is_asked_for_once_and_also_opens_a_changed_keystore() {
    let local = Local::start(&[]);
    let keystore = local.home().join("own.p12");
    fs::copy(local.file("modern.p12"), &keystore).unwrap();
    let password = fs::read_to_string(local.file("modern.password")).unwrap();
    let script = include_str!("terminal.py");

    let output = program(
        Command::new("python3")
            .args(["-c", script, env!("CARGO_BIN_EXE_maskinporten"), password.trim()])
            .arg(&keystore)
            .arg(local.file("other-environment.p12"))
            .env("XDG_DATA_HOME", local.home()),
        b"",
    );

    assert_eq!(output, "asked 1 time(s), then 200, then 502 MP-120, ended with 0\n");
}
