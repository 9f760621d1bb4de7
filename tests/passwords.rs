//! Passwords from each source: what is read, which source takes precedence, and the errors.

use std::{fs, path::PathBuf};

use snapbox::str;

use super::{
    openssl::Grant,
    samples::grant,
    support::{Maskinporten, Outcome, testdata},
};

const HINT: &str = "hint: set MASKINPORTEN_KEYSTORE_PASSWORD, or pass --keystore-password-file FILE\n";
const IN_THE_PROCESS_LIST: &str =
    "warning: --keystore-password shows in the process list; set MASKINPORTEN_KEYSTORE_PASSWORD instead\n";

fn modern() -> Maskinporten {
    grant(&testdata("modern.p12"))
}

/// The error for a wrong password, and where it came from.
fn wrong(file: &str, place: &str) -> String {
    format!(
        "error: could not open the keystore `{}`\n\
         caused by: its integrity check failed, so the password is wrong or the file is damaged\n\
         hint: correct the password, which came from {place}\n",
        testdata(file)
    )
}

#[track_caller]
fn opens(outcome: Outcome) {
    assert!(!outcome.stderr.contains("secret") && !outcome.stdout.contains("secret"));
    let grant = Grant::of(&outcome.artefact());
    assert!(grant.is_signed_by(&grant.leaf()));
}

/// Writes a password file into the home folder of the run.
fn password_file(command: &Maskinporten, content: &[u8]) -> PathBuf {
    let path = command.home().join("password");
    fs::write(&path, content).unwrap();
    path
}

fn with_file(command: Maskinporten, content: &[u8]) -> Maskinporten {
    let path = password_file(&command, content);
    command.args([PathBuf::from("--keystore-password-file"), path])
}

#[test]
fn a_password_file_may_end_with_a_line_break() {
    for content in [&b"secret"[..], b"secret\n", b"secret\r\n", b"\xef\xbb\xbfsecret\r\n", b"\xef\xbb\xbfsecret"] {
        opens(with_file(modern(), content).run());
    }
    // As `>` in Windows PowerShell writes it.
    opens(with_file(modern(), b"\xff\xfes\0e\0c\0r\0e\0t\0\r\0\n\0").run());
    opens(with_file(grant(&testdata("norwegian-password.p12")), "blåbær øl Å\n".as_bytes()).run());
}

#[test]
fn everything_else_in_a_password_file_belongs_to_the_password_and_is_named_where_it_is_the_fault() {
    for (content, fault) in [
        (&b"secret "[..], ": it ends with a blank, and is right without it"),
        (b" secret", ": it begins with a blank, and is right without it"),
        (b"\tsecret\xc2\xa0", ": it begins and ends with a blank, and is right without them"),
        (b"secret\n\n", ": it ends with a line break, and is right without it"),
        (b"secret\nmore\n", ": it has more than one line, and the first alone is right"),
        (b"\"secret\"\n", ": it is in quotes, and is right without them"),
        (b"'secret'\n\n", ": it is in quotes, and is right without them"),
        ("”secret“".as_bytes(), ": it is in quotes, and is right without them"),
        (b"secret'", ": it has a quote at one end, and is right without it"),
        (b"\xe2\x80\x8bsecret\n", ": it begins or ends with an invisible character, and is right without it"),
        (b"", ": it is empty"),
        (b"hunter2", ""),
        (b"hunter2 ", ""),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("password");
        fs::write(&path, content).unwrap();

        let outcome = modern().args(["--keystore-password-file".as_ref(), path.as_os_str()]).run();

        outcome.fails(4, &wrong("modern.p12", &format!("the file `{}`{fault}", path.display())));
    }
}

#[test]
fn an_empty_password_file_is_the_empty_password() {
    for file in ["empty-password.p12", "empty-password-legacy.p12"] {
        for content in [&b""[..], b"\n", b"\r\n"] {
            opens(with_file(grant(&testdata(file)), content).run());
        }
    }
}

