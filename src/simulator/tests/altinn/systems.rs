use serde_json::{Value, json};

use super::{REQUEST_READ, SYSTEMS, VENDOR, WRITE, system};
use crate::simulator::tests::running::Running;

fn codes(body: &Value) -> Vec<&str> {
    body["validationErrors"].as_array().unwrap().iter().map(|error| error["code"].as_str().unwrap()).collect()
}

#[test]
fn a_vendor_registers_shows_changes_and_deletes_a_system() {
    let running = Running::start(|_| ());
    let token = running.vendor(WRITE, &[]);
    let one = format!("{SYSTEMS}/310700045_fagsystem");

    let (status, id) = running.json(&format!("POST {SYSTEMS}"), &token, &system("310700045_fagsystem"));
    assert_eq!(status, 200);
    assert_eq!(id.as_str().unwrap().len(), 36);

    let (status, shown) = running.json(&format!("GET {one}"), &token, &Value::Null);
    assert_eq!(status, 200);
    assert_eq!(
        shown,
        json!({
            "id": "310700045_fagsystem",
            "vendor": { "authority": "iso6523-actorid-upis", "ID": "0192:310700045" },
            "name": { "nb": "Fagsystem", "nn": "Fagsystem", "en": "Business system" },
            "description": { "nb": "Et fagsystem", "nn": "Eit fagsystem", "en": "A business system" },
            "rights": [{ "resource": [{ "id": "urn:altinn:resource", "value": "app_ttd_demo" }] }],
            "accessPackages": [{ "urn": "urn:altinn:accesspackage:skattegrunnlag" }],
            "clientId": [VENDOR],
            "isVisible": true,
            "allowedRedirectUrls": ["https://fagsystem.example/ferdig"],
        })
    );
    let (_, list) = running.json(&format!("GET {SYSTEMS}"), &token, &Value::Null);
    assert_eq!(list.as_array().unwrap().len(), 1);
    assert_eq!(list[0]["systemId"], "310700045_fagsystem");
    assert_eq!(list[0]["systemVendorOrgNumber"], "310700045");

    let mut changed = system("310700045_fagsystem");
    changed["isVisible"] = json!(false);
    assert_eq!(running.json(&format!("PUT {one}"), &token, &changed), (200, json!({ "success": true })));
    assert_eq!(running.json(&format!("GET {one}"), &token, &Value::Null).1["isVisible"], false);

    assert_eq!(running.json(&format!("DELETE {one}"), &token, &Value::Null), (200, json!({ "success": true })));
    assert_eq!(running.bearer(&format!("GET {one}"), &token, "").0, 404);
    assert_eq!(running.bearer(&format!("DELETE {one}"), &token, "").0, 400);
    let (_, again) = running.json(&format!("POST {SYSTEMS}"), &token, &system("310700045_fagsystem"));
    assert_eq!(codes(&again), ["AUTH.VLD-00002"]);
}

