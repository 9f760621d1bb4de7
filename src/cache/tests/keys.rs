//! What a token is kept under: the same for the same request, another for any other.

use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::{KeyThumbprint, Shape, THUMBPRINT, shape};

/// Few and awkward letters, so that two texts are often equal, or equal when they are put together without marks.
fn text() -> impl Strategy<Value = String> {
    proptest::string::string_regex("[a,\"\\[ ]{0,2}").unwrap()
}

fn texts() -> impl Strategy<Value = Vec<String>> {
    prop::collection::vec(text(), 0..3)
}

fn json_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![Just(Value::Null), any::<bool>().prop_map(Value::from), text().prop_map(Value::from)];
    leaf.prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
            prop::collection::vec((text(), inner), 0..3)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

fn members() -> impl Strategy<Value = Map<String, Value>> {
    prop::collection::vec((text(), json_value()), 0..3).prop_map(|members| members.into_iter().collect())
}

prop_compose! {
    fn any_shape()(
        (environment, endpoint, audience, client_id) in (text(), text(), text(), text()),
        (key_reference, algorithm, scopes, resources) in (text(), text(), texts(), texts()),
        consumer_org in prop::option::of(text()),
        person in prop::option::of(text()),
        authorization_details in prop::option::of(json_value()),
        extra_claims in members(),
        exchange in prop::option::of(text()),
    ) -> Shape {
        Shape {
            environment, endpoint, audience, client_id, key_reference, algorithm, scopes, resources, consumer_org,
            person, authorization_details, extra_claims, exchange, ..shape()
        }
    }
}

fn hash(shape: &Shape) -> String {
    shape.key().hash().to_owned()
}

/// A shape with one part of another.
fn with_part_of(donor: &Shape, part: usize, mut shape: Shape) -> Shape {
    let donor = donor.clone();
    match part {
        0 => shape.environment = donor.environment,
        1 => shape.endpoint = donor.endpoint,
        2 => shape.audience = donor.audience,
        3 => shape.client_id = donor.client_id,
        4 => shape.key_reference = donor.key_reference,
        5 => (shape.algorithm, shape.exchange) = (donor.algorithm, donor.exchange),
        6 => shape.scopes = donor.scopes,
        7 => shape.resources = donor.resources,
        8 => (shape.consumer_org, shape.person) = (donor.consumer_org, donor.person),
        9 => shape.authorization_details = donor.authorization_details,
        _ => shape.extra_claims = donor.extra_claims,
    }
    shape
}

/// Whether two shapes mean the same, found without writing either of them down.
fn same(one: &Shape, other: &Shape) -> bool {
    let scopes = |shape: &Shape| shape.scopes.iter().cloned().collect::<std::collections::BTreeSet<_>>();
    let resources = |shape: &Shape| {
        let mut resources = shape.resources.clone();
        resources.sort();
        resources
    };
    let texts = |shape: &Shape| {
        [&shape.environment, &shape.endpoint, &shape.audience, &shape.client_id, &shape.key_reference, &shape.algorithm]
            .map(Clone::clone)
    };
    let options = |shape: &Shape| [shape.consumer_org.clone(), shape.person.clone(), shape.exchange.clone()];
    texts(one) == texts(other)
        && one.key == other.key
        && scopes(one) == scopes(other)
        && resources(one) == resources(other)
        && options(one) == options(other)
        && one.authorization_details == other.authorization_details
        && one.extra_claims == other.extra_claims
}

/// The value with the members of every object the other way round.
fn reversed(value: &Value) -> Value {
    match value {
        Value::Array(items) => items.iter().map(reversed).collect(),
        Value::Object(members) => Value::Object(reversed_members(members)),
        other => other.clone(),
    }
}

