use serde_json::{Value, json};

use super::{ALL, Admin, refused_members, texts};
use crate::simulator::tests::running::Running;

#[test]
fn accesses_are_listed_by_scope_by_organisation_and_by_receiver() {
    let running = Running::start(|_| ());
    let (admin, other) = (Admin::new(&running, ALL), Admin::other(&running));
    admin.scope("vedtak");
    let path = "/api/v1/scopes/access/310700029?scope=simulator:vedtak";

    let granted = admin.get(&format!("PUT {path}"));
    let date = "2026-11-22T12:00:00.000Z";
    let expected = json!({
        "scope": "simulator:vedtak",
        "state": "APPROVED",
        "prefix": null,
        "created": date,
        "consumer_orgno": "310700029",
        "last_updated": date,
        "owner_orgno": "310700010",
    });
    assert_eq!(granted, expected);
    admin.get("PUT /scopes/access/310700053?scope=simulator:vedtak");
    assert_eq!(
        texts(&admin.get("GET /api/v1/scopes/access?scope=simulator:vedtak"), "consumer_orgno"),
        ["310700029", "310700053"]
    );
    let of_both = admin.get("GET /scopes/access?scope=simulator:vedtak&consumer_orgno=310700029");
    assert_eq!(of_both, json!([expected]));
    assert_eq!(admin.get("GET /scopes/access/?consumer_orgno=310700029"), json!([expected]));
    // The accesses of `clients.json` are among them, and only those to the caller's own scopes.
    let received_by_53 = admin.get("GET /scopes/access?consumer_orgno=310700053");
    let names = ["simulator:delegated", "simulator:undelegated", "simulator:vedtak"];
    assert_eq!(texts(&received_by_53, "scope"), names);

    let received = other.get("GET /api/v1/scopes/access/all");
    assert!(received.as_array().unwrap().contains(&expected), "{received}");
    let with_open = other.get("GET /scopes/access/all?accessible_for_all=true&integration_type=maskinporten");
    assert!(!texts(&received, "scope").contains(&"difitest:test1"));
    assert!(texts(&with_open, "scope").contains(&"difitest:test1"));
    assert!(!texts(&with_open, "scope").contains(&"simulator:login"));

    let revoked = admin.get(&format!("DELETE {path}"));
    assert_eq!(revoked["state"], "DENIED");
    assert!(
        !other.get("GET /scopes/access/all").as_array().unwrap().iter().any(|one| one["scope"] == "simulator:vedtak")
    );
    let all = admin.get("GET /scopes/access?scope=simulator:vedtak&inactive=true");
    assert_eq!(texts(&all, "state"), ["DENIED", "APPROVED"]);
}

#[test]
fn the_log_counts_how_often_an_access_was_granted() {
    let running = Running::start(|_| ());
    let admin = Admin::new(&running, ALL);
    admin.scope("a");
    for count in 1..=3 {
        admin.get("PUT /scopes/access/310700053?scope=simulator:a");
        let line = format!("access to simulator:a granted to 310700053, {count} in all");
        assert!(running.last_log_line().ends_with(&line), "{}", running.last_log_line());
    }
    admin.get("DELETE /scopes/access/310700053?scope=simulator:a");
    assert!(running.last_log_line().ends_with("access to simulator:a revoked from 310700053"));
}

#[test]
fn an_access_that_is_not_valid_is_refused() {
    let running = Running::start(|_| ());
    let admin = Admin::new(&running, ALL);
    for (start, member) in [
        ("PUT /scopes/access/310700053", "scope"),
        ("DELETE /scopes/access/310700053", "scope"),
        ("PUT /scopes/access/310700054?scope=simulator:short", "consumer_orgno"),
        ("DELETE /scopes/access/x?scope=simulator:short", "consumer_orgno"),
        ("GET /scopes/access", "scope"),
        ("GET /scopes/access?consumer_orgno=1", "consumer_orgno"),
    ] {
        let (status, body) = admin.ask(start);
        assert_eq!((status, refused_members(&body)), (400, vec![member]), "{start}");
    }
    assert_eq!(admin.ask("PUT /scopes/access/310700053?scope=simulator:none").0, 404);
    assert_eq!(admin.ask("DELETE /scopes/access/310700053?scope=simulator:short").0, 404);
    admin.get("DELETE /scopes?scope=simulator:short");
    let (status, body) = admin.ask("PUT /scopes/access/310700053?scope=simulator:short");
    assert_eq!((status, &body["error"]), (409, &json!("conflict")));
    assert_eq!(admin.ask("GET /scopes/access/310700053?scope=simulator:short"), (405, Value::String(String::new())));
}
