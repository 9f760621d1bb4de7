//! The token endpoint killed, hung, refusing, slow; and one request to it for any number of callers.

use std::time::{Duration, Instant};

use serde_json::json;

use super::{Answer, Serve};
use crate::{
    local::Local,
    server::{Server, Step, answer, asking_at, json as json_step, success},
};

/// Serves a client of a server that plays a script.
fn of_script(server: &Server, arguments: &[&str]) -> Serve {
    Serve::start(asking_at("serve", &server.url("/token")).args(["--port", "0"]).args(arguments))
}

/// Asks from as many threads at once.
fn at_once(serve: &Serve, count: usize, path: &str) -> Vec<Answer> {
    std::thread::scope(|scope| {
        let callers: Vec<_> = (0..count).map(|_| scope.spawn(|| serve.get(path))).collect();
        callers.into_iter().map(|caller| caller.join().unwrap()).collect()
    })
}

#[test]
fn a_thousand_callers_of_an_empty_memory_make_one_request() {
    let local = Local::with_clients(&[], |clients| clients["faults"] = json!({ "delay_milliseconds": 2000 }));
    let serve = Serve::local(&local, &[]);

    let answers = at_once(&serve, 1000, "/?cache=true");

    let first = &answers[0];
    assert_eq!(first.status, 200, "{first:?}");
    assert!(answers.iter().all(|answer| answer.body == first.body), "they differ");
    assert_eq!(local.grants(), 1);
}

#[test]
fn callers_of_a_fresh_token_share_the_request_that_is_under_way() {
    let local = Local::with_clients(&[], |clients| clients["faults"] = json!({ "delay_milliseconds": 1000 }));
    let serve = Serve::local(&local, &[]);

    let answers = at_once(&serve, 20, "/");

    assert!(answers.iter().all(|answer| answer.status == 200 && answer.body == answers[0].body));
    assert_eq!(local.grants(), 1);
}

#[test]
fn a_caller_who_leaves_takes_nothing_from_the_others() {
    let local = Local::with_clients(&[], |clients| clients["faults"] = json!({ "delay_milliseconds": 700 }));
    let serve = Serve::local(&local, &[]);

    let mut leaving = serve.connect();
    let request = format!("GET /?cache=true HTTP/1.1\r\nHost: 127.0.0.1:{}\r\n\r\n", serve.port());
    std::io::Write::write_all(&mut leaving, request.as_bytes()).unwrap();
    std::thread::sleep(Duration::from_millis(200));
    drop(leaving);

    assert_eq!(serve.get("/?cache=true").status, 200);
    assert_eq!(local.grants(), 1);
}

#[test]
fn a_refusal_is_told_whole_and_the_server_is_left_alone_for_a_while() {
    let local = Local::start(&[]);
    let serve = Serve::local(&local, &["-s", "simulator:ungranted"]);

    let refused = serve.get("/?cache=true");
    let again = serve.get("/?cache=true");

    let told = refused.json();
    assert_eq!((refused.status, again.status), (502, 503));
    assert_eq!(refused.header("retry-after"), Some("1"));
    assert_eq!(again.header("retry-after"), Some("1"));
    assert_eq!((&told["error"], &told["mp_code"]), (&json!("forbidden"), &json!("MP-250")));
    let description = told["error_description"].as_str().unwrap();
    assert!(description.starts_with("Consumer has not been granted access to the scope simulator:ungranted"));
    assert!(told["trace_id"].as_str().is_some_and(|id| description.contains(id)), "{told}");
    assert!(told["meaning"].is_string() && told["remedy"].is_string());
    assert_eq!(again.json(), told);
    assert!(!refused.body.contains("eyJ"));
    assert_eq!(local.grants(), 1);
    assert!(serve.log().contains("GET / 503 0 ms MP-250, waiting before the next attempt (default: simulator:ungranted)"));
    std::thread::sleep(Duration::from_millis(1100));
    assert_eq!((serve.get("/").status, local.grants()), (502, 2));
    assert_eq!(serve.get("/").header("retry-after"), Some("2"), "each pause is twice as long");
}

