//! Ctrl-C on a real terminal after a password was typed, while the key is opened.

use std::process::Command;

use serde_json::{Value, json};

use super::support::{program, testdata};

/// Types the password, waits for the progress line, and presses Ctrl-C. Opening the keystore would take many minutes.
#[track_caller]
fn is_interrupted_while_the_key_is_opened(arguments: &[&str]) {
    let keystore = testdata("iterations-mac-2147483647.p12");
    let folder = tempfile::tempdir().unwrap();
    let command: Vec<&str> = [env!("CARGO_BIN_EXE_maskinporten")]
        .into_iter()
        .chain(arguments.iter().copied())
        .chain(["--max-iterations", "68719476720", "--keystore", &keystore])
        .collect();
    let wanted = json!({
        "command": command,
        "environment": { "HOME": folder.path(), "PATH": std::env::var("PATH").unwrap(), "NO_COLOR": "1" },
        "stdout": folder.path().join("stdout"),
        "answers": [["Password for ", "secret\r"], ["opening the keystore", "\u{3}", "visible"]],
    });

    let mut python = Command::new("python3");
    let session = program(python.args(["-c", include_str!("terminal.py")]), wanted.to_string().as_bytes());

    let session: Value = serde_json::from_str(&session).unwrap();
    let terminal = format!("Password for {keystore}: \r\nopening the keystore …^C\r\u{1b}[Kerror: interrupted\r\n");
    let expected = json!({ "code": 130, "terminal": terminal, "hidden": [true, false], "echo": true });
    assert_eq!(session, expected, "{arguments:?}");
    assert_eq!(std::fs::read_to_string(folder.path().join("stdout")).unwrap(), "");
}

#[test]
fn ctrl_c_ends_every_command_that_opens_a_key() {
    let request = ["--env", "test", "--client-id", "client", "--scope", "altinn:serviceowner"];
    for command in [&["grant"][..], &["token"], &["check", "--offline"], &["inspect", "--grant"]] {
        is_interrupted_while_the_key_is_opened(&[command, &request].concat());
    }
    is_interrupted_while_the_key_is_opened(&["keys", "public"]);
}

#[test]
fn ctrl_c_ends_a_server_that_opens_its_keys() {
    let request = ["--env", "test", "--client-id", "client", "--scope", "altinn:serviceowner"];
    is_interrupted_while_the_key_is_opened(&[&["serve", "--port", "0"][..], &request].concat());
}
