//! A token endpoint that is down, hangs, refuses or is slow, and one request to it for any number of callers.

use std::time::Instant;

use serde_json::json;

use super::{Answer, Serve, wait_until};
use crate::{
    local::Local,
    server::{Server, Step, answer, asking_at, json as json_step, success},
};

/// Serves a client of a scripted token endpoint.
fn serve_script(server: &Server, arguments: &[&str]) -> Serve {
    Serve::start(asking_at("serve", &server.url("/token")).args(["--port", "0"]).args(arguments))
}

/// Sends this many requests at once.
fn at_once(serve: &Serve, count: usize, path: &str) -> Vec<Answer> {
    std::thread::scope(|scope| {
        let callers: Vec<_> = (0..count).map(|_| scope.spawn(|| serve.get(path))).collect();
        callers.into_iter().map(|caller| caller.join().unwrap()).collect()
    })
}

#[test]
fn a_thousand_callers_without_a_token_in_memory_cause_one_request() {
    let local = Local::with_clients(&[], |clients| clients["faults"] = json!({ "delay_milliseconds": 2000 }));
    let serve = Serve::local(&local, &[]);

    let answers = at_once(&serve, 1000, "/?cache=true");

    let first = &answers[0];
    assert_eq!(first.status, 200, "{first:?}");
    assert!(answers.iter().all(|answer| answer.body == first.body), "they differ");
    assert_eq!(local.grants(), 1);
}

#[test]
fn callers_of_a_new_token_share_the_in_flight_request() {
    let local = Local::with_clients(&[], |clients| clients["faults"] = json!({ "delay_milliseconds": 1000 }));
    let serve = Serve::local(&local, &[]);

    let answers = at_once(&serve, 20, "/");

    assert!(answers.iter().all(|answer| answer.status == 200 && answer.body == answers[0].body));
    assert_eq!(local.grants(), 1);
}

#[test]
fn a_caller_that_leaves_does_not_cancel_the_request() {
    let local = Local::with_clients(&[], |clients| clients["faults"] = json!({ "delay_milliseconds": 700 }));
    let serve = Serve::local(&local, &[]);

    let before = serve.open_files();
    let mut leaving = serve.connect();
    let request = format!("GET /?cache=true HTTP/1.1\r\nHost: 127.0.0.1:{}\r\n\r\n", serve.port());
    std::io::Write::write_all(&mut leaving, request.as_bytes()).unwrap();
    wait_until(|| serve.open_files() >= before + 2);
    drop(leaving);

    assert_eq!(serve.get("/?cache=true").status, 200);
    assert_eq!(local.grants(), 1);
}

#[test]
fn a_refusal_is_returned_in_full_and_starts_a_backoff() {
    let local = Local::start(&[]);
    let serve = Serve::local(&local, &["-s", "simulator:ungranted"]);

    let refused = serve.get("/?cache=true");
    let again = serve.get("/?cache=true");

    let error = refused.json();
    assert_eq!((refused.status, again.status), (502, 503));
    assert_eq!(refused.header("retry-after"), Some("1"));
    assert_eq!(again.header("retry-after"), Some("1"));
    assert_eq!((&error["error"], &error["mp_code"]), (&json!("forbidden"), &json!("MP-250")));
    let description = error["error_description"].as_str().unwrap();
    assert!(description.starts_with("Consumer has not been granted access to the scope simulator:ungranted"));
    assert!(error["trace_id"].as_str().is_some_and(|id| description.contains(id)), "{error}");
    assert!(error["meaning"].is_string() && error["remedy"].is_string());
    assert_eq!(again.json(), error);
    assert!(!refused.body.contains("eyJ"));
    assert_eq!(local.grants(), 1);
    assert!(
        serve.log().contains("GET / 503 0 ms MP-250, waiting before the next attempt (default: simulator:ungranted)")
    );
    wait_until(|| serve.get("/").status == 502);
    assert_eq!(local.grants(), 2);
    assert_eq!(serve.get("/").header("retry-after"), Some("2"), "each backoff is twice as long");
}

