//! Every fault of a config file, or of writing one, through the binary: all three streams and the exit code.
//!
//! `config_errors.txt` has a paragraph for each fault of a file: the file, with ¶ between its lines, and the message.

use std::{
    fs,
    os::unix::fs::{MetadataExt as _, chown},
    path::Path,
};

use serde_json::Value;
use snapbox::str;

use crate::support::{Maskinporten, assert_table, maskinporten};

const PROFILE: [&str; 8] = ["--env", "test", "-c", "x", "-s", "a:b", "-k", "k.p12"];

/// Creates a folder with this file, and returns the path of the file.
fn file(name: &str, text: impl AsRef<[u8]>) -> (tempfile::TempDir, String) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    fs::write(&path, text).unwrap();
    (folder, path.display().to_string())
}

#[test]
fn every_fault_of_a_file_is_named_with_its_line() {
    assert_table(snapbox::file!["config_errors.txt"], |text| {
        let (_folder, path) = file("c.toml", text.replace(" ¶ ", "\n") + "\n");

        let outcome = maskinporten(["token", "--config", &path]).args(chosen_profile(text)).run();

        outcome.failure(3).replace(&path, "FILE")
    });
}

/// Returns `--profile` with the first profile of a file, unless the file has a default.
fn chosen_profile(text: &str) -> Vec<String> {
    let Some((_, profiles)) = text.split_once("[profiles").filter(|_| !text.contains("default_profile")) else {
        return Vec::new();
    };
    let name = profiles.trim_start_matches(['.', ']', ' ', '¶']).split([']', '.', ' ']).next().unwrap();
    vec!["--profile".to_owned(), name.to_owned()]
}

#[test]
fn a_file_that_cannot_be_read_is_reported() {
    let (folder, large) = file("large.toml", " ".repeat(1024 * 1024 + 1));
    let (_other, latin1) = file("latin1.toml", b"\nx = \"\xe5\"\n");
    let directory = folder.path().display().to_string();
    let missing = folder.path().join("missing.toml").display().to_string();
    for (path, message) in [
        (
            &missing,
            format!(
                "could not read the config file `{missing}`\ncaused by: No such file or directory (os error 2)\n\
                 hint: check the path, or write one with: maskinporten config init"
            ),
        ),
        (
            &directory,
            format!(
                "could not read the config file `{directory}`\ncaused by: Is a directory (os error 21)\n\
                 hint: check the path and its permissions"
            ),
        ),
        (
            &large,
            format!(
                "the config file `{large}` is larger than 1 MiB\n\
                 hint: pass a config file; `maskinporten config init` writes one"
            ),
        ),
        (&latin1, format!("the config file is not UTF-8: `{latin1}`, line 2\nhint: save the file as UTF-8")),
    ] {
        maskinporten(["token", "--config", path]).run().fails(3, &format!("error: {message}\n"));
    }
}

#[test]
fn an_unknown_profile_is_reported_with_a_suggestion() {
    let (_folder, path) = file("c.toml", "[profiles.kunde]\n[profiles.test]\n");
    let (_other, empty) = file("c.toml", "");
    for (path, name, hint) in [
        (&path, "tset", "pass --profile test"),
        (&path, "zzzzz", "the profiles are: kunde, test"),
        (&empty, "test", "there are no profiles yet; write one with: maskinporten config init"),
    ] {
        let outcome = maskinporten(["token", "--config", path, "--profile", name]).run();

        outcome.fails(3, &format!("error: there is no profile `{name}`\nhint: {hint}\n"));
    }
}

