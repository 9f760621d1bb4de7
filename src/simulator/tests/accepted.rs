//! Accepted assertions, and the tokens that are issued for them.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use openssl::{
    ec::{EcGroup, EcKey},
    hash::MessageDigest,
    nid::Nid,
    pkey::{PKey, Private},
    sign::Verifier,
};
use serde_json::{Value, json};

use super::grants::{ISSUER, MODERN, TestGrant, TestValidator, certificate, fixture, now, x5c};
use crate::simulator::{
    Faults,
    installation::certificates::{KeyPurpose, OrgnoAttribute, ValidityPeriod},
    token::TokenIssuer,
};

const KID: &str = "a kid";

/// Returns the response to an accepted assertion, and the token's header and claims as text.
fn issue(validator: &TestValidator, grant: &TestGrant) -> (Value, String, String) {
    let key = &fixture().token;
    let granted = validator.validate(&grant.sign()).map_err(|refusal| refusal.summary()).unwrap();
    let success =
        TokenIssuer::new(key.clone(), now()).unwrap().issue(&granted, ISSUER, now(), &Faults::default()).unwrap();
    let success = serde_json::to_value(&success).unwrap();

    let token = success["access_token"].as_str().unwrap().to_owned();
    let parts: Vec<&str> = token.split('.').collect();
    let signature = URL_SAFE_NO_PAD.decode(parts[2]).unwrap();
    assert_eq!(signature.len(), 384);
    let mut verifier = Verifier::new(MessageDigest::sha256(), key).unwrap();
    assert!(verifier.verify_oneshot(&signature, format!("{}.{}", parts[0], parts[1]).as_bytes()).unwrap());
    let text = |part: &str| String::from_utf8(URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap();
    (success.clone(), text(parts[0]), text(parts[1]))
}

/// Returns the claims of the token, with its random `jti` replaced.
fn claims(validator: &TestValidator, grant: &TestGrant) -> String {
    let (_, _, claims) = issue(validator, grant);
    let value: Value = serde_json::from_str(&claims).unwrap();
    let jti = value["jti"].as_str().unwrap();
    assert_eq!(jti.len(), 43);
    claims.replace(jti, "JTI")
}

#[test]
fn the_response_and_the_header_are_those_of_the_test_environment() {
    let (answer, header, _) = issue(&TestValidator::new(), &TestGrant::modern());

    assert_eq!(answer["token_type"], "Bearer");
    assert_eq!(answer["expires_in"], 119);
    assert_eq!(answer["scope"], "difitest:test1");
    let kid = serde_json::from_str::<Value>(&header).unwrap()["kid"].as_str().unwrap().to_owned();
    assert_eq!(kid.len(), 43);
    assert_eq!(header.replace(&kid, KID), r#"{"kid":"a kid","alg":"RS256"}"#);
}

#[test]
fn the_claims_are_in_the_order_of_real_tokens() {
    assert_eq!(
        claims(&TestValidator::new(), &TestGrant::modern()),
        concat!(
            r#"{"scope":"difitest:test1","iss":"http://127.0.0.1:8080/","client_amr":"virksomhetssertifikat","#,
            r#""token_type":"Bearer","exp":1795348920,"iat":1795348800,"#,
            r#""client_id":"8d001e58-c758-4beb-a9ec-ae1d770fa35e","jti":"JTI","#,
            r#""consumer":{"authority":"iso6523-actorid-upis","ID":"0192:310700010"}}"#
        )
    );
}

#[test]
fn a_delegated_token_has_the_supplier_and_the_delegation_source() {
    let grant = TestGrant::registered()
        .claim("scope", json!("simulator:delegated"))
        .claim("consumer_org", json!("310700053"))
        .claim("pid", json!("12345678901"))
        .claim("resource", json!(["https://api.example.no/"]));

    assert_eq!(
        claims(&TestValidator::new(), &grant),
        concat!(
            r#"{"aud":"https://api.example.no/","scope":"simulator:delegated","#,
            r#""supplier":{"authority":"iso6523-actorid-upis","ID":"0192:310700045"},"iss":"http://127.0.0.1:8080/","#,
            r#""client_amr":"private_key_jwt","pid":"12345678901","token_type":"Bearer","exp":1795349400,"#,
            r#""delegation_source":"https://tt02.altinn.no/","iat":1795348800,"#,
            r#""client_id":"673d59a6-b427-49bc-b413-b51d7a8f05be","jti":"JTI","#,
            r#""consumer":{"authority":"iso6523-actorid-upis","ID":"0192:310700053"}}"#
        )
    );
}

#[test]
fn system_users_and_consents_are_completed_in_the_token() {
    let grant = TestGrant::modern().claim(
        "authorization_details",
        json!([
            {"type": "urn:altinn:systemuser", "externalRef": "lonn",
             "systemuser_org": {"authority": "iso6523-actorid-upis", "ID": "0192:310700053"}},
            {"type": "urn:altinn:consent", "id": "a7f51c7d-65fd-4256-9739-cdc46d0faeac",
             "from": "urn:altinn:organization:identifier-no:310700053"},
        ]),
    );
    let validator = TestValidator::switched(|strictness| strictness.repeat_external_ref = true);

    let claims = claims(&validator, &grant);

    let expected = concat!(
        r#"{"authorization_details":[{"type":"urn:altinn:systemuser","#,
        r#""systemuser_org":{"authority":"iso6523-actorid-upis","ID":"0192:310700053"},"#,
        r#""systemuser_id":["3ffa99b7-2383-495c-99ab-e50bf0fc5aaf"],"system_id":"310700010_simulert_fagsystem","#,
        r#""externalRef":"lonn"},{"type":"urn:altinn:consent","id":"a7f51c7d-65fd-4256-9739-cdc46d0faeac","#,
        r#""from":"urn:altinn:organization:identifier-no:310700053","#,
        r#""to":{"authority":"iso6523-actorid-upis","ID":"0192:310700010"},"#,
        r#""consented":"2026-02-03T10:14:05.419279+00:00","validTo":"2036-02-03T00:00:00+00:00","consentRights":["#
    );
    assert_eq!(claims[..expected.len()], *expected);
}

#[test]
fn without_an_external_ref_the_system_user_without_one_is_found() {
    let details = json!([{"type": "urn:altinn:systemuser",
        "systemuser_org": {"authority": "iso6523-actorid-upis", "ID": "0192:310700053"}}]);

    let claims = claims(&TestValidator::new(), &TestGrant::modern().claim("authorization_details", details));

    assert!(claims.contains(r#""systemuser_id":["f2a1c6ad-2f64-44ac-8a8d-1a7cb8f9c0a3"]"#));
    assert!(!claims.contains("externalRef"));
}

#[test]
fn the_scope_with_the_lowest_maximum_age_limits_the_lifetime() {
    let grant = TestGrant::modern().claim("scope", json!("difitest:test1  simulator:short"));

    let (answer, _, _) = issue(&TestValidator::new(), &grant);

    assert_eq!(answer["expires_in"], 29);
    assert_eq!(answer["scope"], "difitest:test1 simulator:short");
}

#[test]
fn accepts_a_resource_as_a_string_or_an_array() {
    let claim = |resource: Value| {
        let claims = claims(&TestValidator::new(), &TestGrant::modern().claim("resource", resource));
        serde_json::from_str::<Value>(&claims).unwrap()["aud"].clone()
    };

    assert_eq!(claim(json!("https://a.no/")), json!("https://a.no/"));
    assert_eq!(claim(json!(["https://a.no/"])), json!("https://a.no/"));
    assert_eq!(claim(json!(["https://a.no/", "urn:b"])), json!(["https://a.no/", "urn:b"]));
}

#[test]
fn accepts_the_leaf_alone_a_chain_in_any_order_and_each_organisation_number_attribute() {
    let fixture = fixture();
    let [leaf, intermediate, root] =
        [&fixture.leaf, &fixture.intermediate, &fixture.root].map(|one| one.certificate.clone());
    for chain in [vec![leaf.clone()], vec![leaf.clone(), root, intermediate]] {
        assert!(TestValidator::new().validate(&TestGrant::modern().header("x5c", x5c(&chain)).sign()).is_ok());
    }
    for place in [OrgnoAttribute::SerialNumber, OrgnoAttribute::Organization, OrgnoAttribute::OrganizationIdentifier] {
        let leaf = certificate("310700010", place, KeyPurpose::Authentication, ValidityPeriod::three_years(now()));
        assert!(TestValidator::new().validate(&TestGrant::modern().header("x5c", x5c(&[leaf])).sign()).is_ok());
    }

    let strict = TestValidator::switched(|strictness| strictness.require_full_chain = true);
    assert!(strict.validate(&TestGrant::modern().header("x5c", x5c(&[leaf])).sign()).is_err());
    assert!(strict.validate(&TestGrant::modern().sign()).is_ok());
}

#[test]
fn accepts_nbf_and_a_sub_that_equals_iss_and_reports_them() {
    let moment = now().timestamp();
    let accepted = |grant: TestGrant| {
        let granted = TestValidator::new().validate(&grant.sign());
        granted.map_err(|refusal| refusal.summary()).unwrap().undocumented
    };

    assert_eq!(accepted(TestGrant::modern()), [""; 0]);
    assert_eq!(accepted(TestGrant::modern().claim("nbf", json!(moment + 9))), ["nbf"]);
    assert_eq!(accepted(TestGrant::modern().claim("sub", json!(MODERN)).claim("nbf", json!(1.5))), ["sub", "nbf"]);
}

#[test]
fn accepts_times_with_a_fraction() {
    let moment = now().timestamp();
    for (name, seconds) in [("iat", 9.9), ("iat", -9.0), ("exp", 1.5), ("exp", 100.999), ("nbf", 9.5)] {
        let time: Value = format!("{}", f64::from(i32::try_from(moment).unwrap()) + seconds).parse().unwrap();
        assert!(
            TestValidator::new().validate(&TestGrant::modern().claim(name, time).sign()).is_ok(),
            "{name} {seconds}"
        );
    }
}

#[test]
fn an_optional_member_that_is_null_is_absent() {
    for name in ["resource", "pid", "consumer_org", "iss_onbehalfof", "authorization_details", "jti"] {
        let granted = TestValidator::new().validate(&TestGrant::modern().claim(name, Value::Null).sign());
        assert!(granted.map_err(|refusal| refusal.summary()).unwrap().resources.is_empty(), "{name}");
    }
    for name in ["kid", "typ"] {
        assert!(TestValidator::new().validate(&TestGrant::modern().header(name, Value::Null).sign()).is_ok(), "{name}");
    }
    let registered = TestGrant::registered().header("x5c", Value::Null);
    assert!(TestValidator::new().validate(&registered.sign()).is_ok());
}

#[test]
fn accepts_x5c_with_line_breaks_or_without_padding() {
    let leaf = &fixture().leaf.certificate;
    let pem = String::from_utf8(leaf.to_pem().unwrap()).unwrap();
    let lines: Vec<&str> = pem.lines().filter(|line| !line.starts_with("-----")).collect();
    let whole = lines.concat();
    for text in
        [lines.join("\n"), lines.join("\r\n") + "\r\n", lines.join("\r"), whole.trim_end_matches('=').to_owned()]
    {
        let granted = TestValidator::new().validate(&TestGrant::modern().header("x5c", json!([text])).sign());
        assert!(granted.is_ok(), "{text}");
    }
}

#[test]
fn accepts_each_algorithm_that_is_allowed() {
    for name in ["RS256", "RS384", "RS512"] {
        assert!(
            TestValidator::new().validate(&TestGrant::modern().header("alg", json!(name)).sign()).is_ok(),
            "{name}"
        );
    }
    let allow = |name: &str| TestValidator::switched(|strictness| strictness.allow_algorithms = vec![name.to_owned()]);
    for name in ["PS256", "PS384", "PS512"] {
        assert!(allow(name).validate(&TestGrant::modern().header("alg", json!(name)).sign()).is_ok(), "{name}");
    }
    let curves = [
        ("ES256", "P-256", Nid::X9_62_PRIME256V1, 32),
        ("ES384", "P-384", Nid::SECP384R1, 48),
        ("ES512", "P-521", Nid::SECP521R1, 66),
    ];
    for (name, curve, nid, half) in curves {
        let group = EcGroup::from_curve_name(nid).unwrap();
        let key = EcKey::generate(&group).unwrap();
        let (mut x, mut y) = (openssl::bn::BigNum::new().unwrap(), openssl::bn::BigNum::new().unwrap());
        let mut context = openssl::bn::BigNumContext::new().unwrap();
        key.public_key().affine_coordinates(&group, &mut x, &mut y, &mut context).unwrap();
        let encode = |number: &openssl::bn::BigNum| URL_SAFE_NO_PAD.encode(number.to_vec_padded(half).unwrap());
        let jwk = json!({"kty": "EC", "kid": KID, "crv": curve, "x": encode(&x), "y": encode(&y)});
        accepts_and_refuses(name, &jwk, &PKey::from_ec_key(key).unwrap());
    }
    let key = PKey::generate_ed25519().unwrap();
    let public = URL_SAFE_NO_PAD.encode(key.raw_public_key().unwrap());
    accepts_and_refuses("EdDSA", &json!({"kty": "OKP", "kid": KID, "crv": "Ed25519", "x": public}), &key);
}

fn accepts_and_refuses(name: &str, jwk: &Value, key: &PKey<Private>) {
    let mut validator = TestValidator::edited("/clients/0/keys", json!([jwk]));
    validator.strictness.allow_algorithms = vec![name.to_owned()];
    let grant = TestGrant::new(json!({"alg": name, "kid": KID}), MODERN, key);

    assert!(validator.validate(&grant.sign()).is_ok(), "{name}");

    let changed = grant.sign().replacen('.', ".e30", 1);
    assert!(validator.validate(&changed).is_err());
    let as_rsa = TestGrant::new(json!({"alg": "RS256", "kid": KID}), MODERN, &fixture().stranger);
    assert!(validator.validate(&as_rsa.sign()).is_err());
}

#[test]
fn each_switch_accepts_what_it_describes() {
    let accepts = |validator: &TestValidator, grant: &TestGrant| {
        assert!(TestValidator::new().validate(&grant.sign()).is_err());
        assert!(validator.validate(&grant.sign()).is_ok());
    };
    let moment = now().timestamp();
    let grant = TestGrant::modern;
    accepts(
        &TestValidator::switched(|s| s.allow_claims = vec!["acr".to_owned()]),
        &grant().claim("acr", json!(moment)),
    );
    accepts(&TestValidator::switched(|s| s.allow_audience_array = true), &grant().claim("aud", json!([ISSUER])));
    accepts(&TestValidator::switched(|s| s.maximum_seconds_ahead = 11), &grant().claim("iat", json!(moment + 10)));
    accepts(&TestValidator::switched(|s| s.maximum_seconds_behind = 11), &grant().claim("iat", json!(moment - 10)));
    accepts(&TestValidator::switched(|s| s.maximum_lifetime_seconds = 180), &grant().claim("exp", json!(moment + 180)));
    accepts(&TestValidator::switched(|s| s.expiry_leeway_seconds = 10), &grant().claim("exp", json!(moment - 9)));
    let encryption = certificate(
        "310700010",
        OrgnoAttribute::SerialNumber,
        KeyPurpose::Encryption,
        ValidityPeriod::three_years(now()),
    );
    accepts(&TestValidator::switched(|s| s.allow_any_key_usage = true), &grant().header("x5c", x5c(&[encryption])));

    let validator = TestValidator::switched(|s| s.require_resource_array = true);
    assert!(validator.validate(&grant().claim("resource", json!("https://a.no/")).sign()).is_err());
    for (name, value) in [("nbf", json!(moment)), ("sub", json!(MODERN))] {
        let validator = TestValidator::switched(|s| s.documented_claims_only = true);
        assert!(validator.validate(&grant().claim(name, value.clone()).sign()).is_err(), "{name}");
        let validator = TestValidator::switched(|s| {
            s.documented_claims_only = true;
            s.allow_claims = vec![name.to_owned()];
        });
        assert!(validator.validate(&grant().claim(name, value).sign()).is_ok(), "{name}");
    }
    let validator = TestValidator::switched(|s| s.require_jti = true);
    assert!(validator.validate(&grant().without_claim("jti").sign()).is_err());
    let validator = TestValidator::switched(|s| s.allow_replay_without_jti = true);
    let nameless = grant().without_claim("jti");
    assert!(validator.validate(&nameless.sign()).is_ok() && validator.validate(&nameless.sign()).is_ok());
}

#[test]
fn a_token_is_verified_as_an_api_should() {
    let issuer = TokenIssuer::new(fixture().token.clone(), now()).unwrap();
    let granted =
        TestValidator::new().validate(&TestGrant::modern().sign()).map_err(|refusal| refusal.summary()).unwrap();
    let success = serde_json::to_value(issuer.issue(&granted, ISSUER, now(), &Faults::default()).unwrap()).unwrap();
    let token = success["access_token"].as_str().unwrap();
    let later = |seconds| now() + chrono::TimeDelta::seconds(seconds);

    let caller = issuer.verify(token, ISSUER, later(119)).unwrap();

    assert_eq!((caller.orgno.as_str(), caller.client_id.as_str()), ("310700010", MODERN));
    assert_eq!(issuer.verify(token, ISSUER, later(120)).err(), Some("the token has expired"));
    assert_eq!(issuer.verify(token, "https://other/", now()).err(), Some("the token has another issuer"));
    assert_eq!(
        issuer.verify(&token[..token.len() - 4], ISSUER, now()).err(),
        Some("the token's signature is not valid")
    );
    let other = TokenIssuer::new(fixture().stranger.clone(), now()).unwrap();
    let wrong = Some("the token is not signed with a key of this issuer");
    assert_eq!(other.verify(token, ISSUER, now()).err(), wrong);
    assert_eq!(issuer.verify(&TestGrant::modern().sign(), ISSUER, now()).err(), wrong);
}
