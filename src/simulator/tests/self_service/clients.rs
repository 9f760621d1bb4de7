use serde_json::{Value, json};

use super::{ADMIN, ALL, Admin, SUPPLIER, client, refused_members, texts};
use crate::simulator::tests::running::Running;

const CREATED: &str = "2026-11-22T12:00:00.000Z";

#[test]
fn a_client_is_created_shown_changed_and_deactivated_on_all_roots() {
    let running = Running::start(|_| ());
    let admin = Admin::new(&running, ALL);
    for root in ["/api/v1", "", "/external/api/v1"] {
        let (status, created) = admin.send(&format!("POST {root}/clients"), &client(&["difitest:test1"]));
        let id = created["client_id"].as_str().unwrap().to_owned();
        assert_eq!((status, id.len()), (200, 36));
        let one = format!("{root}/clients/{id}");
        assert!(running.last_log_line().ends_with(&format!("client {id} of 310700010 created")));
        assert_eq!(
            created,
            json!({
                "client_id": id,
                "client_orgno": "310700010",
                "client_name": "Testklient",
                "description": "En klient",
                "integration_type": "maskinporten",
                "application_type": "web",
                "token_endpoint_auth_method": "private_key_jwt",
                "grant_types": ["urn:ietf:params:oauth:grant-type:jwt-bearer"],
                "scopes": ["difitest:test1"],
                "access_token_lifetime": 0,
                "authorization_lifetime": 0,
                "refresh_token_lifetime": 0,
                "refresh_token_usage": "ONETIME",
                "frontchannel_logout_session_required": false,
                "active": true,
                "created": CREATED,
                "last_updated": CREATED,
            })
        );
        assert_eq!(admin.get(&format!("GET {one}")), created);

        // What was read can be sent back, and what is left out gets its default.
        let mut changed = created.clone();
        changed["client_name"] = json!("Nytt navn");
        changed.as_object_mut().unwrap().remove("scopes");
        let (status, changed) = admin.send(&format!("PUT {one}"), &changed);
        assert_eq!((status, &changed["client_name"], &changed["scopes"]), (200, &json!("Nytt navn"), &json!([])));

        assert!(texts(&admin.get(&format!("GET {root}/clients")), "client_id").contains(&id.as_str()));
        assert_eq!(admin.ask(&format!("DELETE {one}")), (204, Value::String(String::new())));
        assert!(!texts(&admin.get(&format!("GET {root}/clients/")), "client_id").contains(&id.as_str()));
        let all = admin.get(&format!("GET {root}/clients?inactive=TRUE"));
        assert!(texts(&all, "client_id").contains(&id.as_str()));
        assert_eq!(admin.get(&format!("GET {one}"))["active"], false);
    }
}

#[test]
fn the_clients_of_the_file_are_those_of_their_organisations() {
    let running = Running::start(|_| ());

    let own = Admin::new(&running, ALL).get("GET /api/v1/clients");
    let ids = texts(&own, "client_id");
    assert!(ids.len() > 2 && ids.contains(&ADMIN), "{ids:?}");
    assert!(texts(&own, "client_orgno").iter().all(|owner| *owner == "310700010"), "{own}");
    let other = Admin::other(&running);
    let others = other.get("GET /api/v1/clients");
    let owners = texts(&others, "client_orgno");
    assert!(owners.len() > 1 && owners.iter().all(|owner| *owner == "310700029"), "{owners:?}");
    let (status, body) = other.ask(&format!("GET /api/v1/clients/{ADMIN}"));
    assert_eq!((status, &body["error"]), (404, &json!("not_found")));
    for start in [
        "PUT /clients/X",
        "DELETE /clients/X",
        "POST /clients/X/secret",
        "GET /clients/X/jwks",
        "DELETE /clients/X/jwks",
    ] {
        let start = start.replace('X', ADMIN);
        let (status, _) = other.send(&start, &client(&[]));
        assert_eq!(status, 404, "{start}");
    }
}

