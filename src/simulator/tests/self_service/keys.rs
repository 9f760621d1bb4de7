use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::{Value, json};

use super::{ALL, Admin, keys, public, refused_members};
use crate::simulator::tests::{
    grants::{fixture, now},
    running::Running,
};

const YEAR: i64 = 365 * 24 * 60 * 60;

#[test]
fn both_post_and_put_replace_all_keys() {
    let running = Running::start(|_| ());
    let admin = Admin::new(&running, ALL);
    let [one, two] = keys();
    let id = admin.client(&[]);
    let path = format!("/api/v1/clients/{id}/jwks");
    assert_eq!(admin.get(&format!("GET {path}")), json!({ "keys": [] }));

    let document = admin.register(&id, &[("a", one), ("b", two)]);
    let with_expiry = |kid, key| {
        let mut jwk = public(kid, key);
        jwk["exp"] = json!(now().timestamp() + YEAR);
        jwk
    };
    let changed = "2026-11-22T12:00:00.000Z";
    let keys = [with_expiry("a", one), with_expiry("b", two)];
    assert_eq!(document, json!({ "keys": keys, "created": changed, "last_updated": changed }));
    assert_eq!(admin.get(&format!("GET {path}")), document);

    // Of two expiries the earlier one is in effect.
    let mut short = public("c", two);
    short["exp"] = json!(now().timestamp() + 60);
    let (status, body) = admin.send(&format!("POST {path}"), &json!({ "keys": [short] }));
    assert_eq!((status, &body["keys"]), (200, &json!([short])));
    let mut long = public("c", two);
    long["exp"] = json!(now().timestamp() + 2 * YEAR);
    let (_, body) = admin.send(&format!("PUT {path}"), &json!({ "keys": [long] }));
    assert_eq!(body["keys"], json!([with_expiry("c", two)]));
    assert!(running.last_log_line().ends_with(&format!("client {id} has the keys c")), "{}", running.last_log_line());
}

#[test]
fn unset_lists_and_other_public_members_are_ignored() {
    let running = Running::start(|_| ());
    let admin = Admin::new(&running, ALL);
    let id = admin.client(&[]);
    let mut jwk = public("a", keys()[0]);
    let clean = jwk.clone();
    for member in ["key_ops", "oth", "x5c"] {
        jwk[member] = json!([]);
    }

    let (status, body) = admin.send(&format!("POST /api/v1/clients/{id}/jwks"), &json!({ "keys": [jwk] }));

    assert_eq!(status, 200, "{body}");
    let mut kept = body["keys"][0].clone();
    kept.as_object_mut().unwrap().remove("exp");
    assert_eq!(kept, clean);
}

#[test]
fn a_key_may_be_bound_to_its_certificate() {
    let running = Running::start(|_| ());
    let admin = Admin::new(&running, ALL);
    let id = admin.client(&[]);
    let leaf = &fixture().leaf;
    let with = |key, certificate: &[u8]| {
        let mut jwk = public("a", key);
        jwk["x5c"] = json!([STANDARD.encode(certificate)]);
        admin.send(&format!("POST /api/v1/clients/{id}/jwks"), &json!({ "keys": [jwk] }))
    };
    let der = leaf.certificate.to_der().unwrap();

    let (status, body) = with(&leaf.key, &der);
    assert_eq!((status, &body["keys"][0]["x5c"]), (200, &json!([STANDARD.encode(&der)])));
    for (key, certificate) in [(keys()[0], der.as_slice()), (&leaf.key, b"x".as_slice())] {
        let (status, body) = with(key, certificate);
        assert_eq!((status, refused_members(&body)), (400, vec!["keys[0].x5c"]));
    }
}

#[test]
fn a_key_that_is_not_valid_is_refused_with_its_member_and_without_its_value() {
    let running = Running::start(|_| ());
    let admin = Admin::new(&running, ALL);
    let id = admin.client(&[]);
    let [one, _] = keys();
    let small = openssl::pkey::PKey::from_rsa(openssl::rsa::Rsa::generate(1024).unwrap()).unwrap();
    let send = |keys: Value| admin.send(&format!("POST /api/v1/clients/{id}/jwks"), &json!({ "keys": keys }));
    for (member, value) in [
        ("kty", json!("EC")),
        ("alg", json!("PS256")),
        ("use", json!("enc")),
        ("kid", json!("a b")),
        ("kid", json!("æ")),
        ("kid", json!("k".repeat(256))),
        ("n", public("a", &small)["n"].clone()),
        ("n", json!("not base64!")),
        ("exp", json!(now().timestamp())),
        ("exp", json!("tomorrow")),
        ("x5c", json!("MII")),
        ("d", json!("SECRET")),
        ("p", json!("SECRET")),
    ] {
        let mut wrong = public("a", one);
        wrong[member] = value.clone();

        let (status, body) = send(json!([wrong]));

        assert_eq!(status, 400, "{member} {value}");
        assert_eq!(refused_members(&body), [format!("keys[0].{member}")], "{value}");
        assert!(!body.to_string().contains("SECRET") && !running.last_log_line().contains("SECRET"));
    }
    for member in ["kty", "alg", "use", "kid", "n", "e"] {
        let mut wrong = public("a", one);
        wrong.as_object_mut().unwrap().remove(member);
        let (status, body) = send(json!([wrong]));
        assert_eq!((status, refused_members(&body)), (400, vec![format!("keys[0].{member}").as_str()]));
    }
    let kids = |kids: &[&str]| kids.iter().map(|kid| public(kid, one)).collect::<Value>();
    for (wrong, member) in [
        (json!([]), "keys"),
        (Value::Null, "keys"),
        (kids(&["a", "b", "c", "d", "e", "f"]), "keys"),
        (kids(&["a", "a"]), "keys[1].kid"),
        (json!(["a"]), "keys[0].kty"),
    ] {
        let (status, body) = send(wrong);
        assert_eq!((status, refused_members(&body)), (400, vec![member]));
    }
    assert_eq!(send(kids(&["a", "b", "c", "d", "e"])).0, 200);
}
