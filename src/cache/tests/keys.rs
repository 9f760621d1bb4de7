//! Cache keys: equal for the same request, different for any other.

use std::{collections::BTreeSet, path::PathBuf};

use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::{CacheKey, Endpoint, EndpointId, Grant, KeyIdentity, Scopes, endpoint, grant, identity};
use crate::{
    grant::{
        AuthorizationDetails, ClientAuthentication, ClientId, ExtraClaims, KeyReference, PersonIdentifier,
        RequestParameters, Resource,
    },
    keystore::SignatureAlgorithm,
    organisation::OrganisationNumber,
};

/// A request as the cache sees it.
#[derive(Debug, Clone)]
struct Asked {
    grant: Grant,
    endpoint: EndpointId,
    key: KeyIdentity,
}

/// Few and awkward characters, so that two texts are often equal, or equal when concatenated without delimiters.
fn text() -> impl Strategy<Value = String> {
    proptest::string::string_regex("[a,\"\\[ ]{0,2}").unwrap()
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

fn client_id() -> impl Strategy<Value = ClientId> {
    "[a,\"\\[]{1,2}".prop_map(|text| ClientId::parse(&text).unwrap())
}

fn scopes() -> impl Strategy<Value = Scopes> {
    prop::collection::vec("[a\\[\\]]{1,2}", 1..3).prop_map(|scopes| Scopes::parse(&scopes.join(" ")).unwrap())
}

fn resources() -> impl Strategy<Value = Vec<Resource>> {
    prop::collection::vec("urn:[a,\"\\[]{0,2}".prop_map(|text| Resource::parse(&text).unwrap()), 0..3)
}

fn details() -> impl Strategy<Value = AuthorizationDetails> {
    let detail = json_value().prop_map(|value| json!({ "type": "a", "value": value }));
    prop::collection::vec(detail, 1..3)
        .prop_map(|details| AuthorizationDetails::parse(&json!(details).to_string()).unwrap())
}

fn extra() -> impl Strategy<Value = ExtraClaims> {
    prop::collection::btree_map("[a,\"\\[]{1,2}", json_value(), 0..3).prop_map(|members| {
        let mut extra = ExtraClaims::default();
        for (name, value) in members {
            extra.add(&name, value).unwrap();
        }
        extra
    })
}

fn key_reference() -> impl Strategy<Value = KeyReference> {
    prop_oneof![
        text().prop_map(KeyReference::KeyId),
        Just(KeyReference::KeyId("x5c chain".to_owned())),
        Just(KeyReference::Thumbprint),
        Just(KeyReference::Chain),
        Just(KeyReference::Leaf),
    ]
}

fn authentication() -> impl Strategy<Value = ClientAuthentication> {
    prop_oneof![
        Just(ClientAuthentication::Unauthenticated),
        text().prop_map(|secret| ClientAuthentication::SecretInHeader(secret.into())),
        text().prop_map(|secret| ClientAuthentication::SecretInForm(secret.into())),
        Just(ClientAuthentication::PrivateKeyJwt),
    ]
}

fn parameters() -> impl Strategy<Value = RequestParameters> {
    prop::collection::vec((prop::sample::select(vec!["resource", "audience"]), text()), 0..3)
        .prop_map(|pairs| with_parameters(&pairs))
}

fn organisation() -> impl Strategy<Value = OrganisationNumber> {
    prop::sample::select(vec!["991825827", "910753614"]).prop_map(|text| OrganisationNumber::parse(text).unwrap())
}

fn person() -> impl Strategy<Value = PersonIdentifier> {
    prop::sample::select(vec!["01017012345", "01017012346"]).prop_map(|text| PersonIdentifier::parse(text).unwrap())
}

fn address() -> impl Strategy<Value = Endpoint> {
    "https://a\\.example/[ab]?".prop_map(|text| Endpoint::parse(&text).unwrap())
}

fn key_identity() -> impl Strategy<Value = KeyIdentity> {
    let part = prop_oneof![
        text().prop_map(|content| (None, content)),
        (text(), text()).prop_map(|(name, text)| (Some(name), text)),
    ];
    (text(), prop::collection::vec(part, 0..3)).prop_map(|(kind, parts)| {
        parts.into_iter().fold(KeyIdentity::new(&kind), |identity, (name, text)| match name {
            Some(name) => identity.label(&name, &text),
            None => identity.file(text.as_bytes()),
        })
    })
}

prop_compose! {
    fn any_request()(
        (environment, audience, client_id) in (text(), text(), client_id()),
        (token_endpoint, metadata) in (prop::option::of(address()), prop::option::of(address())),
        ca_file in prop::option::of(text().prop_map(PathBuf::from)),
        key in key_identity(),
        key_reference in prop::option::of(key_reference()),
        algorithm in prop::option::of(prop::sample::select(SignatureAlgorithm::ALL.to_vec())),
        (scopes, resources) in (scopes(), resources()),
        (consumer_org, person) in (prop::option::of(organisation()), prop::option::of(person())),
        authorization_details in prop::option::of(details()),
        extra in extra(),
        (client_authentication, request_parameters) in (prop::option::of(authentication()), parameters()),
    ) -> Asked {
        let endpoint = EndpointId { environment, token_endpoint, metadata, ca_file };
        let grant = Grant {
            audience, client_id, scopes, resources, consumer_org, person, authorization_details, extra, key_reference,
            algorithm, client_authentication, request_parameters, ..grant()
        };
        Asked { grant, endpoint, key }
    }
}

fn hash(asked: &Asked) -> String {
    CacheKey::new(&asked.grant, &asked.endpoint, &asked.key).hash().to_owned()
}

/// A request with one part of another.
fn with_part_of(donor: &Asked, part: usize, mut asked: Asked) -> Asked {
    let donor = donor.clone();
    match part {
        0 => asked.endpoint.environment = donor.endpoint.environment,
        1 => asked.endpoint.token_endpoint = donor.endpoint.token_endpoint,
        2 => asked.endpoint.metadata = donor.endpoint.metadata,
        3 => asked.endpoint.ca_file = donor.endpoint.ca_file,
        4 => asked.key = donor.key,
        5 => asked.grant.audience = donor.grant.audience,
        6 => asked.grant.client_id = donor.grant.client_id,
        7 => asked.grant.key_reference = donor.grant.key_reference,
        8 => asked.grant.algorithm = donor.grant.algorithm,
        9 => asked.grant.scopes = donor.grant.scopes,
        10 => asked.grant.resources = donor.grant.resources,
        11 => asked.grant.consumer_org = donor.grant.consumer_org,
        12 => asked.grant.person = donor.grant.person,
        13 => asked.grant.authorization_details = donor.grant.authorization_details,
        14 => asked.grant.client_authentication = donor.grant.client_authentication,
        15 => asked.grant.request_parameters = donor.grant.request_parameters,
        _ => asked.grant.extra = donor.grant.extra,
    }
    asked
}

/// Whether two requests mean the same, found without hashing or formatting them.
fn same(one: &Asked, other: &Asked) -> bool {
    fn sorted(texts: impl Iterator<Item = String>) -> Vec<String> {
        let mut texts: Vec<_> = texts.collect();
        texts.sort();
        texts
    }
    let scopes = |asked: &Asked| sorted(asked.grant.scopes.iter().map(str::to_owned));
    let resources = |asked: &Asked| sorted(asked.grant.resources.iter().map(|resource| resource.as_str().to_owned()));
    let parameters =
        |asked: &Asked| sorted(asked.grant.request_parameters.iter().map(|(name, value)| format!("{name} {value}")));
    let method = |asked: &Asked| asked.grant.client_authentication.as_ref().map(ClientAuthentication::method);
    let (a, b) = (&one.grant, &other.grant);
    one.endpoint == other.endpoint
        && one.key == other.key
        && (&a.audience, &a.client_id) == (&b.audience, &b.client_id)
        && (&a.key_reference, a.algorithm) == (&b.key_reference, b.algorithm)
        && scopes(one) == scopes(other)
        && resources(one) == resources(other)
        && (&a.consumer_org, &a.person) == (&b.consumer_org, &b.person)
        && a.authorization_details == b.authorization_details
        && a.extra == b.extra
        && (method(one), parameters(one)) == (method(other), parameters(other))
}

/// The value with the members of every object in reverse order.
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

fn details_of(value: &Value) -> AuthorizationDetails {
    AuthorizationDetails::parse(&value.to_string()).unwrap()
}

fn with_extra(members: impl IntoIterator<Item = (String, Value)>) -> ExtraClaims {
    let mut extra = ExtraClaims::default();
    for (name, value) in members {
        extra.add(&name, value).unwrap();
    }
    extra
}

fn with_parameters(pairs: &[(&str, String)]) -> RequestParameters {
    let mut parameters = RequestParameters::default();
    for (name, value) in pairs {
        parameters.add(name, value).unwrap();
    }
    parameters
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn two_requests_have_the_same_key_if_and_only_if_they_mean_the_same(
        one in any_request(), donor in any_request(), part in 0..17_usize,
    ) {
        let other = with_part_of(&donor, part, one.clone());
        prop_assert_eq!(hash(&one) == hash(&other), same(&one, &other));
    }

    #[test]
    fn a_text_that_moves_from_one_part_to_the_next_changes_the_key(
        base in any_request(), a in text(), b in text(), c in text(), d in text(),
    ) {
        let with = |environment: &str, audience: &str| {
            let mut asked = base.clone();
            (asked.endpoint.environment, asked.grant.audience) = (environment.to_owned(), audience.to_owned());
            asked
        };
        prop_assert_eq!(hash(&with(&a, &b)) == hash(&with(&c, &d)), (a, b) == (c, d));
    }

    #[test]
    fn the_order_of_scopes_resources_and_members_and_repeated_scopes_do_not_matter(one in any_request()) {
        let mut other = one.clone();
        let mut scopes: Vec<_> = one.grant.scopes.iter().collect();
        scopes.extend(one.grant.scopes.iter());
        scopes.reverse();
        other.grant.scopes = Scopes::parse(&scopes.join(" ")).unwrap();
        other.grant.resources.reverse();
        other.grant.authorization_details =
            one.grant.authorization_details.as_ref().map(|details| details_of(&reversed(&details.to_value())));
        other.grant.extra = with_extra(reversed_members(one.grant.extra.members()));
        prop_assert_eq!(hash(&one), hash(&other));
    }
}

#[test]
fn every_part_that_differs_gives_another_key() {
    let url = |text: &str| Some(Endpoint::parse(text).unwrap());
    let with_grant = |grant| CacheKey::new(&grant, &endpoint(), &identity());
    let with_endpoint = |endpoint| CacheKey::new(&grant(), &endpoint, &identity());
    let with_key = |key| CacheKey::new(&grant(), &endpoint(), &key);
    let organisation = OrganisationNumber::parse("991825827").unwrap();
    let keys = [
        with_grant(grant()),
        with_endpoint(EndpointId { environment: "prod".to_owned(), ..endpoint() }),
        with_endpoint(EndpointId { environment: String::new(), ..endpoint() }),
        with_endpoint(EndpointId { token_endpoint: url("https://test.maskinporten.no/other"), ..endpoint() }),
        with_endpoint(EndpointId { token_endpoint: None, ..endpoint() }),
        with_endpoint(EndpointId { metadata: url("https://test.maskinporten.no/token"), ..endpoint() }),
        with_endpoint(EndpointId {
            token_endpoint: None,
            metadata: url("https://test.maskinporten.no/token"),
            ..endpoint()
        }),
        with_endpoint(EndpointId { ca_file: Some("ca.pem".into()), ..endpoint() }),
        with_key(KeyIdentity::new("pkcs12").file(b"another keystore")),
        with_key(identity().file(b"a certificate")),
        with_key(identity().file(b"another certificate")),
        with_grant(Grant { audience: "https://maskinporten.no/".to_owned(), ..grant() }),
        with_grant(Grant { client_id: ClientId::parse("another").unwrap(), ..grant() }),
        with_grant(Grant { key_reference: Some(KeyReference::Chain), ..grant() }),
        with_grant(Grant { key_reference: Some(KeyReference::Leaf), ..grant() }),
        with_grant(Grant { key_reference: Some(KeyReference::Thumbprint), ..grant() }),
        with_grant(Grant { key_reference: Some(KeyReference::KeyId("x5c chain".to_owned())), ..grant() }),
        with_grant(Grant { algorithm: Some(SignatureAlgorithm::Rs256), ..grant() }),
        with_grant(Grant { algorithm: Some(SignatureAlgorithm::Rs512), ..grant() }),
        with_grant(Grant { scopes: Scopes::parse("another").unwrap(), ..grant() }),
        with_grant(Grant { resources: vec![Resource::parse("urn:another").unwrap()], ..grant() }),
        with_grant(Grant { consumer_org: Some(organisation.clone()), ..grant() }),
        with_grant(Grant { person: Some(PersonIdentifier::parse("01017012345").unwrap()), ..grant() }),
        with_grant(Grant {
            authorization_details: Some(AuthorizationDetails::system_user(&organisation, None).unwrap()),
            ..grant()
        }),
        with_grant(Grant { extra: with_extra([("another".to_owned(), Value::Null)]), ..grant() }),
        with_grant(Grant { request_parameters: with_parameters(&[("another", String::new())]), ..grant() }),
        with_grant(Grant { client_authentication: Some(ClientAuthentication::Unauthenticated), ..grant() }),
        with_grant(Grant { client_authentication: Some(ClientAuthentication::PrivateKeyJwt), ..grant() }),
        with_grant(Grant { client_authentication: Some(ClientAuthentication::SecretInForm("a".into())), ..grant() }),
        with_grant(Grant { client_authentication: Some(ClientAuthentication::SecretInHeader("a".into())), ..grant() }),
        with_grant(grant()).exchanged_for("altinn"),
        with_grant(grant()).exchanged_for(""),
        with_grant(grant()).exchanged_for("altinn").exchanged_for("altinn"),
    ];

    let hashes: BTreeSet<_> = keys.iter().map(CacheKey::hash).collect();

    assert_eq!(hashes.len(), keys.len());
    assert!(hashes.iter().all(|hash| hash.len() == 64 && hash.bytes().all(|byte| byte.is_ascii_hexdigit())));
}

#[test]
fn key_identities_that_differ_in_anything_are_different() {
    let key = |identity: &KeyIdentity| CacheKey::new(&grant(), &endpoint(), identity).hash().to_owned();
    let one = key(&KeyIdentity::new("pkcs12").file(b"a").label("alias", "b"));
    for other in [
        KeyIdentity::new("pem").file(b"a").label("alias", "b"),
        KeyIdentity::new("pkcs12").file(b"a"),
        KeyIdentity::new("pkcs12").file(b"b").label("alias", "b"),
        KeyIdentity::new("pkcs12").file(b"a").label("alias", ""),
        KeyIdentity::new("pkcs12").file(b"a").label("aliasb", ""),
        KeyIdentity::new("pkcs12").file(b"a").label("", "aliasb"),
        KeyIdentity::new("pkcs12").label("alias", "b").file(b"a"),
        KeyIdentity::new("pkcs12").file(b"a").file(b"alias").file(b"b"),
        KeyIdentity::new("pkcs12").label("file", "a").label("alias", "b"),
    ] {
        assert_ne!(key(&other), one, "{other:?}");
    }
}

#[test]
fn the_content_of_a_key_file_is_kept_as_a_hash() {
    let identity = KeyIdentity::new("jwk").file(b"hemmelig");
    assert!(!format!("{identity:?}").contains("hemmelig"));
}

#[test]
fn the_lifetime_of_the_assertion_does_not_matter() {
    let short = Grant { lifetime: crate::grant::Lifetime::parse("10").unwrap(), ..grant() };
    let key = |grant| CacheKey::new(&grant, &endpoint(), &identity());
    assert_eq!(key(short), key(grant()));
}

#[test]
fn the_order_of_authorization_details_themselves_matters() {
    let with = |details: Value| {
        let grant = Grant { authorization_details: Some(details_of(&details)), ..grant() };
        CacheKey::new(&grant, &endpoint(), &identity()).hash().to_owned()
    };
    let (one, other) = (json!({ "type": "1" }), json!({ "type": "2" }));
    assert_ne!(with(json!([one, other])), with(json!([other, one])));
}

#[test]
fn a_description_contains_the_request_and_the_organisations() {
    let organisation = OrganisationNumber::parse("991825827").unwrap();
    let grant = Grant {
        consumer_org: Some(OrganisationNumber::parse("910753614").unwrap()),
        authorization_details: Some(AuthorizationDetails::system_user(&organisation, None).unwrap()),
        audience: "https://user:hemmelig@test.maskinporten.no/?x=hemmelig".to_owned(),
        ..grant()
    };
    let key = CacheKey::new(&grant, &endpoint(), &identity());

    let mut expected = json!({
        "environment": "test",
        "audience_host": "test.maskinporten.no",
        "client_id": "806e1e80-e3a7-4a73-980e-f92ba1c2bf86",
        "scopes": ["altinn:serviceowner"],
        "resources": [],
        "consumer_org": "910753614",
        "system_user_org": "0192:991825827",
        "exchange": null,
    });
    assert_eq!(json!(key.info()), expected);
    expected["exchange"] = "altinn".into();
    assert_eq!(json!(key.exchanged_for("altinn").info()), expected);
}
