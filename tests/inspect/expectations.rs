//! What holds and what does not, at a fixed moment: every check by itself, with what was found and expected.

use chrono::DateTime;
use maskinporten_token_generator::{
    inspect::{Check, Expectations, Finding, Jwt, Keys, Kind, Verdict, Verification, verify},
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
    verify(&jwt, Kind::MaskinportenAccessToken, &Keys::Set(&set(keys)), expected, now)
}

/// A token of today with some claims in place of its own; `null` takes a claim out.
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

/// What the only fault is.
#[track_caller]
fn fault(verification: &Verification) -> &Finding {
    assert!(!verification.holds);
    let mut faults = verification.findings.iter().filter(|finding| finding.verdict == Verdict::Fault);
    match (faults.next(), faults.next()) {
        (Some(fault), None) => fault,
        _ => panic!("{verification:?}"),
    }
}

#[track_caller]
fn faulty(verification: &Verification, check: Check, found: &str, expected: &str) {
    let fault = fault(verification);
    assert_eq!((fault.check, fault.found.as_str(), fault.expected.as_str()), (check, found, expected));
}

#[test]
fn a_token_that_holds_says_so_check_by_check() {
    let expected = Expectations {
        scopes: vec!["dgm:police".to_owned()],
        consumer: Some(OrganisationNumber::parse("991825827").unwrap()),
        ..expected()
    };

    let verification = verified(&signed(&wire("token-plain")), &published(), &expected);

    assert!(verification.holds);
    assert_eq!(verification.faults().count(), 0);
    let found: Vec<_> = verification.findings.iter().map(|finding| (finding.check, finding.found.as_str())).collect();
    assert_eq!(
        found,
        [
            (Check::Signature, "RS256 by the key `issuer`"),
            (Check::Issuer, "https://test.maskinporten.no/"),
            (Check::Expiry, "2025-12-01T22:13:21Z (in 1 min 58 s)"),
            (Check::IssuedAt, "2025-12-01T22:11:21Z (2 s ago)"),
            (Check::Scope, "dgm:police"),
            (Check::Consumer, "0192:991825827"),
        ]
    );
}

#[test]
fn a_signature_of_another_key_or_by_an_unknown_key_does_not_hold() {
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
        Check::Signature,
        "RS256, and not by the key `issuer`",
        wanted,
    );
    faulty(
        &verified(&token, &other, &expected()),
        Check::Signature,
        "the key `issuer` is not there; there are other",
        wanted,
    );
    faulty(
        &verified(&token, &enc, &expected()),
        Check::Signature,
        "RS256, and the key `issuer` makes no such signature: its `use` is `enc`, not `sig`",
        wanted,
    );
    faulty(
        &verified(&token, &es, &expected()),
        Check::Signature,
        "RS256, and the key `issuer` makes no such signature: its `alg` is `PS256`",
        wanted,
    );
}

#[test]
fn a_token_without_a_key_id_holds_with_any_of_the_keys_and_with_no_other() {
    let token = signed_with(&issuer_key(), &json!({ "alg": "RS256" }), &wire("token-plain"));
    let mut two = published();
    let second = json!({ "kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo" });
    two["keys"].as_array_mut().unwrap().insert(0, second.clone());

    assert!(verified(&token, &two, &expected()).holds);
    let none = verified(&token, &json!({ "keys": [second] }), &expected());
    faulty(&none, Check::Signature, "RS256, by none of the 1 key(s)", "a signature by a key of its issuer");
}

#[test]
fn times_have_ten_seconds_of_leeway_ahead_and_none_behind() {
    let (past, ahead) = ("a time past, or up to 10 s ahead", "a time to come, without leeway");
    for good in [
        json!({ "exp": NOW + 1 }),
        json!({ "iat": NOW + 10, "exp": NOW + 100 }),
        json!({ "nbf": NOW + 10 }),
        json!({ "iat": null }),
        json!({ "exp": f64::from(i32::MAX) + 0.5 }),
    ] {
        assert!(verified(&with(&good), &published(), &expected()).holds, "{good}");
    }
    for (changes, check, found, wanted) in [
        (json!({ "exp": NOW }), Check::Expiry, "2025-12-01T22:11:23Z (now)", ahead),
        (json!({ "exp": NOW - 1 }), Check::Expiry, "2025-12-01T22:11:22Z (1 s ago)", ahead),
        (json!({ "exp": null }), Check::Expiry, "no `exp`", ahead),
        (json!({ "exp": "soon" }), Check::Expiry, "`exp` is no time in seconds", ahead),
        (json!({ "exp": 1e300 }), Check::Expiry, "`exp` is no time in seconds", ahead),
        (json!({ "iat": NOW + 11 }), Check::IssuedAt, "2025-12-01T22:11:34Z (in 11 s)", past),
        (json!({ "iat": [] }), Check::IssuedAt, "`iat` is no time in seconds", past),
        (json!({ "nbf": NOW + 11 }), Check::NotBefore, "2025-12-01T22:11:34Z (in 11 s)", past),
    ] {
        faulty(&verified(&with(&changes), &published(), &expected()), check, found, wanted);
    }
}

