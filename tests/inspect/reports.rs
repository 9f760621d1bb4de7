//! The whole report of tokens as seen in the field, at a fixed time and in a fixed time zone.
//!
//! Claims of real tokens are those in `testdata/wire`; the others are made as the documentation shows them. The reports
//! are in `reports.txt`, which `SNAPSHOTS=overwrite` updates.

use chrono::{DateTime, FixedOffset, Utc};
use maskinporten::{
    inspect::{Inspection, Jwt},
    language::Language,
    printer::{InspectionForm, print_inspection},
};
use serde_json::{Value, json};
use snapbox::file;

use super::{encode, issuer_key, signed, signed_with, wire};
use crate::support::assert_snapshot;

fn local(at: DateTime<Utc>) -> DateTime<FixedOffset> {
    at.with_timezone(&FixedOffset::east_opt(3600).unwrap())
}

/// Returns the report of a token at a time in seconds.
fn report(token: &str, now: i64, show_persons: bool) -> String {
    let now = DateTime::from_timestamp(now, 0).unwrap();
    let inspection = Inspection::new(&Jwt::find(token.as_bytes()).unwrap(), &[], now, show_persons);
    let mut out = Vec::new();
    print_inspection(
        InspectionForm::Text { colour: false, now, language: Language::English, local },
        &inspection,
        None,
        &mut out,
    )
    .unwrap();
    String::from_utf8(out).unwrap()
}

const CONSUMER: &str = r#"{"authority":"iso6523-actorid-upis","ID":"0192:991825827"}"#;

fn consumer() -> Value {
    serde_json::from_str(CONSUMER).unwrap()
}

/// Returns the claims of an exchanged token, as Altinn's pages and tests show them.
fn exchanged() -> Value {
    json!({
        "scope": "altinn:serviceowner/instances.write", "token_type": "Bearer", "exp": 1_737_815_198, "iat": 1_737_813_398,
        "client_id": "a2ed712d-4144-4471-839f-80ae4a68146b", "consumer": consumer(), "urn:altinn:org": "digdir",
        "urn:altinn:orgNumber": "991825827", "urn:altinn:authenticatemethod": "maskinporten", "urn:altinn:authlevel": 3,
        "iss": "https://platform.tt02.altinn.no/authentication/api/v1/openid/",
        "jti": "6b4b0d2e-5d5c-4d0c-9c2b-0d9b6a4f6d0a", "nbf": 1_737_813_398,
        "authorization_details": { "type": "urn:altinn:systemuser",
            "systemuser_org": { "authority": "iso6523-actorid-upis", "id": "0192:310702641" } },
    })
}

fn idporten() -> Value {
    json!({
        "sub": "01017012345", "acr": "idporten-loa-substantial", "scope": "altinn:instances.read openid profile",
        "iss": "https://test.idporten.no", "client_amr": "client_secret_basic", "pid": "01017012345",
        "exp": 1_737_813_998, "iat": 1_737_813_398, "jti": "fTRXQ3BZDjM", "client_id": "oidc-client",
        "consumer": consumer(),
    })
}

fn id_token() -> Value {
    json!({
        "sub": "fTRXQ3BZDjM-pairwise", "aud": "oidc-client", "acr": "idporten-loa-high", "auth_time": 1_737_813_390,
        "amr": ["BankID"], "iss": "https://idporten.no", "pid": 1_017_012_345_i64, "exp": 1_737_813_998,
        "iat": 1_737_813_398.5, "nonce": "n-0S6_WzA2Mj", "locale": "nb",
    })
}

fn grant() -> Value {
    json!({
        "aud": "https://test.maskinporten.no/", "scope": "difitest:test2", "iss": "my_client_id", "exp": 1_584_693_557,
        "iat": 1_584_693_437, "jti": "eb6ab01e-5834-4ba0-a2a1-457bfd0f0a49", "consumer_org": "910753614",
    })
}

/// Returns a grant with every fault that Maskinporten rejects.
fn faulty_grant() -> String {
    let claims = json!({
        "aud": "https://test.maskinporten.no/token", "scope": "difitest:test2", "exp": 1_584_693_737_000_i64,
        "iat": "1584693437", "sub": "my_client_id", "nbf": 1_584_693_537, "consumer_org": "0192:910753614",
        "iss_onbehalfof": "kunde", "iss": "my_client_id",
    });
    signed_with(
        &issuer_key(),
        &json!({ "alg": "PS256", "kid": "a", "x5c": "not a list", "jku": "https://evil.example/" }),
        &claims,
    )
}

fn consent() -> Value {
    json!({
        "scope": "altinn:consentrequests.read", "iss": "https://maskinporten.no/", "exp": 1_770_113_765, "iat": 1_770_113_645,
        "aud": "unspecified", "client_orgno": "991825827", "consumer": { "authority": "iso6523-actorid-upis", "ID": "991825827" },
        "supplier": { "authority": "etsi-en-319-412", "ID": "NTRDE-HRB 12345" },
        "authorization_details": [{ "type": "urn:altinn:consent", "id": "8d001e58-c758-4beb-a9ec-ae1d770fa35e",
            "from": "urn:altinn:person:identifier-no:01017012345",
            "to": { "authority": "iso6523-actorid-upis", "ID": "0192:991825828" } },
            { "from": "urn:altinn:organization:identifier-no:310702641", "systemuserid": ["x"] }],
    })
}

fn fake() -> String {
    let claims = json!({ "iss": "https://platform.tt02.altinn.no/authentication/api/v1/openid/",
        "actual_iss": "altinn-test-tools", "urn:altinn:orgNumber": "991825827", "exp": 1_737_815_198, "nbf": 1_737_900_000 });
    signed_with(&issuer_key(), &json!({ "alg": "RS256", "x5c": "D8D867C7D521360F4F35CD51580C49A05165D4E1" }), &claims)
}