#[test]
fn a_password_file_that_is_too_long_or_not_text_is_rejected() {
    let long = vec![b'x'; 4097];
    let save = "hint: save the file as UTF-8\n";
    for (content, why, hint) in [
        (&b"bl\xe5b\xe6r"[..], "it is not UTF-8 text, perhaps Latin-1 (Windows-1252)", save),
        (b"\xff\xfe\x00\xd8", "it is not UTF-8 text", HINT),
        (&long, "it is larger than 4096 bytes", HINT),
    ] {
        let command = modern();
        let path = password_file(&command, content);

        let outcome = command.args([PathBuf::from("--keystore-password-file"), path.clone()]).run();

        outcome.fails(4, &format!("error: could not read the password file `{}`: {why}\n{hint}", path.display()));
    }
}

#[test]
fn a_password_file_that_cannot_be_read_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let directory = folder.path().display().to_string();
    let missing = folder.path().join("missing").display().to_string();
    for (path, why) in
        [(&missing, "No such file or directory (os error 2)"), (&directory, "Is a directory (os error 21)")]
    {
        let outcome = modern().args(["--keystore-password-file", path]).run();

        outcome.fails(
            4,
            &format!(
                "error: could not read the password file `{path}`: {why}\nhint: check the path and its permissions\n"
            ),
        );
    }
}

