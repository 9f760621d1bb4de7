//! What is tried again, how long is waited, and that no grant is ever sent twice.

use std::{
    collections::BTreeSet,
    time::{Duration, Instant},
};

use crate::{
    server::{Request, Server, Step, TOKEN, answer, asking, json, token},
    support::{Maskinporten, maskinporten, testdata},
};

/// What a run takes on a busy machine beside the time that it waits.
const SLACK: Duration = Duration::from_secs(10);

fn unavailable() -> Step {
    json("503 Service Unavailable", "")
}

fn asks_to_wait(status: &str, seconds: &str) -> Step {
    answer(status, &[&format!("Retry-After: {seconds}")], "")
}

/// The requests carry grants that are all new: other bytes, another `jti`.
#[track_caller]
fn are_all_new(requests: &[Request], count: usize) {
    let assertions: BTreeSet<_> = requests.iter().map(Request::assertion).collect();
    let ids: BTreeSet<_> = requests.iter().map(|request| request.claims()["jti"].to_string()).collect();
    assert_eq!((requests.len(), assertions.len(), ids.len()), (count, count, count));
}

#[test]
fn a_server_that_cannot_answer_is_asked_again_with_a_new_grant_each_time() {
    let server = Server::start([unavailable(), unavailable(), token()]);

    let printed = asking("token", &server).run().artefact();

    assert_eq!(printed, format!("{TOKEN}\n"));
    are_all_new(&server.requests(), 3);
}

#[test]
fn every_passing_failure_is_tried_again() {
    let failures =
        [Step::Reset, Step::Answer(Vec::new()), json("429 Too Many Requests", ""), json("500 Oh", ""), unavailable()];
    std::thread::scope(|threads| {
        for step in failures {
            threads.spawn(|| is_tried_again(step));
        }
    });
}

/// After this, the next attempt gets its token.
fn is_tried_again(step: Step) {
    let server = Server::start([step, token()]);

    let printed = asking("token", &server).run().artefact();

    assert_eq!(printed, format!("{TOKEN}\n"));
}

#[test]
fn the_last_failure_is_the_one_that_is_told() {
    let server = Server::start([unavailable(), Step::Reset, json("500 Oh", "the disk is full")]);

    let outcome = asking("token", &server).run();

    outcome.fails(
        6,
        &format!(
            "error: {} is unavailable: HTTP 500: the disk is full\n\
             hint: try again later; https://status.digdir.no shows current incidents\n",
            server.url("/token")
        ),
    );
}

#[test]
fn verbose_tells_of_each_further_attempt() {
    let server = Server::start([unavailable(), token()]);

    let outcome = asking("token", &server).args(["--verbose"]).run();

    let url = server.url("/token");
    let lines: Vec<_> = outcome.stderr.lines().collect();
    let [key, asking, again] = lines.as_slice() else { panic!("{lines:?}") };
    assert_eq!(*key, "using the key of C=NO, O=TESTETATEN, CN=TESTETATEN, serialNumber=991825827");
    assert_eq!(*asking, format!("asking {url} for difitest:test1"));
    let pause = again.strip_prefix(&format!("{url} is unavailable: HTTP 503 (unavailable); trying again in "));
    let pause: u64 = pause.unwrap().strip_suffix(" ms").unwrap().parse().unwrap();
    assert!((200..=400).contains(&pause), "{pause}");
    assert_eq!((outcome.code, outcome.stdout), (0, format!("{TOKEN}\n")));
}

#[test]
fn a_pause_that_the_server_asks_for_is_kept() {
    let server = Server::start([asks_to_wait("429 Too Many Requests", "1"), token()]);

    let started = Instant::now();
    asking("token", &server).run().artefact();

    let waited = started.elapsed();
    assert!((Duration::from_secs(1)..SLACK).contains(&waited), "{waited:?}");
    are_all_new(&server.requests(), 2);
}

#[test]
fn a_pause_longer_than_the_time_that_is_left_ends_it_at_once() {
    let server = Server::start([asks_to_wait("503 Service Unavailable", "3600")]);

    let started = Instant::now();
    let outcome = asking("token", &server).run();

    assert!(started.elapsed() < SLACK);
    outcome.fails(
        6,
        &format!(
            "error: {} is unavailable: HTTP 503\n\
             hint: try again in 3600 s; https://status.digdir.no shows current incidents\n",
            server.url("/token")
        ),
    );
}

