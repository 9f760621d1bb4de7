//! The NAIS token API, in JSON and as forms.

use std::process::Command;

use serde_json::{Value, json};
use snapbox::str;

use super::{Serve, wait_until};
use crate::{
    local::Local,
    server::{Server, asking_at, json as json_step, success, unused_address},
    support::program,
};

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
    ask("no resource").fails(400, "invalid_request");
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
        (JSON, r#"{"identity_provider":"maskinporten","target":["difitest:test1"]}"#, 400, "invalid_request"),
        (JSON, r#"{"identity_provider":"maskinporten","target":"simulator:short"}"#, 403, "scope_not_allowed"),
        (FORM, "identity_provider=maskinporten&target=difitest:test1&target=x", 400, "invalid_request"),
        (FORM, "identity_provider=maskinporten&target=difitest:test1&skip_cache=perhaps", 400, "invalid_request"),
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
             NAIS_TOKEN_EXCHANGE_ENDPOINT=http://127.0.0.1:{port}/api/v1/token/exchange\n\
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

const TOKEN: &str = "/api/v1/token";
const EXCHANGE: &str = "/api/v1/token/exchange";
const INTROSPECT: &str = "/api/v1/introspect";

/// Requests that get no token, and what Texas answers: path, media type, body, status, `error` and `error_description`.
const REFUSED: [(&str, &str, &str, u16, &str, &str); 17] = [
    (TOKEN, "text/plain", "{}", 400, "invalid_request", UNSUPPORTED_TYPE),
    (INTROSPECT, "text/plain", "{}", 400, "invalid_request", UNSUPPORTED_TYPE),
    (EXCHANGE, "text/plain", "{}", 400, "invalid_request", UNSUPPORTED_TYPE),
    (TOKEN, JSON, "nonsense", 400, "invalid_request", "the body is not a JSON object"),
    (TOKEN, FORM, "identity_provider=maskinporten", 400, "invalid_request", "`target` is missing"),
    (TOKEN, FORM, "target=difitest:test1", 400, "invalid_request", "`identity_provider` is missing"),
    (TOKEN, FORM, "target=a:b&identity_provider=invalid", 400, "invalid_request", UNKNOWN_PROVIDER),
    (INTROSPECT, FORM, "token=x&identity_provider=invalid", 400, "invalid_request", UNKNOWN_PROVIDER),
    (EXCHANGE, FORM, "target=x&user_token=x&identity_provider=invalid", 400, "invalid_request", UNKNOWN_PROVIDER),
    (
        TOKEN,
        FORM,
        "target=x&identity_provider=tokenx",
        400,
        "invalid_request",
        "identity provider 'tokenx' is not enabled",
    ),
    (
        TOKEN,
        JSON,
        r#"{"target":"api://cluster.namespace.app/.default","identity_provider":"azuread"}"#,
        400,
        "invalid_request",
        "identity provider 'entra_id' is not enabled",
    ),
    (
        EXCHANGE,
        JSON,
        r#"{"target":"a:b:c","user_token":"x","identity_provider":"tokenx"}"#,
        400,
        "invalid_request",
        "identity provider 'tokenx' is not enabled",
    ),
    (
        EXCHANGE,
        FORM,
        "target=a:b&user_token=x&identity_provider=maskinporten",
        400,
        "invalid_request",
        "identity provider 'maskinporten' does not support token exchange",
    ),
    (EXCHANGE, FORM, "identity_provider=maskinporten", 400, "invalid_request", "`target` is missing"),
    (INTROSPECT, FORM, "identity_provider=maskinporten", 400, "invalid_request", "`token` is missing"),
    (
        TOKEN,
        FORM,
        "target=simulator:ungranted&identity_provider=maskinporten",
        403,
        "forbidden",
        "Consumer has not been granted access to the scope simulator:ungranted. (trace_id: ",
    ),
    (
        TOKEN,
        FORM,
        "target=altinn:unknown&identity_provider=maskinporten",
        400,
        "invalid_scope",
        "Token request contains invalid scopes for client, altinn:unknown (trace_id: ",
    ),
];

const UNSUPPORTED_TYPE: &str =
    "unsupported media type: text/plain: expected one of `application/json`, `application/x-www-form-urlencoded`";
const UNKNOWN_PROVIDER: &str = "unknown `identity_provider`: invalid; expected one of maskinporten, entra_id, azuread, \
                                tokenx, idporten, ansattporten";

#[test]
fn what_gets_no_token_is_answered_as_texas_answers_it() {
    let local = Local::start(&[]);
    let serve = Serve::local(&local, &["--allow-scopes", "*"]);

    for (path, media_type, body, status, error, description) in REFUSED {
        let answer = serve.post(path, media_type, body);

        answer.fails(status, error);
        let json = answer.json();
        assert_eq!(json.as_object().unwrap().keys().collect::<Vec<_>>(), ["error", "error_description"], "{body}");
        let own = json["error_description"].as_str().unwrap();
        assert!(own == description || description.ends_with(": ") && own.starts_with(description), "{own}");
    }
}

#[test]
fn a_refusal_keeps_its_status_while_the_server_waits_before_the_next_attempt() {
    let local = Local::start(&[]);
    let serve = Serve::local(&local, &["--allow-scopes", "simulator:*"]);
    let ask = || serve.post(TOKEN, FORM, "target=simulator:ungranted&identity_provider=maskinporten");

    let (first, again) = (ask(), ask());

    assert_eq!((first.status, again.status, &again.body), (403, 403, &first.body));
    assert_eq!(again.header("retry-after"), Some("1"));
    assert_eq!(local.grants(), 1);
}

#[test]
fn an_endpoint_that_is_down_is_an_error_of_the_server() {
    let url = format!("http://{}/token", unused_address());
    let serve = Serve::start(asking_at("serve", &url).args(["--port", "0", "--retries", "0"]));
    let scope = serve.get_with("/page.json", &["Sec-Fetch-Site: same-origin"]).json()["scope"].clone();

    let body = json!({ "identity_provider": "maskinporten", "target": scope }).to_string();

    serve.post(TOKEN, JSON, &body).fails(503, "server_error");
}

#[test]
fn a_token_of_another_provider_is_not_active() {
    let local = Local::start(&[]);
    let serve = Serve::local(&local, &[]);
    for (provider, name) in [
        ("tokenx", "tokenx"),
        ("entra_id", "entra_id"),
        ("azuread", "entra_id"),
        ("idporten", "idporten"),
        ("ansattporten", "ansattporten"),
    ] {
        let body = json!({ "identity_provider": provider, "token": "eyJ.eyJ.x" }).to_string();

        let answer = serve.post(INTROSPECT, JSON, &body);

        let why = format!("identity provider '{name}' is not enabled");
        assert_eq!((answer.status, answer.json()), (200, json!({ "active": false, "error": why })));
    }
}

#[test]
fn unknown_members_and_query_parameters_are_ignored_and_null_means_missing() {
    let local = Local::start(&[]);
    let serve = Serve::local(&local, &[]);
    let own = serve.get("/?cache=true").token();
    let body = json!({
        "identity_provider": "maskinporten", "target": "difitest:test1", "user_token": "x", "other": { "a": [1] },
        "resource": null, "authorization_details": null, "skip_cache": null,
    });

    for (media_type, body) in [
        (JSON, body.to_string()),
        ("application/json; charset=utf-8", body.to_string()),
        ("Application/JSON;charset=UTF-8", body.to_string()),
        (FORM, "identity_provider=maskinporten&target=difitest:test1&x=1&x=2".to_owned()),
        (
            "application/x-www-form-urlencoded; charset=UTF-8",
            "identity_provider=maskinporten&target=difitest:test1".to_owned(),
        ),
    ] {
        assert_eq!(serve.post("/api/v1/token?trace=1", media_type, &body).token(), own, "{body}");
    }
    assert_eq!(local.grants(), 1);
}

/// Returns the claims of the access token in an answer.
fn claims(local: &Local, token: &str) -> Value {
    let output = local.maskinporten(&["inspect", "--format", "json"]).stdin(token).run().artefact();
    serde_json::from_str::<Value>(&output).unwrap()["claims"].clone()
}

#[test]
fn authorization_details_are_an_array_or_its_text_and_have_a_token_of_their_own() {
    let local = Local::start(&[]);
    let serve = Serve::local(&local, &["--allow-scopes", "altinn:*"]);
    let details = json!([{
        "type": "urn:altinn:systemuser",
        "systemuser_org": { "authority": "iso6523-actorid-upis", "ID": "0192:310700053" },
    }]);
    let request = |details: Value| json!({ "identity_provider": "maskinporten", "target": "difitest:test1", "authorization_details": details });
    let encoded: String = url::form_urlencoded::byte_serialize(details.to_string().as_bytes()).collect();

    let array = serve.post(TOKEN, JSON, &request(details.clone()).to_string());
    let text = serve.post(TOKEN, JSON, &request(details.to_string().into()).to_string());
    let form = format!("identity_provider=maskinporten&target=difitest:test1&authorization_details={encoded}");
    let form = serve.post(TOKEN, FORM, &form);

    let granted = &claims(&local, &array.token())["authorization_details"][0];
    assert_eq!(
        (&granted["type"], &granted["systemuser_org"]["ID"]),
        (&json!("urn:altinn:systemuser"), &json!("0192:310700053"))
    );
    assert_eq!((text.token(), form.token()), (array.token(), array.token()));
    assert_ne!(serve.get("/?cache=true").token(), array.token());
    assert_eq!(local.grants(), 2);
    for wrong in
        [json!("not an array"), json!({ "type": "t" }), json!("{}"), json!(42), json!(true), json!([1]), json!("[{")]
    {
        serve.post(TOKEN, JSON, &request(wrong).to_string()).fails(400, "invalid_request");
    }
    assert_eq!(serve.post(TOKEN, JSON, &request(json!([])).to_string()).token(), serve.get("/?cache=true").token());
}

#[test]
fn the_request_alone_decides_on_resource_and_authorization_details() {
    let local = Local::start(&[]);
    let resource = "https://api.example.no/";
    let serve = Serve::local(&local, &["--resource", resource, "--system-user", "310700053"]);
    let ask =
        |more: &str| serve.post(TOKEN, FORM, &format!("identity_provider=maskinporten&target=difitest:test1{more}"));

    let own = claims(&local, &serve.get("/?cache=true").token());
    let nais = claims(&local, &ask("").token());

    assert_eq!((&own["aud"], own["authorization_details"].is_array()), (&json!(resource), true));
    assert_eq!((nais.get("aud"), nais.get("authorization_details")), (None, None));
    assert_eq!(claims(&local, &ask("&resource=https://other.example.no/").token())["aud"], "https://other.example.no/");
}

#[test]
fn altinns_resource_is_not_added_to_a_request_without_a_resource() {
    let server = Server::start([json_step("200 OK", success()), json_step("200 OK", success())]);
    let asking = asking_at("serve", &server.url("/token")).env("MASKINPORTEN_ENV", "test");
    let serve = Serve::start(asking.args(["--port", "0", "-s", "altinn:serviceowner"]));

    serve.get("/?cache=true");
    serve.post(TOKEN, FORM, "identity_provider=maskinporten&target=altinn:serviceowner").token();

    let resources: Vec<_> = server.requests().iter().map(|request| request.claims()["resource"].clone()).collect();
    assert_eq!(resources, [json!("https://tt02.altinn.no/"), Value::Null]);
}

#[test]
fn a_consumer_org_in_the_request_gets_a_delegated_token() {
    let local = Local::start(&[]);
    let serve = Serve::local(&local, &["--allow-scopes", "simulator:delegated"]);
    let ask = |body: Value| serve.post(TOKEN, JSON, &body.to_string());
    let request = |organisation: Value| json!({ "identity_provider": "maskinporten", "target": "simulator:delegated", "consumer_org": organisation });

    let delegated = ask(request(json!("310700053")));

    let token = claims(&local, &delegated.token());
    assert_eq!(
        (&token["consumer"]["ID"], &token["supplier"]["ID"]),
        (&json!("0192:310700053"), &json!("0192:310700010"))
    );
    assert_eq!(ask(request(json!(310_700_053))).token(), delegated.token());
    ask(request(json!("12345"))).fails(400, "invalid_request");
    ask(request(json!("310700010"))).fails(400, "invalid_request");

    let configured = Serve::local(&local, &["--scope", "simulator:delegated", "--consumer-org", "310700053"]);
    let form = "identity_provider=maskinporten&target=simulator:delegated";
    assert_eq!(configured.post(TOKEN, FORM, form).token(), configured.get("/?cache=true").token());
}
