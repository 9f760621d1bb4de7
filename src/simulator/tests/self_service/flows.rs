//! From the first client to the last refusal: what the API changes decides which tokens Maskinporten issues.

use std::sync::Arc;

use serde_json::{Value, json};

use super::{ALL, Admin, client, keys};
use crate::{
    clock::Clock,
    simulator::tests::running::{MovableClock, Running},
};

#[test]
fn a_key_gets_tokens_from_when_it_is_registered_until_it_is_removed() {
    let running = Running::start(|_| ());
    let admin = Admin::new(&running, ALL);
    let [old, new] = keys();
    let id = admin.client(&["difitest:test1"]);
    let ask = |kid: &str, key| running.token_with(&id, kid, key, "difitest:test1");
    let unknown = (400, "Invalid assertion. Client authentication failed. Unknown key identifier (kid) for client.");
    let is_unknown = |(status, text): (u16, String)| status == unknown.0 && text.starts_with(unknown.1);

    assert!(is_unknown(ask("old", old)));
    admin.register(&id, &[("old", old)]);
    assert_eq!(ask("old", old), (200, "difitest:test1".to_owned()));

    // Rotation: both, then only the new one.
    admin.register(&id, &[("old", old), ("new", new)]);
    assert_eq!(ask("old", old).0, 200);
    assert_eq!(ask("new", new).0, 200);
    admin.register(&id, &[("new", new)]);
    assert!(is_unknown(ask("old", old)));
    assert_eq!(ask("new", new).0, 200);
    assert_eq!(ask("new", old), (400, "MP-124".to_owned()));

    // Without keys the client signs with the certificate of its organisation again.
    let with_certificate = |jti: &str| {
        let grant = running.grant(0, 0, jti).claim("iss", json!(id));
        running.token(&grant.sign()).0
    };
    assert_eq!(with_certificate("a"), 400);
    assert_eq!(admin.ask(&format!("DELETE /api/v1/clients/{id}/jwks")), (204, Value::String(String::new())));
    assert!(is_unknown(ask("new", new)));
    assert_eq!(with_certificate("b"), 200);
}

#[test]
fn a_client_loses_its_tokens_when_it_is_deactivated_and_gets_them_back() {
    let running = Running::start(|_| ());
    let admin = Admin::new(&running, ALL);
    let [key, _] = keys();
    let id = admin.client(&["difitest:test1"]);
    admin.register(&id, &[("a", key)]);
    let ask = || running.token_with(&id, "a", key, "difitest:test1");
    assert_eq!(ask().0, 200);

    assert_eq!(admin.ask(&format!("DELETE /api/v1/clients/{id}")).0, 204);
    assert_eq!(ask(), (400, "MP-100".to_owned()));

    let mut again = client(&["difitest:test1"]);
    assert_eq!(admin.send(&format!("PUT /api/v1/clients/{id}"), &again).1["active"], false);
    again["active"] = json!(true);
    assert_eq!(admin.send(&format!("PUT /api/v1/clients/{id}"), &again).0, 200);
    assert_eq!(ask().0, 200);
}

