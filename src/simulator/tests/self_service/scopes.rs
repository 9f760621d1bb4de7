use serde_json::{Value, json};

use super::{ALL, Admin, refused_members, scope, texts};
use crate::simulator::tests::running::Running;

#[test]
fn a_scope_is_created_shown_changed_and_deactivated() {
    let running = Running::start(|_| ());
    let admin = Admin::new(&running, ALL);
    let one = "/api/v1/scopes?scope=simulator:vedtak/saker.read";

    let (status, created) = admin.send("POST /api/v1/scopes", &scope("vedtak/saker.read"));
    assert_eq!(status, 200);
    let date = "2026-11-22T12:00:00.000Z";
    assert_eq!(
        created,
        json!({
            "name": "simulator:vedtak/saker.read",
            "prefix": "simulator",
            "subscope": "vedtak/saker.read",
            "description": "Et API",
            "visibility": "PUBLIC",
            "token_type": "SELF_CONTAINED",
            "at_max_age": 0,
            "authorization_max_lifetime": 0,
            "requires_user_consent": false,
            "requires_user_authentication": false,
            "requires_pseudonymous_tokens": false,
            "accessible_for_all": false,
            "allowed_integration_types": ["maskinporten"],
            "active": true,
            "owner_orgno": "310700010",
            "created": date,
            "last_updated": date,
        })
    );
    assert_eq!(admin.get(&format!("GET {one}")), created);

    let mut changed = created.clone();
    changed["description"] = json!("Et annet API");
    changed["delegation_source"] = json!("https://tt02.altinn.no/");
    changed["long_description#en"] = json!("Another API");
    let (status, changed) = admin.send(&format!("PUT {one}"), &changed);
    assert_eq!((status, &changed["description"]), (200, &json!("Et annet API")));
    assert_eq!(changed["long_description#en"], "Another API");
    // The parts of the name may be left out.
    let (status, changed) = admin.send(&format!("PUT {one}"), &json!({ "description": "Kort" }));
    assert_eq!((status, changed.get("delegation_source")), (200, None));

    assert_eq!(admin.get(&format!("DELETE {one}"))["active"], false);
    let names = |query: &str| admin.get(&format!("GET /api/v1/scopes{query}"));
    assert!(!texts(&names(""), "name").contains(&"simulator:vedtak/saker.read"));
    assert!(texts(&names("?inactive=true"), "name").contains(&"simulator:vedtak/saker.read"));
    assert_eq!(admin.get(&format!("GET {one}"))["active"], false);
    let (status, body) = admin.send("POST /api/v1/scopes", &scope("vedtak/saker.read"));
    assert_eq!((status, &body["error"]), (409, &json!("conflict")));
}

#[test]
fn a_scope_belongs_to_the_organisation_of_its_prefix() {
    let running = Running::start(|_| ());
    let (admin, other) = (Admin::new(&running, ALL), Admin::other(&running));

    assert_eq!(texts(&other.get("GET /scopes"), "name"), ["gammel:register"]);
    let own = admin.get("GET /scopes/");
    assert!(texts(&own, "name").iter().all(|name| name.starts_with("altinn:") || name.starts_with("simulator:")));
    assert!(texts(&own, "name").len() > 10);
    for start in [
        "POST /scopes",
        "GET /scopes?scope=simulator:short",
        "PUT /scopes?scope=simulator:short",
        "DELETE /scopes?scope=simulator:short",
        "GET /scopes/access?scope=simulator:short",
        "PUT /scopes/access/310700029?scope=simulator:short",
        "DELETE /scopes/access/310700029?scope=simulator:short",
    ] {
        let (status, body) = other.send(start, &scope("short"));
        assert_eq!((status, &body["error"]), (403, &json!("forbidden")), "{start}");
    }
    // All other prefixes are Digdir's.
    let digdir = json!({ "prefix": "ukjent", "subscope": "a", "description": "b" });
    assert_eq!(admin.send("POST /scopes", &digdir).0, 403);
    let all = running.ask("GET /scopes/all", "", "").2;
    let all: Value = serde_json::from_str(&all).unwrap();
    let owner = |name: &str| {
        let scope = all.as_array().unwrap().iter().find(|scope| scope["name"] == name).unwrap();
        scope["owner_orgno"].as_str().unwrap().to_owned()
    };
    let owners = ["difitest:test1", "gammel:register", "altinn:serviceowner"].map(owner);
    assert_eq!(owners, ["991825827", "310700029", "310700010"]);
    assert_eq!(admin.ask("GET /scopes?scope=simulator:none").0, 404);
    let sources = admin.get("GET /api/v1/delegationsources");
    assert_eq!(texts(&sources, "issuer"), ["https://tt02.altinn.no/"]);
}

#[test]
fn the_public_list_needs_no_token_and_has_filters() {
    let running = Running::start(|_| ());
    let admin = Admin::new(&running, ALL);
    for (subscope, member, value) in [
        ("skjult", "visibility", json!("PRIVATE")),
        ("alle", "accessible_for_all", json!(true)),
        ("innlogging", "allowed_integration_types", json!(["idporten"])),
        ("avsluttet", "active", json!(false)),
    ] {
        let mut new = scope(subscope);
        new[member] = value;
        assert_eq!(admin.send("POST /scopes", &new).0, 200);
    }
    let listed = |query: &str, subscope: &str| {
        let (status, _, body) = running.ask(&format!("GET /api/v1/scopes/all{query}"), "", "");
        assert_eq!(status, 200);
        let name = format!("simulator:{subscope}");
        texts(&serde_json::from_str(&body).unwrap(), "name").contains(&name.as_str())
    };
    for (query, expected) in [
        ("", [false, true, true, false]),
        ("?inactive=true", [false, true, true, true]),
        ("?accessible_for_all=true", [false, true, false, false]),
        ("?integration_type=idporten", [false, false, true, false]),
        ("?accessible_for_all=true&integration_type=maskinporten&inactive=false", [false, true, false, false]),
    ] {
        let found = ["skjult", "alle", "innlogging", "avsluttet"].map(|subscope| listed(query, subscope));
        assert_eq!(found, expected, "{query}");
    }
}

#[test]
fn a_scope_that_is_not_valid_is_refused_with_the_names_of_its_members() {
    let running = Running::start(|_| ());
    let admin = Admin::new(&running, ALL);
    for (member, value) in [
        ("prefix", json!("")),
        ("prefix", json!("Simulator")),
        ("subscope", json!("a b")),
        ("subscope", json!("/a")),
        ("subscope", json!("a".repeat(250))),
        ("description", json!(["a"])),
        ("visibility", json!("SECRET")),
        ("token_type", json!("JWT")),
        ("at_max_age", json!("30")),
        ("requires_user_consent", json!(1)),
        ("accessible_for_all", json!("true")),
        ("allowed_integration_types", json!(["maskin"])),
        ("delegation_source", json!("https://altinn.no/")),
    ] {
        let mut wrong = scope("ny");
        wrong[member] = value.clone();

        let (status, body) = admin.send("POST /api/v1/scopes", &wrong);

        assert_eq!((status, refused_members(&body)), (400, vec![member]), "{value}");
    }
    let (status, body) = admin.send("PUT /scopes?scope=simulator:short", &scope("shorter"));
    assert_eq!((status, refused_members(&body)), (400, vec!["subscope"]));
    let (status, body) = admin.ask("DELETE /scopes");
    assert_eq!((status, refused_members(&body)), (400, vec!["scope"]));
}
