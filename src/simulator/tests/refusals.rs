//! Each refusal, with its complete body.

use chrono::TimeDelta;
use openssl::{asn1::Asn1Time, hash::MessageDigest, x509::X509};
use serde_json::{Value, json};

use super::grants::{ISSUER, MODERN, REGISTERED, TestGrant, TestValidator, certificate, fixture, now, sign_text, x5c};
use crate::simulator::{
    installation::certificates::{self, KeyPurpose, OrgnoAttribute, ValidityPeriod},
    validator::GrantRefusal,
};

const FAILED: &str = "Invalid assertion. Client authentication failed.";
const DELEGATING: &str = "310700053";

/// Returns the status and the complete body of a refusal, with a fixed trace id.
fn refusal(validator: &TestValidator, assertion: &str) -> (u16, String) {
    let Err(refusal) = validator.validate(assertion) else { panic!("the assertion was accepted") };
    body(&refusal)
}

fn body(refusal: &GrantRefusal) -> (u16, String) {
    let (status, body) = refusal.response(ISSUER, "0123456789abcdef0123456789abcdef");
    (status, serde_json::to_string(&body).unwrap())
}

/// Returns the body of a real refusal.
fn expected(error: &str, text: &str, code: Option<&str>) -> String {
    let uri = code.map(|code| format!(r#","error_uri":"{ISSUER}errors/{code}""#)).unwrap_or_default();
    format!(r#"{{"error":"{error}","error_description":"{text} (trace_id: 0123456789abcdef0123456789abcdef)"{uri}}}"#)
}

#[track_caller]
fn refuses(validator: &TestValidator, grant: &TestGrant, error: &str, text: &str, code: Option<&str>) {
    assert_eq!(refusal(validator, &grant.sign()), (400, expected(error, text, code)));
}

#[track_caller]
fn refuses_grant(validator: &TestValidator, grant: &TestGrant, text: &str, code: Option<&str>) {
    refuses(validator, grant, "invalid_grant", text, code);
}

#[test]
fn refuses_unknown_and_inactive_clients_with_the_same_text() {
    let unknown = TestGrant::modern().claim("iss", json!("11111111-2222-4333-8444-555555555555"));
    refuses_grant(&TestValidator::new(), &unknown, FAILED, Some("MP-100"));
    refuses_grant(&TestValidator::new(), &TestGrant::modern().claim("iss", json!(1)), FAILED, Some("MP-100"));
    refuses_grant(
        &TestValidator::edited("/clients/0/active", json!(false)),
        &TestGrant::modern(),
        FAILED,
        Some("MP-100"),
    );
}

#[test]
fn refuses_an_unaccepted_algorithm_before_looking_up_the_key() {
    let text = format!("{FAILED} Invalid JWT header alg.");
    for name in ["none", "HS256", "PS256", "ES256", "EdDSA", "RS257", "rs256", ""] {
        let header = json!({"alg": name}).to_string();
        let assertion = sign_text(&header, &json!({"iss": MODERN}).to_string(), "RS256", &fixture().leaf.key);
        assert_eq!(refusal(&TestValidator::new(), &assertion), (400, expected("invalid_grant", &text, None)), "{name}");
    }
}

#[test]
fn refuses_a_missing_or_unknown_kid() {
    let unnamed = "Invalid JWT. The client requires pre-registered jwk and no key identifier (kid) provided.";
    refuses_grant(
        &TestValidator::new(),
        &TestGrant::registered().without_header("kid"),
        &format!("{FAILED} {unnamed}"),
        None,
    );
    let by_certificate = TestGrant::modern().claim("iss", json!(REGISTERED));
    refuses_grant(&TestValidator::new(), &by_certificate, &format!("{FAILED} {unnamed}"), None);

    let unknown = format!("{FAILED} Unknown key identifier (kid) for client.");
    refuses_grant(&TestValidator::new(), &TestGrant::registered().header("kid", json!("other")), &unknown, None);
    // The key identifier comes first even when the certificate is good.
    refuses_grant(&TestValidator::new(), &TestGrant::modern().header("kid", json!("other")), &unknown, None);
}

#[test]
fn refuses_an_expired_key() {
    let text = format!("{FAILED} Expired key.");
    let year_ago = (now() - TimeDelta::days(365)).to_rfc3339();
    let validator = TestValidator::edited("/clients/3/keys/0/registered", json!(year_ago));
    refuses_grant(&validator, &TestGrant::registered(), &text, Some("MP-121"));
    let validator = TestValidator::edited("/clients/3/keys/0/exp", json!(now().timestamp()));
    refuses_grant(&validator, &TestGrant::registered(), &text, Some("MP-121"));

    let validator = TestValidator::edited("/clients/3/keys/0/exp", json!(now().timestamp() + 1));
    assert!(validator.validate(&TestGrant::registered().sign()).is_ok());
}

#[test]
fn refuses_x5c_that_is_not_an_array_of_certificates() {
    let good = &TestGrant::modern().header["x5c"][0];
    let url_safe = json!([good.as_str().unwrap().replace('+', "-").replace('/', "_")]);
    for wrong in [
        good.clone(),
        json!([]),
        json!([1]),
        json!([null]),
        json!(["MIIB"]),
        url_safe,
        json!({}),
        json!(vec![good; 11]),
    ] {
        let grant = TestGrant::modern().header("x5c", wrong);
        refuses_grant(&TestValidator::new(), &grant, "Invalid JWT header x5c.", Some("MP-123"));
    }
    let neither = TestGrant::modern().without_header("x5c");
    refuses_grant(&TestValidator::new(), &neither, "Invalid JWT header x5c.", Some("MP-123"));
}

#[test]
fn refuses_an_invalid_certificate() {
    let good = ValidityPeriod::three_years(now());
    let over = ValidityPeriod { from: now() - TimeDelta::days(9), until: now() - TimeDelta::seconds(1) };
    let early = ValidityPeriod { from: now() + TimeDelta::seconds(60), until: now() + TimeDelta::days(9) };
    let made = |usage, validity| certificate("310700010", OrgnoAttribute::SerialNumber, usage, validity);
    let wrong = [
        ("certificate has expired", made(KeyPurpose::Authentication, over)),
        ("certificate is not yet valid", made(KeyPurpose::Authentication, early)),
        ("keyUsage does not have digitalSignature", made(KeyPurpose::Encryption, good)),
        ("keyUsage does not have digitalSignature", made(KeyPurpose::Signature, good)),
        ("unable to get local issuer certificate", foreign(good)),
        ("keyUsage is missing or not critical", bare(false)),
        ("keyUsage is missing or not critical", bare(true)),
    ];
    for (why, certificate) in wrong {
        let grant = TestGrant::modern().header("x5c", x5c(&[certificate]));
        let text = format!("{FAILED} The JWT is signed with an invalid certificate.");
        refuses_grant(&TestValidator::new(), &grant, &text, Some("MP-120"));
        let refusal = TestValidator::new().validate(&grant.sign()).err().unwrap();
        assert!(refusal.summary().starts_with(&format!("MP-120 ({why}")), "{}", refusal.summary());
    }
}

/// Returns a certificate from another root.
fn foreign(validity: ValidityPeriod) -> X509 {
    let subject = certificates::enterprise_subject("KOMMUNE", "310700010", OrgnoAttribute::SerialNumber).unwrap();
    let (key, stranger) = (fixture().leaf.key.clone(), fixture().stranger.clone());
    let root = certificates::root(
        &certificates::simulator_name("Maskinporten Simulator Root CA").unwrap(),
        stranger,
        validity,
    )
    .unwrap();
    certificates::enterprise(&subject, KeyPurpose::Authentication, &root, key, validity).unwrap().certificate
}

/// Returns a certificate from the right root, without `keyUsage` or with one that is not critical.
fn bare(with_key_usage: bool) -> X509 {
    let issuer = &fixture().intermediate;
    let mut builder = X509::builder().unwrap();
    builder.set_version(2).unwrap();
    builder.set_subject_name(fixture().leaf.certificate.subject_name()).unwrap();
    builder.set_issuer_name(issuer.certificate.subject_name()).unwrap();
    builder.set_pubkey(&fixture().leaf.key).unwrap();
    builder.set_not_before(&Asn1Time::from_unix(now().timestamp() - 60).unwrap()).unwrap();
    builder.set_not_after(&Asn1Time::from_unix(now().timestamp() + 60).unwrap()).unwrap();
    if with_key_usage {
        let usage = openssl::x509::extension::KeyUsage::new().digital_signature().build().unwrap();
        builder.append_extension(usage).unwrap();
    }
    builder.sign(&issuer.key, MessageDigest::sha256()).unwrap();
    builder.build()
}

#[test]
fn refuses_a_certificate_of_another_organisation() {
    let text = "Invalid JWT. Invalid organization number for client. Does not match certificate orgno.";
    let validity = ValidityPeriod::three_years(now());
    for place in [OrgnoAttribute::SerialNumber, OrgnoAttribute::Organization, OrgnoAttribute::OrganizationIdentifier] {
        let other = certificate("310700029", place, KeyPurpose::Authentication, validity);
        let grant = TestGrant::modern().header("x5c", x5c(&[other]));
        refuses_grant(&TestValidator::new(), &grant, text, Some("MP-122"));
    }
    let none = certificate("31070001", OrgnoAttribute::SerialNumber, KeyPurpose::Authentication, validity);
    refuses_grant(&TestValidator::new(), &TestGrant::modern().header("x5c", x5c(&[none])), text, Some("MP-122"));
}

#[test]
fn refuses_an_invalid_signature() {
    let text = format!("{FAILED} Invalid JWT signature.");
    let stranger = &fixture().stranger;
    refuses_grant(&TestValidator::new(), &TestGrant::modern().key(stranger), &text, Some("MP-124"));
    refuses_grant(&TestValidator::new(), &TestGrant::registered().key(stranger), &text, Some("MP-124"));

    let signed = TestGrant::modern().sign();
    let (front, _) = signed.rsplit_once('.').unwrap();
    let expected = (400, expected("invalid_grant", &text, Some("MP-124")));
    assert_eq!(refusal(&TestValidator::new(), &format!("{front}.")), expected);
    assert_eq!(refusal(&TestValidator::new(), &format!("{front}.AAAA")), expected);
}

#[test]
fn refuses_every_audience_except_the_issuer() {
    let text = format!("{FAILED} Invalid JWT claim aud.");
    let token_endpoint = format!("{ISSUER}token");
    for wrong in [
        json!("http://127.0.0.1:8080"),
        json!(token_endpoint),
        json!("HTTP://127.0.0.1:8080/"),
        json!([ISSUER]),
        json!([ISSUER, "https://test.maskinporten.no/"]),
        Value::Null,
    ] {
        refuses_grant(&TestValidator::new(), &TestGrant::modern().claim("aud", wrong), &text, Some("MP-110"));
    }
    refuses_grant(&TestValidator::new(), &TestGrant::modern().without_claim("aud"), &text, Some("MP-110"));
}

#[test]
fn refuses_times_that_are_out_of_bounds() {
    let moment = now().timestamp();
    let at = |issued: i64, expires: i64| {
        TestGrant::modern().claim("iat", json!(moment + issued)).claim("exp", json!(moment + expires))
    };
    let validator = TestValidator::new();
    let old = "It is 10 s behind the clock (1795348790, 1795348800); it must be less than 10 s behind";
    let long = "It is 121 s after iat (1795348921, 1795348800); it must be at most 120 s after";
    let not_a_time = "It is missing, or is not a number of seconds since 1970";
    refuses_grant(&validator, &at(-9, 0), "JWT is expired.", Some("MP-130"));
    refuses_grant(&validator, &at(10, 100), "Issue time is after now.", None);
    refuses_grant(&validator, &at(-10, 100), &format!("{FAILED} Invalid JWT claim iat. {old}."), None);
    refuses_grant(&validator, &at(0, 121), &format!("{FAILED} Invalid JWT claim exp. {long}."), None);
    for name in ["iat", "exp"] {
        let text = format!("{FAILED} Invalid JWT claim {name}. {not_a_time}.");
        refuses_grant(&validator, &TestGrant::modern().without_claim(name), &text, None);
        refuses_grant(&validator, &TestGrant::modern().claim(name, json!("1795348800")), &text, None);
        refuses_grant(&validator, &TestGrant::modern().claim(name, json!(1e300)), &text, None);
    }
    refuses_grant(&validator, &TestGrant::modern().claim("exp", json!(i64::MIN)), "JWT is expired.", Some("MP-130"));
    refuses_grant(&validator, &TestGrant::modern().claim("iat", json!(i64::MAX)), "Issue time is after now.", None);
    let last = format!(
        "{FAILED} Invalid JWT claim exp. It is {} s after iat ({}, 1795348800); it must be at most 120 s after.",
        i64::MAX - moment,
        i64::MAX
    );
    refuses_grant(&validator, &TestGrant::modern().claim("exp", json!(i64::MAX)), &last, None);

    assert!(TestValidator::new().validate(&at(9, 129).sign()).is_ok());
    assert!(TestValidator::new().validate(&at(-9, 1).sign()).is_ok());
}

#[test]
fn refuses_a_used_assertion_even_if_it_was_refused_for_its_scope() {
    let text = "Grant is used before.";
    let validator = TestValidator::new();
    assert!(validator.validate(&TestGrant::modern().sign()).is_ok());
    refuses_grant(&validator, &TestGrant::modern(), text, Some("MP-012"));
    refuses_grant(&validator, &TestGrant::modern().claim("scope", json!("difitest:test2")), text, Some("MP-012"));
    // Another client may have the same identifier.
    assert!(validator.validate(&TestGrant::registered().sign()).is_ok());

    let nameless = TestGrant::modern().without_claim("jti");
    assert!(validator.validate(&nameless.sign()).is_ok());
    refuses_grant(&validator, &nameless, text, Some("MP-012"));
    assert!(validator.validate(&nameless.claim("scope", json!("difitest:test2")).sign()).is_ok());

    let validator = TestValidator::new();
    let unknown = TestGrant::modern().claim("scope", json!("no:such"));
    assert!(validator.validate(&unknown.sign()).is_err());
    refuses_grant(&validator, &unknown, text, Some("MP-012"));
}

#[test]
fn an_assertion_with_an_invalid_signature_is_not_recorded_as_used() {
    let validator = TestValidator::new();

    assert!(validator.validate(&TestGrant::modern().key(&fixture().stranger).sign()).is_err());

    assert!(validator.validate(&TestGrant::modern().sign()).is_ok());
}

#[test]
fn refuses_an_assertion_that_cannot_be_parsed() {
    let expected = (400, expected("invalid_request", "Invalid assertion. Invalid parameter value.", Some("MP-011")));
    let good = TestGrant::modern().sign();
    let key = &fixture().leaf.key;
    let twice = sign_text(r#"{"alg":"RS256"}"#, r#"{"iss":"a","iss":"b"}"#, "RS256", key);
    let header_twice = sign_text(r#"{"alg":"RS256","alg":"RS256"}"#, r#"{"iss":"a"}"#, "RS256", key);
    let array = sign_text("[]", "{}", "RS256", key);
    let long = "a".repeat(50_000);
    let broken = [
        "",
        "a",
        "..",
        "a.b",
        "a.b.c.d",
        &format!("{good}\n"),
        &format!(" {good}"),
        &format!("{good}="),
        &good.replace('.', ".\r\n"),
        &twice,
        &header_twice,
        &array,
        &long,
    ]
    .map(str::to_owned);
    for assertion in broken {
        assert_eq!(refusal(&TestValidator::new(), &assertion), expected, "{}", &assertion[..assertion.len().min(80)]);
    }
    let crit = TestGrant::modern().header("crit", json!(["b64"])).header("b64", json!(false));
    for grant in [
        crit,
        TestGrant::modern().header("typ", json!("at+jwt")),
        TestGrant::modern().header("kid", json!(1)),
        TestGrant::modern().claim("pid", json!("123")),
        TestGrant::modern().claim("consumer_org", json!("0192:310700053")),
        TestGrant::modern().claim("consumer_org", json!("310700054")),
        TestGrant::modern().claim("scope", json!(["difitest:test1"])),
        TestGrant::modern().claim("iss_onbehalfof", json!("x")),
    ] {
        assert_eq!(refusal(&TestValidator::new(), &grant.sign()), expected, "{:?}", grant.claims);
    }
}

#[test]
fn refuses_undocumented_claims() {
    let text = "Invalid assertion. Unknown JWT claim acr.";
    refuses_grant(&TestValidator::new(), &TestGrant::modern().claim("acr", json!(1)), text, None);
    refuses_grant(&TestValidator::new(), &TestGrant::modern().claim("acr", Value::Null), text, None);
    let strange = TestGrant::modern().claim("\"<b>ø\n", json!(1));
    refuses_grant(&TestValidator::new(), &strange, r#"Invalid assertion. Unknown JWT claim \"<b>??."#, None);

    let validator = TestValidator::switched(|strictness| strictness.unknown_claim_is_invalid_request = true);
    refuses(&validator, &TestGrant::modern().claim("acr", json!(1)), "invalid_request", text, None);
}

#[test]
fn refuses_nbf_ahead_of_the_clock_and_a_sub_that_is_not_iss() {
    let refuses = |name: &str, value: Value, text: &str| {
        let text = format!("{FAILED} Invalid JWT claim {text}.");
        refuses_grant(&TestValidator::new(), &TestGrant::modern().claim(name, value), &text, None);
    };
    let ahead = "nbf. It is 10 s ahead of the clock (1795348810, 1795348800); it must be less than 10 s ahead";
    refuses("nbf", json!(now().timestamp() + 10), ahead);
    let not_a_time = "nbf. It is missing, or is not a number of seconds since 1970";
    refuses("nbf", json!("1795348800"), not_a_time);
    refuses("nbf", Value::Null, not_a_time);
    refuses("sub", json!(REGISTERED), "sub. It is not equal to iss");
    refuses("sub", Value::Null, "sub. It is not equal to iss");
}

#[test]
fn the_log_names_the_switch_that_would_allow_the_assertion() {
    let (moment, grant) = (now().timestamp(), TestGrant::modern);
    let validity = ValidityPeriod::three_years(now());
    let encryption = certificate("310700010", OrgnoAttribute::SerialNumber, KeyPurpose::Encryption, validity);
    let strict = || {
        TestValidator::switched(|strictness| {
            strictness.require_jti = true;
            strictness.require_resource_array = true;
            strictness.require_full_chain = true;
        })
    };
    let es256 = sign_text(r#"{"alg":"ES256"}"#, &json!({"iss": MODERN}).to_string(), "RS256", &fixture().leaf.key);
    let none = sign_text(r#"{"alg":"none"}"#, &json!({"iss": MODERN}).to_string(), "RS256", &fixture().leaf.key);
    let leaf = x5c(&[fixture().leaf.certificate.clone()]);
    let late = "exp was 9 s ago (1795348791, 1795348800)";
    let early = "iat is 10 s ahead of the clock (1795348810, 1795348800)";
    let old = "iat is 10 s behind the clock (1795348790, 1795348800); it must be less than 10 s behind";
    let long = "exp is 180 s after iat (1795348980, 1795348800); it must be at most 120 s after";
    let member = |name: &str| format!(r#""strictness": {{{name}}} in clients.json"#);
    let rows = [
        (TestValidator::new(), es256, "invalid_grant (alg ES256; allowed by --allow-alg ES256)".to_owned()),
        (TestValidator::new(), none, "invalid_grant (alg none)".to_owned()),
        (
            TestValidator::new(),
            grant().claim("acr", json!(1)).sign(),
            "invalid_grant (unknown claim acr; allowed by --allow-claim acr)".to_owned(),
        ),
        (
            TestValidator::new(),
            grant().claim("sub", json!("x")).sign(),
            "invalid_grant (sub is not equal to iss; allowed by --allow-claim sub)".to_owned(),
        ),
        (
            TestValidator::new(),
            grant().claim("aud", json!([ISSUER])).sign(),
            format!("MP-110 (aud is an array; allowed by {})", member(r#""allow_audience_array": true"#)),
        ),
        (TestValidator::new(), grant().claim("aud", json!("x")).sign(), "MP-110".to_owned()),
        (
            TestValidator::new(),
            grant().claim("exp", json!(moment - 9)).sign(),
            format!("MP-130 ({late}; allowed by {})", member(r#""expiry_leeway_seconds": 10"#)),
        ),
        (
            TestValidator::new(),
            grant().claim("iat", json!(moment + 10)).sign(),
            format!("invalid_grant ({early}; allowed by {})", member(r#""maximum_seconds_ahead": 11"#)),
        ),
        (
            TestValidator::new(),
            grant().claim("iat", json!(moment - 10)).sign(),
            format!("invalid_grant ({old}; allowed by {})", member(r#""maximum_seconds_behind": 11"#)),
        ),
        (
            TestValidator::new(),
            grant().claim("exp", json!(moment + 180)).sign(),
            format!("invalid_grant ({long}; allowed by {})", member(r#""maximum_lifetime_seconds": 180"#)),
        ),
        (
            TestValidator::new(),
            grant().header("x5c", x5c(&[encryption])).sign(),
            format!(
                "MP-120 (keyUsage does not have digitalSignature; allowed by {})",
                member(r#""allow_any_key_usage": true"#)
            ),
        ),
        (
            strict(),
            grant().header("x5c", leaf).sign(),
            format!(
                "MP-120 (unable to get local issuer certificate; allowed by {})",
                member(r#""require_full_chain": false"#)
            ),
        ),
        (
            strict(),
            grant().without_claim("jti").sign(),
            format!("invalid_grant (jti is missing; allowed by {})", member(r#""require_jti": false"#)),
        ),
        (
            strict(),
            grant().claim("resource", json!("https://a.no/")).sign(),
            format!(
                "invalid_target (resource is not an array; allowed by {})",
                member(r#""require_resource_array": false"#)
            ),
        ),
    ];
    for (validator, assertion, summary) in rows {
        assert_eq!(validator.validate(&assertion).err().unwrap().summary(), summary);
    }
    let validator = TestValidator::new();
    let nameless = grant().without_claim("jti").sign();
    assert!(validator.validate(&nameless).is_ok());
    let summary = validator.validate(&nameless).err().unwrap().summary();
    assert!(
        summary.ends_with(&format!("; allowed by {})", member(r#""allow_replay_without_jti": true"#))),
        "{summary}"
    );
}

#[test]
fn refuses_scopes_that_the_client_does_not_have_or_may_not_use() {
    let refuses_scope = |scope: Value, text: &str, code| {
        refuses(&TestValidator::new(), &TestGrant::modern().claim("scope", scope), "invalid_scope", text, code);
    };
    let invalid = "Token request contains invalid scopes for client, altinn:serviceowner/read";
    refuses_scope(json!("difitest:test1 altinn:serviceowner/read"), invalid, Some("MP-200"));
    let allowed = "Token request contains scopes not allowed for maskinporten.";
    refuses_scope(json!("simulator:login"), allowed, Some("MP-201"));
    refuses_scope(json!(" "), "Token request contains no scope.", None);
    let without = TestGrant::modern().without_claim("scope");
    refuses(&TestValidator::new(), &without, "invalid_scope", "Token request contains no scope.", None);
}

#[test]
fn refuses_scopes_that_are_not_granted_or_not_delegated() {
    let forbidden = |grant: &TestGrant, text: &str, code| {
        assert_eq!(refusal(&TestValidator::new(), &grant.sign()), (403, expected("forbidden", text, Some(code))));
    };
    let grant = |scope: &str| TestGrant::modern().claim("scope", json!(scope));
    let text = "Consumer has not been granted access to the scope simulator:ungranted.";
    forbidden(&grant("simulator:ungranted"), text, "MP-250");
    // A supplier without consumer_org gets the same text.
    let text = "Consumer has not been granted access to the scope simulator:delegated.";
    forbidden(&grant("simulator:delegated"), text, "MP-250");
    forbidden(&grant("simulator:delegated").claim("consumer_org", json!("310700029")), text, "MP-250");
    let text = "Consumer 310700053 has not delegated access to the scope simulator:undelegated to supplier 310700010.";
    forbidden(&grant("simulator:undelegated").claim("consumer_org", json!(DELEGATING)), text, "MP-251");
    let text = "Consumer 310700061 has not delegated access to the scope simulator:delegated to supplier 310700010.";
    forbidden(&grant("simulator:delegated").claim("consumer_org", json!("310700061")), text, "MP-251");
}

#[test]
fn refuses_a_consumer_org_that_is_the_client_itself_or_a_scope_without_delegation() {
    let text = "Validation of JWT claim failed: The combination consumer_org in claim and delegation scope on client is \
                invalid.";
    let own =
        TestGrant::modern().claim("scope", json!("simulator:delegated")).claim("consumer_org", json!("310700010"));
    refuses(&TestValidator::new(), &own, "invalid_request", text, None);
    let plain = TestGrant::modern().claim("consumer_org", json!(DELEGATING));
    refuses(&TestValidator::new(), &plain, "invalid_request", text, None);
}

#[test]
fn refuses_a_resource_that_is_not_an_absolute_uri_without_fragment() {
    let text = "The resource is not an absolute URI without fragment.";
    for wrong in [
        json!("https://api.example.no/#part"),
        json!("/api"),
        json!("api.example.no"),
        json!(""),
        json!(" https://a.no/"),
        json!([]),
        json!([1]),
        json!(["https://a.no/", "#"]),
        json!(vec!["https://a.no/"; 11]),
        json!({}),
    ] {
        refuses(&TestValidator::new(), &TestGrant::modern().claim("resource", wrong), "invalid_target", text, None);
    }
}

#[test]
fn refuses_authorization_details_of_unknown_type_field_or_value() {
    let org = json!({"authority": "iso6523-actorid-upis", "ID": "0192:310700053"});
    let user = |more: Value| {
        let mut detail = json!({"type": "urn:altinn:systemuser", "systemuser_org": org});
        detail.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        json!([detail])
    };
    let rows = [
        ("MP-301", "Unknown authorization details type.", json!([{"type": "urn:other"}])),
        ("MP-301", "Unknown authorization details type.", json!([{}])),
        ("MP-302", "Unknown fields in the authorization details.", user(json!({"systemuserid": "x"}))),
        ("MP-302", "Unknown fields in the authorization details.", user(json!({"externalRef": "a b"}))),
        ("MP-302", "Unknown fields in the authorization details.", user(json!({"externalRef": "a".repeat(256)}))),
        ("MP-303", "Invalid authorization details values.", user(json!({"systemuser_org": null}))),
        (
            "MP-303",
            "Invalid authorization details values.",
            user(json!({"systemuser_org": {"authority": "x", "ID": "0192:310700053"}})),
        ),
        (
            "MP-303",
            "Invalid authorization details values.",
            user(json!({"systemuser_org": {"authority": "iso6523-actorid-upis", "ID": "310700053"}})),
        ),
        ("MP-303", "Invalid authorization details values.", json!({})),
        ("MP-303", "Invalid authorization details values.", json!([])),
        ("MP-303", "Invalid authorization details values.", json!([user(json!({}))[0], user(json!({}))[0]])),
        (
            "MP-303",
            "Invalid authorization details values.",
            json!([{"type": "urn:altinn:consent", "id": "x", "from": "y"}]),
        ),
    ];
    for (code, text, details) in rows {
        let grant = TestGrant::modern().claim("authorization_details", details);
        refuses(&TestValidator::new(), &grant, "invalid_authorization_details", text, Some(code));
    }
    let text =
        "Invalid authorization details values. Altinn has no system user for this customer, system and externalRef.";
    let grant = TestGrant::modern().claim("authorization_details", user(json!({"externalRef": "other"})));
    refuses(&TestValidator::new(), &grant, "invalid_altinn_customer_configuration", text, Some("MP-303"));
}

#[test]
fn refuses_a_client_of_another_integration_type() {
    let validator = TestValidator::edited("/clients/0/integration_type", json!("idporten"));

    refuses(&validator, &TestGrant::modern(), "unauthorized_client", "The client may not use this grant_type.", None);
}

#[test]
fn refuses_an_invalid_form_with_the_errors_of_oauth() {
    assert_eq!(
        body(&GrantRefusal::GrantType),
        (400, expected("unsupported_grant_type", "Unsupported grant_type.", None))
    );
    assert_eq!(
        body(&GrantRefusal::Form("Missing parameter assertion")),
        (400, expected("invalid_request", "Missing parameter assertion.", None))
    );
    assert_eq!(body(&GrantRefusal::Busy).0, 503);
}

#[test]
fn refuses_an_assertion_with_any_single_character_changed() {
    let validator = TestValidator::new();
    let good = TestGrant::registered().sign();
    for (place, sign) in good.char_indices() {
        for other in ['A', '.', '-', '~'].into_iter().filter(|other| *other != sign) {
            let changed = format!("{}{other}{}", &good[..place], &good[place + 1..]);
            assert!(validator.validate(&changed).is_err(), "{place} {other}");
        }
    }

    assert!(validator.validate(&good).is_ok());
}

#[test]
fn refuses_an_assertion_truncated_anywhere() {
    let validator = TestValidator::new();
    let good = TestGrant::modern().sign();

    for end in (0..good.len()).step_by(7).chain([good.len() - 1]) {
        assert!(validator.validate(&good[..end]).is_err(), "{end}");
    }
}
