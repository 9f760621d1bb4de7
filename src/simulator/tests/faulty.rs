//! Faults that are shown on purpose.

use serde_json::json;

use super::over_http::Running;
use crate::simulator::{Answer, Faults};

fn faulty(faults: Faults) -> Running {
    Running::start(|options| options.faults = faults)
}

#[test]
fn shows_a_status_for_the_first_requests_and_counts_the_grant_as_used() {
    let running = faulty(Faults {
        answer: Some(Answer::Status),
        status: Some(429),
        retry_after_seconds: Some(1),
        first_requests: Some(2),
        ..Faults::default()
    });

    let (status, head, _) = running.token(&running.grant(0, 0, "a").sign());
    assert_eq!(status, 429);
    assert!(head.contains("retry-after: 1\r\n"), "{head}");
    assert_eq!(running.token(&running.grant(0, 0, "b").sign()).0, 429);

    assert!(running.token(&running.grant(0, 0, "a").sign()).2.contains("MP-012"));
    assert_eq!(running.token(&running.grant(0, 0, "c").sign()).0, 200);
}

#[test]
fn shows_each_faulty_answer() {
    let show = |answer| {
        let running = faulty(Faults { answer: Some(answer), ..Faults::default() });
        running.token(&running.grant(0, 0, "a").sign())
    };

    assert_eq!(show(Answer::Status).0, 503);
    let (status, head, body) = show(Answer::Html);
    assert!(status == 200 && head.contains("content-type: text/html") && body.starts_with("<!DOCTYPE html>"));
    let (status, _, body) = show(Answer::Huge);
    assert_eq!((status, body.len()), (200, 8 * 1024 * 1024));
    let (status, head, body) = show(Answer::Cut);
    assert!(status == 200 && head.contains("content-length: 1000") && body.len() < 1000, "{head}");
    let (status, _, body) = show(Answer::BrokenJson);
    assert_eq!((status, body.as_str()), (200, "{\"access_token\":\"eyJ"));
    let (status, head, body) = show(Answer::WrongContentType);
    assert!(
        status == 200 && head.contains("content-type: text/plain") && body.contains("\"access_token\":\"ey"),
        "{status} {head} {body}"
    );
    let (status, head, _) = show(Answer::Redirect);
    assert!(status == 307 && head.contains("location: /elsewhere"), "{head}");
    let (status, _, body) = show(Answer::EmptyAccessToken);
    assert!(status == 200 && body.starts_with("{\"access_token\":\"\""));
}

#[test]
fn judges_and_dates_by_a_clock_that_is_off() {
    let running = faulty(Faults { clock_offset_seconds: -60, ..Faults::default() });

    let (_, head, body) = running.token(&running.grant(0, 0, "a").sign());

    assert!(body.contains("Issue time is after now. (trace_id: "), "{body}");
    assert!(head.contains("date: sun, 22 nov 2026 11:59:00 gmt"), "{head}");
}

#[test]
fn takes_strictness_and_faults_from_the_clients_file() {
    let running = Running::start(|_| ());
    let path = &running.installation.clients_file;
    let mut clients: serde_json::Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    clients["faults"] = json!({"clock_offset_seconds": 60});
    clients["strictness"] = json!({"maximum_seconds_behind": 61});
    std::fs::write(path, clients.to_string()).unwrap();

    let (status, _, body) = running.token(&running.grant(0, 0, "a").sign());

    assert_eq!(status, 200, "{body}");
}