#[test]
fn a_client_that_is_not_valid_is_refused_with_the_names_of_its_members() {
    let running = Running::start(|_| ());
    let admin = Admin::new(&running, ALL);
    for (member, value) in [
        ("client_name", json!("")),
        ("client_name", json!(7)),
        ("client_name", json!("x".repeat(1001))),
        ("integration_type", json!("maskinport")),
        ("application_type", json!("phone")),
        ("token_endpoint_auth_method", json!("client_secret_basic")),
        ("grant_types", json!(["authorization_code"])),
        ("grant_types", json!("urn:ietf:params:oauth:grant-type:jwt-bearer")),
        ("scopes", json!(["simulator:none"])),
        ("scopes", json!(["simulator:login"])),
        ("scopes", json!([1])),
        ("access_token_lifetime", json!(-1)),
        ("access_token_lifetime", json!(86_401)),
        ("sso_disabled", json!("yes")),
        ("client_orgno", json!("310700011")),
    ] {
        let mut wrong = client(&[]);
        wrong[member] = value.clone();

        let (status, body) = admin.send("POST /api/v1/clients", &wrong);

        assert_eq!(status, 400, "{member} {value}: {body}");
        assert_eq!(refused_members(&body), [member], "{value}");
    }
    let (status, body) = admin.send("POST /api/v1/clients", &json!({}));
    assert_eq!(status, 400);
    let id = body["correlation_id"].clone();
    assert_eq!(
        body,
        json!({
            "status": 400,
            "timestamp": "2026-11-22T12:00:00.000000000Z",
            "correlation_id": id,
            "errors": [
                {
                    "errorMessage": "client_name is required",
                    "isFieldError": true,
                    "objectName": "Client",
                    "fieldIdentifier": "client_name",
                },
                {
                    "errorMessage": "integration_type is required",
                    "isFieldError": true,
                    "objectName": "Client",
                    "fieldIdentifier": "integration_type",
                },
            ],
            "error": ", client_name is required, integration_type is required",
            "error_description": "client_name is required, integration_type is required",
        })
    );
    for wrong in ["", "[]", "{", "{\"client_name\":\"a\",\"client_name\":\"b\"}"] {
        let (status, _, _) = running.bearer("POST /api/v1/clients", &admin.token, wrong);
        assert_eq!(status, 400, "{wrong}");
    }
    let (status, _, _) = running.bearer("POST /api/v1/clients", &admin.token, &"x".repeat(70_000));
    assert_eq!(status, 413);
    // The integration type of a client cannot be changed, and no client is created twice.
    let id = admin.client(&[]);
    let login = json!({ "client_name": "a", "integration_type": "idporten", "grant_types": ["authorization_code"] });
    let (status, body) = admin.send(&format!("PUT /api/v1/clients/{id}"), &login);
    assert_eq!((status, refused_members(&body)), (400, vec!["integration_type"]));
    let mut again = client(&[]);
    again["client_id"] = json!(id);
    assert_eq!(admin.send("POST /api/v1/clients", &again).0, 409);
}

#[test]
fn each_operation_requires_its_scope() {
    let running = Running::start(|_| ());
    let without_token = running.ask("GET /api/v1/clients", "", "");
    assert_eq!(without_token.0, 401);
    assert!(without_token.1.contains("www-authenticate: bearer\r\n"), "{}", without_token.1);
    let (status, head, _) = running.bearer("GET /api/v1/clients", "a.b.c", "");
    assert_eq!(status, 401);
    assert!(
        head.contains("www-authenticate: bearer error=\"invalid_token\", error_description=\"the token is not a jwt\"")
    );

    let required = |scope: &str, start: &str| {
        let (status, body) = Admin::new(&running, scope).send(start, &client(&[]));
        assert_eq!((status, &body["error"]), (403, &json!("insufficient_scope")), "{scope} {start}");
        body["error_description"].as_str().unwrap().strip_prefix("the token lacks the scope ").unwrap().to_owned()
    };
    let one = format!("/api/v1/clients/{ADMIN}");
    let read = "idporten:dcr.read or idporten:dcr.supplier";
    let change = "idporten:dcr.write or idporten:dcr.modify or idporten:dcr.supplier";
    for start in ["GET /api/v1/clients".to_owned(), format!("GET {one}"), format!("GET {one}/jwks")] {
        assert_eq!(required("idporten:scopes.write", &start), read);
    }
    let starts = [format!("PUT {one}"), format!("DELETE {one}"), format!("POST {one}/secret")];
    let of_keys = ["POST", "PUT", "DELETE"].map(|method| format!("{method} {one}/jwks"));
    for start in starts.into_iter().chain(of_keys) {
        assert_eq!(required("idporten:dcr.read", &start), change);
    }
    assert_eq!(required("idporten:dcr.modify", "POST /api/v1/clients"), "idporten:dcr.write or idporten:dcr.supplier");
    let scopes = ["POST /scopes", "PUT /scopes?scope=a:b", "DELETE /scopes?scope=a:b"];
    let accesses = ["PUT /scopes/access/310700010?scope=a:b", "DELETE /scopes/access/310700010?scope=a:b"];
    for start in scopes.into_iter().chain(accesses) {
        assert_eq!(required("idporten:dcr.write", start), "idporten:scopes.write");
    }
    for start in ["GET /scopes", "GET /scopes/access?scope=a:b"] {
        assert_eq!(required("idporten:dcr.write", start), "idporten:scopes.write or idporten:scopes.read");
    }
    let any = "idporten:dcr.read or idporten:dcr.write or idporten:scopes.write or idporten:scopes.read";
    for start in ["GET /scopes/access/all", "GET /delegationsources"] {
        assert_eq!(required(SUPPLIER, start), any);
    }
}

