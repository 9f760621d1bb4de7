//! Verification at a fixed time: each property separately, with what was found and expected.

use chrono::DateTime;
use maskinporten::{
    inspect::{
        Expectations, Finding, FindingKind, FindingVerdict, Jwt, TokenKind, Verification, VerificationKeys, verify,
    },
    keystore::KeySet,
    organisation::OrganisationNumber,
};
use serde_json::{Value, json};

use super::{issuer_key, published, signed, signed_with, wire};

const NOW: i64 = 1_764_627_083;

fn set(keys: &Value) -> KeySet {
    KeySet::parse(keys.to_string().as_bytes()).unwrap()
}

fn expected() -> Expectations {
    Expectations { issuer: Some("https://test.maskinporten.no/".to_owned()), ..Expectations::default() }
}

fn verified(token: &str, keys: &Value, expected: &Expectations) -> Verification {
    let jwt = Jwt::parse(token.as_bytes()).unwrap();
    let now = DateTime::from_timestamp(NOW, 0).unwrap();
    verify(&jwt, TokenKind::MaskinportenAccessToken, &VerificationKeys::Set(&set(keys)), expected, now)
}

/// Returns a real token with some claims replaced; `null` removes a claim.
fn with(changes: &Value) -> String {
    let mut claims = wire("token-plain");
    for (name, value) in changes.as_object().unwrap() {
        match value {
            Value::Null => drop(claims.as_object_mut().unwrap().shift_remove(name)),
            value => claims[name] = value.clone(),
        }
    }
    signed(&claims)
}

/// Returns the only fault.
#[track_caller]
fn fault(verification: &Verification) -> &Finding {
    assert!(!verification.is_valid);
    let mut faults = verification.findings.iter().filter(|finding| finding.verdict == FindingVerdict::Fail);
    match (faults.next(), faults.next()) {
        (Some(fault), None) => fault,
        _ => panic!("{verification:?}"),
    }
}

#[track_caller]
fn faulty(verification: &Verification, check: FindingKind, found: &str, expected: &str) {
    let fault = fault(verification);
    assert_eq!((fault.kind, fault.found.as_str(), fault.expected.as_str()), (check, found, expected));
}

#[test]
fn a_valid_token_has_a_finding_for_each_property() {
    let expected = Expectations {
        scopes: vec!["dgm:police".to_owned()],
        consumer: Some(OrganisationNumber::parse("991825827").unwrap()),
        ..expected()
    };

    let verification = verified(&signed(&wire("token-plain")), &published(), &expected);

    assert!(verification.is_valid);
    assert_eq!(verification.faults().count(), 0);
    let found: Vec<_> = verification.findings.iter().map(|finding| (finding.kind, finding.found.as_str())).collect();
    assert_eq!(
        found,
        [
            (FindingKind::Signature, "RS256 by the key `issuer`"),
            (FindingKind::Issuer, "https://test.maskinporten.no/"),
            (FindingKind::Expiry, "2025-12-01T22:13:21Z (in 1 min 58 s)"),
            (FindingKind::IssuedAt, "2025-12-01T22:11:21Z (2 s ago)"),
            (FindingKind::Scope, "dgm:police"),
            (FindingKind::Consumer, "0192:991825827"),
        ]
    );
}

#[test]
fn a_signature_by_another_key_or_an_unknown_key_is_a_fault() {
    let wanted = "a signature by a key of its issuer";
    let token = signed(&wire("token-plain"));
    let mut other = published();
    other["keys"][0]["kid"] = json!("other");
    let mut enc = published();
    enc["keys"][0]["use"] = json!("enc");
    let mut es = published();
    es["keys"][0]["alg"] = json!("PS256");
    let (start, signature) = token.rsplit_once('.').unwrap();
    let tampered = format!(
        "{start}.{}",
        if let Some(rest) = signature.strip_prefix('A') { format!("B{rest}") } else { format!("A{}", &signature[1..]) }
    );

    faulty(
        &verified(&tampered, &published(), &expected()),
        FindingKind::Signature,
        "RS256, but not by the key `issuer`",
        wanted,
    );
    faulty(
        &verified(&token, &other, &expected()),
        FindingKind::Signature,
        "unknown key `issuer`; known keys: other",
        wanted,
    );
    faulty(
        &verified(&token, &enc, &expected()),
        FindingKind::Signature,
        "RS256, but the key `issuer` cannot verify it: its `use` is `enc`, not `sig`",
        wanted,
    );
    faulty(
        &verified(&token, &es, &expected()),
        FindingKind::Signature,
        "RS256, but the key `issuer` cannot verify it: its `alg` is `PS256`",
        wanted,
    );
}

#[test]
fn a_token_without_a_key_id_is_verified_with_each_of_the_keys() {
    let token = signed_with(&issuer_key(), &json!({ "alg": "RS256" }), &wire("token-plain"));
    let mut two = published();
    let second = json!({ "kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo" });
    two["keys"].as_array_mut().unwrap().insert(0, second.clone());

    assert!(verified(&token, &two, &expected()).is_valid);
    let none = verified(&token, &json!({ "keys": [second] }), &expected());
    faulty(
        &none,
        FindingKind::Signature,
        "RS256, but not by any of the 1 key(s)",
        "a signature by a key of its issuer",
    );
}

