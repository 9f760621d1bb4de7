//! `maskinporten simulate` as a user runs it: its output, its files, its shutdown, and its errors.

use std::{fs, net::TcpListener, os::unix::fs::PermissionsExt as _, process::Command};

use rustix::process::Signal;
use serde_json::{Value, json};
use snapbox::str;

use crate::{
    local::Local,
    support::{maskinporten, program, send_signal},
};

#[test]
fn stdout_names_every_file_and_the_address() {
    let local = Local::start(&["--tls"]);

    for name in ["modern.p12", "legacy.p12", "three-entries.p12", "registered-key.jwk.json", "clients.json", "ca.pem"] {
        assert!(local.output.contains(&format!("/{name}")), "{name}: {}", local.output);
    }
    assert!(local.output.contains("tls-ca.pem (for https)"), "{}", local.output);
    assert!(local.issuer().starts_with("https://127.0.0.1:"), "{}", local.output);
}

#[test]
fn only_the_owner_has_access_to_the_folder_and_its_secrets() {
    let folder = tempfile::tempdir().unwrap();
    drop(Local::start_in(folder.path().join("simulator"), &[]));
    let mode = |path: &std::path::Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;

    assert_eq!(mode(&folder.path().join("simulator")), 0o700);
    for entry in fs::read_dir(folder.path().join("simulator")).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        if ["p12", "password", "key", "jwk"].iter().any(|word| name.contains(word)) {
            assert_eq!(mode(&path), 0o600, "{name}");
        }
    }
}

#[test]
fn openssl_opens_the_keystores() {
    let local = Local::start(&[]);
    for name in ["modern", "legacy", "three-entries"] {
        let password = format!("file:{}", local.file(&format!("{name}.password")).display());
        let file = local.file(&format!("{name}.p12"));
        let legacy: &[&str] = if name == "modern" { &[] } else { &["-legacy"] };

        let shown = program(
            Command::new("openssl").args(["pkcs12", "-nodes", "-passin", &password, "-in"]).arg(file).args(legacy),
            b"",
        );

        assert!(shown.contains("BEGIN PRIVATE KEY") && shown.contains("BEGIN CERTIFICATE"), "{name}");
    }
}

#[test]
fn an_edited_clients_file_takes_effect_at_the_next_request() {
    let local = Local::start(&[]);
    let token = |scope: &str| local.maskinporten(&["token", "--env", "local", "-q", "-s", scope]).run().code;
    assert_eq!(token("new:scope"), 5);

    let mut clients: Value = serde_json::from_slice(&fs::read(local.file("clients.json")).unwrap()).unwrap();
    clients["scopes"].as_array_mut().unwrap().push(json!({ "name": "new:scope", "accessible_for_all": true }));
    clients["clients"][0]["scopes"].as_array_mut().unwrap().push(json!("new:scope"));
    fs::write(local.file("clients.json"), clients.to_string()).unwrap();

    assert_eq!(token("new:scope"), 0);
}

#[test]
fn ctrl_c_and_sigterm_stop_it_cleanly() {
    for signal in [Signal::INT, Signal::TERM] {
        let mut local = Local::start(&[]);

        send_signal(local.process(), signal);

        assert_eq!(local.exit_code(), Some(0), "{signal:?}");
    }
}

#[test]
fn an_unusable_port_or_folder_is_an_error() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("unrelated"), "").unwrap();
    let dir = folder.path().display().to_string();
    let start = |arguments: &[&str]| maskinporten(["simulate"]).args(arguments).run();

    start(&["--port", &port.to_string()]).replacing(port, "[PORT]").fails(
        3,
        str![[r#"
error: port [PORT] on 127.0.0.1 is already in use
caused by: Address already in use (os error 98)
hint: choose another port, or --port 0 for any free port

"#]],
    );
    start(&["--port", "0", "--dir", &dir]).replacing(&dir, "[DIR]").fails(
        3,
        str![[r#"
error: the folder `[DIR]` contains other files and was not created by the simulator
hint: pass another folder: --dir FOLDER

"#]],
    );
    start(&["--port", "0", "--dir", "/proc/nowhere"]).fails(
        3,
        str![[r#"
error: could not write `/proc/nowhere`
caused by: entity not found
hint: pass another folder: --dir FOLDER

"#]],
    );
}

#[test]
fn an_invalid_clients_file_is_an_error_with_its_line() {
    let local = Local::start(&[]);
    let dir = local.file("clients.json").parent().unwrap().display().to_string();
    fs::write(local.file("clients.json"), "{\n  \"clients\": [],\n  \"scops\": []\n}\n").unwrap();

    let outcome = maskinporten(["simulate", "--port", "0", "--dir", &dir]).run();

    assert_eq!((outcome.code, outcome.stdout.as_str()), (3, ""));
    assert!(
        outcome.stderr.starts_with(&format!("error: `{dir}/clients.json` is not valid on line 3\n")),
        "{}",
        outcome.stderr
    );
}

#[test]
fn env_local_means_the_simulator_that_was_started_last_until_it_ends() {
    let first = Local::start(&[]);
    let issuer = || {
        let shown = first.maskinporten(&["config", "show", "--env", "local", "--format", "json"]).run().artefact();
        serde_json::from_str::<Value>(&shown).unwrap()["settings"]["audience"]["value"].as_str().unwrap().to_owned()
    };
    assert_eq!(issuer(), first.issuer());

    let mut second = Local::start_beside(&first);
    assert_eq!(issuer(), second.issuer());
    let warning = format!("warning: --env local now means this simulator instead of {}\n", first.issuer());
    assert!(second.log().starts_with(&warning), "{}", second.log());

    send_signal(second.process(), Signal::TERM);
    assert_eq!(second.exit_code(), Some(0));
    assert_eq!(issuer(), first.issuer());
}

#[test]
fn an_address_file_that_cannot_be_written_is_a_warning() {
    let local = Local::start(&[]);
    let dir = local.file("clients.json").parent().unwrap().display().to_string();
    let mut child = Command::new(env!("CARGO_BIN_EXE_maskinporten"))
        .args(["simulate", "--port", "0", "--dir", &dir])
        .env("XDG_DATA_HOME", "/proc")
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let mut output = String::new();
    let mut lines = std::io::BufReader::new(child.stdout.as_mut().unwrap());
    while !output.contains("listening on ") {
        assert!(std::io::BufRead::read_line(&mut lines, &mut output).unwrap() > 0, "{output}");
    }

    send_signal(child.id(), Signal::TERM);
    let outcome = crate::support::wait(child);

    assert_eq!(outcome.code, 0);
    assert!(outcome.stderr.ends_with("; --env local cannot find this simulator\n"), "{}", outcome.stderr);
}

#[test]
fn a_file_of_roots_without_a_certificate_is_named_without_a_hint_to_remove_it() {
    let folder = tempfile::tempdir().unwrap();
    let big = folder.path().join("big.pem");
    fs::write(&big, vec![b'x'; 2 << 20]).unwrap();
    let dir = folder.path().join("simulator").display().to_string();

    let outcome = maskinporten(["simulate", "--port", "0", "--dir", &dir, "--trust"]).args([&big]).run();

    outcome.replacing(big.display(), "[BIG]").fails(
        3,
        str![[r#"
error: `[BIG]` contains no PEM certificate
hint: pass a file that contains `-----BEGIN CERTIFICATE-----`

"#]],
    );
}
