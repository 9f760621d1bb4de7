//! stdout is the artefact and nothing else, and it is written whole or not at all; colour only where it is wanted.

use std::process::{Command, Stdio};

use crate::{
    server::{Server, TOKEN, asking, asking_at, json, token},
    support::{Outcome, maskinporten, testdata, wait},
};

/// Runs a line of shell in which `"$@"` is a command that signs a grant.
fn in_a_shell(line: &str, arguments: &[&str]) -> Outcome {
    let child = Command::new("sh")
        .args(["-c", line, "sh", env!("CARGO_BIN_EXE_maskinporten")])
        .args(arguments)
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap())
        .env("MASKINPORTEN_KEYSTORE_PASSWORD", "secret")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn();
    wait(child.unwrap())
}

fn grant() -> [String; 9] {
    ["grant", "--env", "test", "-c", "ID", "-s", "a:b", "-k", &testdata("iterations-one.p12")].map(str::to_owned)
}

#[test]
fn a_reader_that_leaves_is_no_error() {
    let grant = grant();
    let help = ["--help"];
    for arguments in [&grant.each_ref().map(String::as_str)[..], &help] {
        let outcome = in_a_shell(r#"{ sleep 0.2; "$@"; echo "code $?" >&2; } | head -c0"#, arguments);

        assert_eq!(outcome.stdout, "");
        assert!(["code 0\n", "code 1\n"].contains(&outcome.stderr.as_str()), "{}", outcome.stderr);
    }
}

#[test]
fn a_full_disk_is_an_error() {
    let grant = grant();
    let grant = grant.each_ref().map(String::as_str);

    in_a_shell(r#""$@" >/dev/full"#, &grant)
        .fails(1, "error: could not write the result: No space left on device (os error 28)\n");
    for arguments in [["--help"], ["--version"]] {
        in_a_shell(r#""$@" >/dev/full"#, &arguments)
            .fails(1, "error: could not write the result: No space left on device (os error 28)\n");
    }
}

#[test]
fn a_stdout_that_is_closed_is_an_error_or_nothing_but_never_a_crash() {
    let grant = grant();

    let outcome = in_a_shell(r#""$@" >&-"#, &grant.each_ref().map(String::as_str));

    assert!([0, 1].contains(&outcome.code), "{}", outcome.stderr);
    assert!(!outcome.stderr.contains("fault"), "{}", outcome.stderr);
}

#[test]
fn colour_is_for_terminals_or_for_those_who_ask() {
    let failing = || maskinporten(["token", "--env", "test"]);
    let plain = "error: no client id was given\nhint: pass --client-id ID, or set MASKINPORTEN_CLIENT_ID\n";
    let coloured = "\u{1b}[1m\u{1b}[31merror:\u{1b}[0m no client id was given\n\
                    \u{1b}[1m\u{1b}[32mhint:\u{1b}[0m pass --client-id ID, or set MASKINPORTEN_CLIENT_ID\n";

    failing().run().fails(3, plain);
    failing().args(["--color", "auto"]).run().fails(3, plain);
    failing().args(["--color", "never"]).run().fails(3, plain);
    failing().args(["--color", "always"]).run().fails(3, coloured);
    failing().args(["--color", "always"]).env("NO_COLOR", "1").run().fails(3, coloured);
    failing().env("NO_COLOR", "1").env("CLICOLOR_FORCE", "1").run().fails(3, plain);
}

#[test]
fn errors_for_programs_have_no_colour() {
    let outcome = maskinporten(["token", "--env", "test", "--color", "always", "--error-format", "json"]).run();

    outcome.fails(
        3,
        "{\"error\":{\"code\":\"missing\",\"message\":\"no client id was given\",\"causes\":[],\"hint\":\"pass \
         --client-id ID, or set MASKINPORTEN_CLIENT_ID\",\"exit_code\":3,\"http_status\":null,\"oauth_error\":null,\
         \"mp_code\":null,\"trace_id\":null,\"warnings\":[]}}\n",
    );
}

#[test]
fn quiet_silences_warnings_and_never_an_error() {
    let warned = || asking_at("grant", "https://a.example/token").args(["--keystore", &testdata("expired.p12")]);

    assert!(warned().run().stderr.starts_with("warning: the certificate expired on 2022-"));
    warned().args(["--quiet"]).run().artefact();
    warned().args(["-q", "--ttl", "x"]).run().fails(
        2,
        "error: --ttl cannot be used\ncaused by: `x` is not a lifetime in seconds (`90`) or minutes (`2m`)\n\
         hint: pass --ttl 120 or less; the access token's lifetime does not depend on it\n",
    );
}

#[test]
fn warnings_come_with_the_error_when_a_program_reads_them() {
    let server = Server::start([json("400 Bad Request", r#"{"error":"invalid_scope"}"#)]);

    let outcome = asking("token", &server).args(["--error-format", "json", "--keystore-password", "secret"]).run();

    let error: serde_json::Value = serde_json::from_str(&outcome.stderr).unwrap();
    assert_eq!(
        error["error"]["warnings"],
        serde_json::json!([
            "--keystore-password shows in the process list; set MASKINPORTEN_KEYSTORE_PASSWORD instead"
        ])
    );
}

#[test]
fn verbose_says_what_is_done_beside_the_token_and_shows_no_secret() {
    let server = Server::start([token()]);

    let outcome = asking("token", &server).args(["-v"]).run();

    assert_eq!((outcome.code, outcome.stdout), (0, format!("{TOKEN}\n")));
    assert_eq!(
        outcome.stderr,
        format!(
            "using the key of C=NO, O=TESTETATEN, CN=TESTETATEN, serialNumber=991825827\nrequesting a token from {} for difitest:test1\n",
            server.url("/token")
        )
    );
}
