use serde_json::{Value, json};

use super::{ALL, Admin, ON_BEHALF_OF, refused_members, texts};
use crate::simulator::tests::running::Running;

#[test]
fn a_registration_on_behalf_of_a_customer_is_created_shown_changed_and_deleted() {
    let running = Running::start(|_| ());
    let (admin, supplier) = (Admin::new(&running, ALL), Admin::new(&running, ON_BEHALF_OF));
    let list = format!("/api/v1/clients/{}/onbehalfof", admin.client(&[]));
    let one = format!("{list}/kunde");
    let customer = json!({ "onbehalfof": "kunde", "name": "Kunde AS", "orgno": "310700053" });
    assert_eq!(admin.send(&format!("POST {list}"), &customer).0, 403);

    let (status, created) = supplier.send(&format!("POST {list}"), &customer);
    assert_eq!(
        (status, &created["name"], &created["created"]),
        (200, &json!("Kunde AS"), &json!("2026-11-22T12:00:00.000Z"))
    );
    assert_eq!(supplier.send(&format!("POST {list}"), &customer).0, 409);
    assert_eq!(admin.get(&format!("GET {one}")), created);
    assert_eq!(texts(&admin.get(&format!("GET {list}")), "onbehalfof"), ["kunde"]);

    let mut changed = customer.clone();
    changed["name"] = json!("Ny kunde AS");
    assert_eq!(supplier.send(&format!("PUT {one}"), &changed).1["name"], "Ny kunde AS");
    changed["onbehalfof"] = json!("annen");
    let (status, body) = supplier.send(&format!("PUT {one}"), &changed);
    assert_eq!((status, refused_members(&body)), (400, vec!["onbehalfof"]));
    let (status, body) = supplier.send(&format!("POST {list}"), &json!({ "onbehalfof": "x", "orgno": "1" }));
    assert_eq!((status, refused_members(&body)), (400, vec!["name", "orgno"]));

    assert_eq!(supplier.ask(&format!("DELETE {one}")), (204, Value::String(String::new())));
    assert_eq!(supplier.ask(&format!("DELETE {one}")).0, 404);
    assert_eq!(admin.ask(&format!("GET {one}")).0, 404);
    assert_eq!(supplier.send(&format!("PUT {one}"), &customer).0, 404);
}
