//! `--altinn`: the Maskinporten token is exchanged for one of Altinn's, in every command and output form.

use std::{
    fs,
    sync::{Arc, Mutex},
};

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use maskinporten::{
    altinn::{AltinnExchange, AltinnPlatform, TokenProvider},
    client::RetryPolicy,
    clock::FixedClock,
    environment::Environment,
    grant::{ClientId, Grant, Scopes, default_resource},
    http::Endpoint,
    keystore::SigningKey,
    tokens::{TokenEndpoint, TokenEvent, TokenSource},
};
use serde_json::{Value, json};
use snapbox::str;
use tempfile::TempDir;

use crate::{
    local::Local,
    serve::Serve,
    server::{Server, Step, TOKEN, answer, asking, json as json_answer, token, unused_address},
    support::{Maskinporten, Outcome, maskinporten, testdata},
};

const EXCHANGE: &str = "GET /authentication/api/v1/exchange/maskinporten HTTP/1.1\r\n";

/// Makes a token of Altinn's that expires in this number of seconds.
fn altinn_token(seconds: i64) -> String {
    let expiry = chrono::Utc::now().timestamp() + seconds;
    let part = |value: Value| BASE64_URL_SAFE_NO_PAD.encode(value.to_string());
    let (header, claims) =
        (part(json!({ "alg": "RS256", "typ": "JWT" })), part(json!({ "exp": expiry, "scope": "altinn:serviceowner" })));
    format!("{header}.{claims}.c2lnbmF0dXJl")
}

fn raw_token(token: &str) -> Step {
    answer("200 OK", &["Content-Type: text/plain; charset=utf-8"], token)
}

fn quoted_token(token: &str) -> Step {
    json_answer("200 OK", format!("\"{token}\""))
}

/// Servers for Maskinporten and Altinn, and a cache that several commands share.
struct Servers {
    maskinporten: Server,
    altinn: Server,
    cache: TempDir,
}

impl Servers {
    fn start(maskinporten: impl IntoIterator<Item = Step>, altinn: impl IntoIterator<Item = Step>) -> Self {
        let (maskinporten, altinn) = (Server::start(maskinporten), Server::start(altinn));
        Self { maskinporten, altinn, cache: tempfile::tempdir().unwrap() }
    }

    /// Makes a command; only an option or `--altinn` makes it exchange the token.
    fn ask(&self, command: &str) -> Maskinporten {
        asking(command, &self.maskinporten)
            .env("MASKINPORTEN_ALTINN_URL", self.altinn.url(""))
            .env("XDG_CACHE_HOME", self.cache.path())
    }
}

#[test]
fn the_exchanged_token_is_printed_whether_it_comes_raw_or_in_quotes() {
    for respond in [raw_token, quoted_token] {
        let exchanged = altinn_token(1800);
        let servers = Servers::start([token()], [respond(&exchanged)]);

        let printed = servers.ask("token").args(["--altinn"]).run().artefact();

        assert_eq!(printed.trim_end(), exchanged);
        let request = servers.altinn.request();
        assert!(request.head.starts_with(EXCHANGE), "{}", request.head);
        assert!(request.head.contains(&format!("\r\nauthorization: Bearer {TOKEN}\r\n")), "{}", request.head);
    }
}

#[test]
fn every_form_has_the_lifetime_and_the_scopes_of_the_exchanged_token() {
    let exchanged = altinn_token(1800);
    let servers = Servers::start([token()], [raw_token(&exchanged)]);

    let printed = servers.ask("token").args(["--altinn", "--format", "json"]).run().artefact();

    let printed: Value = serde_json::from_str(&printed).unwrap();
    assert_eq!(printed["access_token"], exchanged);
    assert_eq!(printed["scope"], "altinn:serviceowner");
    assert!((1790..=1800).contains(&printed["expires_in"].as_i64().unwrap()), "{printed}");
}