fn reversed_members(members: &Map<String, Value>) -> Map<String, Value> {
    members.iter().rev().map(|(name, value)| (name.clone(), reversed(value))).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn two_shapes_have_one_key_if_and_only_if_they_mean_the_same(
        one in any_shape(), donor in any_shape(), part in 0..11_usize,
    ) {
        let other = with_part_of(&donor, part, one.clone());
        prop_assert_eq!(hash(&one) == hash(&other), same(&one, &other));
    }

    #[test]
    fn a_text_that_moves_from_one_part_to_the_next_changes_the_key(
        base in any_shape(), a in text(), b in text(), c in text(), d in text(),
    ) {
        let with = |environment: &str, endpoint: &str| Shape {
            environment: environment.to_owned(), endpoint: endpoint.to_owned(), ..base.clone()
        };
        let (one, other) = (with(&a, &b), with(&c, &d));
        prop_assert_eq!(hash(&one) == hash(&other), (a, b) == (c, d));
    }

    #[test]
    fn the_order_of_scopes_resources_and_members_does_not_matter_nor_a_scope_that_stands_twice(one in any_shape()) {
        let mut scopes = one.scopes.clone();
        scopes.extend(one.scopes.iter().rev().cloned());
        scopes.reverse();
        let other = Shape {
            scopes,
            resources: one.resources.iter().rev().cloned().collect(),
            authorization_details: one.authorization_details.as_ref().map(reversed),
            extra_claims: reversed_members(&one.extra_claims),
            ..one.clone()
        };
        prop_assert_eq!(hash(&one), hash(&other));
    }
}

#[test]
fn every_part_that_differs_gives_another_key() {
    let text = || "another".to_owned();
    let shapes = [
        shape(),
        Shape { environment: text(), ..shape() },
        Shape { endpoint: text(), ..shape() },
        Shape { audience: text(), ..shape() },
        Shape { client_id: text(), ..shape() },
        Shape { key: KeyThumbprint::parse(&THUMBPRINT.replace("9Xs", "9Xt")).unwrap(), ..shape() },
        Shape { key_reference: text(), ..shape() },
        Shape { algorithm: text(), ..shape() },
        Shape { scopes: vec![text()], ..shape() },
        Shape { resources: vec![text()], ..shape() },
        Shape { consumer_org: Some(text()), ..shape() },
        Shape { person: Some(text()), ..shape() },
        Shape { authorization_details: Some(json!([])), ..shape() },
        Shape { authorization_details: Some(Value::Null), ..shape() },
        Shape { extra_claims: Map::from_iter([(text(), Value::Null)]), ..shape() },
        Shape { exchange: Some(text()), ..shape() },
    ];

    let keys: std::collections::BTreeSet<_> = shapes.iter().map(hash).collect();

    assert_eq!(keys.len(), shapes.len());
    assert!(keys.iter().all(|key| key.len() == 64 && key.bytes().all(|byte| byte.is_ascii_hexdigit())));
}

#[test]
fn the_order_of_authorization_details_themselves_matters() {
    let with = |details: Value| hash(&Shape { authorization_details: Some(details), ..shape() });
    assert_ne!(with(json!([1, 2])), with(json!([2, 1])));
}

#[test]
fn a_description_holds_what_is_asked_for_and_for_whom() {
    let system_user = json!([{ "type": "urn:altinn:systemuser",
        "systemuser_org": { "authority": "iso6523-actorid-upis", "ID": "0192:991825827" } }]);
    let key = Shape {
        consumer_org: Some("910753614".to_owned()),
        authorization_details: Some(system_user),
        audience: "https://user:hemmelig@test.maskinporten.no/?x=hemmelig".to_owned(),
        ..shape()
    }
    .key();

    assert_eq!(
        json!(key.about()),
        json!({
            "environment": "test",
            "audience_host": "test.maskinporten.no",
            "client_id": "806e1e80-e3a7-4a73-980e-f92ba1c2bf86",
            "scopes": ["altinn:serviceowner"],
            "resources": [],
            "consumer_org": "910753614",
            "system_user_org": "0192:991825827",
            "exchange": null,
        })
    );
}
