use serde_json::{Value, json};

use super::{REQUEST_READ, REQUEST_WRITE, REQUESTS, SYSTEMS, VENDOR, WRITE, claims, request, requested, system};
use crate::simulator::tests::{grants::now, running::Running};

/// What a token for the system user of an organisation needs.
fn details(orgno: &str) -> Value {
    json!([{
        "type": "urn:altinn:systemuser",
        "systemuser_org": { "authority": "iso6523-actorid-upis", "ID": format!("0192:{orgno}") },
    }])
}

#[test]
fn an_approved_request_makes_a_system_user_for_maskinporten() {
    let running = Running::start(|_| ());
    let demo = |running: &Running, orgno: &str| {
        running.vendor("altinn:systembruker.demo", &[("authorization_details", details(orgno))])
    };
    let refused = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| demo(&running, "310700061")));
    assert!(refused.is_err(), "there is no system user yet");
    let document = requested(&running, &request("310700061"));
    let id = document["id"].as_str().unwrap();

    running.decide(id, "approve");

    let (_, shown) = running.json(&format!("GET {REQUESTS}/{id}"), &running.vendor(REQUEST_READ, &[]), &Value::Null);
    assert_eq!(shown["status"], "Accepted");
    let token = claims(&demo(&running, "310700061"));
    assert_eq!(token["authorization_details"][0]["systemuser_id"], json!([id]));
    assert_eq!(token["authorization_details"][0]["system_id"], "310700045_fagsystem");
    let users = "/authentication/api/v1/systemuser/vendor";
    let (_, list) =
        running.json(&format!("GET {users}/bysystem/310700045_fagsystem"), &running.vendor(WRITE, &[]), &Value::Null);
    let user = &list["data"][0];
    assert_eq!(
        *user,
        json!({
            "id": id,
            "integrationTitle": "Fagsystem",
            "systemId": "310700045_fagsystem",
            "productName": "Fagsystem",
            "reporteeOrgNo": "310700061",
            "created": "2026-11-22T12:00:00Z",
            "isDeleted": false,
            "supplierOrgno": "310700045",
            "externalRef": "310700061",
            "accessPackages": [],
            "userType": "standard",
        })
    );
    let query = format!("GET {users}/byquery?system-id=310700045_fagsystem&orgno=310700061&external-ref=");
    assert_eq!(running.json(&query, &running.vendor(REQUEST_WRITE, &[]), &Value::Null), (200, user.clone()));
    let query = query.replace("310700061", "310700053");
    assert_eq!(running.bearer(&query, &running.vendor(REQUEST_WRITE, &[]), "").0, 404);
}

#[test]
fn a_system_user_is_only_for_the_clients_of_its_system_and_ends_with_it() {
    let running = Running::start(|_| ());
    let document = requested(&running, &request("310700061"));
    running.decide(document["id"].as_str().unwrap(), "approve");
    let grant = |running: &Running, jti: &str| {
        let grant = running.grant(0, 0, jti).claim("scope", json!("altinn:systembruker.demo"));
        running.token(&grant.claim("authorization_details", details("310700061")).sign())
    };
    let (status, _, body) = grant(&running, "another client");
    assert_eq!(status, 400);
    assert!(body.contains("invalid_altinn_customer_configuration") && body.contains("MP-303"), "{body}");

    // The client joins the system, and then leaves it.
    let mut changed = system("310700045_fagsystem");
    for (clients, status) in [(json!([VENDOR, "8D001E58-C758-4BEB-A9EC-AE1D770FA35E"]), 400), (json!([VENDOR]), 200)] {
        changed["clientId"] = clients;
        let (got, _) =
            running.json(&format!("PUT {SYSTEMS}/310700045_fagsystem"), &running.vendor(WRITE, &[]), &changed);
        // It belongs to the system of clients.json already.
        assert_eq!(got, status);
    }
    running.json(&format!("DELETE {SYSTEMS}/310700045_fagsystem"), &running.vendor(WRITE, &[]), &Value::Null);
    let refused = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        running.vendor("altinn:systembruker.demo", &[("authorization_details", details("310700061"))])
    }));
    assert!(refused.is_err(), "the system has been deleted");
}

