//! Property tests: every input is either parsed or rejected with an error, without a panic.

use std::sync::LazyLock;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::{DateTime, FixedOffset, Utc};
use maskinporten::{
    explain::Explain as _,
    inspect::{Expectations, Inspection, Jwt, VerificationKeys, verify},
    keystore::KeySet,
    language::Language,
    organisation::OrganisationNumber,
    printer::{InspectionForm, print_inspection},
};
use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::{encode, published, signed, wire};
use crate::vectors::{FLATTENED, GENERAL, HMAC, RS256, UNSECURED};

/// The inputs that are mutated.
static SEEDS: LazyLock<Vec<String>> = LazyLock::new(|| {
    let tokens = ["token-plain", "token-delegated", "token-system-user"].map(|name| signed(&wire(name)));
    let answer = json!({ "access_token": tokens[0], "token_type": "Bearer" }).to_string();
    let others = [RS256.jws, HMAC, UNSECURED, FLATTENED, GENERAL].map(str::to_owned);
    let wrapped = [
        format!("Authorization: Bearer {}", tokens[0]),
        format!("\"{}\"", tokens[1]),
        format!("A={}\nB={}\n", tokens[1], tokens[1].replace('.', ".=\n")),
        format!("curl ^\r\n -H 'Authorization: Bearer {}' \\\n https://a.no/", tokens[2].replacen('e', "e\n> ", 40)),
    ];
    tokens.into_iter().chain(others).chain(wrapped).chain([answer, published().to_string()]).collect()
});

static KEYS: LazyLock<KeySet> = LazyLock::new(|| KeySet::parse(published().to_string().as_bytes()).unwrap());

/// Parses, inspects, verifies and prints; an input that is not a token has an error with a hint.
fn inspect(bytes: &[u8]) {
    let jwt = match Jwt::find(bytes) {
        Ok(jwt) => jwt,
        Err(error) => {
            assert!(!error.to_string().is_empty() && error.hint().is_some());
            return;
        }
    };
    let now = DateTime::from_timestamp(1_764_627_083, 0).unwrap();
    let expected = Expectations {
        issuer: None,
        audience: Some("https://api.example.no/".to_owned()),
        scopes: vec!["a:b".to_owned()],
        consumer: Some(OrganisationNumber::parse("991825827").unwrap()),
    };
    let inspection = Inspection::new(&jwt, &[], now, false);
    let local = |at: DateTime<Utc>| at.with_timezone(&FixedOffset::east_opt(3600).unwrap());
    for keys in [VerificationKeys::Set(&KEYS), VerificationKeys::Roots(&[]), VerificationKeys::None("none".to_owned())]
    {
        let verification = verify(&jwt, inspection.kind, &keys, &expected, now);
        assert_eq!(verification.is_valid, verification.faults().count() == 0);
        // Without a key that is trusted, nothing is valid.
        let may_be_valid = matches!(keys, VerificationKeys::Set(_)) && jwt.fault().is_none();
        assert!(may_be_valid || !verification.is_valid);
        for form in
            [InspectionForm::Json, InspectionForm::Text { colour: true, now, language: Language::English, local }]
        {
            let mut out = Vec::new();
            print_inspection(form, &inspection, Some(&verification), &mut out).unwrap();
            assert_eq!(out.last(), Some(&b'\n'));
        }
    }
}

/// Generates JSON of any shape, with meaningful names and values more often than others.
fn any_json() -> impl Strategy<Value = Value> {
    let known = prop::sample::select(vec![
        "0192:991825827",
        "991825827",
        "01017012345",
        "unspecified",
        "https://test.maskinporten.no/",
        "altinn-test-tools",
        "https://platform.altinn.no/authentication/api/v1/openid/",
        "urn:altinn:person:identifier-no:01017012345",
        "",
        "https://idporten.no",
        "\u{1b}[2J\u{202e}",
        "a:b",
    ]);
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        known.prop_map(Value::from),
        any::<String>().prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 24, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::vec((name(), inner), 0..5).prop_map(|members| Value::from(Map::from_iter(members))),
        ]
    })
}

fn name() -> impl Strategy<Value = String> {
    let known = prop::sample::select(vec![
        "iss",
        "aud",
        "exp",
        "iat",
        "nbf",
        "auth_time",
        "consumer",
        "supplier",
        "ID",
        "id",
        "authority",
        "scope",
        "sub",
        "pid",
        "authorization_details",
        "systemuser_org",
        "to",
        "from",
        "consumer_org",
        "urn:altinn:orgNumber",
        "actual_iss",
        "alg",
        "kid",
        "x5c",
        "jku",
        "client_orgno",
        "cty",
        "crit",
    ]);
    prop_oneof![8 => known.prop_map(str::to_owned), 1 => any::<String>()]
}

