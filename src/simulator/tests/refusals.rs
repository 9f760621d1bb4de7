//! Each refusal, with its whole body.

use chrono::TimeDelta;
use openssl::{asn1::Asn1Time, hash::MessageDigest, x509::X509};
use serde_json::{Value, json};

use super::grants::{Grant, ISSUER, MODERN, REGISTERED, World, certificate, fixture, now, sign_text, x5c};
use crate::simulator::{
    installation::authority::{self, Place, Usage, Validity},
    judge::Refusal,
};

const FAILED: &str = "Invalid assertion. Client authentication failed.";
const FRIENDLY: &str = "310700053";

/// The status and the body of what is refused, whole, its trace id made equal.
fn refusal(world: &World, assertion: &str) -> (u16, String) {
    let Err(refusal) = world.judge(assertion) else { panic!("the grant was accepted") };
    body(&refusal)
}

fn body(refusal: &Refusal) -> (u16, String) {
    let (status, body) = refusal.answer(ISSUER, "0123456789abcdef0123456789abcdef");
    (status, serde_json::to_string(&body).unwrap())
}

/// A body as it was seen on the wire.
fn expected(error: &str, text: &str, code: Option<&str>) -> String {
    let uri = code.map(|code| format!(r#","error_uri":"{ISSUER}errors/{code}""#)).unwrap_or_default();
    format!(r#"{{"error":"{error}","error_description":"{text} (trace_id: 0123456789abcdef0123456789abcdef)"{uri}}}"#)
}

#[track_caller]
fn refuses(world: &World, grant: &Grant, error: &str, text: &str, code: Option<&str>) {
    assert_eq!(refusal(world, &grant.sign()), (400, expected(error, text, code)));
}

#[track_caller]
fn refuses_grant(world: &World, grant: &Grant, text: &str, code: Option<&str>) {
    refuses(world, grant, "invalid_grant", text, code);
}

#[test]
fn refuses_an_unknown_and_an_inactive_client_alike() {
    let unknown = Grant::modern().claim("iss", json!("11111111-2222-4333-8444-555555555555"));
    refuses_grant(&World::new(), &unknown, FAILED, Some("MP-100"));
    refuses_grant(&World::new(), &Grant::modern().claim("iss", json!(1)), FAILED, Some("MP-100"));
    refuses_grant(&World::edited("/clients/0/active", json!(false)), &Grant::modern(), FAILED, Some("MP-100"));
}

#[test]
fn refuses_an_algorithm_that_is_not_accepted_before_it_looks_for_a_key() {
    let text = format!("{FAILED} Invalid JWT header alg.");
    for name in ["none", "HS256", "PS256", "ES256", "EdDSA", "RS257", "rs256", ""] {
        let header = json!({"alg": name}).to_string();
        let assertion = sign_text(&header, &json!({"iss": MODERN}).to_string(), "RS256", &fixture().leaf.key);
        assert_eq!(refusal(&World::new(), &assertion), (400, expected("invalid_grant", &text, None)), "{name}");
    }
}

#[test]
fn wants_a_registered_key_to_be_named_and_known() {
    let unnamed = "Invalid JWT. The client requires pre-registered jwk and no key identifier (kid) provided.";
    refuses_grant(&World::new(), &Grant::registered().without_header("kid"), &format!("{FAILED} {unnamed}"), None);
    let by_certificate = Grant::modern().claim("iss", json!(REGISTERED));
    refuses_grant(&World::new(), &by_certificate, &format!("{FAILED} {unnamed}"), None);

    let unknown = format!("{FAILED} Unknown key identifier (kid) for client.");
    refuses_grant(&World::new(), &Grant::registered().header("kid", json!("other")), &unknown, None);
    // The key identifier comes first even when the certificate is good.
    refuses_grant(&World::new(), &Grant::modern().header("kid", json!("other")), &unknown, None);
}

#[test]
fn refuses_a_key_whose_time_is_up() {
    let text = format!("{FAILED} Expired key.");
    let year_ago = (now() - TimeDelta::days(365)).to_rfc3339();
    let world = World::edited("/clients/3/keys/0/registered", json!(year_ago));
    refuses_grant(&world, &Grant::registered(), &text, Some("MP-121"));
    let world = World::edited("/clients/3/keys/0/exp", json!(now().timestamp()));
    refuses_grant(&world, &Grant::registered(), &text, Some("MP-121"));

    let world = World::edited("/clients/3/keys/0/exp", json!(now().timestamp() + 1));
    assert!(world.judge(&Grant::registered().sign()).is_ok());
}

#[test]
fn refuses_x5c_that_is_not_an_array_of_certificates() {
    let good = &Grant::modern().header["x5c"][0];
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
        let grant = Grant::modern().header("x5c", wrong);
        refuses_grant(&World::new(), &grant, "Invalid JWT header x5c.", Some("MP-123"));
    }
    let neither = Grant::modern().without_header("x5c");
    refuses_grant(&World::new(), &neither, "Invalid JWT header x5c.", Some("MP-123"));
}

#[test]
fn refuses_a_certificate_that_is_not_valid_here() {
    let good = Validity::three_years(now());
    let over = Validity { from: now() - TimeDelta::days(9), until: now() - TimeDelta::seconds(1) };
    let early = Validity { from: now() + TimeDelta::seconds(60), until: now() + TimeDelta::days(9) };
    let made = |usage, validity| certificate("310700010", Place::SerialNumber, usage, validity);
    let wrong = [
        ("certificate has expired", made(Usage::Authentication, over)),
        ("certificate is not yet valid", made(Usage::Authentication, early)),
        ("keyUsage does not have digitalSignature", made(Usage::Encryption, good)),
        ("keyUsage does not have digitalSignature", made(Usage::Signature, good)),
        ("unable to get local issuer certificate", foreign(good)),
        ("keyUsage is missing or not critical", bare(false)),
        ("keyUsage is missing or not critical", bare(true)),
    ];
    for (why, certificate) in wrong {
        let grant = Grant::modern().header("x5c", x5c(&[certificate]));
        let text = format!("{FAILED} The JWT is signed with an invalid certificate.");
        refuses_grant(&World::new(), &grant, &text, Some("MP-120"));
        let refusal = World::new().judge(&grant.sign()).err().unwrap();
        assert_eq!(refusal.summary(), format!("MP-120 ({why})"));
    }
}

/// A certificate of another root.
fn foreign(validity: Validity) -> X509 {
    let subject = authority::enterprise_subject("KOMMUNE", "310700010", Place::SerialNumber).unwrap();
    let (key, stranger) = (fixture().leaf.key.clone(), fixture().stranger.clone());
    let root = authority::root("Maskinporten Simulator Root CA", stranger, validity).unwrap();
    authority::enterprise(&subject, Usage::Authentication, &root, key, validity).unwrap().certificate
}

/// A certificate of the right root, without `keyUsage` or with one that is not critical.
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
    let validity = Validity::three_years(now());
    for place in [Place::SerialNumber, Place::Organization, Place::OrganizationIdentifier] {
        let other = certificate("310700029", place, Usage::Authentication, validity);
        let grant = Grant::modern().header("x5c", x5c(&[other]));
        refuses_grant(&World::new(), &grant, text, Some("MP-122"));
    }
    let none = certificate("31070001", Place::SerialNumber, Usage::Authentication, validity);
    refuses_grant(&World::new(), &Grant::modern().header("x5c", x5c(&[none])), text, Some("MP-122"));
}

#[test]
fn refuses_a_signature_that_does_not_hold() {
    let text = format!("{FAILED} Invalid JWT signature.");
    let stranger = &fixture().stranger;
    refuses_grant(&World::new(), &Grant::modern().key(stranger), &text, Some("MP-124"));
    refuses_grant(&World::new(), &Grant::registered().key(stranger), &text, Some("MP-124"));

    let signed = Grant::modern().sign();
    let (front, _) = signed.rsplit_once('.').unwrap();
    let expected = (400, expected("invalid_grant", &text, Some("MP-124")));
    assert_eq!(refusal(&World::new(), &format!("{front}.")), expected);
    assert_eq!(refusal(&World::new(), &format!("{front}.AAAA")), expected);
}

#[test]
fn refuses_every_audience_but_the_issuer() {
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
        refuses_grant(&World::new(), &Grant::modern().claim("aud", wrong), &text, Some("MP-110"));
    }
    refuses_grant(&World::new(), &Grant::modern().without_claim("aud"), &text, Some("MP-110"));
}

