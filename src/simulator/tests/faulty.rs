//! Deliberate faults.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use openssl::{bn::BigNum, hash::MessageDigest, pkey::PKey, rsa::Rsa, sign::Verifier};
use serde_json::{Value, json};

use super::{grants::MODERN, running::Running};
use crate::simulator::{FaultAnswer, Faults, registry::Registry};

fn faulty(faults: Faults) -> Running {
    Running::start(|options| options.faults = faults)
}

#[test]
fn the_first_requests_get_the_status_and_their_assertions_count_as_used() {
    let running = faulty(Faults {
        answer: Some(FaultAnswer::Status),
        status: Some(429),
        retry_after_seconds: Some(1),
        first_requests: Some(2),
        ..Faults::default()
    });

    let (status, head, _) = running.token(&running.grant(0, 0, "a").sign());
    assert_eq!(status, 429);
    assert!(head.contains("retry-after: 1\r\n"), "{head}");
    assert_eq!(running.token(&running.grant(0, 0, "b").sign()).0, 429);

    assert!(running.token(&running.grant(0, 0, "a").sign()).2.contains("MP-012"));
    assert_eq!(running.token(&running.grant(0, 0, "c").sign()).0, 200);
}

#[test]
fn gives_each_faulty_answer() {
    let show = |answer| {
        let running = faulty(Faults { answer: Some(answer), ..Faults::default() });
        running.token(&running.grant(0, 0, "a").sign())
    };

    assert_eq!(show(FaultAnswer::Status).0, 503);
    let (status, head, body) = show(FaultAnswer::Html);
    assert!(status == 200 && head.contains("content-type: text/html") && body.starts_with("<!DOCTYPE html>"));
    let (status, _, body) = show(FaultAnswer::Huge);
    assert_eq!((status, body.len()), (200, 8 * 1024 * 1024));
    let (status, head, body) = show(FaultAnswer::Cut);
    assert!(status == 200 && head.contains("content-length: 1000") && body.len() < 1000, "{head}");
    let (status, _, body) = show(FaultAnswer::BrokenJson);
    assert_eq!((status, body.as_str()), (200, "{\"access_token\":\"eyJ"));
    let (status, head, body) = show(FaultAnswer::WrongContentType);
    assert!(
        status == 200 && head.contains("content-type: text/plain") && body.contains("\"access_token\":\"ey"),
        "{status} {head} {body}"
    );
    let (status, head, _) = show(FaultAnswer::Redirect);
    assert!(status == 307 && head.contains("location: /elsewhere"), "{head}");
    let (status, _, body) = show(FaultAnswer::EmptyAccessToken);
    assert!(status == 200 && body.starts_with("{\"access_token\":\"\""));
}

#[test]
fn validates_and_dates_by_the_shifted_clock() {
    let running = faulty(Faults { clock_offset_seconds: -60, ..Faults::default() });

    let (_, head, body) = running.token(&running.grant(0, 0, "a").sign());

    assert!(body.contains("Issue time is after now. (trace_id: "), "{body}");
    assert!(head.contains("date: sun, 22 nov 2026 11:59:00 gmt"), "{head}");
}

/// Writes this member to the running simulator's `clients.json`.
fn write_faults(running: &Running, faults: &Value) {
    let path = &running.installation.clients_file;
    let mut clients: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    clients["faults"] = faults.clone();
    std::fs::write(path, clients.to_string()).unwrap();
}

#[test]
fn each_element_of_a_list_of_faults_applies_to_its_number_of_token_requests() {
    let running = Running::start(|_| ());
    write_faults(
        &running,
        &json!([
            {"answer": "status", "status": 429, "first_requests": 2},
            {"answer": "html", "first_requests": 1, "metadata": {"jwks_uri": null}},
            {"clock_offset_seconds": -60, "first_requests": 1},
            {"answer": "broken_json", "first_requests": 1, "token_lifetime_seconds": 7},
        ]),
    );
    let ask = |jti: &str| running.token(&running.grant(0, 0, jti).sign());

    assert_eq!((ask("a").0, ask("b").0), (429, 429));
    assert!(parsed(running.ask(METADATA, "", ""))["jwks_uri"].is_null());
    assert!(ask("c").2.starts_with("<!DOCTYPE html>"));
    assert!(parsed(running.ask(METADATA, "", ""))["jwks_uri"].is_string());
    let (_, head, body) = ask("d");
    assert!(body.contains("Issue time is after now. (trace_id: "), "{body}");
    assert!(head.contains("date: sun, 22 nov 2026 11:59:00 gmt"), "{head}");
    assert_eq!(ask("e").2, "{\"access_token\":\"eyJ");
    let token = parsed(ask("f"))["access_token"].as_str().unwrap().to_owned();
    let claims = decoded(token.split('.').nth(1).unwrap());
    assert_eq!(claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap(), 7);
}

