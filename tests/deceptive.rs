//! Text from outside that makes a terminal or a page show something else: it is escaped in JSON, and replaced in other text.

use std::fs;

use serde_json::{Value, json};

use crate::{
    serve::Serve,
    server::{Server, asking, json as answer},
    support::{Outcome, maskinporten, testdata},
};

/// C1 controls, DEL, directions, joiners, fillers, variation selectors and tags.
const DECEPTIVE: &str =
    "a\u{9b}b\u{7f}c\u{202e}d\u{200b}e\u{34f}f\u{115f}g\u{180b}h\u{2800}i\u{3164}j\u{fe0f}k\u{e0041}l\u{e0100}m\u{ad}n";

/// How JSON writes it.
const ESCAPED: &str =
    r"a\u009bb\u007fc\u202ed\u200be\u034ff\u115fg\u180bh\u2800i\u3164j\ufe0fk\udb40\udc41l\udb40\udd00m\u00adn";

/// How other text shows it.
fn replaced() -> String {
    DECEPTIVE.chars().map(|one| if one.is_ascii_lowercase() { one } else { char::REPLACEMENT_CHARACTER }).collect()
}

#[track_caller]
fn assert_clean(text: &str) {
    let deceptive = |one: char| !one.is_ascii_lowercase() && DECEPTIVE.contains(one);
    assert!(!text.contains(deceptive), "{text:?}");
}

/// Runs a command, whose whole output is clean, and of which one stream has the escaped text.
#[track_caller]
fn escaped(outcome: &Outcome) {
    assert_clean(&format!("{}{}", outcome.stdout, outcome.stderr));
    let shown = format!("{}{}", outcome.stdout, outcome.stderr);
    assert!(shown.contains(ESCAPED), "{shown}");
    for stream in [&outcome.stdout, &outcome.stderr] {
        assert!(stream.is_empty() || serde_json::from_str::<Value>(stream).is_ok(), "{stream}");
    }
}

/// Returns a token response with deceptive text.
fn response() -> String {
    json!({ "access_token": "token", "token_type": "Bearer", "expires_in": 119, "scope": DECEPTIVE }).to_string()
}

#[test]
fn json_output_escapes_it() {
    let server = Server::start([answer("200 OK", response())]);
    let folder = tempfile::tempdir().unwrap();
    let keystore = folder.path().join(format!("{DECEPTIVE}.p12")).display().to_string();
    fs::copy(testdata("iterations-one.p12"), &keystore).unwrap();
    let mut named: Value = serde_json::from_slice(&fs::read(testdata("jwk/rsa.json")).unwrap()).unwrap();
    let jwk = folder.path().join("jwk.json").display().to_string();
    named["kid"] = json!(DECEPTIVE);
    fs::write(&jwk, named.to_string()).unwrap();
    let grant = ["--env", "test", "-c", "client", "-s", "a:b"];

    escaped(&asking("token", &server).args(["--format", "json"]).run());
    escaped(&maskinporten(["config", "show", "--format", "json", "--keystore", &keystore]).run());
    // `check` and `keys` replace it before they print.
    let check = maskinporten(["check", "--offline", "--format", "json", "-k", &keystore]).args(grant).run();
    assert_clean(&check.stdout);
    assert_clean(&maskinporten(["keys", "list", "--format", "json", &jwk]).run().stdout);
    escaped(&maskinporten(["keys", "public", "-j", &jwk]).run());
    // Messages replace it.
    for arguments in [["-k", &format!("{keystore}x")], ["--profile", DECEPTIVE]] {
        assert_clean(&maskinporten(["token", "--error-format", "json"]).args(grant).args(arguments).run().stderr);
    }
}

#[test]
fn errors_of_usage_replace_it_also_in_colour() {
    for arguments in [["token", "--env"], ["token", "--format"], ["inspect", "--format"], ["completions", "--color"]] {
        for colour in ["auto", "always"] {
            let outcome = maskinporten(["--color", colour]).args(arguments).args([DECEPTIVE]).run();

            assert_eq!(outcome.code, 2, "{arguments:?}");
            assert_clean(&outcome.stderr);
            assert!(outcome.stderr.contains(&replaced()), "{}", outcome.stderr);
        }
    }
    let unknown = maskinporten([format!("--{DECEPTIVE}")]).run();
    assert_clean(&unknown.stderr);
    let forged = maskinporten(["token", "--env", "x\u{1b}[2J\nerror: forged"]).run();
    assert!(
        forged.stderr.starts_with("error: invalid value 'x\u{fffd}[2J\u{fffd}error: forged' for "),
        "{}",
        forged.stderr
    );
}

#[test]
fn file_names_in_messages_replace_it_and_line_breaks() {
    let name = format!("/nonexistent/{DECEPTIVE}\nerror: forged");
    for arguments in
        [&["token", "--env", "test", "-c", "a", "-s", "b", "-k", &name][..], &["inspect", &format!("@{name}")]]
    {
        let outcome = maskinporten(arguments).run();

        assert_clean(&outcome.stderr);
        assert!(
            outcome.stderr.contains(&format!("`/nonexistent/{}\u{fffd}error: forged`", replaced())),
            "{}",
            outcome.stderr
        );
    }
}

#[test]
fn a_setting_of_several_lines_stays_on_its_own() {
    let value = format!("{DECEPTIVE}\nkeystore  forged");

    let shown = maskinporten(["config", "show"]).env("MASKINPORTEN_CLIENT_ID", value).run().artefact();

    assert_clean(&shown);
    assert!(
        shown.contains(&format!("client_id        {}\u{fffd}keystore  forged  MASKINPORTEN_CLIENT_ID\n", replaced())),
        "{shown}"
    );
}

#[test]
fn the_answers_and_logs_of_the_token_server_escape_it() {
    let refusal = json!({ "error": "invalid_scope", "error_description": DECEPTIVE }).to_string();
    let start = |step| {
        let server = Server::start([step]);
        let serve = Serve::start(asking("serve", &server).args(["--port", "0", "--log-format", "json"]));
        (server, serve)
    };
    let (_good, serve) = start(answer("200 OK", response()));
    let (_bad, refusing) = start(answer("400 Bad Request", refusal));

    let (token, headers, refused) = (serve.get("/"), serve.get("/headers"), refusing.get("/"));

    assert_eq!((token.status, token.json()["scope"].as_str()), (200, Some(DECEPTIVE)));
    assert!(token.body.contains(ESCAPED), "{}", token.body);
    for text in [&token.body, &headers.body, &refused.body, &serve.log(), &refusing.log()] {
        assert_clean(text);
    }
    assert!(refused.status >= 400, "{}", refused.body);
}
