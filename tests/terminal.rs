//! The password prompt on a real terminal: what it shows, what it hides, and how it ends.

use std::{fs, process::Command};

use serde_json::{Value, json};

use super::{
    openssl::Grant,
    support::{program, testdata},
    watch,
};

/// A run on a terminal; its stdout is a file.
struct Session {
    observed: Value,
    stdout: String,
}

/// Runs `grant` on a terminal; `answers` are typed at the password prompt.
#[track_caller]
fn at_a_terminal(keystore: &str, variables: &[(&str, &str)], answers: &[&str]) -> Session {
    running("grant", keystore, variables, answers)
}

/// Runs a command that opens a keystore, as [`at_a_terminal`] does.
#[track_caller]
fn running(command: &str, keystore: &str, variables: &[(&str, &str)], answers: &[&str]) -> Session {
    let folder = tempfile::tempdir().unwrap();
    let stdout = folder.path().join("stdout");
    let mut environment = json!({ "HOME": folder.path(), "PATH": std::env::var("PATH").unwrap(), "NO_COLOR": "1" });
    for (name, value) in variables {
        environment[name] = (*value).into();
    }
    let answers: Vec<_> = answers.iter().map(|answer| json!(["Password for ", answer])).collect();
    let binary = env!("CARGO_BIN_EXE_maskinporten");
    let command = [binary, command, "--env", "test", "-c", "client", "-s", "altinn:serviceowner", "-k", keystore];
    let wanted = json!({ "command": command, "environment": environment, "stdout": stdout, "answers": answers });

    let mut python = Command::new("python3");
    let observed = program(python.args(["-c", include_str!("terminal.py")]), wanted.to_string().as_bytes());

    let observed: Value = serde_json::from_str(&observed).unwrap();
    let seen = observed["terminal"].as_str().unwrap();
    watch::search_words("the terminal", seen.as_bytes());
    for answer in answers.iter().filter_map(|answer| answer[1].as_str()) {
        assert!(answer.trim().len() < 4 || !seen.contains(answer.trim()), "the terminal shows an answer: {seen}");
    }
    Session { observed, stdout: fs::read_to_string(stdout).unwrap() }
}

#[test]
fn the_password_is_typed_without_echo_and_only_the_grant_is_on_stdout() {
    let keystore = testdata("modern.p12");

    let session = at_a_terminal(&keystore, &[], &["secret\r"]);

    let terminal = format!("Password for {keystore}: \r\n");
    assert_eq!(session.observed, json!({ "code": 0, "terminal": terminal, "hidden": [true], "echo": true }));
    let grant = Grant::of(&session.stdout);
    assert!(grant.is_signed_by(&grant.leaf()));
}

#[test]
fn letters_beyond_ascii_and_corrections_can_be_typed() {
    for (file, typed) in [
        ("norwegian-password.p12", "blåbær øl Å\r"),
        ("emoji-password-legacy.p12", "p🔑w 𝄞\n"),
        ("modern.p12", "secretX\u{7f}\r"),
        ("empty-password.p12", "\r"),
    ] {
        let session = at_a_terminal(&testdata(file), &[], &[typed]);

        let terminal = format!("Password for {}: \r\n", testdata(file));
        assert_eq!(session.observed, json!({ "code": 0, "terminal": terminal, "hidden": [true], "echo": true }));
        assert_eq!(session.stdout.matches('.').count(), 2, "{file}");
    }
}

#[test]
fn a_wrong_password_may_be_typed_again_twice_and_is_not_shown() {
    let keystore = testdata("modern.p12");
    for (command, answers) in
        [("grant", ["hunter2\r", "secret \r", "Secret\r"]), ("serve", ["a\r", "'secret'\r", "b\r"])]
    {
        let session = running(command, &keystore, &[], &answers);

        let fault = if command == "grant" {
            "ends with a blank, and is right without it"
        } else {
            "is in quotes, and is right without them"
        };
        let terminal = format!(
            "Password for {keystore}: \r\n\
             wrong password\r\nPassword for {keystore}: \r\n\
             wrong password: it {fault}\r\nPassword for {keystore}: \r\n\
             error: could not open the keystore `{keystore}`\r\n\
             caused by: its integrity check failed, so the password is wrong or the file is damaged\r\n\
             hint: set MASKINPORTEN_KEYSTORE_PASSWORD, or pass --keystore-password-file FILE\r\n"
        );
        let hidden = [true, true, true];
        assert_eq!(session.observed, json!({ "code": 4, "terminal": terminal, "hidden": hidden, "echo": true }));
        assert_eq!(session.stdout, "");
    }
}