#[test]
fn an_empty_list_of_faults_replaces_those_given_at_start() {
    let running = faulty(Faults { answer: Some(FaultAnswer::Status), ..Faults::default() });
    write_faults(&running, &json!([]));

    assert_eq!(running.token(&running.grant(0, 0, "a").sign()).0, 200);
}

#[test]
fn the_log_names_the_fault_and_what_it_replaces() {
    for (faults, name) in [
        (json!({"answer": "broken_json"}), "broken_json"),
        (json!({"answer": "wrong_content_type"}), "wrong_content_type"),
        (json!({"token": {"iss": "x"}, "sign_with_another_key": true}), "token, sign_with_another_key"),
    ] {
        let running = Running::start(|_| ());
        write_faults(&running, &faults);

        assert_eq!(running.token(&running.grant(0, 0, "a").sign()).0, 200);

        let line = format!("POST /token 200 client {MODERN}: fault {name} (otherwise a token for difitest:test1)");
        assert_eq!(*running.log.lock().unwrap(), [line]);
    }
}

#[test]
fn strictness_and_faults_in_the_clients_file_take_effect() {
    let running = Running::start(|_| ());
    let path = &running.installation.clients_file;
    let mut clients: serde_json::Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    clients["faults"] = json!({"clock_offset_seconds": 60});
    clients["strictness"] = json!({"maximum_seconds_behind": 61});
    std::fs::write(path, clients.to_string()).unwrap();

    let (status, _, body) = running.token(&running.grant(0, 0, "a").sign());

    assert_eq!(status, 200, "{body}");
}

const METADATA: &str = "GET /.well-known/oauth-authorization-server";

fn parsed((status, _, body): (u16, String, String)) -> Value {
    assert_eq!(status, 200, "{body}");
    serde_json::from_str(&body).unwrap()
}

/// Parses faults in the form of `clients.json`.
fn faults(value: Value) -> Faults {
    serde_json::from_value(value).unwrap()
}

/// Returns the three parts of a token from a simulator with this fault, and the token response.
fn token(fault: Value) -> (Running, Vec<String>, Value) {
    let running = faulty(faults(fault));
    let answer = parsed(running.token(&running.grant(0, 0, "a").sign()));
    let parts = answer["access_token"].as_str().unwrap().split('.').map(str::to_owned).collect();
    (running, parts, answer)
}

fn decoded(part: &str) -> Value {
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
}

#[test]
fn replaces_and_removes_members_of_the_metadata() {
    let running = faulty(faults(json!({"metadata": {
        "issuer": "https://test.maskinporten.no/",
        "jwks_uri": null,
        "token_endpoint_auth_signing_alg_values_supported": ["ES256"],
        "more": 1,
    }})));

    let metadata = parsed(running.ask(METADATA, "", ""));

    assert_eq!(
        metadata,
        json!({
            "authorization_details_types_supported": ["urn:altinn:systemuser", "urn:altinn:consent"],
            "grant_types_supported": ["urn:ietf:params:oauth:grant-type:jwt-bearer"],
            "issuer": "https://test.maskinporten.no/",
            "more": 1,
            "token_endpoint": format!("{}token", running.issuer),
            "token_endpoint_auth_methods_supported": ["private_key_jwt"],
            "token_endpoint_auth_signing_alg_values_supported": ["ES256"],
        })
    );
}

#[test]
fn the_metadata_and_the_keys_have_faults_of_their_own() {
    let running = faulty(faults(json!({"metadata_answer": "status", "status": 404})));
    let (status, head, body) = running.ask(METADATA, "", "");
    assert_eq!((status, body.as_str()), (404, "Not Found\n"));
    assert!(head.contains("content-type: text/plain"), "{head}");
    assert_eq!(parsed(running.ask("GET /jwk", "", ""))["keys"][0]["kty"], "RSA");
    assert_eq!(running.token(&running.grant(0, 0, "a").sign()).0, 200);

    let running = faulty(faults(json!({"metadata_answer": "html", "jwk_answer": "cut"})));
    assert!(running.ask(METADATA, "", "").2.starts_with("<!DOCTYPE html>"));
    let (status, head, body) = running.ask("GET /jwk", "", "");
    assert!(status == 200 && head.contains("content-length: 1000") && body.len() < 1000, "{head}");

    let running = faulty(faults(json!({"jwk_answer": "wrong_content_type"})));
    let (_, head, body) = running.ask("GET /jwk", "", "");
    assert!(head.contains("content-type: text/plain") && body.starts_with("{\"keys\":["), "{head} {body}");
}