#[test]
fn every_kind_of_token_is_recognised_and_described() {
    let skyporten = json!({ "iss": "https://test.sky.maskinporten.no", "sub": "0192:991825827;digdir:demo", "aud": "api",
        "exp": 1_737_813_518, "iat": 1_737_813_398 });
    let assertion = json!({ "iss": "oidc-client", "sub": "oidc-client", "aud": "https://idporten.no", "iat": 1_737_813_398,
        "exp": 1_737_813_578, "jti": "a" });
    let stranger =
        json!({ "iss": "https://evil.example/\u{1b}[2J\u{202e}", "exp": 1e300, "iat": -1, "nbf": null, "a": [1, {}] });
    let oidc = json!({ "iss": "https://oidc.difi.no/idporten-oidc-provider/", "scope": "a:b", "exp": 1_737_813_518 });
    let cases = [
        ("a Maskinporten access token", signed(&wire("token-plain")), 1_764_627_083, false),
        ("a delegated token of ver2", signed(&wire("token-delegated")), 1_764_627_081, false),
        ("a system user's token", signed(&wire("token-system-user")), 1_737_813_398, false),
        ("an exchanged Altinn token", format!("\"{}\"", signed(&exchanged())), 1_737_813_399, false),
        ("an ID-porten access token", format!("Authorization: Bearer {}", signed(&idporten())), 1_737_813_399, false),
        ("the same with the person's number", signed(&idporten()), 1_737_813_399, true),
        ("an ID-porten ID token", signed(&id_token()), 1_737_813_399, false),
        ("an older token with a consent", signed(&consent()), 1_770_113_700, false),
        ("a Skyporten token", signed(&skyporten), 1_737_813_399, false),
        ("a token made by Altinn's test tools", fake(), 1_737_815_198, false),
        ("a token from before Maskinporten", signed(&oidc), 1_737_813_398, false),
        ("the grant of Digdir's page", signed(&grant()), 1_584_693_438, false),
        ("a grant with every fault", faulty_grant(), 1_584_693_438, false),
        ("a client assertion", signed(&assertion), 1_737_813_399, false),
        ("a token of an unknown issuer", signed(&stranger), 1_737_813_399, false),
    ];

    let shown = |(name, token, now, persons): &(&str, String, i64, bool)| {
        format!("=== {name}\n{}\n", report(token, *now, *persons))
    };
    let found: Vec<String> = cases.iter().map(shown).collect();

    assert_snapshot(&found.concat(), file!["reports.txt"]);
}

#[test]
fn the_token_is_extracted_from_a_token_endpoint_s_response() {
    let token = signed(&wire("token-plain"));
    let answer = json!({ "access_token": token, "token_type": "Bearer", "expires_in": 119, "scope": "dgm:police" });

    let report = report(&answer.to_string(), 1_764_627_083, false);

    let from = "Maskinporten access token (test)\nthe `access_token` of a token endpoint's response\n\nheader\n";
    assert!(report.starts_with(from), "{report}");
}

#[test]
fn white_space_and_header_words_around_a_token_are_ignored() {
    let token = signed(&wire("token-plain"));
    let plain = report(&token, 1_764_627_083, false);
    for around in ["\n TOKEN\r\n", "\u{feff}TOKEN", "Bearer TOKEN", "bearer  TOKEN", "AUTHORIZATION:bearer TOKEN\n"] {
        assert_eq!(report(&around.replace("TOKEN", &token), 1_764_627_083, false), plain, "{around:?}");
    }
}

#[test]
fn the_json_report_has_stable_names() {
    let now = DateTime::from_timestamp(1_764_627_083, 0).unwrap();
    let inspection = Inspection::new(&Jwt::parse(signed(&wire("token-plain")).as_bytes()).unwrap(), &[], now, false);
    let mut out = Vec::new();

    print_inspection(InspectionForm::Json, &inspection, None, &mut out).unwrap();

    let report: Value = serde_json::from_slice(&out).unwrap();
    assert_eq!(
        report,
        json!({
            "kind": "maskinporten_access_token",
            "issuer": { "identifier": "https://test.maskinporten.no/", "service": "maskinporten", "environment": "test",
                "retired": null },
            "wrapped_in": [],
            "header": { "kid": "issuer", "alg": "RS256" },
            "claims": wire("token-plain"),
            "times": [
                { "claim": "iat", "at": "2025-12-01T22:11:21Z", "seconds_from_now": -2 },
                { "claim": "exp", "at": "2025-12-01T22:13:21Z", "seconds_from_now": 118 },
            ],
            "organisations": [{ "role": "consumer", "claim": "consumer.ID", "id": "0192:991825827",
                "organisation_number": "991825827", "fault": null }],
            "certificates": [],
            "warnings": [],
            "signature": { "verified": false, "reason": "not verified: pass --verify, or --jwks with the keys" },
            "verification": null,
        })
    );
    assert!(out.ends_with(b"}\n"));
}

#[test]
fn neither_the_report_nor_the_debug_output_shows_the_token_or_a_person() {
    let token = signed(&idporten());
    let (_, signature) = token.rsplit_once('.').unwrap();
    let jwt = Jwt::parse(token.as_bytes()).unwrap();

    let shown = format!("{jwt:?} {}", report(&token, 1_737_813_399, false));

    assert!(!shown.contains(signature) && !shown.contains("01017012345") && !shown.contains(&encode(&idporten())));
}
