//! What is accepted, and the token that is given for it.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use openssl::{
    ec::{EcGroup, EcKey},
    hash::MessageDigest,
    nid::Nid,
    pkey::{PKey, Private},
    sign::Verifier,
};
use serde_json::{Value, json};

use super::grants::{Grant, ISSUER, MODERN, World, certificate, fixture, now, x5c};
use crate::simulator::{
    Faults,
    installation::authority::{Place, Usage, Validity},
    token::TokenIssuer,
};

const KID: &str = "a kid";

/// The answer to a grant that is accepted, and its token's header and claims as texts.
fn issue(world: &World, grant: &Grant) -> (Value, String, String) {
    let key = &fixture().token;
    let granted = world.judge(&grant.sign()).map_err(|refusal| refusal.summary()).unwrap();
    let success = TokenIssuer::new(key.clone()).unwrap().issue(&granted, ISSUER, now(), &Faults::default()).unwrap();
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

/// The claims with the one member that is random made equal.
fn claims(world: &World, grant: &Grant) -> String {
    let (_, _, claims) = issue(world, grant);
    let value: Value = serde_json::from_str(&claims).unwrap();
    let jti = value["jti"].as_str().unwrap();
    assert_eq!(jti.len(), 43);
    claims.replace(jti, "JTI")
}

#[test]
fn answers_and_signs_as_the_test_environment_does() {
    let (answer, header, _) = issue(&World::new(), &Grant::modern());

    assert_eq!(answer["token_type"], "Bearer");
    assert_eq!(answer["expires_in"], 119);
    assert_eq!(answer["scope"], "difitest:test1");
    let kid = serde_json::from_str::<Value>(&header).unwrap()["kid"].as_str().unwrap().to_owned();
    assert_eq!(kid.len(), 43);
    assert_eq!(header.replace(&kid, KID), r#"{"kid":"a kid","alg":"RS256"}"#);
}

#[test]
fn issues_claims_in_the_order_of_real_tokens() {
    assert_eq!(
        claims(&World::new(), &Grant::modern()),
        concat!(
            r#"{"scope":"difitest:test1","iss":"http://127.0.0.1:8080/","client_amr":"virksomhetssertifikat","#,
            r#""token_type":"Bearer","exp":1795348920,"iat":1795348800,"#,
            r#""client_id":"8d001e58-c758-4beb-a9ec-ae1d770fa35e","jti":"JTI","#,
            r#""consumer":{"authority":"iso6523-actorid-upis","ID":"0192:310700010"}}"#
        )
    );
}

#[test]
fn names_the_supplier_and_the_source_of_a_delegation() {
    let grant = Grant::registered()
        .claim("scope", json!("simulator:delegated"))
        .claim("consumer_org", json!("310700053"))
        .claim("pid", json!("12345678901"))
        .claim("resource", json!(["https://api.example.no/"]));

    assert_eq!(
        claims(&World::new(), &grant),
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
fn enriches_a_system_user_and_a_consent() {
    let grant = Grant::modern().claim(
        "authorization_details",
        json!([
            {"type": "urn:altinn:systemuser", "externalRef": "lonn",
             "systemuser_org": {"authority": "iso6523-actorid-upis", "ID": "0192:310700053"}},
            {"type": "urn:altinn:consent", "id": "a7f51c7d-65fd-4256-9739-cdc46d0faeac",
             "from": "urn:altinn:organization:identifier-no:310700053"},
        ]),
    );
    let world = World::switched(|strictness| strictness.repeat_external_ref = true);

    let claims = claims(&world, &grant);

    let wanted = concat!(
        r#"{"authorization_details":[{"type":"urn:altinn:systemuser","#,
        r#""systemuser_org":{"authority":"iso6523-actorid-upis","ID":"0192:310700053"},"#,
        r#""systemuser_id":["3ffa99b7-2383-495c-99ab-e50bf0fc5aaf"],"system_id":"310700010_simulert_fagsystem","#,
        r#""externalRef":"lonn"},{"type":"urn:altinn:consent","id":"a7f51c7d-65fd-4256-9739-cdc46d0faeac","#,
        r#""from":"urn:altinn:organization:identifier-no:310700053","#,
        r#""to":{"authority":"iso6523-actorid-upis","ID":"0192:310700010"},"#,
        r#""consented":"2026-02-03T10:14:05.419279+00:00","validTo":"2036-02-03T00:00:00+00:00","consentRights":["#
    );
    assert_eq!(claims[..wanted.len()], *wanted);
}

#[test]
fn finds_the_system_user_without_reference_when_none_is_given() {
    let details = json!([{"type": "urn:altinn:systemuser",
        "systemuser_org": {"authority": "iso6523-actorid-upis", "ID": "0192:310700053"}}]);

    let claims = claims(&World::new(), &Grant::modern().claim("authorization_details", details));

    assert!(claims.contains(r#""systemuser_id":["f2a1c6ad-2f64-44ac-8a8d-1a7cb8f9c0a3"]"#));
    assert!(!claims.contains("externalRef"));
}

#[test]
fn lets_the_scope_with_the_lowest_age_limit_the_token() {
    let grant = Grant::modern().claim("scope", json!("difitest:test1  simulator:short"));

    let (answer, _, _) = issue(&World::new(), &grant);

    assert_eq!(answer["expires_in"], 29);
    assert_eq!(answer["scope"], "difitest:test1 simulator:short");
}

#[test]
fn takes_a_resource_as_string_or_array() {
    let claim = |resource: Value| {
        let claims = claims(&World::new(), &Grant::modern().claim("resource", resource));
        serde_json::from_str::<Value>(&claims).unwrap()["aud"].clone()
    };

    assert_eq!(claim(json!("https://a.no/")), json!("https://a.no/"));
    assert_eq!(claim(json!(["https://a.no/"])), json!("https://a.no/"));
    assert_eq!(claim(json!(["https://a.no/", "urn:b"])), json!(["https://a.no/", "urn:b"]));
}

#[test]
fn takes_the_leaf_alone_or_the_chain_in_any_order_and_from_any_of_the_three_places() {
    let fixture = fixture();
    let [leaf, intermediate, root] =
        [&fixture.leaf, &fixture.intermediate, &fixture.root].map(|one| one.certificate.clone());
    for chain in [vec![leaf.clone()], vec![leaf.clone(), root, intermediate]] {
        assert!(World::new().judge(&Grant::modern().header("x5c", x5c(&chain)).sign()).is_ok());
    }
    for place in [Place::SerialNumber, Place::Organization, Place::OrganizationIdentifier] {
        let leaf = certificate("310700010", place, Usage::Authentication, Validity::three_years(now()));
        assert!(World::new().judge(&Grant::modern().header("x5c", x5c(&[leaf])).sign()).is_ok());
    }

    let strict = World::switched(|strictness| strictness.require_full_chain = true);
    assert!(strict.judge(&Grant::modern().header("x5c", x5c(&[leaf])).sign()).is_err());
    assert!(strict.judge(&Grant::modern().sign()).is_ok());
}

#[test]
fn takes_each_algorithm_that_is_allowed() {
    for name in ["RS256", "RS384", "RS512"] {
        assert!(World::new().judge(&Grant::modern().header("alg", json!(name)).sign()).is_ok(), "{name}");
    }
    let allow = |name: &str| World::switched(|strictness| strictness.allow_algorithms = vec![name.to_owned()]);
    for name in ["PS256", "PS384", "PS512"] {
        assert!(allow(name).judge(&Grant::modern().header("alg", json!(name)).sign()).is_ok(), "{name}");
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
    let mut world = World::edited("/clients/0/keys", json!([jwk]));
    world.strictness.allow_algorithms = vec![name.to_owned()];
    let grant = Grant::new(json!({"alg": name, "kid": KID}), MODERN, key);

    assert!(world.judge(&grant.sign()).is_ok(), "{name}");

    let changed = grant.sign().replacen('.', ".e30", 1);
    assert!(world.judge(&changed).is_err());
    let as_rsa = Grant::new(json!({"alg": "RS256", "kid": KID}), MODERN, &fixture().stranger);
    assert!(world.judge(&as_rsa.sign()).is_err());
}

#[test]
fn each_switch_lets_through_what_it_says() {
    let accepts = |world: &World, grant: &Grant| {
        assert!(World::new().judge(&grant.sign()).is_err());
        assert!(world.judge(&grant.sign()).is_ok());
    };
    let moment = now().timestamp();
    let grant = Grant::modern;
    accepts(&World::switched(|s| s.allow_claims = vec!["nbf".to_owned()]), &grant().claim("nbf", json!(moment)));
    accepts(&World::switched(|s| s.allow_audience_array = true), &grant().claim("aud", json!([ISSUER])));
    accepts(&World::switched(|s| s.maximum_seconds_ahead = 11), &grant().claim("iat", json!(moment + 10)));
    accepts(&World::switched(|s| s.maximum_seconds_behind = 11), &grant().claim("iat", json!(moment - 10)));
    accepts(&World::switched(|s| s.maximum_lifetime_seconds = 180), &grant().claim("exp", json!(moment + 180)));
    accepts(&World::switched(|s| s.expiry_leeway_seconds = 10), &grant().claim("exp", json!(moment - 9)));
    let encryption = certificate("310700010", Place::SerialNumber, Usage::Encryption, Validity::three_years(now()));
    accepts(&World::switched(|s| s.allow_any_key_usage = true), &grant().header("x5c", x5c(&[encryption])));

    let world = World::switched(|s| s.require_resource_array = true);
    assert!(world.judge(&grant().claim("resource", json!("https://a.no/")).sign()).is_err());
    let world = World::switched(|s| s.require_jti = true);
    assert!(world.judge(&grant().without_claim("jti").sign()).is_err());
    let world = World::switched(|s| s.allow_replay_without_jti = true);
    let nameless = grant().without_claim("jti");
    assert!(world.judge(&nameless.sign()).is_ok() && world.judge(&nameless.sign()).is_ok());
}

#[test]
fn a_token_is_checked_as_an_api_should() {
    let mint = TokenIssuer::new(fixture().token.clone()).unwrap();
    let granted = World::new().judge(&Grant::modern().sign()).map_err(|refusal| refusal.summary()).unwrap();
    let success = serde_json::to_value(mint.issue(&granted, ISSUER, now(), &Faults::default()).unwrap()).unwrap();
    let token = success["access_token"].as_str().unwrap();
    let later = |seconds| now() + chrono::TimeDelta::seconds(seconds);

    let caller = mint.check(token, ISSUER, later(119)).unwrap();

    assert_eq!((caller.orgno.as_str(), caller.client_id.as_str()), ("310700010", MODERN));
    assert_eq!(mint.check(token, ISSUER, later(120)).err(), Some("the token has expired"));
    assert_eq!(mint.check(token, "https://other/", now()).err(), Some("the token is of another issuer"));
    assert_eq!(mint.check(&token[..token.len() - 4], ISSUER, now()).err(), Some("the token's signature does not hold"));
    let other = TokenIssuer::new(fixture().stranger.clone()).unwrap();
    let wrong = Some("the token is not signed with a key of this issuer");
    assert_eq!(other.check(token, ISSUER, now()).err(), wrong);
    assert_eq!(mint.check(&Grant::modern().sign(), ISSUER, now()).err(), wrong);
}