#[test]
fn refuses_times_that_are_out_of_bounds() {
    let moment = now().timestamp();
    let at = |issued: i64, expires: i64| {
        Grant::modern().claim("iat", json!(moment + issued)).claim("exp", json!(moment + expires))
    };
    let world = World::new();
    refuses_grant(&world, &at(-9, 0), "JWT is expired.", Some("MP-130"));
    refuses_grant(&world, &at(10, 100), "Issue time is after now.", None);
    refuses_grant(&world, &at(-10, 100), &format!("{FAILED} Invalid JWT claim iat."), None);
    refuses_grant(&world, &at(0, 121), &format!("{FAILED} Invalid JWT claim exp."), None);
    for name in ["iat", "exp"] {
        let text = format!("{FAILED} Invalid JWT claim {name}.");
        refuses_grant(&world, &Grant::modern().without_claim(name), &text, None);
        refuses_grant(&world, &Grant::modern().claim(name, json!("1795348800")), &text, None);
        refuses_grant(&world, &Grant::modern().claim(name, json!(1e300)), &text, None);
    }
    refuses_grant(&world, &Grant::modern().claim("exp", json!(i64::MIN)), "JWT is expired.", Some("MP-130"));
    refuses_grant(&world, &Grant::modern().claim("iat", json!(i64::MAX)), "Issue time is after now.", None);
    let last = format!("{FAILED} Invalid JWT claim exp.");
    refuses_grant(&world, &Grant::modern().claim("exp", json!(i64::MAX)), &last, None);

    assert!(World::new().judge(&at(9, 129).sign()).is_ok());
    assert!(World::new().judge(&at(-9, 1).sign()).is_ok());
}

