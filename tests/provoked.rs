//! Every refusal in the table of the simulator's faults, provoked over HTTP with the files of a new simulator.

use std::collections::BTreeSet;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Value, json};

use crate::{
    local::Local,
    server::curl,
    support::{Maskinporten, Outcome},
};

/// The client of `modern.p12`.
const MODERN: &str = "8d001e58-c758-4beb-a9ec-ae1d770fa35e";
const LEGACY: &str = "b894c5f4-3d09-4edc-94b2-2c1b5192be95";
const REGISTERED: &str = "673d59a6-b427-49bc-b413-b51d7a8f05be";
const INACTIVE: &str = "7a3b8e4e-0b52-4a55-9a0c-6c0ef0f4d6c1";
const OF_PEOPLE: &str = "2b6a1e9d-7c48-4f0b-9a35-c1d2e3f4a5b6";
const EXPIRED_KEY: &str = "1f0de3cf-0a6f-4a0c-9d0e-4b7a5f6f1c21";
const ANOTHER_KEY: &str = "5c1f7a0e-3b1d-4d53-8f3a-2e9a6d0b7c44";

/// Makes a `token` command for the client of `modern.p12`, without retries.
fn asking(local: &Local, arguments: &[&str]) -> Maskinporten {
    local.maskinporten(&["token", "--env", "local", "--retries", "0", "--error-format", "json"]).args(arguments)
}

/// The same with one of the faulty keystores.
fn with_keystore(local: &Local, name: &str) -> Maskinporten {
    let (file, password) =
        (local.file(name).display().to_string(), local.file("modern.password").display().to_string());
    asking(local, &["--keystore", &file, "--keystore-password-file", &password])
}

/// The same with the registered key, for this client.
fn with_key(local: &Local, client: &str) -> Maskinporten {
    let file = local.file("registered-key.jwk.json").display().to_string();
    asking(local, &["--jwk", &file, "--client-id", client])
}

#[track_caller]
fn is_refused(outcome: &Outcome, status: u16, error: &str, code: Option<&str>) {
    assert_eq!((outcome.code, outcome.stdout.as_str()), (5, ""), "{}", outcome.stderr);
    let reported: Value = serde_json::from_str(&outcome.stderr).unwrap();
    let reported = &reported["error"];
    assert_eq!(
        (&reported["http_status"], &reported["oauth_error"], &reported["mp_code"]),
        (&json!(status), &json!(error), &json!(code)),
        "{}",
        outcome.stderr
    );
}

/// Posts a form and returns the body of the refusal.
fn posted(local: &Local, form: &str) -> Value {
    let body = curl(["-d", "@-", &format!("{}token", local.issuer())], form);
    serde_json::from_str(&body).unwrap()
}

fn form(local: &Local) -> String {
    local.maskinporten(&["grant", "--env", "local", "--format", "form"]).run().artefact().trim_end().to_owned()
}

fn code_of(local: &Local, body: &Value) -> String {
    let uri = body["error_uri"].as_str().unwrap();
    uri.strip_prefix(&format!("{}errors/", local.issuer())).unwrap().to_owned()
}

#[test]
fn wrong_keys_and_certificates_are_refused() {
    let local = Local::start(&[]);
    for (keystore, code) in [
        ("other-environment.p12", "MP-120"),
        ("expired.p12", "MP-120"),
        ("encryption-only.p12", "MP-120"),
        ("no-organisation-number.p12", "MP-122"),
    ] {
        is_refused(&with_keystore(&local, keystore).args(["-q"]).run(), 400, "invalid_grant", Some(code));
    }
    for (client, code) in [(EXPIRED_KEY, Some("MP-121")), (ANOTHER_KEY, Some("MP-124")), (MODERN, None)] {
        is_refused(&with_key(&local, client).run(), 400, "invalid_grant", code);
    }
    for (client, code) in [(LEGACY, Some("MP-122")), (INACTIVE, Some("MP-100")), (REGISTERED, None)] {
        is_refused(&asking(&local, &["--client-id", client]).run(), 400, "invalid_grant", code);
    }
}

