//! `serve --print-postman`: the script that Postman's own runner, newman, runs against a real server.

use std::{
    ffi::OsString,
    fs,
    path::Path,
    process::{Command, Stdio},
};

use serde_json::{Value, json};
use snapbox::str;

use crate::{
    local::Local,
    serve::Serve,
    support::{Outcome, maskinporten, program, wait},
};

const SECRET: &str = "correct-horse-battery";

/// Returns the script as the README's command prints it, for a running server.
fn script(served: &Serve) -> String {
    let readme = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md")).unwrap();
    let line = readme.lines().find(|line| line.contains("serve --print-postman")).unwrap();
    let line = format!("{line} --port {}", served.port());
    let binary = Path::new(env!("CARGO_BIN_EXE_maskinporten")).parent().unwrap();
    program(Command::new("sh").args(["-c", &line]).env("PATH", prepended(binary)), b"")
}

fn prepended(folder: &Path) -> OsString {
    let machine = std::env::var_os("PATH").unwrap();
    std::env::join_paths(std::iter::once(folder.to_owned()).chain(std::env::split_paths(&machine))).unwrap()
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
    let clients = Path::new(env!("CARGO_TARGET_TMPDIR")).with_file_name("clients/node_modules/.bin");
    let newman = clients.join("newman");
    assert!(newman.exists(), "{} is missing: run scripts/setup test", newman.display());
    let mut command = Command::new(newman);
    command.arg("run").arg(file).args(["--color", "off"]).env("HOME", folder.path());
    wait(command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap())
}

#[test]
fn the_script_contains_the_servers_address_and_never_the_secret() {
    for (arguments, address) in [
        (["--port", "17823"].as_slice(), "http://localhost:17823/"),
        (&["--port", "8080", "--secret", SECRET], "http://localhost:8080/"),
        (&["--listen", "0.0.0.0", "--secret", SECRET, "--insecure-plain-http"], "http://localhost:17823/"),
        (&["--listen", "192.0.2.7:8443", "--tls-cert", "a.pem", "--tls-key", "b.pem"], "https://192.0.2.7:8443/"),
    ] {
        let printed = maskinporten(["serve", "--print-postman"]).args(arguments).run().artefact();

        assert!(printed.contains(&format!("\nconst server = \"{address}\";\n")), "{printed}");
        assert!(!printed.contains(SECRET) && !printed.contains("SERVER"), "{printed}");
        assert!(printed.ends_with("});\n"));
    }
    for arguments in [["--port", "0"], ["--unix-socket", "/tmp/socket"]] {
        maskinporten(["serve", "--print-postman"]).args(arguments).run().fails(
            2,
            str![[r#"
error: --print-postman needs a fixed port
hint: pass --port 17823

"#]],
        );
    }
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
    let served = Serve::local(&local, &["--secret", SECRET, "--allow-scopes", "difitest:*"]);
    let script = script(&served);
    let scope = json!({ "key": "maskinporten_scope", "value": "difitest:test2" });
    let secret = json!({ "key": "maskinporten_secret", "value": SECRET });

    let without = run(&local, &script, &Value::Null, &json!([scope]));
    assert_eq!(without.code, 1);
    let result = "no access token: unauthorized; the request does not contain this server's secret; ";
    assert!(joined(&without.stdout).contains(&result.replace(' ', "")), "{}", without.stdout);
    assert!(!local.log().contains("api/hello"), "a request went without a token: {}", local.log());

    let with = run(&local, &script, &Value::Null, &json!([scope, secret]));
    assert_eq!(with.code, 0, "{}", with.stdout);
    assert!(with.stdout.contains("covers difitest:test2"), "{}", with.stdout);
    assert!(!with.stdout.contains(SECRET), "{}", with.stdout);
}

#[cfg_attr(not(feature = "system-tests"), ignore = "needs Node.js")]
#[test]
fn a_failure_is_reported_in_full_and_the_request_is_not_sent() {
    let local = Local::start(&[]);
    let refusing = Serve::local(&local, &["--scope", "simulator:ungranted"]);
    let gone = Serve::local(&local, &[]);
    let (refused, left) = (script(&refusing), script(&gone));
    let port = gone.port();
    drop(gone);
    for (script, result) in [
        (refused, "no access token: forbidden; MP-250; Consumer has not been granted access to the scope".to_owned()),
        (
            left,
            format!("no access token: http://localhost:{port}/ does not respond; start it with: maskinporten serve"),
        ),
    ] {
        let outcome = run(&local, &script, &Value::Null, &json!([]));

        assert_eq!(outcome.code, 1, "{}", outcome.stdout);
        assert!(joined(&outcome.stdout).contains(&result.replace(' ', "")), "{}", outcome.stdout);
        assert!(!local.log().contains("api/hello"), "a request went without a token: {}", local.log());
    }
}

/// Removes the frames and line breaks from newman's output.
fn joined(output: &str) -> String {
    output.chars().filter(|character| !character.is_whitespace() && *character != '│').collect()
}
