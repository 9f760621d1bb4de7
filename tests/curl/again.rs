//! A call whose token is refused is repeated once with a new token, if it can be repeated safely.

use std::{fs, process::Command};

use super::{bearer, calling, fine, token_named, unauthorized};
use crate::{
    server::{Server, Step, answer},
    support::{Outcome, program, testdata},
};

const AGAIN: &str = "warning: the API refused the token (401): repeating the call with a new one\n";

/// Calls an API that plays this script, with a token server that issues this many tokens.
fn called(script: impl IntoIterator<Item = Step>, arguments: &[&str], tokens: usize) -> (Outcome, Server) {
    let api = Server::start(script);
    let token_server = Server::start((0..tokens).map(|number| token_named(&format!("token-{number}"))));
    let url = api.url("/x");
    let outcome = calling(&token_server, &[arguments, &[&url]].concat()).stdin("from stdin").run();
    (outcome, api)
}

fn authorizations(api: &Server) -> Vec<String> {
    api.requests().iter().map(|request| request.header("authorization").unwrap().to_owned()).collect()
}

#[test]
fn the_second_response_is_the_one_that_is_printed() {
    for (arguments, wanted) in [
        ([].as_slice(), "fine\n"),
        (&["-d", "a=1"], "fine\n"),
        (&["-f"], "fine\n"),
        (&["-w", "%{http_code}"], "fine\n200"),
        (
            &["-sSi"],
            "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 5\r\nConnection: close\r\n\r\nfine\n",
        ),
    ] {
        let (outcome, api) = called([unauthorized(), fine("fine\n")], arguments, 2);

        let fails = if arguments == ["-f"] { "curl: (22) The requested URL returned error: 401\n" } else { "" };
        assert_eq!((outcome.code, outcome.stdout.as_str()), (0, wanted), "{arguments:?}");
        assert_eq!(outcome.stderr, format!("{fails}{AGAIN}"));
        assert_eq!(authorizations(&api), [bearer("token-0"), bearer("token-1")]);
    }
}

#[test]
fn an_output_file_has_the_second_response() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("answer").display().to_string();

    let (outcome, _api) = called([unauthorized(), fine("fine\n")], &["-o", &file], 2);

    assert_eq!((outcome.code, outcome.stdout.as_str(), outcome.stderr.as_str()), (0, "", AGAIN));
    assert_eq!(fs::read_to_string(&file).unwrap(), "fine\n");
}

#[test]
fn a_second_refusal_is_final_and_is_printed() {
    let (outcome, api) = called([unauthorized(), unauthorized()], &[], 2);

    assert_eq!((outcome.code, outcome.stdout.as_str()), (0, "refused\n"));
    assert_eq!(outcome.stderr, format!("{AGAIN}warning: the API refused the new token too (401)\n"));
    assert_eq!(authorizations(&api), [bearer("token-0"), bearer("token-1")]);
}

#[test]
fn a_call_that_cannot_be_repeated_is_made_once() {
    let kept = "its stdin has been read";
    for (arguments, why) in [
        (["-d", "@-"].as_slice(), kept),
        (&["--data-binary", "@-"], kept),
        (&["-F", "x=@-"], kept),
        (&["-T", "-"], kept),
        (&["-d", "@/dev/stdin"], kept),
        (&["-C", "0"], "it depends on the file that it wrote"),
    ] {
        // A body without a length comes in chunks, which this server does not read.
        let uploads = arguments[0] == "-T";
        let arguments =
            if uploads { &["-T", "-", "-H", "Transfer-Encoding:", "-H", "Content-Length: 10"] } else { arguments };
        let (outcome, api) = called([unauthorized()], arguments, 1);

        assert_eq!((outcome.code, outcome.stdout.as_str()), (0, "refused\n"), "{arguments:?}");
        assert_eq!(
            outcome.stderr,
            format!("warning: the API refused the token (401), and the call is not repeated: {why}\n"),
            "{arguments:?}"
        );
        assert_eq!(authorizations(&api), [bearer("token-0")]);
    }
}

