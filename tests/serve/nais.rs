//! The NAIS token API, in JSON and as forms.

use std::process::Command;

use serde_json::{Value, json};
use snapbox::str;

use super::{Serve, wait_until};
use crate::{local::Local, support::program};

const JSON: &str = "application/json";
const FORM: &str = "application/x-www-form-urlencoded";

#[test]
fn requests_in_json_and_as_forms_share_the_tokens_in_memory() {
    let local = Local::start(&[]);
    let serve = Serve::local(&local, &[]);
    let body = json!({ "identity_provider": "maskinporten", "target": "difitest:test1" }).to_string();

    let first = serve.post("/api/v1/token", JSON, &body);
    let form = serve.post("/api/v1/token", FORM, "identity_provider=maskinporten&target=difitest%3Atest1");
    let fresh =
        serve.post("/api/v1/token", FORM, "identity_provider=maskinporten&target=difitest:test1&skip_cache=true");
    let skipped = json!({ "identity_provider": "maskinporten", "target": "difitest:test1", "skip_cache": true });
    let fresher = serve.post("/api/v1/token", "application/json; charset=utf-8", &skipped.to_string());

    let response = first.json();
    assert_eq!(response.as_object().unwrap().keys().collect::<Vec<_>>(), ["access_token", "expires_in", "token_type"]);
    assert_eq!(response["token_type"], "Bearer");
    assert!((117..=119).contains(&response["expires_in"].as_i64().unwrap()), "{response}");
    assert_eq!(form.token(), first.token());
    assert_ne!(fresh.token(), first.token());
    assert_ne!(fresher.token(), fresh.token());
    assert_eq!(serve.get("/?cache=true").token(), fresher.token());
    assert_eq!(local.grants(), 3);
}

#[test]
fn expires_in_is_the_remaining_lifetime_of_a_token_from_memory() {
    let local = Local::start(&[]);
    let serve = Serve::local(&local, &[]);
    serve.get("/?cache=true");

    wait_until(|| serve.get("/?cache=true").header("age") == Some("2"));
    let response = serve.post("/api/v1/token", FORM, "identity_provider=maskinporten&target=difitest:test1").json();

    assert!((114..=117).contains(&response["expires_in"].as_i64().unwrap()), "{response}");
}

#[test]
fn a_resource_gets_a_token_of_its_own() {
    let local = Local::start(&[]);
    let serve = Serve::local(&local, &[]);
    let ask = |resource: &str| {
        let body = json!({ "identity_provider": "maskinporten", "target": "difitest:test1", "resource": resource });
        serve.post("/api/v1/token", JSON, &body.to_string())
    };

    let (first, second) = (ask("https://a.example.no/"), ask("https://b.example.no/"));

    let claims = |token: &str| -> Value {
        let output = local.maskinporten(&["inspect", "--format", "json"]).stdin(token).run().artefact();
        serde_json::from_str(&output).unwrap()
    };
    assert_eq!(claims(&first.token())["claims"]["aud"], "https://a.example.no/");
    assert_eq!(claims(&second.token())["claims"]["aud"], "https://b.example.no/");
    assert_eq!(ask("https://a.example.no/").token(), first.token());
    assert_eq!(local.grants(), 2);
    ask("no resource").fails(400, "resource");
}

#[test]
fn scopes_in_another_order_are_the_same_token() {
    let local = Local::start(&[]);
    let serve = Serve::local(&local, &["-s", "difitest:test1 difitest:test2", "--allow-scopes", "altinn:*"]);
    let own = serve.get("/?cache=true").token();
    let other = serve.get("/?cache=true&scope=difitest:test2+altinn:serviceowner");
    assert_eq!(other.json()["scope"], "difitest:test2 altinn:serviceowner", "as the caller has it");

    for (scopes, wanted) in [
        ("difitest:test2+difitest:test1", own.clone()),
        ("difitest:test1+difitest:test2+difitest:test1", own),
        ("altinn:serviceowner+difitest:test2", other.token()),
    ] {
        assert_eq!(serve.get(&format!("/?cache=true&scope={scopes}")).token(), wanted, "{scopes}");
        let body = format!("identity_provider=maskinporten&target={scopes}");
        assert_eq!(serve.post("/api/v1/token", FORM, &body).token(), wanted, "{scopes}");
    }
    assert_eq!(local.grants(), 2);
}