#[test]
fn refuses_a_grant_that_was_used_before_even_when_it_was_refused_for_its_scope() {
    let text = "Grant is used before.";
    let world = World::new();
    assert!(world.judge(&Grant::modern().sign()).is_ok());
    refuses_grant(&world, &Grant::modern(), text, Some("MP-012"));
    refuses_grant(&world, &Grant::modern().claim("scope", json!("difitest:test2")), text, Some("MP-012"));
    // Another client may have the same identifier.
    assert!(world.judge(&Grant::registered().sign()).is_ok());

    let nameless = Grant::modern().without_claim("jti");
    assert!(world.judge(&nameless.sign()).is_ok());
    refuses_grant(&world, &nameless, text, Some("MP-012"));
    assert!(world.judge(&nameless.claim("scope", json!("difitest:test2")).sign()).is_ok());

    let world = World::new();
    let unknown = Grant::modern().claim("scope", json!("no:such"));
    assert!(world.judge(&unknown.sign()).is_err());
    refuses_grant(&world, &unknown, text, Some("MP-012"));
}

#[test]
fn does_not_use_up_the_identifier_of_a_grant_whose_signature_does_not_hold() {
    let world = World::new();

    assert!(world.judge(&Grant::modern().key(&fixture().stranger).sign()).is_err());

    assert!(world.judge(&Grant::modern().sign()).is_ok());
}

#[test]
fn refuses_what_cannot_be_read() {
    let expected = (400, expected("invalid_request", "Invalid assertion. Invalid parameter value.", Some("MP-011")));
    let good = Grant::modern().sign();
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
        assert_eq!(refusal(&World::new(), &assertion), expected, "{}", &assertion[..assertion.len().min(80)]);
    }
    let crit = Grant::modern().header("crit", json!(["b64"])).header("b64", json!(false));
    for grant in [
        crit,
        Grant::modern().header("typ", json!("at+jwt")),
        Grant::modern().header("kid", json!(1)),
        Grant::modern().claim("pid", json!("123")),
        Grant::modern().claim("consumer_org", json!("0192:310700053")),
        Grant::modern().claim("consumer_org", json!("310700054")),
        Grant::modern().claim("scope", json!(["difitest:test1"])),
        Grant::modern().claim("iss_onbehalfof", json!("x")),
    ] {
        assert_eq!(refusal(&World::new(), &grant.sign()), expected, "{:?}", grant.claims);
    }
}