#[test]
fn a_second_or_third_password_that_is_right_opens_the_keystore() {
    let keystore = testdata("modern.p12");
    for answers in [&["hunter2\r", "secret\r"][..], &["hunter2\r", "\r", "secret\r"]] {
        for command in ["grant", "check"] {
            let session = running(command, &keystore, &[], answers);

            let found = &session.observed;
            assert_eq!(found["hidden"].as_array().unwrap().len(), answers.len(), "{found}");
            assert!(found["terminal"].as_str().unwrap().contains("\r\nwrong password\r\nPassword for "), "{found}");
            assert!(session.stdout.contains('.'), "{found}");
        }
    }
}

#[test]
fn a_wrong_password_that_was_not_typed_is_not_asked_for_again() {
    let session = at_a_terminal(&testdata("modern.p12"), &[("MASKINPORTEN_KEYSTORE_PASSWORD", "hunter2")], &[]);

    let found = &session.observed;
    assert_eq!((&found["code"], &found["hidden"]), (&json!(4), &json!([])));
    let hint = "hint: correct the password, which came from MASKINPORTEN_KEYSTORE_PASSWORD\r\n";
    assert!(found["terminal"].as_str().unwrap().ends_with(hint), "{found}");
}

#[test]
fn ctrl_c_ends_the_prompt_and_restores_the_echo() {
    let keystore = testdata("modern.p12");

    let session = at_a_terminal(&keystore, &[], &["sec\u{3}"]);

    let terminal = format!("Password for {keystore}: \r\nerror: interrupted\r\n");
    assert_eq!(session.observed, json!({ "code": 130, "terminal": terminal, "hidden": [true], "echo": true }));
    assert_eq!(session.stdout, "");
}

#[test]
fn ctrl_c_at_the_prompt_of_a_check_ends_it_without_a_report() {
    let keystore = testdata("modern.p12");

    let session = running("check", &keystore, &[], &["sec\u{3}"]);

    let terminal = format!("Password for {keystore}: \r\nerror: interrupted\r\n");
    assert_eq!(session.observed, json!({ "code": 130, "terminal": terminal, "hidden": [true], "echo": true }));
    assert_eq!(session.stdout, "");
}

#[test]
fn ctrl_d_is_not_a_password() {
    let keystore = testdata("modern.p12");

    let session = at_a_terminal(&keystore, &[], &["\u{4}"]);

    let terminal = format!(
        "Password for {keystore}: \r\n\
         error: could not ask for the password: unexpected end of file\r\n\
         hint: set MASKINPORTEN_KEYSTORE_PASSWORD, or pass --keystore-password-file FILE\r\n"
    );
    assert_eq!(session.observed, json!({ "code": 4, "terminal": terminal, "hidden": [true], "echo": true }));
    assert_eq!(session.stdout, "");
}

#[test]
fn there_is_no_prompt_for_a_file_that_no_password_opens() {
    for (file, why, hint) in [
        (
            "random.bin",
            "it is not a PKCS#12 keystore: unrecognised file format",
            "pass the .p12 or .pfx file with --keystore",
        ),
        (
            "iterations-sum.p12",
            "opening it takes at least 18000000 key derivation iterations, and 10000000 are allowed",
            "if you trust the file, pass --max-iterations 18000000 or more",
        ),
    ] {
        let keystore = testdata(file);

        let session = at_a_terminal(&keystore, &[], &[]);

        let terminal =
            format!("error: could not open the keystore `{keystore}`\r\ncaused by: {why}\r\nhint: {hint}\r\n");
        assert_eq!(session.observed, json!({ "code": 4, "terminal": terminal, "hidden": [], "echo": true }));
        assert_eq!(session.stdout, "");
    }
}

#[test]
fn there_is_no_prompt_when_the_password_is_set() {
    let session = at_a_terminal(&testdata("modern.p12"), &[("MASKINPORTEN_KEYSTORE_PASSWORD", "secret")], &[]);

    assert_eq!(session.observed, json!({ "code": 0, "terminal": "", "hidden": [], "echo": true }));
    assert_eq!(session.stdout.matches('.').count(), 2);
}
