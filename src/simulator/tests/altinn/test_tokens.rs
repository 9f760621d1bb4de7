use std::fs;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::{Value, json};

use super::{PID, claims, part, seconds};
use crate::simulator::tests::running::Running;

fn basic(running: &Running, user_name: &str) -> String {
    let password = fs::read_to_string(&running.installation.altinn.as_ref().unwrap().password_file).unwrap();
    format!("Authorization: Basic {}\r\n", STANDARD.encode(format!("{user_name}:{password}")))
}

#[test]
fn a_test_token_is_for_any_organisation_or_person() {
    let running = Running::start(|_| ());
    let user = basic(&running, "simulert");

    let start =
        "GET /api/GetEnterpriseToken?env=tt02&scopes=altinn:serviceowner,altinn:x&org=ttd&orgNo=991825827&ttl=60";
    let (status, _, token) = running.ask(start, &user, "");
    assert_eq!(status, 200);
    let found = claims(&token);
    assert_eq!(found["scope"], "altinn:serviceowner altinn:x");
    assert_eq!(found["urn:altinn:org"], "ttd");
    assert_eq!(found["urn:altinn:orgNumber"], "991825827");
    assert_eq!(found["actual_iss"], "altinn-test-tools");
    assert_eq!(found["exp"], seconds() + 60);
    assert_eq!(part(&token, 0)["x5c"], part(&token, 0)["kid"]);
    assert_eq!(running.json("GET /api/whoami", &token, &Value::Null).1["service_owner"], "ttd");

    let start = format!(
        "GET /api/GetPersonalToken?env=at22&scopes=altinn:portal/enduser&userId=1&partyId=2&pid={PID}&authLvl=4"
    );
    let (status, _, token) = running.ask(&start, &user, "");
    assert_eq!(status, 200);
    let found = claims(&token);
    assert_eq!((&found["nameid"], &found["urn:altinn:partyid"], &found["pid"]), (&json!(1), &json!(2), &json!(PID)));
    assert_eq!((&found["acr"], &found["exp"]), (&json!("idporten-loa-high"), &json!(seconds() + 1800)));
}

#[test]
fn the_generator_requires_a_user_and_names_every_wrong_parameter() {
    let running = Running::start(|_| ());
    let start = "GET /api/GetEnterpriseToken?env=prod&orgNo=123456789&ttl=x";
    let encode = |text: &str| format!("Authorization: Basic {}\r\n", STANDARD.encode(text));
    for (headers, status) in [(String::new(), 401), (encode("simulert:wrong"), 401), (encode("simulert"), 400)] {
        let (got, head, _) = running.ask(start, &headers, "");
        assert_eq!(got, status, "{headers}");
        assert_eq!(head.contains("www-authenticate: basic"), status == 401);
    }

    let (status, _, body) = running.ask(start, &basic(&running, "simulert"), "");

    assert_eq!(status, 400);
    let invalid = "Parameter was supplied with a invalid value";
    assert_eq!(
        serde_json::from_str::<Value>(&body).unwrap(),
        json!({ "env": invalid, "orgNo": invalid, "ttl": invalid, "scopes": "Parameter must be supplied" })
    );
}