#[test]
fn some_faulty_keystores_are_accepted() {
    let local = Local::start(&[]);
    for keystore in ["soon-expired.p12", "leaf-only.p12"] {
        let outcome = with_keystore(&local, keystore).run();
        assert_eq!(outcome.code, 0, "{keystore}: {}", outcome.stderr);
    }
    let strict = Local::with_clients(&[], |clients| clients["strictness"] = json!({"require_full_chain": true}));

    is_refused(&with_keystore(&strict, "leaf-only.p12").run(), 400, "invalid_grant", Some("MP-120"));
}

#[test]
fn wrong_scopes_and_delegations_are_refused() {
    let local = Local::start(&[]);
    for (arguments, status, error, code) in [
        (&["-s", "difitest:none"][..], 400, "invalid_scope", Some("MP-200")),
        (&["-s", "simulator:login"], 400, "invalid_scope", Some("MP-201")),
        (&["-s", "simulator:ungranted"], 403, "forbidden", Some("MP-250")),
        (&["-s", "simulator:undelegated", "-C", "310700053"], 403, "forbidden", Some("MP-251")),
        (&["-s", "simulator:delegated", "-C", "310700010"], 400, "invalid_request", None),
        (&["-s", "simulator:login", "-c", OF_PEOPLE], 400, "unauthorized_client", None),
        (&["--system-user", "310700061"], 400, "invalid_altinn_customer_configuration", Some("MP-303")),
    ] {
        is_refused(&asking(&local, arguments).run(), status, error, code);
    }
    let organisation = json!({"authority": "iso6523-actorid-upis", "ID": "0192:310700053"});
    for (details, code) in [
        (json!([{"type": "urn:altinn:other"}]), "MP-301"),
        (json!([{"type": "urn:altinn:systemuser", "systemuser_org": organisation, "more": 1}]), "MP-302"),
    ] {
        let outcome = asking(&local, &["--authorization-details", &details.to_string()]).run();
        is_refused(&outcome, 400, "invalid_authorization_details", Some(code));
    }
}

#[test]
fn wrong_audiences_and_clocks_are_refused() {
    let local = Local::start(&[]);
    let endpoint = format!("{}token", local.issuer());
    let outcome = asking(&local, &["--audience", &endpoint]).run();
    is_refused(&outcome, 400, "invalid_grant", Some("MP-110"));

    for (offset, code) in [(300, Some("MP-130")), (-60, None)] {
        let local = Local::with_clients(&[], |clients| clients["faults"] = json!({"clock_offset_seconds": offset}));
        is_refused(&asking(&local, &[]).run(), 400, "invalid_grant", code);
    }
}

#[cfg_attr(not(feature = "system-tests"), ignore = "needs curl")]
#[test]
fn grants_that_this_tool_never_sends_are_refused() {
    let local = Local::start(&[]);
    let used = form(&local);
    assert!(posted(&local, &used)["access_token"].is_string());

    assert_eq!(code_of(&local, &posted(&local, &used)), "MP-012");
    assert_eq!(code_of(&local, &posted(&local, &format!("{}%0A", form(&local)))), "MP-011");
    let none = format!("grant_type=urn:ietf:params:oauth:grant-type:jwt-bearer&assertion={}", unidentified());
    assert_eq!(code_of(&local, &posted(&local, &none)), "MP-123");
}

/// Makes a grant of the client of `modern.p12` with neither certificate nor key id.
fn unidentified() -> String {
    let encode = |part: Value| URL_SAFE_NO_PAD.encode(part.to_string());
    format!("{}.{}.AAAA", encode(json!({"alg": "RS256"})), encode(json!({"iss": MODERN})))
}

#[test]
fn the_table_contains_every_code_client_and_keystore() {
    let (_, table) = include_str!("../src/simulator/faults/mod.rs").split_once("//! | code |").unwrap();
    let (table, _) = table.split_once("\n\n").unwrap();
    let mut columns =
        table.lines().filter_map(|row| row.strip_prefix("//! | ")).filter_map(|row| row.split_once(" | "));

    let codes: BTreeSet<_> = columns.by_ref().map(|(code, _)| code).filter(|code| code.starts_with("MP-")).collect();

    let known: BTreeSet<_> = maskinporten::client::Explanation::all().filter_map(|entry| entry.code).collect();
    assert_eq!(codes, known);
    for word in [INACTIVE, OF_PEOPLE, EXPIRED_KEY, ANOTHER_KEY, "other-environment.p12", "expired.p12"] {
        assert!(table.contains(word), "{word}");
    }
}