#[test]
fn both_tokens_are_cached_each_until_its_own_expiry() {
    let first = altinn_token(1500);
    let second = altinn_token(1801);
    let for_test = altinn_token(1802);
    let servers = Servers::start([token()], [raw_token(&first), raw_token(&second), raw_token(&for_test)]);
    let run = |more: &[&str]| servers.ask("token").args(more).run().artefact().trim_end().to_owned();

    assert_eq!(run(&["--altinn"]), first);
    assert_eq!(run(&["--altinn"]), first);
    // Without the exchange, the token that it began with.
    assert_eq!(run(&[]), TOKEN);
    // The first one is too old for this, and Maskinporten's is still valid.
    assert_eq!(run(&["--altinn", "--min-ttl", "1600"]), second);
    // Another exchange has a token of its own, also in the cache.
    assert_eq!(run(&["--altinn-test"]), for_test);
    assert_eq!(run(&["--altinn", "--altinn-test"]), for_test);

    assert_eq!(servers.maskinporten.requests().len(), 1);
    let last = servers.altinn.requests().pop().unwrap();
    assert!(last.head.starts_with(&EXCHANGE.replace(" HTTP", "?test=true HTTP")), "{}", last.head);
    let cached = maskinporten(["cache", "list"]).env("XDG_CACHE_HOME", servers.cache.path()).run().artefact();
    let exchanged = format!("{}/ maskinporten", servers.altinn.url(""));
    assert!(cached.contains(&exchanged), "{cached}");
}

#[test]
fn refresh_requests_both_tokens_anew() {
    let exchanged = [altinn_token(1800), altinn_token(1801)];
    let servers = Servers::start([token(), token()], [raw_token(&exchanged[0]), raw_token(&exchanged[1])]);

    servers.ask("token").args(["--altinn"]).run().artefact();
    let second = servers.ask("token").args(["--altinn", "--refresh"]).run().artefact();

    assert_eq!(second.trim_end(), exchanged[1]);
}

#[test]
fn a_cached_maskinporten_token_that_altinn_does_not_accept_is_replaced_once() {
    let exchanged = altinn_token(1800);
    let refused = || answer("401 Unauthorized", &[], "");
    let servers = Servers::start([token(), token()], [refused(), raw_token(&exchanged)]);

    servers.ask("token").run().artefact();
    let printed = servers.ask("token").args(["--altinn"]).run().artefact();

    assert_eq!(printed.trim_end(), exchanged);
}

/// Runs the command against an exchange that answers like this.
fn exchange(step: Step, language: &str) -> Outcome {
    let servers = Servers::start([token()], [step]);
    let mut run = servers.ask("token").args(["--altinn", "--retries", "0", "--lang", language]).run();
    run.stderr = run.stderr.replace(&servers.altinn.url(""), "[ALTINN]");
    run
}

