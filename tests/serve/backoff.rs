//! What one token's failure means for the other tokens of its profile, and how many requests are in flight at a time.

use std::time::{Duration, Instant};

use serde_json::json;

use super::{Answer, Serve, wait_until};
use crate::{
    local::Local,
    server::{Server, answer, asking_at, unused_address},
};

/// Returns the number of requests to the token endpoint.
fn upstream_requests(serve: &Serve) -> usize {
    let metrics = serve.get("/metrics").body;
    let line = metrics.lines().find(|line| line.starts_with("maskinporten_upstream_requests_total{"));
    line.map_or(0, |line| line.rsplit_once(' ').unwrap().1.parse().unwrap())
}

/// Serves a client of this token endpoint that allows every scope.
fn serve_endpoint(url: &str) -> Serve {
    Serve::start(asking_at("serve", url).args(["--port", "0", "--retries", "0", "--allow-scopes", "*"]))
}

fn ask_for_resource(serve: &Serve, number: usize) -> Answer {
    let body = format!("identity_provider=maskinporten&target=difitest:test1&resource=https://{number}.example.no/");
    serve.post("/api/v1/token", "application/x-www-form-urlencoded", &body)
}

#[test]
fn an_unreachable_endpoint_is_not_asked_again_for_every_other_scope() {
    let serve = serve_endpoint(&format!("http://{}/token", unused_address()));

    serve.get("/?scope=a:0").fails(502, "connect");
    for number in 1..10 {
        let answer = serve.get(&format!("/?scope=a:{number}"));
        answer.fails(503, "connect");
        assert_eq!(answer.header("retry-after"), Some("1"));
    }
    assert_eq!(upstream_requests(&serve), 1);

    // The profile's own token is requested nevertheless, once.
    serve.get("/").fails(502, "connect");
    serve.get("/").fails(503, "connect");
    assert_eq!(upstream_requests(&serve), 2);
}

#[test]
fn a_retry_after_of_the_server_applies_to_the_whole_profile() {
    let server = Server::start([answer("429 Too Many Requests", &["Retry-After: 40"], "busy")]);
    let serve = serve_endpoint(&server.url("/token"));

    serve.get("/?scope=a:b").fails(502, "unavailable");
    let own = serve.get("/?cache=true");

    own.fails(503, "unavailable");
    assert!(["39", "40"].contains(&own.header("retry-after").unwrap()), "{own:?}");
}

#[test]
fn a_refusal_affects_no_other_token() {
    let local = Local::start(&[]);
    let serve = Serve::local(&local, &["--allow-scopes", "simulator:*", "--allow-scopes", "altinn:*"]);

    assert_eq!(serve.get("/?scope=simulator:ungranted").status, 502);

    assert_eq!(serve.get("/?scope=simulator:ungranted").status, 503);
    assert_eq!(serve.get("/?scope=altinn:serviceowner").status, 200);
    assert_eq!(serve.get("/").status, 200);
}

#[test]
fn eight_other_tokens_are_requested_at_a_time_and_the_profiles_own_does_not_wait() {
    let local = Local::with_clients(&[], |clients| clients["faults"] = json!({ "delay_milliseconds": 1000 }));
    let serve = Serve::local(&local, &[]);
    let timed = |ask: &dyn Fn() -> Answer| {
        let started = Instant::now();
        assert_eq!(ask().status, 200);
        started.elapsed()
    };

    let before = serve.open_files();
    let (own, mut others) = std::thread::scope(|scope| {
        let ask = |number| timed(&|| ask_for_resource(&serve, number));
        let others: Vec<_> = (0..17).map(|number| scope.spawn(move || ask(number))).collect();
        // Connections of 17 callers, and to the token endpoint for eight of them.
        wait_until(|| serve.open_files() >= before + 17 + 8);
        let own = timed(&|| serve.get("/?cache=true"));
        (own, others.into_iter().map(|other| other.join().unwrap()).collect::<Vec<_>>())
    });

    others.sort();
    assert!(others[8] >= Duration::from_secs(2) && others[16] >= Duration::from_secs(3), "{others:?}");
    assert!(own < others[16], "{own:?} {others:?}");
}

#[test]
fn waiting_requests_fail_when_the_endpoint_fails_meanwhile() {
    let local = Local::with_clients(&[], |clients| {
        clients["faults"] = json!({ "answer": "status", "status": 503, "delay_milliseconds": 700 });
    });
    let serve = Serve::local(&local, &["--retries", "0"]);

    let answers: Vec<_> = std::thread::scope(|scope| {
        let serve = &serve;
        let callers: Vec<_> = (0..40).map(|number| scope.spawn(move || ask_for_resource(serve, number))).collect();
        callers.into_iter().map(|caller| caller.join().unwrap()).collect()
    });

    let count = |status| answers.iter().filter(|answer| answer.status == status).count();
    assert_eq!((count(502), count(503)), (8, 32));
    assert!(answers.iter().all(|answer| answer.header("retry-after") == Some("1")));
    assert_eq!(local.grants(), 8);
}