#[test]
fn a_password_is_read_from_stdin_unless_the_keystore_is() {
    let from_stdin = ["--keystore-password-file", "-"];

    let alone = modern().args(from_stdin).stdin("secret\n").run();
    let both = grant("-").args(from_stdin).stdin(fs::read(testdata("modern.p12")).unwrap()).run();

    opens(alone);
    both.fails(
        4,
        str![[r#"
error: could not read the password file `-`: stdin already holds the keystore
hint: set MASKINPORTEN_KEYSTORE_PASSWORD, or pass --keystore-password-file FILE

"#]],
    );
}

#[test]
fn a_named_variable_holds_the_password_unchanged() {
    let named = ["--keystore-password-env", "PASSWORD"];

    opens(modern().args(named).env("PASSWORD", "secret").run());
    opens(modern().env("MASKINPORTEN_KEYSTORE_PASSWORD_ENV", "PASSWORD").env("PASSWORD", "secret").run());
    opens(grant(&testdata("empty-password.p12")).args(named).env("PASSWORD", "").run());
    modern()
        .args(named)
        .env("PASSWORD", "secret\n")
        .run()
        .fails(4, &wrong("modern.p12", "the variable PASSWORD: it ends with a line break, and is right without it"));
}

#[test]
fn a_named_variable_that_is_not_set_is_an_error() {
    let option = modern().args(["--keystore-password-env", "NOWHERE"]).run();
    let variable = modern().env("MASKINPORTEN_KEYSTORE_PASSWORD_ENV", "NOWHERE").run();

    let message = |by| format!("error: the variable that {by} names is not set\n{HINT}");
    option.fails(4, &message("--keystore-password-env"));
    variable.fails(4, &message("MASKINPORTEN_KEYSTORE_PASSWORD_ENV"));
}

#[cfg(unix)]
#[test]
fn a_variable_that_is_not_utf_8_is_an_error() {
    use std::{ffi::OsStr, os::unix::ffi::OsStrExt as _};
    let latin1 = OsStr::from_bytes(b"bl\xe5b\xe6r\xf8l");

    let named = grant(&testdata("latin1-password.p12")).args(["--keystore-password-env", "PASSWORD"]);

    grant(&testdata("latin1-password.p12")).env("MASKINPORTEN_KEYSTORE_PASSWORD", latin1).run().fails(
        3,
        str![[r#"
error: the variable MASKINPORTEN_KEYSTORE_PASSWORD is not UTF-8
hint: set it in a UTF-8 locale, or put the value in a UTF-8 file

"#]],
    );
    named.env("PASSWORD", latin1).run().fails(
        4,
        str![[r#"
error: the variable PASSWORD is not UTF-8
hint: set MASKINPORTEN_KEYSTORE_PASSWORD, or pass --keystore-password-file FILE

"#]],
    );
}

#[test]
fn a_command_may_print_the_password() {
    for command in ["printf secret", "echo secret", "printf 'secret\\r\\n'", "cat <<END\nsecret\nEND"] {
        opens(modern().args(["--keystore-password-command", command]).run());
    }
    opens(modern().env("MASKINPORTEN_KEYSTORE_PASSWORD_COMMAND", "cat").stdin("secret\n").run());
    opens(
        grant("-")
            .args(["--keystore-password-command", "cat; echo secret"])
            .stdin(fs::read(testdata("modern.p12")).unwrap())
            .run(),
    );
}

#[test]
fn a_command_without_a_password_is_an_error_and_its_stderr_is_passed_on() {
    for (command, said, why) in [
        ("false", "", "failed: exit status: 1"),
        ("echo secret; exit 3", "", "failed: exit status: 3"),
        ("true", "", "printed nothing"),
        ("echo", "", "printed nothing"),
        ("kill -9 $$", "", "failed: signal: 9 (SIGKILL)"),
        ("echo locked >&2; exit 1", "locked\n", "failed: exit status: 1"),
        ("printf '\\377'", "", "gave no password: it is not UTF-8 text, perhaps Latin-1 (Windows-1252)"),
        ("head -c 5000 /dev/zero", "", "gave no password: it is larger than 4096 bytes"),
    ] {
        let outcome = modern().args(["--keystore-password-command", command]).run();

        outcome.fails(4, &format!("{said}error: the command of --keystore-password-command {why}\n{HINT}"));
    }
}

#[test]
fn a_command_that_does_not_exist_is_an_error() {
    let outcome = modern().args(["--keystore-password-command", "no-such-command"]).run();

    let (shell, ours) = outcome.stderr.split_once('\n').unwrap();
    assert!(shell.contains("no-such-command"), "{shell}");
    assert_eq!(ours, format!("error: the command of --keystore-password-command failed: exit status: 127\n{HINT}"));
    assert_eq!((outcome.code, outcome.stdout.as_str()), (4, ""));
}

#[test]
fn a_password_on_the_command_line_opens_with_a_warning() {
    for option in [&["--keystore-password", "secret"][..], &["-p", "secret"], &["-psecret"]] {
        let outcome = modern().args(option).run();

        assert_eq!((outcome.code, outcome.stderr.as_str()), (0, IN_THE_PROCESS_LIST));
        assert!(Grant::of(&outcome.stdout).is_signed_by(&Grant::of(&outcome.stdout).leaf()));
    }
    let wrong_one = modern().args(["-p", "hunter2"]).run();
    wrong_one.fails(4, &format!("{IN_THE_PROCESS_LIST}{}", wrong("modern.p12", "--keystore-password")));
    opens(modern().args(["-p", "secret", "--quiet"]).run());
}

#[test]
fn a_password_variable_that_is_set_but_empty_is_named() {
    let unset = modern().env("MASKINPORTEN_KEYSTORE_PASSWORD", "").run();

    let message = format!(
        "error: no password was given for the keystore `{}`, and there is no terminal to ask on\n\
         hint: MASKINPORTEN_KEYSTORE_PASSWORD is set but empty: give it a value, or pass --keystore-password-file FILE\n",
        testdata("modern.p12")
    );
    unset.fails(4, &message);

    let named = modern().args(["--keystore-password-env", "PASSWORD"]).env("PASSWORD", "").run();

    let hint = "hint: correct the password, which came from the variable PASSWORD: it is empty\n";
    assert!(named.failure(4).ends_with(hint), "{}", named.stderr);
}