#[test]
fn a_refusal_is_explained_in_the_language_that_was_asked_for() {
    let local = Local::start(&[]);
    let serve = Serve::local(&local, &["-s", "simulator:ungranted", "--lang", "nb"]);

    let told = serve.get("/").json();

    assert!(told["meaning"].as_str().unwrap().contains("tilgang"), "{told}");
}

#[test]
fn an_upstream_that_is_killed_is_told_and_a_token_that_lives_is_served_meanwhile() {
    let mut local = Local::with_clients(&[], |clients| {
        clients["faults"] = json!({ "success": { "expires_in": 4 }, "token_lifetime_seconds": 4 });
    });
    let mut serve = Serve::local(&local, &["--retries", "0", "--min-ttl", "3"]);
    let token = serve.get("/?cache=true").token();

    local.end();
    std::thread::sleep(Duration::from_millis(1300));
    let kept = serve.get("/?cache=true");
    let fresh = serve.get("/");

    assert_eq!((kept.status, kept.token()), (200, token));
    let log = serve.wait_for("memory, no newer token available");
    assert!(log.contains("GET / 200 "), "{log}");
    assert_eq!((fresh.status, fresh.json()["error"].as_str()), (503, Some("connect")), "{fresh:?}");
    std::thread::sleep(Duration::from_secs(3));
    let expired = serve.get("/?cache=true");
    assert!([502, 503].contains(&expired.status), "{expired:?}");
    assert!(expired.header("retry-after").is_some());
}

#[test]
fn an_upstream_that_hangs_is_given_up_after_the_time_that_is_set() {
    let server = Server::start([Step::Hang(Vec::new())]);
    let serve = of_script(&server, &["--timeout", "1s", "--retries", "0"]);

    let started = Instant::now();
    let answer = serve.get("/");

    assert!((1..4).contains(&started.elapsed().as_secs()), "{:?}", started.elapsed());
    answer.fails(504, "timeout");
    assert!(answer.json()["error_description"].as_str().unwrap().contains("did not answer in time"));
}

#[test]
fn an_upstream_that_asks_for_a_pause_gets_it_and_callers_are_told() {
    let busy = answer("503 Service Unavailable", &["Retry-After: 40"], "busy");
    let server = Server::start([busy]);
    let serve = of_script(&server, &["--retries", "0"]);

    let (first, second) = (serve.get("/"), serve.get("/?cache=true"));

    first.fails(502, "unavailable");
    second.fails(503, "unavailable");
    for answer in [first, second] {
        let seconds = answer.header("retry-after").unwrap().parse::<u32>().unwrap();
        assert!((39..=40).contains(&seconds), "{seconds}");
    }
}

#[test]
fn an_answer_that_makes_no_sense_is_a_failure_of_upstream() {
    let server = Server::start([json_step("200 OK", r#"{"access_token":""}"#)]);
    let serve = of_script(&server, &[]);

    serve.get("/").fails(502, "answer");
}

#[test]
fn what_the_endpoint_answered_is_passed_on_to_the_letter() {
    let odd = r#" {"token_type":"bearer", "access_token":"a.b.c","expires_in":"60","æ":[1, 2],"scope":null} "#;
    let server = Server::start([json_step("200 OK", odd), json_step("200 OK", success())]);
    let serve = of_script(&server, &[]);

    assert_eq!(serve.get("/?cache=true").body, odd);
    assert_eq!(serve.get("/?cache=true").body, odd);
    assert_eq!(serve.get("/").body, success());
}

#[test]
fn a_token_of_unknown_lifetime_is_served_and_not_remembered() {
    let eternal = || json_step("200 OK", r#"{"access_token":"t","token_type":"Bearer"}"#);
    let server = Server::start([eternal(), eternal()]);
    let serve = of_script(&server, &[]);

    assert_eq!(serve.get("/?cache=true").status, 200);
    assert_eq!(serve.get("/?cache=true").status, 200);
}
