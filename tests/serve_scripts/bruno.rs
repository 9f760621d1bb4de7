//! `serve --print-bruno`: the script that Bruno's own command line runs against a real server, in both of its sandboxes.

use std::fs;

use crate::{
    local::Local,
    serve::Serve,
    serve_scripts::{NO_SECRET, SECRET, assert_no_request, client, server_with_secret, without_a_token},
    server::{Server, answer},
    support::Outcome,
};

const SANDBOXES: [&str; 2] = ["safe", "developer"];

fn script(served: &Serve) -> String {
    super::script("bruno", served)
}

/// Runs a collection of one request to an API, with the script before it and these variables.
fn run(url: &str, script: &str, auth: &str, variables: &[(&str, &str)], sandbox: &str) -> Outcome {
    let folder = tempfile::tempdir().unwrap();
    let indented = |text: &str| text.lines().map(|line| format!("  {line}\n")).collect::<Vec<_>>().concat();
    let variables = variables.iter().map(|(name, value)| format!("  {name}: {value}\n")).collect::<Vec<_>>().concat();
    let request = format!(
        "meta {{\n  name: hello\n  type: http\n}}\n\nget {{\n  url: {url}\n{auth}\n\nassert {{\n  res.body.hello: eq \"310700010\"\n}}\n\n\
         script:post-response {{\n  console.log('covers ' + res.body.scope);\n}}\n"
    );
    for (name, text) in [
        ("bruno.json", r#"{ "version": "1", "name": "own", "type": "collection" }"#.to_owned()),
        (
            "collection.bru",
            format!("vars:pre-request {{\n{variables}}}\n\nscript:pre-request {{\n{}}}\n", indented(script)),
        ),
        ("hello.bru", request),
    ] {
        fs::write(folder.path().join(name), text).unwrap();
    }
    client("bru", folder.path(), &["run", "--sandbox", sandbox])
}

const NO_AUTH: &str = "  auth: none\n}";
const BEARER: &str = "  auth: bearer\n}\n\nauth:bearer {\n  token: {{token}}\n}";

#[cfg_attr(not(feature = "system-tests"), ignore = "needs Node.js")]
#[test]
fn every_request_of_a_collection_gets_a_token_from_the_servers_memory() {
    let local = Local::start(&[]);
    let served = Serve::local(&local, &[]);
    for (auth, sandbox) in [(NO_AUTH, SANDBOXES[0]), (BEARER, SANDBOXES[0]), (NO_AUTH, SANDBOXES[1])] {
        let outcome = run(&format!("{}api/hello", local.issuer()), &script(&served), auth, &[], sandbox);

        assert_eq!((outcome.code, outcome.stderr.as_str()), (0, ""), "{}", outcome.stdout);
        assert!(outcome.stdout.contains("   ✓ res.body.hello: eq \"310700010\"\n"), "{}", outcome.stdout);
        assert!(!outcome.stdout.contains("eyJ"), "{}", outcome.stdout);
    }
    assert_eq!(local.log().matches("/token").count(), 1, "{}", local.log());
}

#[cfg_attr(not(feature = "system-tests"), ignore = "needs Node.js")]
#[test]
fn profile_scope_and_secret_are_bruno_variables() {
    let local = Local::start(&[]);
    let served = server_with_secret(&local);
    let (api, scope) = (format!("{}api/hello", local.issuer()), ("maskinporten_scope", "difitest:test2"));

    let without = run(&api, &script(&served), NO_AUTH, &[scope], SANDBOXES[0]);
    assert_ne!(without.code, 0);
    assert!(without.stdout.contains(NO_SECRET), "{}", without.stdout);
    assert_no_request(&local);

    let with = run(&api, &script(&served), NO_AUTH, &[scope, ("maskinporten_secret", SECRET)], SANDBOXES[0]);
    assert_eq!(with.code, 0, "{}", with.stdout);
    assert!(with.stdout.contains("covers difitest:test2"), "{}", with.stdout);
    assert!(!with.stdout.contains(SECRET), "{}", with.stdout);
}

#[cfg_attr(not(feature = "system-tests"), ignore = "needs Node.js")]
#[test]
fn a_failure_is_reported_in_full_and_the_request_is_not_sent() {
    without_a_token("bruno", |local, script, reason| {
        for sandbox in SANDBOXES {
            let outcome = run(&format!("{}api/hello", local.issuer()), script, NO_AUTH, &[], sandbox);

            assert_ne!(outcome.code, 0, "{}", outcome.stdout);
            assert!(outcome.stdout.contains(reason), "{}", outcome.stdout);
        }
    });
}

#[cfg_attr(not(feature = "system-tests"), ignore = "needs Node.js")]
#[test]
fn the_token_does_not_follow_a_redirect_to_another_host() {
    let local = Local::start(&[]);
    let served = Serve::local(&local, &[]);
    // It fails the test if it receives a request.
    let elsewhere = Server::start([]);
    let to_elsewhere = format!("Location: {}", elsewhere.url("/elsewhere"));
    let api = Server::start([answer("302 Found", &[&to_elsewhere], "")]);

    let outcome = run(&api.url("/api"), &script(&served), NO_AUTH, &[], SANDBOXES[0]);

    assert_ne!(outcome.code, 0, "{}", outcome.stdout);
    assert!(api.request().head.contains("Authorization: Bearer eyJ"));
    assert!(outcome.stdout.contains("302"), "{}", outcome.stdout);
}
