//! stdout contains the artefact alone, complete or not at all; colours are for terminals.

use std::process::{Command, Stdio};

use snapbox::str;

use crate::{
    server::{Server, TOKEN, asking, asking_at, json, token},
    support::{Outcome, maskinporten, testdata, wait},
};

/// Runs a shell script in which `"$@"` is the binary with these arguments.
fn in_a_shell(script: &str, arguments: &[&str]) -> Outcome {
    let binary = env!("CARGO_BIN_EXE_maskinporten");
    let mut shell = command("sh");
    shell.args(["-c", script, "sh", binary]).args(arguments).stdout(Stdio::piped()).stderr(Stdio::piped());
    wait(shell.spawn().unwrap())
}

fn command(program: &str) -> Command {
    let mut command = Command::new(program);
    command
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap())
        .env("MASKINPORTEN_KEYSTORE_PASSWORD", "secret")
        .stdin(Stdio::null());
    command
}

fn grant() -> [String; 9] {
    ["grant", "--env", "test", "-c", "ID", "-s", "a:b", "-k", &testdata("iterations-one.p12")].map(str::to_owned)
}

#[test]
fn a_reader_that_closes_the_pipe_is_not_an_error() {
    let grant = grant();
    let help = ["--help"];
    for arguments in [&grant.each_ref().map(String::as_str)[..], &help] {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);

        let output = command(env!("CARGO_BIN_EXE_maskinporten")).args(arguments).stdout(writer).output().unwrap();

        assert_eq!(String::from_utf8_lossy(&output.stderr), "");
        assert!([Some(0), Some(1)].contains(&output.status.code()), "{}", output.status);
    }
}

#[test]
fn a_full_disk_is_an_error() {
    let grant = grant();
    let grant = grant.each_ref().map(String::as_str);

    in_a_shell(r#""$@" >/dev/full"#, &grant).fails(
        1,
        str![[r#"
error: could not write the result: No space left on device (os error 28)

"#]],
    );
    for arguments in [["--help"], ["--version"]] {
        in_a_shell(r#""$@" >/dev/full"#, &arguments).fails(
            1,
            str![[r#"
error: could not write the result: No space left on device (os error 28)

"#]],
        );
    }
}

#[test]
fn a_closed_stdout_never_causes_a_crash() {
    let grant = grant();

    let outcome = in_a_shell(r#""$@" >&-"#, &grant.each_ref().map(String::as_str));

    assert!([0, 1].contains(&outcome.code), "{}", outcome.stderr);
    assert!(!outcome.stderr.contains("fault"), "{}", outcome.stderr);
}

#[test]
fn errors_are_coloured_on_terminals_or_on_request() {
    let failing = || maskinporten(["token", "--env", "test", "-s", "a:b", "-k", "x.p12"]);
    let plain = str![[r#"
error: no client id was given
hint: pass --client-id ID, or set MASKINPORTEN_CLIENT_ID

"#]];
    let coloured = "\u{1b}[1m\u{1b}[31merror:\u{1b}[0m no client id was given\n\
                    \u{1b}[1m\u{1b}[32mhint:\u{1b}[0m pass --client-id ID, or set MASKINPORTEN_CLIENT_ID\n";

    failing().run().fails(3, plain.clone());
    failing().args(["--color", "auto"]).run().fails(3, plain.clone());
    failing().args(["--color", "never"]).run().fails(3, plain.clone());
    failing().args(["--color", "always"]).run().fails(3, coloured);
    failing().args(["--color", "always"]).env("NO_COLOR", "1").run().fails(3, coloured);
    failing().env("NO_COLOR", "1").env("CLICOLOR_FORCE", "1").run().fails(3, plain.clone());
}

#[test]
fn json_errors_have_no_colour() {
    let failing = maskinporten(["token", "--env", "test", "-s", "a:b", "-k", "x.p12"]);

    let outcome = failing.args(["--color", "always", "--error-format", "json"]).run();

    outcome.fails(
        3, str![[r#"
{"error":{"code":"missing","message":"no client id was given","causes":[],"hint":"pass --client-id ID, or set MASKINPORTEN_CLIENT_ID","exit_code":3,"http_status":null,"oauth_error":null,"mp_code":null,"trace_id":null,"warnings":[]}}

"#]],
    );
}

#[test]
fn quiet_suppresses_warnings_but_not_errors() {
    let warned = || asking_at("grant", "https://a.example/token").args(["--keystore", &testdata("expired.p12")]);

    assert!(warned().run().stderr.starts_with("warning: the certificate expired on 2022-"));
    warned().args(["--quiet"]).run().artefact();
    warned().args(["-q", "--ttl", "x"]).run().fails(
        2,
        str![[r#"
error: --ttl cannot be used
caused by: `x` is not a lifetime in seconds (`90`) or minutes (`2m`)
hint: pass --ttl 120 or less; the access token's lifetime does not depend on it

"#]],
    );
}

#[test]
fn json_errors_contain_the_warnings() {
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
fn verbose_reports_each_step_on_stderr_and_shows_no_secret() {
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