#[test]
fn the_response_to_a_request_has_the_link_for_the_customer() {
    let running = Running::start(|_| ());
    let wanted = json!({ "externalRef": "lonn", "redirectUrl": "https://fagsystem.example/ferdig?x=1", "IntegrationTitle": "Lønn" });
    let mut body = request("310700061");
    body.as_object_mut().unwrap().extend(wanted.as_object().unwrap().clone());

    let document = requested(&running, &body);

    let id = document["id"].as_str().unwrap();
    assert_eq!(
        document,
        json!({
            "id": id,
            "integrationTitle": "Lønn",
            "externalRef": "lonn",
            "systemId": "310700045_fagsystem",
            "partyOrgNo": "310700061",
            "rights": [{ "resource": [{ "id": "urn:altinn:resource", "value": "app_ttd_demo" }] }],
            "accessPackages": [],
            "status": "New",
            "redirectUrl": "https://fagsystem.example/ferdig?x=1",
            "confirmUrl": format!(
                "{}accessmanagement/ui/systemuser/request?id={id}&DONTCHOOSEREPORTEE=true", running.issuer
            ),
            "escalated": false,
        })
    );
    let token = running.vendor(REQUEST_READ, &[]);
    let same = [format!("{REQUESTS}/{id}"), format!("{REQUESTS}/byexternalref/310700045_fagsystem/310700061/lonn")];
    for path in same {
        assert_eq!(running.json(&format!("GET {path}"), &token, &Value::Null), (200, document.clone()), "{path}");
    }
    // The same request again is the one that exists.
    let (status, again) = running.json(&format!("POST {REQUESTS}"), &running.vendor(REQUEST_WRITE, &[]), &body);
    assert_eq!((status, again), (200, document.clone()));
    // A deleted request is gone.
    let write = running.vendor(REQUEST_WRITE, &[]);
    assert_eq!(running.bearer(&format!("DELETE {REQUESTS}/{id}"), &write, "").0, 202);
    assert_eq!(running.json(&format!("DELETE {REQUESTS}/{id}"), &write, &Value::Null).1["code"], "AUTH-00010");
    assert_eq!(running.json(&format!("GET {REQUESTS}/{id}"), &token, &Value::Null).1["code"], "AUTH-00010");
}

#[test]
fn a_request_that_is_not_valid_is_refused_with_altinns_codes() {
    let running = Running::start(|_| ());
    let first = requested(&running, &request("310700061"));
    running.decide(first["id"].as_str().unwrap(), "approve");
    let token = running.vendor(REQUEST_WRITE, &[]);
    let resource = |value: &str| json!([{ "resource": [{ "id": "urn:altinn:resource", "value": value }] }]);
    for (members, status, code) in [
        (json!({}), 400, "AUTH-00004"),
        (json!({ "partyOrgNo": "310700062" }), 400, "AUTH-00000"),
        (json!({ "externalRef": "b", "rights": resource("app_ttd_other") }), 400, "AUTH-00001"),
        (json!({ "externalRef": "b", "rights": [{ "resource": [] }] }), 400, "AUTH-00001"),
        (json!({ "systemId": "310700045_x" }), 404, "AUTH-00011"),
        (json!({ "systemId": "310700010_simulert_fagsystem" }), 404, "AUTH-00011"),
        (json!({ "externalRef": "b", "redirectUrl": "https://other.example/" }), 400, "AUTH-00021"),
        (json!({ "externalRef": "b", "rights": [] }), 400, "AUTH-00059"),
        (json!({ "externalRef": "b", "accessPackages": [{ "urn": "urn:altinn:accesspackage:x" }] }), 400, "AUTH-00063"),
    ] {
        let mut body = request("310700061");
        body.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());

        let (got, problem) = running.json(&format!("POST {REQUESTS}"), &token, &body);

        assert_eq!((got, problem["code"].as_str()), (status, Some(code)), "{members}: {problem}");
        assert_eq!(problem["status"], status);
        assert_eq!(problem["type"], format!("urn:altinn:error:{code}"));
    }
    let mut without = system("310700045_fagsystem");
    without["allowedredirecturls"] = json!([]);
    running.json(&format!("PUT {SYSTEMS}/310700045_fagsystem"), &running.vendor(WRITE, &[]), &without);
    let mut body = request("310700061");
    body["externalRef"] = json!("b");
    body["redirectUrl"] = json!("https://fagsystem.example/ferdig");
    assert_eq!(running.json(&format!("POST {REQUESTS}"), &token, &body).1["code"], "AUTH-00026");
}

#[test]
fn lists_have_pages_that_name_the_next_one() {
    let running = Running::start(|_| ());
    requested(&running, &request("310700061"));
    let write = running.vendor(REQUEST_WRITE, &[]);
    for reference in ["a", "b", "c"] {
        let mut body = request("310700061");
        body["externalRef"] = json!(reference);
        assert_eq!(running.json(&format!("POST {REQUESTS}"), &write, &body).0, 201);
    }
    let read = running.vendor(REQUEST_READ, &[]);

    let (_, first) = running.json(&format!("GET {REQUESTS}/bysystem/310700045_fagsystem"), &read, &Value::Null);
    let next = first["links"]["next"].as_str().unwrap().strip_prefix(running.issuer.as_str()).unwrap();
    let (_, second) = running.json(&format!("GET /{next}"), &read, &Value::Null);

    assert_eq!(first["data"].as_array().unwrap().len(), 3);
    assert_eq!(second["links"], json!({}));
    assert_eq!(second["data"][0]["externalRef"], "c");
    let (status, _) =
        running.json(&format!("GET {REQUESTS}/bysystem/310700045_fagsystem?token=*"), &read, &Value::Null);
    assert_eq!(status, 400);
}