fn object() -> impl Strategy<Value = Value> {
    prop::collection::vec((name(), any_json()), 0..12).prop_map(|members| Value::from(Map::from_iter(members)))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn random_bytes_are_parsed_or_rejected(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        inspect(&bytes);
    }

    #[test]
    fn random_text_is_parsed_or_rejected(text in "(Bearer |\"|\\{)?[A-Za-z0-9_.=\\-\"{}: ]{0,200}") {
        inspect(text.as_bytes());
    }

    #[test]
    fn a_token_with_changed_bytes_is_parsed_or_rejected(
        seed in any::<prop::sample::Index>(),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
        cut in prop::option::of(any::<prop::sample::Index>()),
    ) {
        let mut bytes = SEEDS[seed.index(SEEDS.len())].clone().into_bytes();
        for (place, byte) in changes {
            let place = place.index(bytes.len());
            bytes[place] = byte;
        }
        if let Some(cut) = cut {
            bytes.truncate(cut.index(bytes.len()));
        }
        inspect(&bytes);
        let _ = KeySet::parse(&bytes);
    }

    #[test]
    fn claims_and_headers_of_any_shape_are_parsed_or_rejected(mut header in object(), claims in object()) {
        header["alg"] = json!("RS256");
        inspect(format!("{}.{}.c2ln", encode(&header), encode(&claims)).as_bytes());
    }

    #[test]
    fn json_with_changed_characters_is_parsed_or_rejected(
        name in prop::sample::select(vec!["token-plain", "token-delegated", "token-system-user"]),
        place in any::<prop::sample::Index>(),
        with in "[{}\\[\\]\",:0-9eE.+\\-\\\\]{0,3}",
    ) {
        let mut claims = wire(name).to_string();
        let place = place.index(claims.len());
        claims.replace_range(place..=place, &with);
        inspect(format!("eyJhbGciOiJSUzI1NiJ9.{}.c2ln", URL_SAFE_NO_PAD.encode(claims)).as_bytes());
    }

    #[test]
    fn key_sets_of_any_shape_are_parsed_or_rejected(keys in prop::collection::vec(key(), 0..6), around in any_json()) {
        let set = json!({ "keys": keys, "around": around });
        if let Ok(set) = KeySet::parse(set.to_string().as_bytes()) {
            let jwt = Jwt::parse(RS256.jws.as_bytes()).unwrap();
            for key in set.find(None, jwt.algorithm().unwrap()) {
                let _ = jwt.is_signed_by(key);
            }
            prop_assert_eq!(set.key_ids().count(), keys.len());
        }
    }

    #[test]
    fn persons_numbers_are_masked_everywhere(claims in object()) {
        let person = "01017012345";
        let token = format!("eyJhbGciOiJSUzI1NiJ9.{}.c2ln", encode(&claims));
        let now = DateTime::from_timestamp(0, 0).unwrap();
        let inspection = Inspection::new(&Jwt::parse(token.as_bytes()).unwrap(), &[], now, false);
        let jwt = Jwt::parse(token.as_bytes()).unwrap();
        let expected = Expectations { audience: Some("a".to_owned()), consumer: OrganisationNumber::parse("991825827").ok(), ..Expectations::default() };
        let verification = verify(&jwt, inspection.kind, &VerificationKeys::Roots(&[]), &expected, now);
        let shown = format!("{} {}", json!(inspection), json!(verification));
        prop_assert!(!shown.contains(person), "{}", shown);
    }
}

/// Generates a JWK with members that are valid, invalid or missing.
fn key() -> impl Strategy<Value = Value> {
    let rsa: Value = serde_json::from_str(RS256.key).unwrap();
    let (n, e) = (rsa["n"].clone(), rsa["e"].clone());
    let member = |good: Vec<Value>| prop_oneof![3 => prop::sample::select(good), 1 => any_json(), 1 => "[A-Za-z0-9_\\-]{0,90}".prop_map(Value::from)];
    (
        member(vec![json!("RSA"), json!("EC"), json!("OKP"), json!("oct")]),
        member(vec![json!("P-256"), json!("P-521"), json!("Ed25519"), json!("Ed448")]),
        member(vec![n]),
        member(vec![e]),
        member(vec![json!("f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU")]),
        member(vec![json!("x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0")]),
    )
        .prop_map(|(kty, crv, n, e, x, y)| json!({ "kty": kty, "crv": crv, "n": n, "e": e, "x": x, "y": y }))
}