#[test]
fn an_empty_401_is_explained() {
    exchange(answer("401 Unauthorized", &[], ""), "en").fails(5, str![[r#"
error: Altinn refused to exchange the token: HTTP 401
caused by: Altinn at 127.0.0.3 did not accept the token; it does not say why: the token has expired, it is from an environment that this Altinn does not trust, its consumer has no Norwegian organisation number, or Altinn has a fault of its own
hint: check that --env and --altinn-env belong together (prod with prod, test with tt02), and that this machine's clock is right; if so, try again in a few minutes

"#]]);
    exchange(answer("401 Unauthorized", &[], ""), "nb").fails(5, str![[r#"
feil: Altinn avslo å veksle tokenet: HTTP 401
årsak: Altinn på 127.0.0.3 godtok ikke tokenet, og sier ikke hvorfor: tokenet er utløpt, det er fra et miljø som denne Altinn ikke stoler på, virksomheten i det har ikke norsk organisasjonsnummer, eller Altinn har en feil selv
råd: kontroller at --env og --altinn-env hører sammen (prod med prod, test med tt02), og at klokken på maskinen går riktig; prøv i så fall igjen om noen minutter

"#]]);
}

#[test]
fn a_missing_altinn_scope_is_explained() {
    exchange(answer("403 Forbidden", &[], ""), "en").fails(
        5,
        str![[r#"
error: Altinn refused to exchange the token: HTTP 403
caused by: the token has no scope that Altinn exchanges: a token of ID-porten needs one that starts with altinn:
hint: request a scope that starts with altinn:, such as altinn:portal/enduser; the client must be registered with it

"#]],
    );
}

#[test]
fn the_end_of_enterprise_users_is_explained() {
    let body = r#"{"type":"https://docs.altinn.studio","title":"Virksomhetsbruker is no longer available","status":410,"detail":"Virksomhetsbruker (enterprise user) is no longer available. It has been replaced by Systembruker (system user) or ID-porten, depending on the use case. See https://docs.altinn.studio for migration guidance."}"#;
    let step = answer("410 Gone", &["Content-Type: application/problem+json"], body);
    exchange(step, "en").fails(5, str![[r#"
error: Altinn refused to exchange the token: HTTP 410: Virksomhetsbruker (enterprise user) is no longer available. It has been replaced by Systembruker (system user) or ID-porten, depending on the use case. See https://docs.altinn.studio for migration guidance.
caused by: the request names an enterprise user (virksomhetsbruker, in the header X-Altinn-EnterpriseUser-Authentication), and Altinn has had none since June 2026
hint: leave the header out; use a system user for a machine (--system-user), or ID-porten for a person

"#]]);
}

#[test]
fn an_unknown_provider_is_explained() {
    let body = "Invalid token provider: x. Trusted token providers are 'Maskinporten', 'Id-porten' and 'AltinnStudio'.";
    exchange(answer("400 Bad Request", &[], body), "en").fails(5, str![[r#"
error: Altinn refused to exchange the token: HTTP 400: Invalid token provider: x. Trusted token providers are 'Maskinporten', 'Id-porten' and 'AltinnStudio'.
caused by: Altinn exchanges tokens of Maskinporten, ID-porten and Altinn Studio only, and the path names another provider
hint: check MASKINPORTEN_ALTINN_URL: a proxy or gateway must pass the path on unchanged

"#]]);
}

#[test]
fn an_address_without_an_exchange_is_explained() {
    exchange(answer("404 Not Found", &[], "<html>"), "en").fails(5, str![[r#"
error: Altinn refused to exchange the token: HTTP 404
caused by: there is no exchange at this address
hint: check MASKINPORTEN_ALTINN_URL: it is the platform's base URL, such as https://platform.tt02.altinn.no, without a path

"#]]);
}

#[test]
fn too_many_requests_and_a_server_that_is_down_are_explained() {
    let busy = answer("429 Too Many Requests", &["Retry-After: 7"], "");
    exchange(busy, "en").fails(
        6,
        str![[r#"
error: [ALTINN]/authentication/api/v1/exchange/maskinporten received too many requests: HTTP 429
hint: try again in 7 s; use each token until it expires instead of requesting one for every call

"#]],
    );
    let down = json_answer("503 Service Unavailable", r#"{"title":"Service Unavailable"}"#);
    exchange(down, "en").fails(
        6,
        str![[r#"
error: [ALTINN]/authentication/api/v1/exchange/maskinporten is unavailable: HTTP 503: {"title":"Service Unavailable"}
hint: try again later

"#]],
    );
}

#[test]
fn a_response_without_a_token_is_explained_and_its_token_is_not_shown() {
    exchange(raw_token("<html>sign in</html>"), "en").fails(6, str![[r#"
error: unexpected response
caused by: [ALTINN]/authentication/api/v1/exchange/maskinporten answered HTTP 200 with text/plain, and it is not a token: <html>sign in</html>
hint: check the URL, and whether a proxy answers instead of the server

"#]]);
    let expired = exchange(raw_token(&altinn_token(-10)), "en");
    assert!(!expired.stderr.contains("eyJ"), "{expired:?}");
    expired.fails(6, str![[r#"
error: unexpected response
caused by: [ALTINN]/authentication/api/v1/exchange/maskinporten answered HTTP 200 with text/plain, and its token has expired already
hint: check the URL, and whether a proxy answers instead of the server

"#]]);
    let moved = answer("302 Found", &["Location: https://evil.example/?token=1"], "");
    exchange(moved, "en").fails(6, str![[r#"
error: unexpected response
caused by: [ALTINN]/authentication/api/v1/exchange/maskinporten answered HTTP 302, and it is a redirect, which is never followed (to https://evil.example/)
hint: check the URL, and whether a proxy answers instead of the server

"#]]);
}

#[test]
fn a_failed_exchange_is_tried_again_with_the_same_maskinporten_token() {
    let exchanged = altinn_token(1800);
    let down = || answer("503 Service Unavailable", &[], "");
    let servers = Servers::start([token()], [down(), raw_token(&exchanged)]);

    let printed = servers.ask("token").args(["--altinn"]).run();

    assert_eq!(printed.artefact().trim_end(), exchanged);
}

#[test]
fn headers_for_altinn_have_what_a_call_needs() {
    let exchanged = altinn_token(1800);
    let servers = Servers::start([token()], [raw_token(&exchanged)]);
    let key = servers.cache.path().join("api-key");
    fs::write(&key, "our-api-key\n").unwrap();
    let ask = || {
        let command = servers.ask("headers").env("MASKINPORTEN_API_KEY_FILE", &key);
        command.env("MASKINPORTEN_SUBSCRIPTION_KEY", "our-subscription")
    };

    let lines = ask().args(["--altinn"]).run().artefact();
    let replaced = ask().args(["--altinn", "--header", "accept: application/hal+json"]).run().artefact();
    let without = ask().run().artefact();

    assert_eq!(
        lines,
        format!(
            "Authorization: Bearer {exchanged}\nAccept: application/json\nApiKey: our-api-key\n\
             Ocp-Apim-Subscription-Key: our-subscription\n"
        )
    );
    assert!(
        replaced.ends_with(
            "ApiKey: our-api-key\nOcp-Apim-Subscription-Key: our-subscription\naccept: application/hal+json\n"
        )
    );
    assert_eq!(without, format!("Authorization: Bearer {TOKEN}\n"));
}

#[test]
fn exec_passes_the_exchanged_token_on_and_the_keys_not() {
    let exchanged = altinn_token(1800);
    let servers = Servers::start([token()], [raw_token(&exchanged)]);
    let command = servers.ask("exec").env("MASKINPORTEN_API_KEY", "our-api-key").args(["--altinn", "--", "sh", "-c"]);

    let output = command.args(["echo $MASKINPORTEN_TOKEN ${MASKINPORTEN_API_KEY-unset}"]).run().artefact();

    assert_eq!(output.trim_end(), format!("{exchanged} unset"));
}

#[test]
fn a_key_that_is_no_header_is_refused_without_showing_it() {
    let servers = Servers::start([], []);
    let key = servers.cache.path().join("api-key");
    fs::write(&key, "two\nlines\n").unwrap();

    let run = servers.ask("headers").env("MASKINPORTEN_API_KEY_FILE", &key).args(["--altinn"]).run();

    run.fails(
        3,
        str![[r#"
error: the key in MASKINPORTEN_API_KEY_FILE is empty, or has characters that a header cannot have
hint: copy the key that Altinn has sent you, without anything else

"#]],
    );
}

/// Runs `token --altinn` with these options, against servers that are never reached.
fn unusable(options: &[&str]) -> Outcome {
    let command = maskinporten(["token", "--altinn", "--client-id", "c", "--scope", "a:b", "--keystore", "none.p12"]);
    command.args(options).run()
}

#[test]
fn environments_that_do_not_belong_together_and_unusable_addresses_are_refused_before_a_request() {
    unusable(&["--env", "prod", "--altinn-env", "tt02"]).fails(
        2,
        str![[r#"
error: Altinn's tt02 accepts no tokens from Maskinporten's prod
hint: leave out --altinn-env and --altinn-url, or pass the --env that belongs to it: prod with prod, test with tt02

"#]],
    );
    unusable(&["--env", "dev"]).fails(
        3,
        str![[r#"
error: no environment of Altinn was given
hint: pass --altinn-env with prod, tt02, at22 or another one, or --altinn-url URL

"#]],
    );
    unusable(&["--env", "test", "--altinn-url", "http://altinn.example"]).fails(
        2,
        str![[r#"
error: --altinn-url cannot be used
caused by: `http://altinn.example/` is neither an https URL nor an http URL on this machine
hint: write it as https://platform.tt02.altinn.no

"#]],
    );
    unusable(&["--env", "test", "--altinn-url", "https://altinn.example/?a=b"]).fails(
        2,
        str![[r#"
error: --altinn-url cannot be used
caused by: `https://altinn.example/` has a query, which a base URL cannot have
hint: write it as https://platform.tt02.altinn.no

"#]],
    );
    unusable(&["--env", "test", "--altinn-env", "tt02", "--altinn-url", "https://a.example"]).fails(
        2,
        str![[r#"
error: --altinn-url and --altinn-env exclude each other
hint: give one of them

"#]],
    );
}

#[test]
fn a_project_file_sends_tokens_to_altinn_only() {
    let folder = tempfile::tempdir().unwrap();
    let project = |address: &str| {
        let text = format!("[profiles.a]\nenv = \"test\"\naltinn = true\naltinn_url = \"{address}\"\n");
        fs::write(folder.path().join("maskinporten.toml"), text).unwrap();
        let options = ["--profile", "a", "--client-id", "c", "--scope", "a:b", "--keystore", "none.p12"];
        maskinporten(["token"]).args(options).in_folder(folder.path()).run()
    };

    for address in ["https://evil.example", "http://127.0.0.1:1"] {
        let run = project(address);
        assert!(run.failure(3).contains("which is not Altinn"), "{address}");
    }
    // Altinn's own is accepted: the next failure is that there is no keystore.
    assert!(project("https://platform.at22.altinn.cloud").failure(4).contains("none.p12"));
}

#[test]
fn a_consent_is_written_as_authorization_details() {
    let servers = Servers::start([], []);
    let id = "4c29cd60-b9a1-4bc4-b7e2-1d5cbf8c7e5b";
    let decoded = servers.ask("grant").args(["--decode", "--consent", id, "--consent-from", "08069010000"]).run();

    let claims: Value = serde_json::from_str(&decoded.artefact()).unwrap();

    let expected =
        json!([{ "type": "urn:altinn:consent", "id": id, "from": "urn:altinn:person:identifier-no:08069010000" }]);
    assert_eq!(claims["claims"]["authorization_details"], expected);
    servers.ask("grant").args(["--consent", id]).run().fails(
        2,
        str![[r#"
error: --consent needs the party that gave the consent
hint: pass --consent-from with the number of that organisation or person

"#]],
    );
    servers.ask("grant").args(["--consent-from", "991825827"]).run().fails(
        2,
        str![[r#"
error: --consent-from needs a consent, and none was given
hint: pass --consent ID with it

"#]],
    );
    let both = servers.ask("grant").args(["--consent", id, "--system-user", "991825827"]).run();
    both.fails(
        2,
        str![[r#"
error: --system-user and --consent exclude each other
hint: give one of them

"#]],
    );
    let run = servers.ask("grant").args(["--consent", id, "--consent-from", "0806901000"]).run();
    run.fails(
        2,
        str![[r#"
error: --consent-from cannot be used
caused by: the giver of the consent is neither an organisation number nor a person's identifier
hint: pass nine digits for an organisation, or eleven for a person

"#]],
    );
}

#[test]
fn check_reports_the_exchange_with_its_remedy() {
    let exchanged = altinn_token(1800);
    for (step, verdict) in [(raw_token(&exchanged), "ok"), (answer("401 Unauthorized", &[], ""), "fault")] {
        let servers = Servers::start([token()], [step]);
        let audience = format!("http://{}/", unused_address());
        let ask = servers.ask("check").env("MASKINPORTEN_AUDIENCE", audience);
        let report = ask.args(["--altinn", "--format", "json", "--retries", "0"]).run();

        let checks: Value = serde_json::from_str(&report.stdout).unwrap();
        let check = checks["checks"].as_array().unwrap().iter().find(|check| check["id"] == "altinn.exchange").unwrap();
        assert_eq!(check["verdict"], verdict, "{check}");
        assert_eq!(check["remedy"].is_string(), verdict == "fault", "{check}");
    }
}

/// Returns the claims of a token.
#[track_caller]
fn claims(token: &str) -> Value {
    let payload = token.trim().split('.').nth(1).unwrap();
    serde_json::from_slice(&BASE64_URL_SAFE_NO_PAD.decode(payload).unwrap()).unwrap()
}

#[test]
fn the_simulators_altinn_exchanges_the_token_of_a_system_user_and_renews_it() {
    let local = Local::start(&[]);
    let ask = |arguments: &[&str]| local.maskinporten(arguments);

    let token = ask(&["token", "--env", "local", "--altinn", "--system-user", "310700053"]).run().artefact();
    let renewed = ask(&["altinn", "refresh", "--env", "local"]).stdin(token.as_str()).run().artefact();

    for token in [&token, &renewed] {
        let claims = claims(token);
        assert_eq!(claims["urn:altinn:orgNumber"], "310700010", "{claims}");
        // A list of one has become an object.
        assert_eq!(claims["authorization_details"]["systemuser_org"]["ID"], "0192:310700053", "{claims}");
        assert_eq!(claims["exp"].as_i64().unwrap() - claims["nbf"].as_i64().unwrap(), 1800, "{claims}");
        assert!(claims["iss"].as_str().unwrap().ends_with("/authentication/api/v1/openid/"), "{claims}");
    }
    assert_ne!(token, renewed);
}

#[test]
fn a_token_of_another_issuer_is_not_renewed() {
    let local = Local::start(&[]);
    let maskinporten = local.maskinporten(&["token", "--env", "local"]).run().artefact();

    let run = local.maskinporten(&["altinn", "refresh", "--env", "local"]).stdin(maskinporten).run();

    run.fails(
        5,
        str![[r#"
error: Altinn refused to renew the token: HTTP 401
hint: check that the token is for this environment of Altinn, and that it has not expired

"#]],
    );
}

#[test]
fn serve_gives_altinns_tokens_to_every_caller() {
    let local = Local::start(&[]);
    let serve = Serve::local(&local, &["--altinn"]);

    let first = serve.get("/?cache=true").token();
    let headers = serve.get("/headers");
    let asked = r#"{"identity_provider":"maskinporten","target":"difitest:test1"}"#;
    let nais = serve.post("/api/v1/token", "application/json", asked);
    let introspected = json!({ "identity_provider": "maskinporten", "token": nais.token() }).to_string();
    let introspected = serve.post("/api/v1/introspect", "application/json", &introspected).json();
    let metrics = serve.get("/metrics");

    assert_eq!(claims(&first)["urn:altinn:orgNumber"], "310700010");
    assert_eq!(headers.body, format!("Authorization: Bearer {first}\nAccept: application/json\n"));
    assert_eq!(claims(&nais.token())["urn:altinn:orgNumber"], "310700010");
    assert_eq!(
        (&introspected["active"], &introspected["urn:altinn:authlevel"]),
        (&json!(true), &json!(3)),
        "{introspected}"
    );
    // All of them are the profile's own token.
    for name in ["upstream", "exchange"] {
        let line = format!("maskinporten_{name}_requests_total{{profile=\"default\"}} 1\n");
        assert!(metrics.body.contains(&line), "{}", metrics.body);
    }
}

#[test]
fn serve_reports_why_altinn_refused_the_token() {
    let local = Local::with_clients(&[], |clients| clients["faults"] = json!({ "altinn": { "status": 403 } }));
    let serve = Serve::local(&local, &["--altinn"]);

    let refused = serve.get("/");

    refused.fails(502, "altinn_refused");
    let refused = refused.json();
    assert!(
        refused["meaning"].as_str().unwrap().starts_with("the token has no scope that Altinn exchanges"),
        "{refused}"
    );
    assert!(refused["remedy"].as_str().unwrap().starts_with("request a scope that starts with altinn:"), "{refused}");
    assert!(
        serve
            .get("/metrics")
            .body
            .contains("maskinporten_exchange_errors_total{profile=\"default\",code=\"altinn_refused\"} 1\n")
    );
}

/// The example payloads of Altinn's page about the REST API, in the order of their claims.
#[test]
fn the_payloads_of_altinns_first_page_are_made_as_they_stand_there() {
    for (environment, audience, resource) in [
        (Environment::Ver2, "https://ver2.maskinporten.no/", "https://tt02.altinn.no/"),
        (Environment::Prod, "https://maskinporten.no/", "https://www.altinn.no/"),
    ] {
        let key = SigningKey::from_pkcs12_file(testdata("iterations-one.p12"), &"secret".into()).unwrap();
        let client_id = ClientId::parse("806e1e80-e3a7-4a73-980e-f92ba1c2bf86").unwrap();
        let scopes = Scopes::parse("altinn:serviceowner").unwrap();
        let resources = default_resource(environment, &scopes).into_iter().collect();
        let grant = Grant::builder(environment.addresses().unwrap().issuer, client_id, scopes).resources(resources);
        let now = chrono::DateTime::from_timestamp(1_592_896_655, 0).unwrap();

        let assertion = grant.build().sign(&key, &FixedClock(now)).unwrap();

        let payload = assertion.expose().split('.').nth(1).unwrap();
        let payload = String::from_utf8(BASE64_URL_SAFE_NO_PAD.decode(payload).unwrap()).unwrap();
        let jti = claims(assertion.expose())["jti"].as_str().unwrap().to_owned();
        assert_eq!(
            payload.replace(&jti, "bebeb0da-fef3-4b67-a0fc-b08d0b68fddd"),
            format!(
                r#"{{"aud":"{audience}","resource":"{resource}","scope":"altinn:serviceowner","iss":"806e1e80-e3a7-4a73-980e-f92ba1c2bf86","exp":1592896775,"iat":1592896655,"jti":"bebeb0da-fef3-4b67-a0fc-b08d0b68fddd"}}"#
            )
        );
    }
}

/// Makes a source whose tokens are exchanged, without a disk cache.
fn source(servers: &Servers) -> TokenSource {
    let key = SigningKey::from_pkcs12_file(testdata("iterations-one.p12"), &"secret".into()).unwrap();
    let client_id = ClientId::parse("our-client").unwrap();
    let grant = Grant::builder("https://issuer.example/", client_id, Scopes::parse("difitest:test1").unwrap()).build();
    let endpoint = TokenEndpoint::Fixed(Endpoint::parse(&servers.maskinporten.url("/token")).unwrap());
    let platform = AltinnPlatform::parse(&servers.altinn.url("")).unwrap();
    let exchange = AltinnExchange { platform, provider: TokenProvider::Maskinporten, for_test_organisation: false };
    let policy = RetryPolicy { retries: 0, ..RetryPolicy::default() };
    TokenSource::for_grant(grant, endpoint, key).retry_policy(policy).altinn(exchange).build().unwrap()
}

fn run<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

#[test]
fn callers_share_one_exchange_and_the_events_of_both_requests_are_reported_in_order() {
    let exchanged = altinn_token(1800);
    let servers = Servers::start([token()], [raw_token(&exchanged)]);
    let source = source(&servers);
    let events = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&events);
    source.set_observer(Arc::new(move |event: &TokenEvent<'_>| {
        let event = format!("{event:?}");
        seen.lock().unwrap().push(event.split([' ', '(']).next().unwrap().to_owned());
    }));

    let tokens = run(futures_util::future::join_all((0..20).map(|_| source.token())));

    assert!(tokens.iter().all(|token| token.as_ref().unwrap().expose() == exchanged));
    assert_eq!(*events.lock().unwrap(), ["Requesting", "Requested", "Exchanging", "Exchanged"]);
}

#[test]
fn after_a_failed_exchange_the_maskinporten_token_in_memory_is_exchanged() {
    let exchanged = altinn_token(1800);
    let servers = Servers::start([token()], [answer("503 Service Unavailable", &[], ""), raw_token(&exchanged)]);
    let source = source(&servers);

    let obtained = run(async {
        assert!(source.token().await.is_err());
        source.end_backoff();
        source.token().await
    });

    assert_eq!(obtained.unwrap().expose(), exchanged);
}

#[test]
fn in_place_of_a_token_that_an_api_has_refused_both_tokens_are_requested_anew() {
    let (first, second) = (altinn_token(1800), altinn_token(1801));
    let servers = Servers::start([token(), token()], [raw_token(&first), raw_token(&second)]);
    let source = source(&servers);

    let obtained = run(async {
        let refused = source.token().await.unwrap();
        source.instead_of(&refused).await
    });

    assert_eq!(obtained.unwrap().expose(), second);
}

#[test]
fn curl_gets_the_exchanged_token_and_the_headers_of_altinn() {
    let exchanged = altinn_token(1800);
    let servers = Servers::start([token()], [raw_token(&exchanged)]);
    let api = Server::start([json_answer("200 OK", "{}")]);
    let ask = servers.ask("curl").env("MASKINPORTEN_API_KEY", "our-api-key").args(["--altinn", "--", "-sS"]);

    let output = ask.args([api.url("/storage/api/v1/instances")]).run().artefact();

    assert_eq!(output.trim_end(), "{}");
    let head = api.request().head;
    for header in
        [format!("Authorization: Bearer {exchanged}"), "Accept: application/json".into(), "ApiKey: our-api-key".into()]
    {
        assert!(head.contains(&format!("\r\n{header}\r\n")), "{head}");
    }
    assert_eq!(head.to_lowercase().matches("\r\naccept:").count(), 1, "{head}");
}