#[test]
fn the_system_users_of_the_clients_file_belong_to_a_system_too() {
    let running = Running::start(|_| ());
    let file = running.installation.clients_file.clone();
    let clients = std::fs::read_to_string(&file).unwrap().replace(
        "\"altinn:systembruker.demo\",\n        \"simulator:short\"",
        "\"altinn:authentication/systemregister.write\",\n        \"altinn:systembruker.demo\",\n        \"simulator:short\"",
    );
    let clients = clients.replace(
        "systemregister.write\", \"granted_to\": [",
        "systemregister.write\", \"granted_to\": [\"310700010\", ",
    );
    std::fs::write(file, clients).unwrap();
    let token = running.maskinporten(WRITE);

    let (_, systems) = running.json(&format!("GET {SYSTEMS}"), &token, &Value::Null);
    let (_, users) = running.json(
        "GET /authentication/api/v1/systemuser/vendor/bysystem/310700010_simulert_fagsystem",
        &token,
        &Value::Null,
    );

    assert_eq!(systems[0]["systemId"], "310700010_simulert_fagsystem");
    let references: Vec<_> = users["data"].as_array().unwrap().iter().map(|user| user["externalRef"].clone()).collect();
    assert_eq!(references, ["lonn", "310700053"]);
}

#[test]
fn a_request_times_out_after_ten_days() {
    let running = Running::start(|_| ());
    let id = requested(&running, &request("310700061"))["id"].as_str().unwrap().to_owned();
    let file = running.installation.clients_file.clone();
    let mut clients: Value = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
    clients["faults"] = json!({ "clock_offset_seconds": 10 * 24 * 60 * 60 });
    std::fs::write(&file, clients.to_string()).unwrap();
    let token = |scope: &str| {
        let issued = (now() + chrono::TimeDelta::days(10)).timestamp();
        running.vendor(scope, &[("iat", json!(issued)), ("exp", json!(issued + 100))])
    };

    let (_, shown) = running.json(&format!("GET {REQUESTS}/{id}"), &token(REQUEST_READ), &Value::Null);
    assert_eq!(shown["status"], "Timedout");
    let (status, _, page) = running.ask(&format!("GET /accessmanagement/ui/systemuser/request?id={id}"), "", "");
    assert_eq!(status, 200);
    assert!(page.contains("id=\"timed-out\"") && !page.contains("<form"), "{page}");
    // A new request takes its place.
    let (status, new) = running.json(&format!("POST {REQUESTS}"), &token(REQUEST_WRITE), &request("310700061"));
    assert_eq!(status, 201);
    assert_ne!(new["id"], id.as_str());
}

#[test]
fn a_request_for_an_agent_has_paths_of_its_own_and_needs_an_access_package() {
    let running = Running::start(|_| ());
    requested(&running, &request("310700061"));
    let (write, read) = (running.vendor(REQUEST_WRITE, &[]), running.vendor(REQUEST_READ, &[]));
    let mut body = request("310700061");
    body["rights"] = json!([]);
    let (_, problem) = running.json(&format!("POST {REQUESTS}/agent"), &write, &body);
    assert_eq!(problem["code"], "AUTH-00058");
    body["accessPackages"] = json!([{ "urn": "urn:altinn:accesspackage:skattegrunnlag" }]);

    let (status, document) = running.json(&format!("POST {REQUESTS}/agent"), &write, &body);

    assert_eq!(status, 201, "{document}");
    let id = document["id"].as_str().unwrap();
    let link = document["confirmUrl"].as_str().unwrap();
    assert!(link.ends_with(&format!("accessmanagement/ui/systemuser/agentrequest?id={id}&DONTCHOOSEREPORTEE=true")));
    let (status, _, _) = running.ask(&format!("GET /{}", link.strip_prefix(&running.issuer).unwrap()), "", "");
    assert_eq!(status, 200);
    assert_eq!(running.json(&format!("GET {REQUESTS}/{id}"), &read, &Value::Null).0, 404);
    assert_eq!(running.json(&format!("GET {REQUESTS}/agent/{id}"), &read, &Value::Null), (200, document.clone()));
    let list = format!("GET {REQUESTS}/agent/bysystem/310700045_fagsystem");
    assert_eq!(running.json(&list, &read, &Value::Null).1["data"], json!([document]));
    running.decide(id, "approve");
    let users = "GET /authentication/api/v1/systemuser/vendor/bysystem/310700045_fagsystem";
    assert_eq!(running.json(users, &running.vendor(WRITE, &[]), &Value::Null).1["data"][0]["userType"], "agent");
    assert_eq!(running.bearer(&format!("DELETE {REQUESTS}/{id}"), &write, "").0, 202);
}