#[test]
fn times_of_issue_have_ten_seconds_of_leeway_and_expiry_has_none() {
    let (past, ahead) = ("a time in the past, or at most 10 s in the future", "a time in the future, without leeway");
    for good in [
        json!({ "exp": NOW + 1 }),
        json!({ "iat": NOW + 10, "exp": NOW + 100 }),
        json!({ "nbf": NOW + 10 }),
        json!({ "iat": null }),
        json!({ "exp": f64::from(i32::MAX) + 0.5 }),
    ] {
        assert!(verified(&with(&good), &published(), &expected()).is_valid, "{good}");
    }
    for (changes, check, found, wanted) in [
        (json!({ "exp": NOW }), FindingKind::Expiry, "2025-12-01T22:11:23Z (now)", ahead),
        (json!({ "exp": NOW - 1 }), FindingKind::Expiry, "2025-12-01T22:11:22Z (1 s ago)", ahead),
        (json!({ "exp": null }), FindingKind::Expiry, "no `exp`", ahead),
        (json!({ "exp": "soon" }), FindingKind::Expiry, "`exp` is not a number of seconds", ahead),
        (json!({ "exp": 1e300 }), FindingKind::Expiry, "`exp` is not a number of seconds", ahead),
        (json!({ "iat": NOW + 11 }), FindingKind::IssuedAt, "2025-12-01T22:11:34Z (in 11 s)", past),
        (json!({ "iat": [] }), FindingKind::IssuedAt, "`iat` is not a number of seconds", past),
        (json!({ "nbf": NOW + 11 }), FindingKind::NotBefore, "2025-12-01T22:11:34Z (in 11 s)", past),
    ] {
        faulty(&verified(&with(&changes), &published(), &expected()), check, found, wanted);
    }
}

#[test]
fn the_issuer_is_compared_exactly() {
    let wanted = "https://test.maskinporten.no/";
    for (iss, found) in [
        (json!("https://test.maskinporten.no"), "https://test.maskinporten.no"),
        (json!("https://maskinporten.no/"), "https://maskinporten.no/"),
        (json!("HTTPS://test.maskinporten.no/"), "HTTPS://test.maskinporten.no/"),
        (json!(["https://test.maskinporten.no/"]), "no `iss`"),
        (json!(null), "no `iss`"),
    ] {
        faulty(&verified(&with(&json!({ "iss": iss })), &published(), &expected()), FindingKind::Issuer, found, wanted);
    }
    let unexpected = verified(&with(&json!({})), &published(), &Expectations::default());
    assert!(unexpected.is_valid);
    assert_eq!(unexpected.findings[1].verdict, FindingVerdict::NotChecked);
}

#[test]
fn the_expected_audience_must_be_among_those_of_the_token() {
    let wanted = "https://api.example.no/";
    let expected = Expectations { audience: Some(wanted.to_owned()), ..expected() };
    for good in [json!(wanted), json!(["urn:x", wanted])] {
        assert!(verified(&with(&json!({ "aud": good })), &published(), &expected).is_valid, "{good}");
    }
    for (aud, found) in [
        (json!(null), "no `aud`"),
        (json!("https://api.example.no"), "https://api.example.no"),
        (json!("unspecified"), "unspecified"),
        (json!(["urn:x", "urn:y"]), "urn:x, urn:y"),
        (json!({ "aud": wanted }), "no `aud`"),
    ] {
        faulty(&verified(&with(&json!({ "aud": aud })), &published(), &expected), FindingKind::Audience, found, wanted);
    }
}

#[test]
fn every_expected_scope_must_be_in_the_token() {
    let expected = Expectations { scopes: vec!["a:b".to_owned(), "c:d".to_owned()], ..expected() };
    for good in ["a:b c:d", "c:d  x:y a:b"] {
        assert!(verified(&with(&json!({ "scope": good })), &published(), &expected).is_valid, "{good}");
    }
    for (scope, found) in [
        (json!("a:b"), "a:b"),
        (json!("a:b c:d2 xc:d"), "a:b c:d2 xc:d"),
        (json!(null), "no `scope`"),
        (json!(["a:b", "c:d"]), "no `scope`"),
    ] {
        faulty(
            &verified(&with(&json!({ "scope": scope })), &published(), &expected),
            FindingKind::Scope,
            found,
            "a:b c:d",
        );
    }
}

#[test]
fn the_consumer_is_compared_also_in_altinn_s_tokens() {
    let expected = Expectations { consumer: Some(OrganisationNumber::parse("991825827").unwrap()), ..expected() };
    for good in [
        json!({}),
        json!({ "consumer": { "id": "0192:991825827" } }),
        json!({ "consumer": null, "urn:altinn:orgNumber": "991825827" }),
    ] {
        assert!(verified(&with(&good), &published(), &expected).is_valid, "{good}");
    }
    for (changes, found) in [
        (json!({ "consumer": { "ID": "0192:310702641" }, "urn:altinn:orgNumber": "991825827" }), "0192:310702641"),
        (json!({ "consumer": { "ID": "991825827" } }), "991825827"),
        (json!({ "consumer": "0192:991825827" }), "no `consumer`"),
        (json!({ "consumer": null, "supplier": { "ID": "0192:991825827" } }), "no `consumer`"),
    ] {
        faulty(&verified(&with(&changes), &published(), &expected), FindingKind::Consumer, found, "0192:991825827");
    }
}