#[test]
fn a_pause_that_is_no_time_is_as_good_as_none() {
    std::thread::scope(|threads| {
        for pause in ["soon", "-1", "99999999999999999999999999", "Sun, 06 Nov 1994 08:49:37 GMT"] {
            threads.spawn(|| is_tried_again(asks_to_wait("429 Too Many Requests", pause)));
        }
    });
}

#[test]
fn a_refusal_and_an_answer_without_sense_are_final() {
    for (step, code) in [
        (json("400 Bad Request", r#"{"error":"invalid_grant"}"#), 5),
        (json("401 Unauthorized", r#"{"error":"invalid_client"}"#), 5),
        (json("403 Forbidden", r#"{"error":"forbidden"}"#), 5),
        (asks_to_wait("400 Bad Request", "1"), 6),
        (json("404 Not Found", ""), 6),
        (json("200 OK", "{}"), 6),
        (answer("302 Found", &["Location: /"], ""), 6),
        (Step::Endless("HTTP/1.1 503 No\r\n\r\n".into(), vec![b' '; 65536]), 6),
    ] {
        let server = Server::start([step]);

        let outcome = asking("token", &server).args(["--retries", "5"]).run();

        assert_eq!((outcome.code, outcome.stdout.as_str()), (code, ""), "{}", outcome.stderr);
        assert_eq!(server.requests().len(), 1);
    }
}

#[test]
fn no_further_attempts_are_made_when_none_are_wanted() {
    for step in [unavailable(), Step::Reset] {
        let server = Server::start([step]);

        let outcome = asking("token", &server).env("MASKINPORTEN_RETRIES", "0").run();

        assert_eq!((outcome.code, outcome.stdout.as_str()), (6, ""), "{}", outcome.stderr);
    }
}

#[test]
fn all_attempts_together_end_with_the_time_out() {
    let server = Server::start([asks_to_wait("503 No", "1"), asks_to_wait("503 No", "1")]);

    let started = Instant::now();
    let outcome = asking("token", &server).args(["--timeout", "2", "--retries", "100"]).run();

    assert!(started.elapsed() < SLACK);
    assert_eq!((outcome.code, outcome.stdout.as_str()), (6, ""), "{}", outcome.stderr);
    are_all_new(&server.requests(), 2);
}

#[test]
fn a_server_that_hangs_after_a_failure_ends_with_the_time_out_too() {
    let server = Server::start([unavailable(), Step::Hang(Vec::new())]);

    let started = Instant::now();
    let outcome = asking("headers", &server).args(["--timeout", "2s"]).run();

    assert!(started.elapsed() < SLACK);
    outcome.fails(
        6,
        &format!(
            "error: could not read the response\ncaused by: {} did not answer in time\n\
             hint: try again later; --timeout waits longer\n",
            server.url("/token")
        ),
    );
}

/// Asks for a token with what the metadata of this server names.
fn discovering(server: &Server) -> Maskinporten {
    maskinporten(["token", "--client-id", "our-client", "--scope", "a:b", "--discover", &server.url("/")])
        .env("MASKINPORTEN_KEYSTORE", testdata("iterations-one.p12"))
        .env("MASKINPORTEN_KEYSTORE_PASSWORD", "secret")
}

#[test]
fn metadata_is_requested_again_like_a_token() {
    let server = Server::start_knowing(|own| {
        let metadata = format!(r#"{{"issuer":"{own}/","token_endpoint":"{own}/token"}}"#);
        [unavailable(), asks_to_wait("429 Too Many Requests", "1"), json("200 OK", metadata), token()]
    });

    let printed = discovering(&server).run().artefact();

    assert_eq!(printed, format!("{TOKEN}\n"));
}

#[test]
fn metadata_that_is_unavailable_is_reported_as_that() {
    let server = Server::start([json("503 Service Unavailable", "maintenance")]);

    let outcome = discovering(&server).args(["--retries", "0"]).run();

    let metadata = server.url("/.well-known/oauth-authorization-server");
    outcome.fails(
        6,
        &format!(
            "error: {metadata} is unavailable: HTTP 503: maintenance\n\
             hint: try again later; https://status.digdir.no shows current incidents\n"
        ),
    );
}
