//! `serve --print-postman`: the script that Postman's own runner, newman, runs against a real server.

use std::fs;

use serde_json::{Value, json};

use crate::{
    local::Local,
    serve::Serve,
    serve_scripts::{NO_SECRET, SECRET, assert_no_request, client, server_with_secret, without_a_token},
    support::Outcome,
};

fn script(served: &Serve) -> String {
    super::script("postman", served)
}

/// Runs a collection of one request to the simulator's API, with the script before it.
fn run(local: &Local, script: &str, auth: &Value, variables: &Value) -> Outcome {
    run_at(local, "api/hello", script, auth, variables)
}

fn run_at(local: &Local, path: &str, script: &str, auth: &Value, variables: &Value) -> Outcome {
    let folder = tempfile::tempdir().unwrap();
    let collection = json!({
        "info": { "name": "own", "schema": "https://schema.getpostman.com/json/collection/v2.1.0/collection.json" },
        "event": [{ "listen": "prerequest", "script": { "exec": script.lines().collect::<Vec<_>>() } }],
        "variable": variables,
        "auth": auth,
        "item": [{
            "name": "hello",
            "request": { "method": "GET", "url": format!("{}{path}", local.issuer()) },
            "event": [{ "listen": "test", "script": { "exec": [
                "const answer = pm.response.json();",
                "pm.test('says hello', () => pm.expect(answer.hello ?? answer.organisation).to.equal('310700010'));",
                "console.log('covers ' + answer.scope);",
            ] } }],
        }],
    });
    let file = folder.path().join("collection.json");
    fs::write(&file, collection.to_string()).unwrap();
    client("newman", folder.path(), &["run", "collection.json", "--color", "off"])
}

#[cfg_attr(not(feature = "system-tests"), ignore = "needs Node.js")]
#[test]
fn every_request_of_a_collection_gets_a_token_from_the_servers_memory() {
    let local = Local::start(&[]);
    let served = Serve::local(&local, &[]);
    let script = script(&served);
    let bearer =
        json!({ "type": "bearer", "bearer": [{ "key": "token", "value": "{{BearerToken}}", "type": "string" }] });
    for auth in [Value::Null, bearer] {
        let outcome = run(&local, &script, &auth, &json!([]));

        assert_eq!((outcome.code, outcome.stderr.as_str()), (0, ""), "{}", outcome.stdout);
        assert!(outcome.stdout.contains("\n  ✓  says hello\n"), "{}", outcome.stdout);
        assert!(!outcome.stdout.contains("eyJ"), "{}", outcome.stdout);
    }
    assert_eq!(local.log().matches("/token").count(), 1, "{}", local.log());
}

/// The API behind `api/whoami` accepts Altinn's tokens alone.
#[cfg_attr(not(feature = "system-tests"), ignore = "needs Node.js")]
#[test]
fn with_one_setting_of_the_server_requests_get_altinn_tokens() {
    let local = Local::start(&[]);
    for (arguments, code) in [(["--altinn"].as_slice(), 0), (&[], 1)] {
        let served = Serve::local(&local, arguments);

        let outcome = run_at(&local, "api/whoami", &script(&served), &Value::Null, &json!([]));

        assert_eq!(outcome.code, code, "{}{}", outcome.stdout, local.log());
    }
}

#[cfg_attr(not(feature = "system-tests"), ignore = "needs Node.js")]
#[test]
fn profile_scope_and_secret_are_postman_variables() {
    let local = Local::start(&[]);
    let served = server_with_secret(&local);
    let script = script(&served);
    let scope = json!({ "key": "maskinporten_scope", "value": "difitest:test2" });
    let secret = json!({ "key": "maskinporten_secret", "value": SECRET });

    let without = run(&local, &script, &Value::Null, &json!([scope]));
    assert_eq!(without.code, 1);
    assert!(joined(&without.stdout).contains(&NO_SECRET.replace(' ', "")), "{}", without.stdout);
    assert_no_request(&local);

    let with = run(&local, &script, &Value::Null, &json!([scope, secret]));
    assert_eq!(with.code, 0, "{}", with.stdout);
    assert!(with.stdout.contains("covers difitest:test2"), "{}", with.stdout);
    assert!(!with.stdout.contains(SECRET), "{}", with.stdout);
}

#[cfg_attr(not(feature = "system-tests"), ignore = "needs Node.js")]
#[test]
fn a_failure_is_reported_in_full_and_the_request_is_not_sent() {
    without_a_token("postman", |local, script, reason| {
        let outcome = run(local, script, &Value::Null, &json!([]));

        assert_eq!(outcome.code, 1, "{}", outcome.stdout);
        assert!(joined(&outcome.stdout).contains(&reason.replace(' ', "")), "{}", outcome.stdout);
    });
}

/// Removes the frames and line breaks from newman's output.
fn joined(output: &str) -> String {
    output.chars().filter(|character| !character.is_whitespace() && *character != '│').collect()
}