#[test]
fn a_system_that_is_not_valid_is_refused_with_altinns_codes() {
    let running = Running::start(|_| ());
    let token = running.vendor(WRITE, &[]);
    let resource = |id: &str, value: &str| json!([{ "resource": [{ "id": id, "value": value }] }]);
    let right = resource("urn:altinn:resource", "a");
    let package = json!({ "urn": "urn:altinn:accesspackage:a" });
    for (member, value, code) in [
        ("vendor", json!({ "ID": "9908:310700045" }), "AUTH.VLD-00000"),
        ("id", json!("310700010_x"), "AUTH.VLD-00001"),
        ("rights", resource("urn:altinn:resource", "unknown-app"), "AUTH.VLD-00003"),
        ("clientId", json!(["8d001e58-c758-4beb-a9ec-ae1d770fa35e"]), "AUTH.VLD-00004"),
        ("allowedredirecturls", json!(["http://example.no/"]), "AUTH.VLD-00005"),
        ("rights", json!([right[0], right[0]]), "AUTH.VLD-00006"),
        ("accessPackages", json!([package, package]), "AUTH.VLD-00007"),
        ("accessPackages", json!([{ "urn": "urn:altinn:accesspackage:unknown-x" }]), "AUTH.VLD-00008"),
        ("rights", resource("urn:altinn:app", "a"), "AUTH.VLD-00009"),
        ("clientId", json!([VENDOR, VENDOR]), "AUTH.VLD-00011"),
        ("id", json!("310700045_x y"), "AUTH.VLD-00013"),
    ] {
        let mut wrong = system("310700045_fagsystem");
        wrong[member] = value;

        let (status, body) = running.json(&format!("POST {SYSTEMS}"), &token, &wrong);

        assert_eq!(status, 400, "{code}: {body}");
        assert_eq!(codes(&body), [code]);
        assert_eq!(body["code"], "STD-00000");
        assert_eq!(body["type"], "urn:altinn:error:STD-00000");
        assert!(body["validationErrors"][0]["paths"][0].as_str().unwrap().starts_with("/registersystemrequest/"));
        assert!(running.last_log_line().ends_with(&format!("400 STD-00000 {code}")), "{}", running.last_log_line());
    }
    running.json(&format!("POST {SYSTEMS}"), &token, &system("310700045_a"));
    let (_, body) = running.json(&format!("PUT {SYSTEMS}/310700045_a"), &token, &system("310700045_b"));
    assert_eq!(codes(&body), ["AUTH.VLD-00012"]);
    for wrong in ["", "[]", "{", "{\"id\": 1}", "{\"id\":\"a\",\"id\":\"b\"}"] {
        let (status, _, _) = running.bearer(&format!("POST {SYSTEMS}"), &token, wrong);
        assert_eq!(status, 400, "{wrong}");
    }
}

#[test]
fn each_path_requires_its_scope_and_the_vendors_own_organisation() {
    let running = Running::start(|_| ());
    let register = running.vendor(WRITE, &[]);
    running.json(&format!("POST {SYSTEMS}"), &register, &system("310700045_fagsystem"));
    let other = running.maskinporten("altinn:systembruker.demo");
    let read = running.vendor(REQUEST_READ, &[]);
    for (start, token, status, reason) in [
        ("GET /authentication/api/v1/systemregister/vendor", "", 401, "the request has no Bearer token"),
        ("GET /authentication/api/v1/systemregister/vendor", "a.b.c", 401, "the token is not a JWT"),
        (
            "GET /authentication/api/v1/systemregister/vendor",
            &other,
            403,
            "the token lacks the scope altinn:authentication/systemregister.write or altinn:authentication/systemregister.admin",
        ),
        (
            "DELETE /authentication/api/v1/systemregister/vendor/310700045_fagsystem",
            &read,
            403,
            "the token lacks the scope altinn:authentication/systemregister.write or altinn:authentication/systemregister.admin",
        ),
        (
            "POST /authentication/api/v1/systemuser/request/vendor",
            &read,
            403,
            "the token lacks the scope altinn:authentication/systemuser.request.write",
        ),
        (
            "GET /authentication/api/v1/systemuser/request/vendor/x",
            &register,
            403,
            "the token lacks the scope altinn:authentication/systemuser.request.read",
        ),
        (
            "GET /authentication/api/v1/systemuser/vendor/bysystem/x",
            &read,
            403,
            "the token lacks the scope altinn:authentication/systemregister.write or altinn:authentication/systemregister.admin",
        ),
        (
            "GET /authentication/api/v1/systemuser/vendor/byquery?system-id=a&orgno=b",
            &read,
            403,
            "the token lacks the scope altinn:authentication/systemuser.request.write",
        ),
        (
            "GET /authentication/api/v1/systemregister/vendor/310700010_simulert_fagsystem",
            &register,
            403,
            "the system belongs to another organisation",
        ),
    ] {
        let (got, _, body) = running.bearer(start, token, "");
        assert_eq!((got, body.as_str()), (status, ""), "{start}");
        assert!(running.last_log_line().ends_with(reason), "{}", running.last_log_line());
    }
    let mut foreign = system("310700010_x");
    foreign["vendor"]["ID"] = json!("0192:310700010");
    assert_eq!(running.bearer(&format!("POST {SYSTEMS}"), &register, &foreign.to_string()).0, 403);
    // Altinn's own tokens are accepted, too.
    let exchanged = running.exchanged(&register);
    assert_eq!(running.json(&format!("GET {SYSTEMS}"), &exchanged, &Value::Null).1.as_array().unwrap().len(), 1);
}