#[test]
fn refuses_claims_that_are_not_documented() {
    let text = "Invalid assertion. Unknown JWT claim nbf.";
    refuses_grant(&World::new(), &Grant::modern().claim("nbf", json!(1)), text, None);
    let strange = Grant::modern().claim("\"<b>ø\n", json!(1));
    refuses_grant(&World::new(), &strange, r#"Invalid assertion. Unknown JWT claim \"<b>??."#, None);

    let world = World::switched(|strictness| strictness.unknown_claim_is_invalid_request = true);
    refuses(&world, &Grant::modern().claim("nbf", json!(1)), "invalid_request", text, None);
}

#[test]
fn refuses_scopes_that_the_client_does_not_have_or_may_not_use() {
    let refuses_scope = |scope: Value, text: &str, code| {
        refuses(&World::new(), &Grant::modern().claim("scope", scope), "invalid_scope", text, code);
    };
    let invalid = "Token request contains invalid scopes for client, altinn:serviceowner/read";
    refuses_scope(json!("difitest:test1 altinn:serviceowner/read"), invalid, Some("MP-200"));
    let allowed = "Token request contains scopes not allowed for maskinporten.";
    refuses_scope(json!("simulator:login"), allowed, Some("MP-201"));
    refuses_scope(json!(" "), "Token request contains no scope.", None);
    let without = Grant::modern().without_claim("scope");
    refuses(&World::new(), &without, "invalid_scope", "Token request contains no scope.", None);
}

#[test]
fn refuses_scopes_that_are_not_granted_or_not_delegated() {
    let forbidden = |grant: &Grant, text: &str, code| {
        assert_eq!(refusal(&World::new(), &grant.sign()), (403, expected("forbidden", text, Some(code))));
    };
    let grant = |scope: &str| Grant::modern().claim("scope", json!(scope));
    let text = "Consumer has not been granted access to the scope simulator:ungranted.";
    forbidden(&grant("simulator:ungranted"), text, "MP-250");
    // A supplier that has forgotten consumer_org is told the same.
    let text = "Consumer has not been granted access to the scope simulator:delegated.";
    forbidden(&grant("simulator:delegated"), text, "MP-250");
    forbidden(&grant("simulator:delegated").claim("consumer_org", json!("310700029")), text, "MP-250");
    let text = "Consumer 310700053 has not delegated access to the scope simulator:undelegated to supplier 310700010.";
    forbidden(&grant("simulator:undelegated").claim("consumer_org", json!(FRIENDLY)), text, "MP-251");
    let text = "Consumer 310700061 has not delegated access to the scope simulator:delegated to supplier 310700010.";
    forbidden(&grant("simulator:delegated").claim("consumer_org", json!("310700061")), text, "MP-251");
}

#[test]
fn refuses_a_consumer_org_that_is_the_client_itself_or_a_scope_without_delegation() {
    let text = "Validation of JWT claim failed: The combination consumer_org in claim and delegation scope on client is \
                invalid.";
    let own = Grant::modern().claim("scope", json!("simulator:delegated")).claim("consumer_org", json!("310700010"));
    refuses(&World::new(), &own, "invalid_request", text, None);
    let plain = Grant::modern().claim("consumer_org", json!(FRIENDLY));
    refuses(&World::new(), &plain, "invalid_request", text, None);
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
        Value::Null,
    ] {
        refuses(&World::new(), &Grant::modern().claim("resource", wrong), "invalid_target", text, None);
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
        let grant = Grant::modern().claim("authorization_details", details);
        refuses(&World::new(), &grant, "invalid_authorization_details", text, Some(code));
    }
    let text =
        "Invalid authorization details values. Altinn has no system user for this customer, system and externalRef.";
    let grant = Grant::modern().claim("authorization_details", user(json!({"externalRef": "other"})));
    refuses(&World::new(), &grant, "invalid_altinn_customer_configuration", text, Some("MP-303"));
}

#[test]
fn refuses_a_client_of_another_integration_type() {
    let world = World::edited("/clients/0/integration_type", json!("idporten"));

    refuses(&world, &Grant::modern(), "unauthorized_client", "The client may not use this grant_type.", None);
}

#[test]
fn answers_a_wrong_form_in_the_words_of_oauth() {
    assert_eq!(body(&Refusal::GrantType), (400, expected("unsupported_grant_type", "Unsupported grant_type.", None)));
    assert_eq!(
        body(&Refusal::Form("Missing parameter assertion")),
        (400, expected("invalid_request", "Missing parameter assertion.", None))
    );
    assert_eq!(body(&Refusal::Busy).0, 503);
}

#[test]
fn no_grant_passes_in_which_a_single_sign_is_another() {
    let world = World::new();
    let good = Grant::registered().sign();
    for (place, sign) in good.char_indices() {
        for other in ['A', '.', '-', '~'].into_iter().filter(|other| *other != sign) {
            let changed = format!("{}{other}{}", &good[..place], &good[place + 1..]);
            assert!(world.judge(&changed).is_err(), "{place} {other}");
        }
    }

    assert!(world.judge(&good).is_ok());
}

#[test]
fn cut_grants_are_refused_wherever_they_are_cut() {
    let world = World::new();
    let good = Grant::modern().sign();

    for end in (0..good.len()).step_by(7).chain([good.len() - 1]) {
        assert!(world.judge(&good[..end]).is_err(), "{end}");
    }
}
