//! `curl`: its output and exit code, and a token that other processes cannot see.

mod again;
mod hidden;
mod kept;
mod own_files;

use std::fs;

use serde_json::Value;
use snapbox::str;

use crate::{
    local::Local,
    server::{Server, Step, TOKEN, answer, asking, json, token, unused_address},
    support::{Maskinporten, Outcome, maskinporten},
};

/// Returns `curl` with everything it needs and these arguments of curl; errors are shown, progress is not.
fn calling(tokens: &Server, arguments: &[&str]) -> Maskinporten {
    asking("curl", tokens).args(["--", "-sS"]).args(arguments)
}

/// Returns an API's response.
fn fine(body: &str) -> Step {
    answer("200 OK", &["Content-Type: text/plain"], body)
}

fn unauthorized() -> Step {
    answer("401 Unauthorized", &["Content-Type: text/plain"], "refused\n")
}

/// Returns a token response with this token.
fn token_named(name: &str) -> Step {
    json("200 OK", format!(r#"{{"access_token":"{name}","token_type":"Bearer","expires_in":599}}"#))
}

fn bearer(token: &str) -> String {
    format!("Bearer {token}")
}

#[cfg_attr(not(feature = "system-tests"), ignore = "needs curl")]
#[test]
fn an_api_accepts_the_token() {
    let local = Local::start(&[]);
    let hello = format!("{}api/hello", local.issuer());

    let printed = local.maskinporten(&["curl", "--env", "local", "--", "-sS", &hello]).run().artefact();

    assert_eq!(serde_json::from_str::<Value>(&printed).unwrap()["hello"], "310700010");
}

#[cfg_attr(not(feature = "system-tests"), ignore = "needs curl")]
#[test]
fn the_output_of_curl_is_passed_on_byte_for_byte() {
    let long = "0123456789abcdef\n".repeat(500_000);
    for arguments in [
        ["-o", "-"].as_slice(),
        &["-i"],
        &["-I"],
        &["-w", "%{http_code} %{content_type}\n"],
        &["-i", "-w", "%{header_json}"],
        &["-D", "-"],
        &["--no-buffer"],
    ] {
        for body in ["", "short", &long] {
            let api = Server::start([fine(body), fine(body)]);
            let tokens = Server::start([token()]);
            let url = api.url("/x");

            let ours = calling(&tokens, &[arguments, &[&url]].concat()).run().artefact();
            let plain = crate::server::curl([arguments, &[&url]].concat(), "");

            assert!(ours == plain, "{arguments:?}: {} and {} bytes", ours.len(), plain.len());
        }
    }
}

#[cfg_attr(not(feature = "system-tests"), ignore = "needs curl")]
#[test]
fn stdin_is_left_to_curl() {
    let api = Server::start([fine("ok")]);
    let tokens = Server::start([token()]);
    let url = api.url("/x");

    calling(&tokens, &["-d", "@-", &url]).stdin("a=1&b=2").run().artefact();

    let request = api.request();
    assert_eq!((request.line(), request.body.as_str()), ("POST /x HTTP/1.1", "a=1&b=2"));
    assert_eq!(request.header("authorization"), Some(bearer(TOKEN).as_str()));
}

#[cfg_attr(not(feature = "system-tests"), ignore = "needs curl")]
#[test]
fn the_headers_of_the_profile_are_sent_and_those_of_curls_arguments_win() {
    let profile = |name: &str| {
        let command = maskinporten(["curl", "--profile", "p", "--header", r#"Typed: a"b\c"#, "--"]);
        let folder = command.home().join(".config/maskinporten");
        fs::create_dir_all(&folder).unwrap();
        let text = "[profiles.p.headers]\nApiKey = \"key\"\nAccept = \"a/b\"\nUser-Agent = \"profile\"\n";
        fs::write(folder.join("config.toml"), text).unwrap();
        let tokens = Server::start([token()]);
        let command = command
            .env("MASKINPORTEN_CLIENT_ID", name)
            .env("MASKINPORTEN_SCOPE", "difitest:test1")
            .env("MASKINPORTEN_AUDIENCE", "https://issuer.example/")
            .env("MASKINPORTEN_TOKEN_ENDPOINT", tokens.url("/token"))
            .env("MASKINPORTEN_KEYSTORE", crate::support::testdata("iterations-one.p12"))
            .env("MASKINPORTEN_KEYSTORE_PASSWORD", "secret");
        (command, tokens)
    };
    let headers = |arguments: &[&str]| {
        let api = Server::start([fine("ok")]);
        let (command, _tokens) = profile("our-client");
        command.args(["-sS"]).args(arguments).args([api.url("/x")]).run().artefact();
        let head = api.request().head.to_lowercase();
        let all = |name: &str| head.lines().filter_map(|line| line.strip_prefix(name)).collect::<Vec<_>>().join("|");
        [all("accept: "), all("apikey: "), all("user-agent: "), all("typed: ")]
    };

    assert_eq!(headers(&[]), ["a/b", "key", "profile", r#"a"b\c"#]);
    assert_eq!(headers(&["-H", "accept: c/d"]), ["c/d", "key", "profile", r#"a"b\c"#]);
    assert_eq!(headers(&["-gHApiKey:", "-A", "own"]), ["a/b", "", "own", r#"a"b\c"#]);
    assert_eq!(headers(&["--header", "TYPED: x", "-q"]), ["a/b", "key", "profile", "x"]);
}

#[cfg_attr(not(feature = "system-tests"), ignore = "needs curl")]
#[test]
fn an_authorization_in_curls_arguments_wins_and_no_token_is_fetched() {
    let warning = "warning: curl's arguments set Authorization, so no token is fetched\n";
    for (arguments, wanted) in [
        (["-H", "authorization: Own 1"].as_slice(), "Own 1"),
        (&["-u", "a:b"], "Basic YTpi"),
        (&["--oauth2-bearer", "own"], "Bearer own"),
    ] {
        let api = Server::start([fine("ok")]);
        let unused = Server::start([]);
        let url = api.url("/x");

        let outcome = calling(&unused, &[arguments, &[&url]].concat()).run();

        assert_eq!((outcome.code, outcome.stdout.as_str(), outcome.stderr.as_str()), (0, "ok", warning));
        assert_eq!(api.request().header("authorization"), Some(wanted));
    }
}

#[cfg_attr(not(feature = "system-tests"), ignore = "needs curl")]
#[test]
fn curlrc_is_read_unless_curl_is_started_with_q() {
    for (arguments, agent) in [(["-sS"].as_slice(), "from-curlrc"), (&["-qsS"], "curl/"), (&["-q", "-sS"], "curl/")] {
        let api = Server::start([fine("ok")]);
        let tokens = Server::start([token()]);
        let command = asking("curl", &tokens).args(["--"]).args(arguments).args([api.url("/x")]);
        fs::write(command.home().join(".curlrc"), "user-agent = from-curlrc\n").unwrap();

        command.run().artefact();

        let request = api.request();
        assert!(request.header("user-agent").unwrap().starts_with(agent), "{}", request.head);
        assert_eq!(request.header("authorization"), Some(bearer(TOKEN).as_str()));
    }
}

#[cfg_attr(not(feature = "system-tests"), ignore = "needs curl")]
#[test]
fn the_exit_code_is_that_of_curl_and_failures_before_it_have_their_own() {
    let api = Server::start([answer("404 Not Found", &["Content-Type: text/plain"], "nothing")]);
    let tokens = Server::start([token(), token()]);
    let nowhere = format!("http://{}/", unused_address());
    let not_found = calling(&tokens, &["-f", &api.url("/x")]).run();
    let no_server = calling(&tokens, &["-s", "--no-show-error", &nowhere]).run();
    assert_eq!((not_found.code, not_found.stderr.as_str()), (22, "curl: (22) The requested URL returned error: 404\n"));
    assert_eq!((no_server.code, no_server.stderr.as_str()), (7, ""));

    let refusing = Server::start([json("400 Bad Request", r#"{"error":"invalid_scope"}"#)]);
    let refused = calling(&refusing, &[&nowhere]).run();
    assert_eq!((refused.code, refused.stdout.as_str()), (125, ""));
    let unread = maskinporten(["curl", "--no-such-option", "--", &nowhere]).run();
    assert_eq!((unread.code, unread.stdout.as_str()), (125, ""));
}

#[test]
fn the_arguments_of_curl_follow_two_dashes() {
    let hint = "hint: put curl's arguments after --: maskinporten curl --env test -- https://api.example.no/\n";

    maskinporten(["curl", "--env", "test", "https://api.example.no/"])
        .run()
        .fails(125, &format!("error: argument 4, `https://api.example.no/`, is not expected there\n{hint}"));
    maskinporten(["curl", "--env", "test", "--", "-sS"]).run().fails(125, &format!("error: curl needs a URL\n{hint}"));
}

/// Creates a folder with a program named curl.
fn another_curl(script: &str) -> tempfile::TempDir {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("curl");
    fs::write(&file, script).unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o755)).unwrap();
    folder
}

fn with_path(folder: &tempfile::TempDir) -> Outcome {
    let unused = Server::start([]);
    calling(&unused, &["https://a.example/"]).env("PATH", folder.path()).run()
}

#[test]
fn a_curl_that_is_too_old_or_missing_is_reported_before_a_token_is_fetched() {
    with_path(&another_curl("#!/bin/sh\necho 'curl 7.57.0 (x86_64)'\n")).fails(
        125,
        str![[r#"
error: curl 7.57.0 sends headers to other hosts on a redirect
hint: install curl 7.58 or newer

"#]],
    );
    with_path(&another_curl("#!/bin/sh\necho 'no version'\n")).fails(
        125,
        str![[r#"
error: could not read the version of the curl in PATH
hint: install curl 7.58 or newer

"#]],
    );
    with_path(&another_curl("#!/bin/sh\necho 'curl 8.0.0 (x86_64)'\n")).fails(
        125,
        str![[r#"
error: could not read the options of curl
hint: install curl 7.58 or newer

"#]],
    );
    with_path(&tempfile::tempdir().unwrap()).fails(
        127,
        str![[r#"
error: could not find the command `curl`
hint: install it, or check the spelling and the variable PATH

"#]],
    );
}
