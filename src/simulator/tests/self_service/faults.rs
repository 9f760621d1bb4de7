use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::{ALL, Admin, client, scope, texts};
use crate::simulator::{FaultAnswer, SelfServiceFaults, tests::running::Running};

fn faulty(faults: SelfServiceFaults) -> Running {
    Running::start(|options| options.faults.self_service = faults)
}

#[test]
fn a_refusal_by_a_fault_has_the_body_of_the_api_and_changes_nothing() {
    for (status, error) in [
        (400, ", client_name is refused by a fault of the simulator"),
        (401, "unauthorized"),
        (403, "forbidden"),
        (404, "not_found"),
        (409, "conflict"),
        (428, "PRECONDITION_REQUIRED"),
        (429, "too_many_requests"),
    ] {
        let faults =
            SelfServiceFaults { status: Some(status), first_requests: Some(1), ..SelfServiceFaults::default() };
        let running = faulty(faults);
        let admin = Admin::new(&running, ALL);

        let (got, body) = admin.send("POST /api/v1/scopes", &scope("ny"));

        assert_eq!((got, &body["status"], &body["error"]), (status, &json!(status), &json!(error)));
        assert_eq!(body["correlation_id"].as_str().unwrap().len(), 36);
        assert!(running.last_log_line().ends_with(&format!("{status} fault self_service")));
        assert_eq!(admin.send("POST /api/v1/scopes", &scope("ny")).0, 200);
    }
}

#[test]
fn the_terms_of_use_and_the_time_to_wait_are_those_of_the_api() {
    let of_status = |status| SelfServiceFaults { status: Some(status), ..SelfServiceFaults::default() };
    let running = faulty(of_status(428));
    let (_, body) = Admin::new(&running, ALL).ask("GET /api/v1/clients");
    assert_eq!(body["error_description"], "Virksomheten har ikke signert de relevante bruksvilkårene");

    let running = faulty(SelfServiceFaults { retry_after_seconds: Some(3), ..of_status(429) });
    let admin = Admin::new(&running, ALL);
    let (status, head, _) = running.bearer("GET /api/v1/clients", &admin.token, "");
    assert_eq!(status, 429);
    assert!(head.contains("retry-after: 3\r\n"), "{head}");
}

#[test]
fn with_any_other_answer_only_the_response_is_lost() {
    for faults in [
        SelfServiceFaults { status: Some(503), ..SelfServiceFaults::default() },
        SelfServiceFaults { answer: Some(FaultAnswer::Html), status: Some(502), ..SelfServiceFaults::default() },
        SelfServiceFaults { answer: Some(FaultAnswer::Cut), ..SelfServiceFaults::default() },
    ] {
        let expected = if faults.answer == Some(FaultAnswer::Cut) { 200 } else { faults.status.unwrap() };
        let running = faulty(SelfServiceFaults { first_requests: Some(1), ..faults });
        let admin = Admin::new(&running, ALL);

        let (status, body) = admin.send("POST /api/v1/scopes", &scope("ny"));

        assert_eq!(status, expected);
        assert!(body.is_string(), "{body}");
        assert_eq!(admin.send("POST /api/v1/scopes", &scope("ny")).0, 409);
    }
}

#[test]
fn responses_may_be_slow() {
    let running = faulty(SelfServiceFaults { delay_milliseconds: 300, ..SelfServiceFaults::default() });
    let admin = Admin::new(&running, ALL);

    let started = Instant::now();
    assert_eq!(admin.send("POST /api/v1/clients", &client(&[])).0, 200);
    assert!(started.elapsed() >= Duration::from_millis(300));
}

#[test]
fn changes_outlive_those_of_the_file_which_counts_the_requests_anew() {
    let running = Running::start(|_| ());
    let admin = Admin::new(&running, ALL);
    admin.scope("ny");
    let path = &running.installation.clients_file;
    let mut file: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    file["faults"] = json!({ "self_service": { "status": 429, "first_requests": 2 } });
    file["scopes"].as_array_mut().unwrap().push(json!({ "name": "simulator:fra-fil" }));
    std::fs::write(path, file.to_string()).unwrap();

    let statuses = [(); 3].map(|()| admin.ask("GET /scopes").0);

    assert_eq!(statuses, [429, 429, 200]);
    let scopes = admin.get("GET /scopes");
    let names = texts(&scopes, "name");
    assert!(names.contains(&"simulator:ny") && names.contains(&"simulator:fra-fil"));
    file["faults"] = json!({ "self_service": { "statuss": 429 } });
    std::fs::write(path, file.to_string()).unwrap();
    admin.get("GET /scopes");
    let log = running.log.lock().unwrap().join("\n");
    assert!(log.contains("clients.json` is not valid on line 1: unknown field `statuss`"), "{log}");
}
