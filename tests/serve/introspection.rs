//! Whether a token is active, and how its issuer's keys are fetched.

use std::{
    io::Write as _,
    time::{Duration, Instant},
};

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use serde_json::json;

use super::Serve;
use crate::{
    local::Local,
    server::{Server, Step, asking_at, json as json_step, unused_address},
};

const JSON: &str = "application/json";
const FORM: &str = "application/x-www-form-urlencoded";

/// Serves a client of this issuer; its token endpoint is not used.
fn serve_issuer(issuer: &str) -> Serve {
    let asking = asking_at("serve", &format!("http://{}/token", unused_address()));
    Serve::start(asking.env("MASKINPORTEN_AUDIENCE", issuer).args(["--port", "0", "--timeout", "5s"]))
}

/// Makes a token that names this issuer and a key.
fn token_of(issuer: &str, key: &str) -> String {
    let part = |value: serde_json::Value| BASE64_URL_SAFE_NO_PAD.encode(value.to_string());
    format!("{}.{}.AAAA", part(json!({ "alg": "RS256", "kid": key })), part(json!({ "iss": issuer })))
}

fn form(token: &str) -> String {
    format!("identity_provider=maskinporten&token={token}")
}

#[test]
fn callers_that_leave_cause_no_further_request_for_the_keys() {
    let server = Server::start([Step::Hang(Vec::new())]);
    let issuer = server.url("/");
    let mut serve = serve_issuer(&issuer);

    for number in 0..20 {
        let body = form(&token_of(&issuer, &format!("key-{number}")));
        let mut leaving = serve.connect();
        let head = format!("POST /api/v1/introspect HTTP/1.1\r\nHost: 127.0.0.1:{}\r\n", serve.port());
        let rest = format!("Content-Type: {FORM}\r\nContent-Length: {}\r\n\r\n{body}", body.len());
        leaving.write_all(format!("{head}{rest}").as_bytes()).unwrap();
        std::thread::sleep(Duration::from_millis(20));
    }
    let response = serve.post("/api/v1/introspect", FORM, &form(&token_of(&issuer, "x"))).json();

    assert_eq!(response, json!({ "active": false, "error": "could not fetch the issuer's keys" }));
    serve.wait_for("ms not active: no keys");
    assert!(server.request().line().starts_with("GET /.well-known/oauth-authorization-server "));
}

#[test]
fn keys_are_fetched_once_for_tokens_with_a_known_key_and_with_an_unknown_one() {
    let server = Server::start_knowing(|own| {
        let key = json!({ "kty": "RSA", "kid": "known", "alg": "RS256", "e": "AQAB", "n": "n".repeat(341) + "w" });
        [
            json_step("200 OK", json!({ "issuer": format!("{own}/"), "jwks_uri": format!("{own}/jwk") }).to_string()),
            json_step("200 OK", json!({ "keys": [key] }).to_string()),
        ]
    });
    let issuer = server.url("/");
    let mut serve = serve_issuer(&issuer);
    let ask = |serve: &Serve, key: &str| {
        serve.post("/api/v1/introspect", FORM, &form(&token_of(&issuer, key))).json()["error"].to_string()
    };

    let first = ask(&serve, "known");
    let started = Instant::now();
    let second = ask(&serve, "known");
    let unknown = ask(&serve, "unknown");

    assert!(first.starts_with("\"signature: "), "{first}");
    assert_eq!(second, first);
    assert!(unknown.starts_with("\"signature: ") && unknown != first, "{unknown}");
    assert!(started.elapsed() < Duration::from_secs(2));
    serve.wait_for("ms not active: invalid");
    assert_eq!(server.requests().len(), 2);
}

#[test]
fn introspection_verifies_a_token_with_its_issuers_keys() {
    let local = Local::start(&[]);
    let serve = Serve::local(&local, &[]);
    let token = serve.get("/?cache=true").token();
    let introspect = |token: &str| {
        let body = json!({ "identity_provider": "maskinporten", "token": token }).to_string();
        serve.post("/api/v1/introspect", JSON, &body).json()
    };

    let good = introspect(&token);
    let (rest, signature) = token.rsplit_once('.').unwrap();
    let flipped = if signature.starts_with('A') { "B" } else { "A" };
    let forged = introspect(&format!("{rest}.{flipped}{}", &signature[1..]));
    let grant = local.maskinporten(&["grant", "--env", "local"]).run().artefact();

    assert_eq!((&good["active"], &good["scope"]), (&json!(true), &json!("difitest:test1")));
    assert_eq!(good["consumer"]["ID"], "0192:310700010");
    assert_eq!(forged["active"], false);
    assert!(forged["error"].as_str().unwrap().starts_with("signature: "), "{forged}");
    assert_eq!(introspect(grant.trim()), json!({ "active": false, "error": "invalid issuer" }));
    assert_eq!(introspect("nonsense")["active"], false);
    let form = format!("identity_provider=maskinporten&token={token}");
    assert_eq!(serve.post("/api/v1/introspect", FORM, &form).json(), good);
    let fetched = local.log().lines().filter(|line| line.starts_with("GET /jwk ")).count();
    assert_eq!(fetched, 1, "the keys are kept in memory");
}

#[test]
fn an_expired_token_is_not_active() {
    let local = Local::with_clients(&[], |clients| clients["faults"] = json!({ "token_lifetime_seconds": -60 }));
    let serve = Serve::local(&local, &[]);
    let token = serve.get("/").token();

    let response =
        serve.post("/api/v1/introspect", FORM, &format!("identity_provider=maskinporten&token={token}")).json();

    assert_eq!(response["active"], false);
    assert!(response["error"].as_str().unwrap().starts_with("expiry: "), "{response}");
}