#[cfg_attr(not(feature = "system-tests"), ignore = "needs curl")]
#[test]
fn tokens_for_many_resources_replace_the_oldest_of_them_and_never_the_profiles_own() {
    let local = Local::start(&[]);
    let serve = Serve::local(&local, &[]);
    let own = serve.get("/?cache=true").token();
    let ask = |number: usize| {
        let body =
            format!("identity_provider=maskinporten&target=difitest:test1&resource=https://{number}.example.no/");
        serve.post("/api/v1/token", FORM, &body)
    };

    let answers: Vec<_> = (0..256).map(ask).collect();
    assert_eq!(ask(0).token(), answers[0].token());
    let beyond = ask(256);

    assert!(answers.iter().chain([&beyond]).all(|answer| answer.status == 200), "{beyond:?}");
    assert_eq!(serve.get("/?cache=true").token(), own);
    assert_eq!(ask(256).token(), beyond.token());
    assert_eq!(ask(0).token(), answers[0].token());
    assert_eq!(local.grants(), 258);
    assert_ne!(ask(1).token(), answers[1].token(), "it was used the longest ago");
}

#[test]
fn a_profiles_first_token_finds_room_after_many_others() {
    let local = Local::start(&[]);
    let serve = Serve::local(&local, &[]);
    for number in 0..300 {
        let body =
            format!("identity_provider=maskinporten&target=difitest:test1&resource=https://{number}.example.no/");
        assert_eq!(serve.post("/api/v1/token", FORM, &body).status, 200);
    }

    assert_eq!(serve.get("/?cache=true").status, 200);
}

#[test]
fn an_invalid_request_gets_an_error_that_names_the_fault() {
    let local = Local::start(&[]);
    let serve = Serve::local(&local, &[]);
    for (media_type, body, status, error) in [
        (JSON, "", 400, "invalid_request"),
        (JSON, "[]", 400, "invalid_request"),
        (JSON, r#"{"identity_provider":"maskinporten"}"#, 400, "invalid_request"),
        (JSON, r#"{"target":"difitest:test1"}"#, 400, "invalid_request"),
        (JSON, r#"{"identity_provider":"tokenx","target":"difitest:test1"}"#, 400, "invalid_request"),
        (
            JSON,
            r#"{"identity_provider":"maskinporten","target":"difitest:test1","user_token":"x"}"#,
            400,
            "invalid_request",
        ),
        (JSON, r#"{"identity_provider":"maskinporten","target":["difitest:test1"]}"#, 400, "invalid_request"),
        (JSON, r#"{"identity_provider":"maskinporten","target":"simulator:short"}"#, 403, "scope_not_allowed"),
        (FORM, "identity_provider=maskinporten&target=difitest:test1&target=x", 400, "invalid_request"),
        (FORM, "identity_provider=maskinporten&target=difitest:test1&skip_cache=perhaps", 400, "invalid_request"),
        ("text/plain", "{}", 415, "unsupported_media_type"),
    ] {
        serve.post("/api/v1/token", media_type, body).fails(status, error);
    }
    assert_eq!(local.grants(), 0);
}

#[cfg_attr(not(feature = "system-tests"), ignore = "needs curl")]
#[test]
fn an_application_reaches_the_api_with_the_printed_variables() {
    let local = Local::start(&[]);
    let serve = Serve::local(&local, &[]);
    let port = serve.port().to_string();

    let printed = local.maskinporten(&["serve", "--env", "local", "--port", &port, "--print-env"]).run().artefact();

    assert_eq!(
        printed,
        format!(
            "NAIS_TOKEN_ENDPOINT=http://127.0.0.1:{port}/api/v1/token\n\
             NAIS_TOKEN_INTROSPECTION_ENDPOINT=http://127.0.0.1:{port}/api/v1/introspect\n"
        )
    );
    let script = format!(
        "{printed}curl -sSf -d identity_provider=maskinporten -d target=difitest:test1 \"$NAIS_TOKEN_ENDPOINT\""
    );
    assert!(program(Command::new("sh").args(["-c", &script]), b"").contains("access_token"));
    local.maskinporten(&["serve", "--port", "0", "--print-env"]).run().fails(
        2,
        str![[r#"
error: --print-env needs a fixed port
hint: pass --port 17823

"#]],
    );
}