#[test]
fn several_requests_are_not_repeated() {
    for pattern in ["?[1-2]", "?{1,2}"] {
        let api = Server::start([unauthorized(), fine("two")]);
        let tokens = Server::start([token_named("token")]);

        let outcome = calling(&tokens, &[&api.url(&format!("/x{pattern}"))]).run();

        let why =
            "warning: the API refused the token (401), and the call is not repeated: it may be more than one request\n";
        // curl prints a separator before each response.
        assert!(outcome.stdout.contains("refused\n") && outcome.stdout.contains("two"), "{}", outcome.stdout);
        assert_eq!((outcome.code, outcome.stderr.as_str()), (0, why));
    }
}

#[test]
fn with_a_header_dump_of_the_user_the_status_is_not_read() {
    let (outcome, _api) = called([unauthorized()], &["-D", "-"], 1);

    let head =
        "HTTP/1.1 401 Unauthorized\r\nContent-Type: text/plain\r\nContent-Length: 8\r\nConnection: close\r\n\r\n";
    assert_eq!((outcome.code, outcome.stdout), (0, format!("{head}refused\n")));
    assert_eq!(outcome.stderr, "");
}

#[test]
fn other_refusals_and_refusals_after_a_redirect_are_not_repeated() {
    let elsewhere = Server::start([unauthorized()]);
    let location = format!("Location: {}", elsewhere.url("/y"));
    for (script, arguments, stdout) in [
        (answer("403 Forbidden", &["Content-Type: text/plain"], "no\n"), [].as_slice(), "no\n"),
        (answer("302 Found", &[&location], ""), &["-L"], "refused\n"),
    ] {
        let (outcome, _api) = called([script], arguments, 1);

        assert_eq!((outcome.code, outcome.stdout.as_str(), outcome.stderr.as_str()), (0, stdout, ""));
    }
}

#[test]
fn an_endless_refusal_is_cut_off() {
    let endless = Step::Endless("HTTP/1.1 401 No\r\nContent-Type: text/plain\r\n\r\n".into(), vec![b'x'; 65536]);

    let (outcome, _api) = called([endless, fine("fine\n")], &[], 2);

    assert_eq!((outcome.code, outcome.stdout.as_str()), (0, "fine\n"));
    assert!(outcome.stderr.starts_with("curl: (23) ") && outcome.stderr.ends_with(AGAIN), "{}", outcome.stderr);
}

#[test]
fn failing_to_get_a_new_token_is_a_failure_before_curl() {
    let api = Server::start([unauthorized()]);
    let tokens = Server::start([token_named("token"), crate::server::json("400 No", r#"{"error":"invalid_grant"}"#)]);

    let outcome = calling(&tokens, &[&api.url("/x")]).run();

    assert_eq!((outcome.code, outcome.stdout.as_str()), (125, ""));
    let wanted = format!("{AGAIN}error: the token endpoint refused the grant: HTTP 400, invalid_grant\n");
    assert!(outcome.stderr.starts_with(&wanted), "{}", outcome.stderr);
}

#[test]
fn on_a_terminal_both_responses_are_shown_as_they_come() {
    let api = Server::start([unauthorized(), fine("fine\n")]);
    let tokens = Server::start([token_named("token-0"), token_named("token-1")]);
    // script(1) of util-linux runs a line with all three streams on a terminal, and copies its output.
    let line = format!("'{}' curl -- '{}'", env!("CARGO_BIN_EXE_maskinporten"), api.url("/x"));

    let shown = program(
        Command::new("script")
            .args(["-qec", &line, "/dev/null"])
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap())
            .env("TERM", "dumb")
            .env("HOME", "/nonexistent")
            .env("MASKINPORTEN_CLIENT_ID", "our-client")
            .env("MASKINPORTEN_SCOPE", "difitest:test1")
            .env("MASKINPORTEN_AUDIENCE", "https://issuer.example/")
            .env("MASKINPORTEN_TOKEN_ENDPOINT", tokens.url("/token"))
            .env("MASKINPORTEN_KEYSTORE", testdata("iterations-one.p12"))
            .env("MASKINPORTEN_KEYSTORE_PASSWORD", "secret"),
        b"",
    );

    assert_eq!(shown.replace('\r', ""), format!("refused\n{AGAIN}fine\n"));
}