#[test]
fn replaces_the_keys() {
    let running = faulty(faults(json!({"jwk": {"keys": []}})));

    assert_eq!(parsed(running.ask("GET /jwk", "", "")), json!({"keys": []}));
}

#[test]
fn issues_tokens_with_other_claims_and_another_header() {
    let consumer = json!({"authority": "iso6523-actorid-upis", "id": "0192:310700053"});
    let (running, parts, _) = token(json!({
        "token": {
            "iss": "https://ver2.maskinporten.no/",
            "consumer": consumer,
            "client_amr": null,
            "authorization_details": {"type": "urn:altinn:systemuser"},
        },
        "token_header": {"kid": "another"},
    }));

    let claims = decoded(&parts[1]);
    assert_eq!(claims["iss"], "https://ver2.maskinporten.no/");
    assert_eq!(claims["consumer"], consumer);
    assert_eq!(claims.get("client_amr"), None);
    assert_eq!(claims["authorization_details"], json!({"type": "urn:altinn:systemuser"}));
    assert_eq!(claims["client_id"], super::grants::MODERN);
    assert_eq!(decoded(&parts[0]), json!({"alg": "RS256", "kid": "another"}));
    assert!(is_valid(&running, &parts), "the signature is still valid");
}

#[test]
fn issues_tokens_whose_lifetime_differs_from_the_response() {
    let (_running, parts, answer) = token(json!({"token_lifetime_seconds": -60, "success": {"expires_in": 7200}}));

    let claims = decoded(&parts[1]);
    assert_eq!(claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap(), -60);
    assert_eq!(answer["expires_in"], 7200);
    assert_eq!(answer["scope"], "difitest:test1");
}

#[test]
fn signs_with_an_unpublished_key_under_the_published_kid() {
    let (running, parts, _) = token(json!({"sign_with_another_key": true}));

    let keys = parsed(running.ask("GET /jwk", "", ""));
    assert_eq!(decoded(&parts[0])["kid"], keys["keys"][0]["kid"]);
    assert!(!is_valid(&running, &parts));
    assert_eq!(URL_SAFE_NO_PAD.decode(&parts[2]).unwrap().len(), 256, "it is from another key");
}

/// Whether a token's signature is valid with the key in `/jwk`.
fn is_valid(running: &Running, parts: &[String]) -> bool {
    let keys = parsed(running.ask("GET /jwk", "", ""));
    let number = |name: &str| {
        BigNum::from_slice(&URL_SAFE_NO_PAD.decode(keys["keys"][0][name].as_str().unwrap()).unwrap()).unwrap()
    };
    let key = PKey::from_rsa(Rsa::from_public_components(number("n"), number("e")).unwrap()).unwrap();
    let mut verifier = Verifier::new(MessageDigest::sha256(), &key).unwrap();
    let signed = format!("{}.{}", parts[0], parts[1]);
    verifier.verify_oneshot(&URL_SAFE_NO_PAD.decode(&parts[2]).unwrap(), signed.as_bytes()).unwrap()
}

#[test]
fn the_sample_api_uses_the_shifted_clock() {
    let running = Running::start(|_| ());
    let answer = parsed(running.token(&running.grant(0, 0, "a").sign()));
    let authorization = format!("Authorization: Bearer {}\r\n", answer["access_token"].as_str().unwrap());
    let hello = || running.ask("GET /api/hello", &authorization, "");
    assert_eq!(hello().0, 200);

    let path = &running.installation.clients_file;
    let mut clients: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    clients["faults"] = json!({"clock_offset_seconds": 3600});
    std::fs::write(path, clients.to_string()).unwrap();

    let (status, head, _) = hello();
    assert_eq!(status, 401);
    assert!(head.contains("date: sun, 22 nov 2026 13:00:00 gmt"), "{head}");
}

#[test]
fn an_unknown_fault_is_an_error_with_its_name() {
    let error = serde_json::from_value::<Faults>(json!({"metadata_answers": "html"})).unwrap_err().to_string();
    assert!(error.starts_with("unknown field `metadata_answers`, expected one of `clock_offset_seconds`"), "{error}");

    let error = serde_json::from_value::<Faults>(json!({"metadata": ["issuer"]})).unwrap_err().to_string();
    assert_eq!(error, "invalid type: sequence, expected a map");
}

#[test]
fn parses_the_example_in_the_documentation_of_faults() {
    let (_, rest) = include_str!("../faults/mod.rs").split_once("//! ```json\n").unwrap();
    let (example, _) = rest.split_once("//! ```\n").unwrap();
    let text: String = example.lines().map(|line| line.trim_start_matches("//!")).collect();

    let registry = Registry::parse("c".as_ref(), text.as_bytes()).unwrap();

    assert_eq!(registry.faults.unwrap().after(0).unwrap().token_lifetime_seconds, Some(-60));
}
