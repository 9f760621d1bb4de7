//! `config init` on a terminal: what it asks, how wrong answers end, and what it writes.

use std::{fs, path::PathBuf, process::Command};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::{
    local::Local,
    support::{maskinporten, program, testdata},
};

/// The first client of the simulator.
const CLIENT: &str = "8d001e58-c758-4beb-a9ec-ae1d770fa35e";

/// A dialogue that has ended.
struct Dialogue {
    _home: TempDir,
    config: PathBuf,
    code: i64,
    terminal: String,
    stdout: String,
}

/// What is waited for, and what is typed then.
type Answer<'a> = (&'a str, &'a str);

/// Runs `config init` on a terminal, in a folder with a key. Answers to questions for passwords do not show.
#[track_caller]
fn init(options: &[&str], variables: &[(&str, &str)], answers: &[Answer<'_>]) -> Dialogue {
    let home = tempfile::tempdir().unwrap();
    let (config, stdout) = (home.path().join("c.toml"), home.path().join("stdout"));
    let mut environment = json!({ "HOME": home.path(), "PATH": std::env::var("PATH").unwrap(), "NO_COLOR": "1" });
    for (name, value) in variables {
        environment[name] = (*value).into();
    }
    let answers: Vec<Value> = answers
        .iter()
        .map(|(question, answer)| {
            if question.starts_with("Password") {
                json!([question, answer])
            } else {
                json!([question, answer, "shows"])
            }
        })
        .collect();
    fs::write(home.path().join("c.toml"), "[profiles.other]\nenv = \"test\"\n").unwrap();
    let mut command = vec![env!("CARGO_BIN_EXE_maskinporten"), "config", "init", "--config", config.to_str().unwrap()];
    command.extend(options);
    let wanted = json!({ "command": command, "environment": environment, "stdout": stdout, "answers": answers });

    let mut python = Command::new("python3");
    python.args(["-c", include_str!("terminal.py")]).current_dir(home.path());
    let told: Value = serde_json::from_str(&program(&mut python, wanted.to_string().as_bytes())).unwrap();

    Dialogue {
        code: told["code"].as_i64().unwrap(),
        terminal: told["terminal"].as_str().unwrap().replace("\r\n", "\n"),
        stdout: fs::read_to_string(stdout).unwrap(),
        config,
        _home: home,
    }
}

impl Dialogue {
    /// Returns a setting of the profile that was written.
    #[track_caller]
    fn written(&self, profile: &str, name: &str) -> Value {
        let config = self.config.to_str().unwrap();
        let command = ["config", "show", "--format", "json", "--config", config, "--profile", profile];
        let shown: Value = serde_json::from_str(&maskinporten(command).run().artefact()).unwrap();
        shown["settings"][name]["value"].clone()
    }
}

#[cfg_attr(not(feature = "system-tests"), ignore = "needs python3")]
#[test]
fn missing_settings_are_asked_for_and_the_keystore_is_opened() {
    let keystore = testdata("modern.p12");

    let dialogue = init(
        &["-k", &keystore],
        &[],
        &[
            ("Environment [test] (test or prod): ", "\r"),
            ("Client id: ", "klient\r"),
            ("Scopes: ", "a:b c:d\r"),
            ("Password for ", "secret\r"),
            ("Request a first token now? [Y/n]: ", "n\r"),
        ],
    );

    assert_eq!(dialogue.code, 0, "{}", dialogue.terminal);
    assert_eq!(dialogue.stdout, format!("{}\n", dialogue.config.display()));
    assert!(dialogue.terminal.contains("\nopened the key of "), "{}", dialogue.terminal);
    let end = "wrote the profile test; try it: maskinporten token --profile test\n";
    assert!(dialogue.terminal.ends_with(end), "{}", dialogue.terminal);
    for (name, value) in [("env", "test"), ("client_id", "klient"), ("scope", "a:b c:d"), ("keystore", &keystore)] {
        assert_eq!(dialogue.written("test", name), value, "{name}");
    }
}

#[cfg_attr(not(feature = "system-tests"), ignore = "needs python3")]
#[test]
fn a_wrong_answer_is_asked_for_again_and_a_first_token_is_requested() {
    let local = Local::start(&[]);
    let keystore = local.file("modern.p12").display().to_string();
    let password = fs::read_to_string(local.file("modern.password")).unwrap();
    let (issuer, endpoint) = (local.issuer(), format!("{}token", local.issuer()));

    let dialogue = init(
        &["--profile", "other", "-a", issuer, "-e", &endpoint],
        &[],
        &[
            ("Environment [test] (test or prod): ", "tset\r"),
            ("Environment [test] (test or prod): ", "TEST\r"),
            ("Client id: ", "\r"),
            ("Client id: ", &format!(" '{CLIENT}'\r")),
            ("Scopes: ", "a\\b\r"),
            ("Scopes: ", "difitest:test1\r"),
            ("Name of the profile: ", "other\r"),
            ("Name of the profile: ", "new\r"),
            ("Keystore or JWK (.p12, .pfx, .json file): ", "missing.p12\r"),
            ("Keystore or JWK (.p12, .pfx, .json file): ", &format!("'{keystore}'\r")),
            ("Password for ", &format!("{}\r", password.trim())),
            ("Request a first token now? [Y/n]: ", "maybe\r"),
            ("Request a first token now? [Y/n]: ", "\r"),
        ],
    );

    assert_eq!(dialogue.code, 0, "{}", dialogue.terminal);
    for said in [
        "unknown environment `tset`\nhint: use one of prod, test, dev, ver2, sky, test-sky, local\n",
        "there was no answer to: Client id\n",
        "`a\\b` is not a scope",
        "the profile `other` exists already in ",
        "could not read ",
        "that is neither yes nor no\n",
    ] {
        assert!(dialogue.terminal.contains(said), "{said}: {}", dialogue.terminal);
    }
    let end = "print it with: maskinporten token --profile new\n";
    assert!(dialogue.terminal.contains("\na token was granted, valid for "), "{}", dialogue.terminal);
    assert!(dialogue.terminal.ends_with(end), "{}", dialogue.terminal);
    assert!(!dialogue.terminal.contains("eyJ"), "{}", dialogue.terminal);
    assert_eq!(dialogue.written("new", "client_id"), CLIENT);
    assert_eq!(dialogue.written("new", "keystore"), keystore.as_str());
}

#[cfg_attr(not(feature = "system-tests"), ignore = "needs python3")]
#[test]
fn a_third_wrong_answer_ends_without_a_profile() {
    let dialogue =
        init(&["--env", "test"], &[], &[("Client id: ", "ø\r"), ("Client id: ", "æ\r"), ("Client id: ", "å\r")]);

    assert_eq!((dialogue.code, dialogue.stdout.as_str()), (2, ""));
    assert_eq!(dialogue.terminal.matches("error: ").count(), 3, "{}", dialogue.terminal);
    assert!(!fs::read_to_string(&dialogue.config).unwrap().contains("test]"));
}

#[cfg_attr(not(feature = "system-tests"), ignore = "needs python3")]
#[test]
fn a_jwk_is_recognised_and_a_refused_token_leaves_the_profile() {
    let dialogue = init(
        &["--env", "test", "-c", "x", "-s", "a:b", "-e", "http://127.0.0.1:1/token", "--retries", "0"],
        &[],
        &[
            ("Keystore or JWK (.p12, .pfx, .json file): ", &format!("{}\r", testdata("key.jwk.json"))),
            ("Request a first token now? [Y/n]: ", "j\r"),
        ],
    );

    assert_eq!(dialogue.code, 0, "{}", dialogue.terminal);
    assert!(dialogue.terminal.contains("\nerror: "), "{}", dialogue.terminal);
    let end = "wrote the profile test; find the cause with: maskinporten check --profile test\n";
    assert!(dialogue.terminal.ends_with(end), "{}", dialogue.terminal);
    assert_eq!(dialogue.written("test", "jwk"), testdata("key.jwk.json").as_str());
}

#[cfg_attr(not(feature = "system-tests"), ignore = "needs python3")]
#[test]
fn the_simulator_needs_no_further_answers() {
    let dialogue = init(
        &[],
        &[],
        &[("Environment [test] (test or prod): ", "Local\r"), ("Request a first token now? [Y/n]: ", "nei\r")],
    );

    assert_eq!(dialogue.code, 0, "{}", dialogue.terminal);
    assert!(fs::read_to_string(&dialogue.config).unwrap().contains("[profiles.local]\n"));
}

#[cfg_attr(not(feature = "system-tests"), ignore = "needs python3")]
#[test]
fn of_several_keys_the_alias_is_asked_for_and_the_password_once() {
    let dialogue = init(
        &["--env", "test", "-c", "x", "-s", "a:b"],
        &[],
        &[
            ("Keystore or JWK (.p12, .pfx, .json file): ", &format!("{}\r", testdata("two-signers.p12"))),
            ("Password for ", "secret\r"),
            ("Alias of the key: ", "third\r"),
            ("Alias of the key: ", "first\r"),
            ("Request a first token now? [Y/n]: ", "n\r"),
        ],
    );

    assert_eq!(dialogue.code, 0, "{}", dialogue.terminal);
    assert_eq!(dialogue.written("test", "alias"), "first");
}
