//! Key derivation iterations are counted before they are computed, so that a crafted file cannot hang the program.

use std::time::{Duration, Instant};

use snapbox::str;

use super::{samples::grant, support::testdata};

/// Counting takes milliseconds, computing would take minutes. The limit leaves room for a busy machine.
const AT_ONCE: Duration = Duration::from_secs(20);

/// Opens a keystore with or without a password, and expects an error with its iterations at once.
#[track_caller]
fn costs(file: &str, password: Option<&str>, options: &[&str], wanted: &str, limit: &str, hint: &str) {
    let keystore = testdata(file);
    let command = grant(&keystore).args(options);
    let command =
        if let Some(password) = password { command.env("MASKINPORTEN_KEYSTORE_PASSWORD", password) } else { command };
    let started = Instant::now();

    let outcome = command.run();

    let took = started.elapsed();
    outcome.fails(
        4,
        &format!(
            "error: could not open the keystore `{keystore}`\n\
             caused by: opening it takes at least {wanted} key derivation iterations, and {limit} are allowed\n\
             hint: {hint}\n"
        ),
    );
    assert!(took < AT_ONCE, "{file}: {took:?}");
}

fn raise(wanted: &str) -> String {
    format!("if you trust the file, pass --max-iterations {wanted} or more")
}

#[test]
fn too_many_iterations_are_rejected_at_once_and_before_a_password_is_needed() {
    for (file, wanted) in [
        ("iterations-mac-2147483647.p12", "2147487743"),
        ("iterations-mac-legacy-2147483647.p12", "2147487743"),
        ("iterations-content-2147483647.p12", "4294967294"),
        ("iterations-content-legacy-2147483647.p12", "4294967294"),
        ("iterations-sum.p12", "18000000"),
    ] {
        costs(file, None, &[], wanted, "10000000", &raise(wanted));
    }
}

#[test]
fn the_hint_does_not_offer_a_limit_that_the_option_rejects() {
    let hint = "get the file again from its source: no known program writes such a count";
    costs("iterations-huge.p12", None, &[], "18446744073709551615", "10000000", hint);
}

#[test]
fn iterations_inside_encrypted_content_are_counted_after_decryption() {
    costs("iterations-inner.p12", Some("secret"), &[], "2147487743", "10000000", &raise("2147487743"));
}

#[test]
fn an_iteration_count_of_zero_is_rejected_as_damage() {
    for file in ["iterations-zero.p12", "iterations-zero-legacy.p12"] {
        let keystore = testdata(file);

        let outcome = grant(&keystore).run();

        outcome.replacing(&keystore, "[KEYSTORE]").fails(
            4,
            str![[r#"
error: could not open the keystore `[KEYSTORE]`
caused by: it is damaged or truncated: an iteration count is zero
hint: copy the file again from its source, in binary mode

"#]],
        );
    }
}

#[test]
fn the_limit_that_the_hint_names_is_enough_and_one_less_is_not() {
    let file = "iterations-600000.p12";
    costs(file, None, &["--max-iterations", "1000"], "1800000", "1000", &raise("1800000"));
    costs(file, None, &["--max-iterations", "1799999"], "1800000", "1799999", &raise("1800000"));
    for options in [&["--max-iterations", "1800000"][..], &[]] {
        let outcome =
            grant(&testdata(file)).args(options).env("MASKINPORTEN_KEYSTORE_PASSWORD", "secret").run().artefact();

        assert_eq!(outcome.matches('.').count(), 2);
    }
}

#[test]
fn the_limit_can_be_set_as_a_variable_and_must_be_a_number() {
    let command = || grant(&testdata("modern.p12")).env("MASKINPORTEN_KEYSTORE_PASSWORD", "secret");
    let hint = "hint: pass --max-iterations 10000000\n";
    let message = |label| format!("error: {label} must be a whole number from 1 to 68719476720\n{hint}");

    let low = command().env("MASKINPORTEN_MAX_ITERATIONS", "6143").run();
    let enough = command().env("MASKINPORTEN_MAX_ITERATIONS", "6144").run();
    let nothing = command().args(["--max-iterations", "0"]).run();
    let words = command().env("MASKINPORTEN_MAX_ITERATIONS", "many").run();

    assert_eq!((low.code, enough.code), (4, 0));
    nothing.fails(2, &message("--max-iterations"));
    words.fails(3, &message("MASKINPORTEN_MAX_ITERATIONS"));
}
