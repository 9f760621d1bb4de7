//! Which of several sources of a password is used, and the error when there is none.

use snapbox::str;

use super::{
    samples::grant,
    support::{maskinporten, testdata},
};

#[test]
fn two_password_options_exclude_each_other() {
    for (pair, both) in [
        (
            ["--keystore-password-file=a", "--keystore-password-env=b"],
            "--keystore-password-file and --keystore-password-env",
        ),
        (
            ["--keystore-password=hunter2", "--keystore-password-command=echo hunter2"],
            "--keystore-password-command and --keystore-password",
        ),
    ] {
        let outcome = grant(&testdata("modern.p12")).args(pair).run();

        outcome.replacing(both, "[BOTH]").fails(
            2,
            str![[r#"
error: [BOTH] exclude each other
hint: give one of them

"#]],
        );
    }
}

#[test]
fn two_variables_exclude_each_other_with_the_exit_code_of_configuration() {
    let outcome = grant(&testdata("modern.p12"))
        .env("MASKINPORTEN_KEYSTORE_PASSWORD", "hunter2")
        .env("MASKINPORTEN_KEYSTORE_PASSWORD_FILE", "file")
        .run();

    outcome.fails(
        3,
        str![[r#"
error: MASKINPORTEN_KEYSTORE_PASSWORD_FILE and MASKINPORTEN_KEYSTORE_PASSWORD exclude each other
hint: give one of them

"#]],
    );
}

#[test]
fn an_option_beats_a_variable_whichever_of_the_four_they_are() {
    let good = ["--keystore-password-env=GOOD", "--keystore-password-command=echo secret"];
    for option in good {
        for (variable, value) in [
            ("MASKINPORTEN_KEYSTORE_PASSWORD", "wrong"),
            ("MASKINPORTEN_KEYSTORE_PASSWORD_FILE", "missing"),
            ("MASKINPORTEN_KEYSTORE_PASSWORD_ENV", "MISSING"),
            ("MASKINPORTEN_KEYSTORE_PASSWORD_COMMAND", "exit 9"),
        ] {
            let outcome =
                grant(&testdata("modern.p12")).args([option]).env("GOOD", "secret").env(variable, value).run();

            assert_eq!((outcome.code, outcome.stderr.as_str()), (0, ""), "{option} {variable}");
        }
    }
}

#[test]
fn without_a_password_and_a_terminal_the_error_names_the_option_and_the_variable() {
    let keystore = testdata("modern.p12");

    let outcome = grant(&keystore).run();

    outcome.replacing(&keystore, "[KEYSTORE]").fails(
        4,
        str![[r#"
error: no password was given for the keystore `[KEYSTORE]`, and there is no terminal to ask on
hint: set MASKINPORTEN_KEYSTORE_PASSWORD, or pass --keystore-password-file FILE

"#]],
    );
}

#[test]
fn a_keystore_that_no_password_protects_needs_none() {
    let folder = tempfile::tempdir().unwrap();
    let clear = folder.path().join("clear.p12").display().to_string();
    let [key, leaf] = ["enterprise-key", "enterprise"].map(|name| testdata(&format!("keys/{name}.pem")));
    let export = ["pkcs12", "-export", "-inkey", &key, "-in", &leaf, "-out", &clear, "-passout", "pass:"];
    let mut openssl = super::openssl::openssl(&export);
    super::support::program(openssl.args(["-nomac", "-keypbe", "NONE", "-certpbe", "NONE"]), b"");

    let outcome = grant(&clear).run();

    let warning = "warning: the keystore has no MAC, so changes to it cannot be detected\n";
    assert_eq!((outcome.code, outcome.stderr.as_str()), (0, warning));
    assert_eq!(outcome.stdout.matches('.').count(), 2);
}

#[test]
fn a_misspelt_option_is_found_before_the_password_is_read() {
    let arguments = ["grant", "--env", "test", "-c", "client", "-s", "altinn:serviceowner", "--ttl", "3h"];
    let outcome = maskinporten(arguments)
        .args(["-k", &testdata("modern.p12"), "--keystore-password-command", "echo hunter2 >&2"])
        .run();

    assert_eq!((outcome.code, outcome.stdout.as_str()), (2, ""));
    assert!(!outcome.stderr.contains("hunter2"), "{}", outcome.stderr);
}