#[test]
fn a_refusal_is_explained_in_the_chosen_language() {
    let local = Local::start(&[]);
    let serve = Serve::local(&local, &["-s", "simulator:ungranted", "--lang", "nb"]);

    let error = serve.get("/").json();

    assert!(error["meaning"].as_str().unwrap().contains("tilgang"), "{error}");
}

#[test]
fn an_unexpired_token_is_served_while_the_endpoint_is_down() {
    let mut local = Local::with_clients(&[], |clients| {
        clients["faults"] = json!({ "success": { "expires_in": 4 }, "token_lifetime_seconds": 4 });
    });
    let serve = Serve::local(&local, &["--retries", "0", "--min-ttl", "3"]);
    let token = serve.get("/?cache=true").token();

    local.end();
    wait_until(|| {
        assert_eq!(serve.get("/?cache=true").token(), token);
        serve.log().contains("memory, no newer token available")
    });
    let fresh = serve.get("/");

    let log = serve.log();
    assert!(log.contains("GET / 200 "), "{log}");
    assert_eq!((fresh.status, fresh.json()["error"].as_str()), (503, Some("connect")), "{fresh:?}");
    wait_until(|| serve.get("/?cache=true").status != 200);
    let expired = serve.get("/?cache=true");
    assert!([502, 503].contains(&expired.status), "{expired:?}");
    assert!(expired.header("retry-after").is_some());
}

#[test]
fn a_hanging_endpoint_times_out() {
    let server = Server::start([Step::Hang(Vec::new())]);
    let serve = serve_script(&server, &["--timeout", "1s", "--retries", "0"]);

    let started = Instant::now();
    let answer = serve.get("/");

    assert!((1..4).contains(&started.elapsed().as_secs()), "{:?}", started.elapsed());
    answer.fails(504, "timeout");
    assert!(answer.json()["error_description"].as_str().unwrap().contains("did not answer in time"));
}

#[test]
fn a_retry_after_of_the_endpoint_is_respected_and_passed_on() {
    let busy = answer("503 Service Unavailable", &["Retry-After: 40"], "busy");
    let server = Server::start([busy]);
    let serve = serve_script(&server, &["--retries", "0"]);

    let (first, second) = (serve.get("/"), serve.get("/?cache=true"));

    first.fails(502, "unavailable");
    second.fails(503, "unavailable");
    for answer in [first, second] {
        let seconds = answer.header("retry-after").unwrap().parse::<u32>().unwrap();
        assert!((39..=40).contains(&seconds), "{seconds}");
    }
}

#[test]
fn an_unexpected_response_is_a_failure_of_the_endpoint() {
    let server = Server::start([json_step("200 OK", r#"{"access_token":""}"#)]);
    let serve = serve_script(&server, &[]);

    serve.get("/").fails(502, "answer");
}

#[test]
fn the_endpoints_response_is_passed_on_byte_for_byte() {
    let odd = r#" {"token_type":"bearer", "access_token":"a.b.c","expires_in":"60","æ":[1, 2],"scope":null} "#;
    let server = Server::start([json_step("200 OK", odd), json_step("200 OK", success())]);
    let serve = serve_script(&server, &[]);

    assert_eq!(serve.get("/?cache=true").body, odd);
    assert_eq!(serve.get("/?cache=true").body, odd);
    assert_eq!(serve.get("/").body, success());
}

#[test]
fn a_token_of_unknown_lifetime_is_served_and_not_kept() {
    let eternal = || json_step("200 OK", r#"{"access_token":"t","token_type":"Bearer"}"#);
    let server = Server::start([eternal(), eternal()]);
    let serve = serve_script(&server, &[]);

    assert_eq!(serve.get("/?cache=true").status, 200);
    assert_eq!(serve.get("/?cache=true").status, 200);
}