#[test]
fn profiles_that_extend_too_many_others_are_rejected() {
    let extending: Vec<String> = (0..17).map(|at| format!("[profiles.p{at}]\nextends = \"p{}\"\n", at + 1)).collect();
    let text = extending.concat() + "[profiles.p17]\n";
    let (_folder, path) = file("c.toml", text);

    let outcome = maskinporten(["token", "--config", &path, "--profile", "p0"]).run();

    outcome.replacing(&path, "[PATH]").fails(
        3,
        str![[r#"
error: the profile `p0` extends more than 16 others in a row: `[PATH]`, line 2
hint: use fewer levels of `extends`

"#]],
    );
}

#[test]
fn a_fault_of_a_file_is_reported_as_json_on_request() {
    let (_folder, path) = file("c.toml", "[profiles.p]\nclient_idd = \"x\"\n");

    let outcome = maskinporten(["token", "--error-format", "json", "--config", &path, "--profile", "p"]).run();

    assert_eq!((outcome.code, outcome.stdout.as_str()), (3, ""));
    let error: Value = serde_json::from_str(&outcome.stderr).unwrap();
    let message = format!("unknown key `client_idd` in the profile `p`: `{path}`, line 2, column 1");
    assert_eq!(error["error"]["code"], "config_key");
    assert_eq!(error["error"]["message"], message);
    assert_eq!(error["error"]["hint"], "write `client_id`");
}

#[test]
fn a_project_file_of_another_user_is_skipped_and_a_command_in_ones_own_is_rejected() {
    let (folder, path) = file("maskinporten.toml", "[profiles.p]\nkeystore_password_command = \"touch ran\"\n");
    let show = || maskinporten(["config", "show", "--profile", "p"]).in_folder(folder.path());

    let own = show().run();

    own.replacing(&path, "[PATH]").fails(
        3, str![[r#"
error: a project file may not set `keystore_password_command`, because entering a folder must never run anything: `[PATH]`, line 2, column 29
hint: move `keystore_password_command` to your own config file, or remove it

"#]],
    );
    // Only root can change the owner of a file.
    if fs::metadata(&path).unwrap().uid() == 0 {
        chown(&path, Some(12345), None).unwrap();

        let foreign = show().run();
        let path_shown = maskinporten(["config", "path"]).in_folder(folder.path());
        let user = path_shown.home().join(".config/maskinporten/config.toml");

        foreign.replacing(&path, "[PATH]").fails(
            3,
            str![[r#"
warning: `[PATH]` is not read: it belongs to another user (uid 12345); if you trust it: --config [PATH]
error: there is no profile `p`
hint: there are no profiles yet; write one with: maskinporten config init

"#]],
        );
        assert_eq!(path_shown.run().artefact(), format!("{}\n", user.display()));
    }
    assert!(!folder.path().join("ran").exists());
}

fn init(more: &[&str]) -> Maskinporten {
    maskinporten(["config", "init"]).args(PROFILE).args(more)
}

#[test]
fn a_profile_that_cannot_be_written_leaves_the_file_unchanged() {
    let (_folder, bad) = file("bad.toml", "[a");
    let (_other, there) = file("there.toml", "[profiles.test]\n");

    init(&["--config", &bad]).run().replacing(&bad, "[BAD]").fails(
        3,
        str![[r#"
error: could not add a profile to `[BAD]`
caused by: the config file is not valid TOML: `[BAD]`, line 1, column 3: unclosed table, expected `]`
hint: put strings in quotes, client_id = "…", and Windows paths in single quotes

"#]],
    );
    init(&["--config", &there]).run().replacing(&there, "[THERE]").fails(
        3,
        str![[r#"
error: the profile `test` exists already: `[THERE]`, line 1
hint: give the profile another name, or edit the file

"#]],
    );
    init(&["--config", &there, "--profile", "other", "-p", "hunter2"]).run().fails(
        3,
        str![[r#"
error: `keystore_password` is a secret, which is not written to a config file
hint: use keystore_password_file, or keystore_password_command in your own config file

"#]],
    );
    let below = init(&["--config", &format!("{there}/c.toml")]).run();
    assert_eq!((below.code, below.stdout.as_str()), (3, ""));
    assert!(below.stderr.starts_with(&format!("error: could not write `{there}/c.toml`\n")), "{}", below.stderr);
    assert_eq!(fs::read_to_string(&there).unwrap(), "[profiles.test]\n");
}

#[test]
fn init_without_a_terminal_or_with_an_empty_option_is_a_usage_error() {
    let (folder, _) = file("unused", "");
    let config = folder.path().join("c.toml").display().to_string();

    let unasked = maskinporten(["config", "init", "--config", &config]).run();
    let nameless = init(&["--config", &config, "--profile", ""]).run();

    unasked.fails(
        2,
        str![[r#"
error: a profile needs --env, --client-id, --scope, --keystore, and there is no terminal to ask on
hint: pass --env, --client-id, --scope, --keystore

"#]],
    );
    nameless.fails(
        2,
        str![[r#"
error: --profile is empty
hint: give it a value, or leave it out

"#]],
    );
    assert!(!Path::new(&config).exists());
}

#[test]
fn a_file_that_cannot_be_imported_is_reported() {
    let (folder, other_kind) = file("notes.txt", "hi\n");
    let path = |name: &str| folder.path().join(name).display().to_string();
    fs::write(path("no-text.ps1"), b"\0\x01\x02").unwrap();
    fs::write(path("large.ps1"), " ".repeat(1024 * 1024 + 1)).unwrap();
    fs::write(path("nobody.ps1"), "$test_audience = \"https://test.maskinporten.no/\"\n").unwrap();
    let assignments = "pass a file of assignments: maskinporten config import config.ps1 config.local.ps1";
    for (file, message, hint) in [
        (
            path("missing.ps1"),
            "could not read `FILE`\ncaused by: No such file or directory (os error 2)",
            "check the path and its permissions",
        ),
        (path("no-text.ps1"), "`FILE` is not a text file", "save it as UTF-8"),
        (path("large.ps1"), "`FILE` is larger than 1 MiB", assignments),
        (
            other_kind,
            "`FILE` is not a config.ps1, config.cmd, .properties, .json or .env file with settings",
            assignments,
        ),
        (
            path("nobody.ps1"),
            "no file has a client id, so there is no profile to write",
            "pass your own file too: maskinporten config import config.ps1 config.local.ps1",
        ),
    ] {
        let outcome = maskinporten(["config", "import", &file]).run();

        outcome.fails(3, &format!("error: {}\nhint: {hint}\n", message.replace("FILE", &file)));
    }
}