#[test]
fn the_issuer_is_compared_letter_for_letter() {
    let wanted = "https://test.maskinporten.no/";
    for (iss, found) in [
        (json!("https://test.maskinporten.no"), "https://test.maskinporten.no"),
        (json!("https://maskinporten.no/"), "https://maskinporten.no/"),
        (json!("HTTPS://test.maskinporten.no/"), "HTTPS://test.maskinporten.no/"),
        (json!(["https://test.maskinporten.no/"]), "no `iss`"),
        (json!(null), "no `iss`"),
    ] {
        faulty(&verified(&with(&json!({ "iss": iss })), &published(), &expected()), Check::Issuer, found, wanted);
    }
    let unexpected = verified(&with(&json!({})), &published(), &Expectations::default());
    assert!(unexpected.holds);
    assert_eq!(unexpected.findings[1].verdict, Verdict::NotChecked);
}

#[test]
fn the_audience_is_one_of_those_in_the_token() {
    let wanted = "https://api.example.no/";
    let expected = Expectations { audience: Some(wanted.to_owned()), ..expected() };
    for good in [json!(wanted), json!(["urn:x", wanted])] {
        assert!(verified(&with(&json!({ "aud": good })), &published(), &expected).holds, "{good}");
    }
    for (aud, found) in [
        (json!(null), "no `aud`"),
        (json!("https://api.example.no"), "https://api.example.no"),
        (json!("unspecified"), "unspecified"),
        (json!(["urn:x", "urn:y"]), "urn:x, urn:y"),
        (json!({ "aud": wanted }), "no `aud`"),
    ] {
        faulty(&verified(&with(&json!({ "aud": aud })), &published(), &expected), Check::Audience, found, wanted);
    }
}

#[test]
fn every_scope_must_be_there() {
    let expected = Expectations { scopes: vec!["a:b".to_owned(), "c:d".to_owned()], ..expected() };
    for good in ["a:b c:d", "c:d  x:y a:b"] {
        assert!(verified(&with(&json!({ "scope": good })), &published(), &expected).holds, "{good}");
    }
    for (scope, found) in [
        (json!("a:b"), "a:b"),
        (json!("a:b c:d2 xc:d"), "a:b c:d2 xc:d"),
        (json!(null), "no `scope`"),
        (json!(["a:b", "c:d"]), "no `scope`"),
    ] {
        faulty(&verified(&with(&json!({ "scope": scope })), &published(), &expected), Check::Scope, found, "a:b c:d");
    }
}

#[test]
fn the_consumer_is_the_one_in_the_token_also_in_altinns() {
    let expected = Expectations { consumer: Some(OrganisationNumber::parse("991825827").unwrap()), ..expected() };
    for good in [
        json!({}),
        json!({ "consumer": { "id": "0192:991825827" } }),
        json!({ "consumer": null, "urn:altinn:orgNumber": "991825827" }),
    ] {
        assert!(verified(&with(&good), &published(), &expected).holds, "{good}");
    }
    for (changes, found) in [
        (json!({ "consumer": { "ID": "0192:310702641" }, "urn:altinn:orgNumber": "991825827" }), "0192:310702641"),
        (json!({ "consumer": { "ID": "991825827" } }), "991825827"),
        (json!({ "consumer": "0192:991825827" }), "no `consumer`"),
        (json!({ "consumer": null, "supplier": { "ID": "0192:991825827" } }), "no `consumer`"),
    ] {
        faulty(&verified(&with(&changes), &published(), &expected), Check::Consumer, found, "0192:991825827");
    }
}