#[test]
fn an_access_gives_tokens_until_it_is_revoked() {
    let running = Running::start(|_| ());
    let owner = Admin::other(&running);
    let consumer = Admin::new(&running, ALL);
    let new = json!({ "prefix": "gammel", "subscope": "vedtak.read", "description": "Vedtak" });
    assert_eq!(owner.send("POST /api/v1/scopes", &new).0, 200);
    let access =
        |method: &str| owner.ask(&format!("{method} /api/v1/scopes/access/310700010?scope=gammel:vedtak.read"));

    // Without access the scope cannot be added to a client.
    let (status, body) = consumer.send("POST /api/v1/clients", &client(&["gammel:vedtak.read"]));
    assert_eq!(status, 400);
    let text = "scopes has gammel:vedtak.read, which the organisation has no access to";
    assert_eq!(body["error_description"], text);

    assert_eq!(access("PUT").1["state"], "APPROVED");
    let [key, _] = keys();
    let id = consumer.client(&["gammel:vedtak.read"]);
    consumer.register(&id, &[("a", key)]);
    let ask = || running.token_with(&id, "a", key, "gammel:vedtak.read");
    assert_eq!(ask(), (200, "gammel:vedtak.read".to_owned()));

    assert_eq!(access("DELETE").1["state"], "DENIED");
    assert_eq!(ask(), (403, "MP-250".to_owned()));
    assert_eq!(access("DELETE").0, 404);

    assert_eq!(access("PUT").0, 200);
    assert_eq!(ask().0, 200);

    // A deactivated scope keeps its accesses, but there are no tokens for it.
    assert_eq!(owner.ask("DELETE /api/v1/scopes?scope=gammel:vedtak.read").1["active"], false);
    assert_eq!(ask(), (400, "MP-200".to_owned()));
    let mut again = new;
    again["active"] = json!(true);
    assert_eq!(owner.send("PUT /api/v1/scopes?scope=gammel:vedtak.read", &again).0, 200);
    assert_eq!(ask().0, 200);
}

#[test]
fn the_members_of_a_scope_and_a_client_decide_on_its_tokens() {
    let running = Running::start(|_| ());
    let admin = Admin::new(&running, ALL);
    let [key, _] = keys();
    admin.scope("kort");
    let id = admin.client(&["simulator:kort"]);
    admin.register(&id, &[("a", key)]);
    let ask = || running.token_with(&id, "a", key, "simulator:kort");
    // The owner needs access, too.
    assert_eq!(ask(), (403, "MP-250".to_owned()));

    let mut open = super::scope("kort");
    open["accessible_for_all"] = json!(true);
    assert_eq!(admin.send("PUT /api/v1/scopes?scope=simulator:kort", &open).0, 200);
    assert_eq!(ask().0, 200);

    open["allowed_integration_types"] = json!(["idporten"]);
    assert_eq!(admin.send("PUT /api/v1/scopes?scope=simulator:kort", &open).0, 200);
    assert_eq!(ask(), (400, "MP-201".to_owned()));

    // The client keeps a scope that it could not add now, and loses the one that is left out.
    assert_eq!(admin.send(&format!("PUT /api/v1/clients/{id}"), &client(&["simulator:kort"])).0, 200);
    assert_eq!(admin.send(&format!("PUT /api/v1/clients/{id}"), &client(&[])).0, 200);
    assert_eq!(ask(), (400, "MP-200".to_owned()));
    assert_eq!(admin.send(&format!("PUT /api/v1/clients/{id}"), &client(&["simulator:kort"])).0, 400);
}

#[test]
fn changes_reach_maskinporten_after_the_delay_of_a_fault() {
    let clock = Arc::new(MovableClock::default());
    let running = Running::start(|options| {
        options.clock = Arc::clone(&clock) as Arc<dyn Clock>;
        options.faults.self_service.propagation_seconds = 120;
    });
    let admin = Admin::new(&running, ALL);
    let [old, new] = keys();
    let id = admin.client(&["difitest:test1"]);
    admin.register(&id, &[("old", old)]);

    assert_eq!(running.token_with(&id, "old", old, "difitest:test1"), (400, "MP-100".to_owned()));
    assert_eq!(admin.get(&format!("GET /api/v1/clients/{id}"))["active"], true);

    clock.advance(121);
    let admin = Admin::new(&running, ALL);
    admin.register(&id, &[("new", new)]);
    assert_eq!(running.token_with(&id, "old", old, "difitest:test1").0, 200);
    clock.advance(121);
    assert_eq!(running.token_with(&id, "old", old, "difitest:test1").0, 400);
    assert_eq!(running.token_with(&id, "new", new, "difitest:test1").0, 200);
}