#[test]
fn a_supplier_registers_clients_for_its_customers() {
    let running = Running::start(|_| ());
    let mut customers = client(&["difitest:test1"]);
    customers["client_orgno"] = json!("310700029");
    let (status, body) = Admin::new(&running, ALL).send("POST /api/v1/clients", &customers);
    assert_eq!((status, &body["error_description"]), (403, &json!("the token lacks the scope idporten:dcr.supplier")));

    let supplier = Admin::new(&running, SUPPLIER);
    let (status, body) = supplier.send("POST /api/v1/clients", &customers);

    assert_eq!(status, 200);
    assert_eq!((&body["client_orgno"], &body["supplier_orgno"]), (&json!("310700029"), &json!("310700010")));
    let one = format!("/api/v1/clients/{}", body["client_id"].as_str().unwrap());
    assert_eq!(supplier.get(&format!("GET {one}"))["client_name"], "Testklient");
    assert_eq!(Admin::other(&running).get(&format!("GET {one}"))["client_name"], "Testklient");
    // Without the scope of suppliers it is a client of another organisation.
    assert_eq!(Admin::new(&running, ALL).ask(&format!("GET {one}")).0, 404);
}

#[test]
fn only_a_client_with_a_secret_gets_one() {
    let running = Running::start(|_| ());
    let admin = Admin::new(&running, ALL);
    let login = json!({
        "client_name": "Innlogging",
        "integration_type": "idporten",
        "grant_types": ["authorization_code"],
        "token_endpoint_auth_method": "client_secret_basic",
        "scopes": ["openid", "profile"],
        "redirect_uris": ["https://tjeneste.example/ferdig"],
    });

    let (status, created) = admin.send("POST /api/v1/clients", &login);
    assert_eq!(status, 200, "{created}");
    let one = format!("/api/v1/clients/{}", created["client_id"].as_str().unwrap());
    let renewed = admin.get(&format!("POST {one}/secret"));

    let [first, second] = [&created, &renewed].map(|body| body["client_secret"].as_str().unwrap());
    assert_eq!((first.len(), second.len()), (43, 43));
    assert_ne!(first, second);
    assert!(admin.get(&format!("GET {one}")).get("client_secret").is_none());
    assert!(!running.log.lock().unwrap().iter().any(|line| line.contains(first) || line.contains(second)));
    let (status, body) = admin.ask(&format!("POST /api/v1/clients/{ADMIN}/secret"));
    assert_eq!((status, refused_members(&body)), (400, vec!["token_endpoint_auth_method"]));
}

#[test]
fn members_for_the_login_of_people_must_fit_together() {
    let running = Running::start(|_| ());
    let admin = Admin::new(&running, ALL);
    for (member, value, refused) in [
        ("redirect_uris", json!(["https://tjeneste.example/#a"]), "redirect_uris"),
        ("redirect_uris", json!(["tjeneste"]), "redirect_uris"),
        ("access_token_lifetime", json!(600), "refresh_token_lifetime"),
        ("authorization_lifetime", json!(599), "refresh_token_lifetime"),
    ] {
        let mut login =
            json!({ "client_name": "A", "integration_type": "idporten", "grant_types": ["authorization_code"] });
        login[member] = value;
        let (status, body) = admin.send("POST /api/v1/clients", &login);
        assert_eq!((status, refused_members(&body)), (400, vec![refused]), "{login}");
    }
}
