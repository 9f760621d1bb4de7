//! Which failures are retried, the backoff, and that no assertion is sent twice.

use std::{
    collections::BTreeSet,
    time::{Duration, Instant},
};

use snapbox::str;

use crate::{
    server::{Request, Server, Step, TOKEN, answer, asking, json, token},
    support::{Maskinporten, maskinporten, testdata},
};

/// The longest that a run takes on a busy machine, besides the time that it waits.
const SLACK: Duration = Duration::from_secs(10);

fn unavailable() -> Step {
    json("503 Service Unavailable", "")
}

fn asks_to_wait(status: &str, seconds: &str) -> Step {
    answer(status, &[&format!("Retry-After: {seconds}")], "")
}

/// Every request has a new assertion: other bytes, another `jti`.
#[track_caller]
fn are_all_new(requests: &[Request], count: usize) {
    let assertions: BTreeSet<_> = requests.iter().map(Request::assertion).collect();
    let ids: BTreeSet<_> = requests.iter().map(|request| request.claims()["jti"].to_string()).collect();
    assert_eq!((requests.len(), assertions.len(), ids.len()), (count, count, count));
}

#[test]
fn an_unavailable_server_gets_a_new_grant_with_each_attempt() {
    let server = Server::start([unavailable(), unavailable(), token()]);

    let printed = asking("token", &server).run().artefact();

    assert_eq!(printed, format!("{TOKEN}\n"));
    are_all_new(&server.requests(), 3);
}

#[test]
fn every_temporary_failure_is_retried() {
    let failures =
        [Step::Reset, Step::Answer(Vec::new()), json("429 Too Many Requests", ""), json("500 Oh", ""), unavailable()];
    std::thread::scope(|threads| {
        for step in failures {
            threads.spawn(|| is_retried(step));
        }
    });
}

/// The attempt after this failure gets a token.
fn is_retried(step: Step) {
    let server = Server::start([step, token()]);

    let printed = asking("token", &server).run().artefact();

    assert_eq!(printed, format!("{TOKEN}\n"));
}

#[test]
fn the_last_failure_is_reported() {
    let server = Server::start([unavailable(), Step::Reset, json("500 Oh", "the disk is full")]);

    let outcome = asking("token", &server).run();

    outcome.replacing(server.url("/token"), "[URL]").fails(
        6,
        str![[r#"
error: [URL] is unavailable (3 attempts): HTTP 500: the disk is full
hint: try again later

"#]],
    );
}

#[test]
fn verbose_reports_each_retry() {
    let server = Server::start([unavailable(), token()]);

    let outcome = asking("token", &server).args(["--verbose"]).run();

    let url = server.url("/token");
    let lines: Vec<_> = outcome.stderr.lines().collect();
    let [key, asking, again] = lines.as_slice() else { panic!("{lines:?}") };
    assert_eq!(*key, "using the key of C=NO, O=TESTETATEN, CN=TESTETATEN, serialNumber=991825827");
    assert_eq!(*asking, format!("requesting a token from {url} for difitest:test1"));
    let pause = again.strip_prefix(&format!("{url} is unavailable: HTTP 503 (unavailable); trying again in "));
    let pause: u64 = pause.unwrap().strip_suffix(" ms").unwrap().parse().unwrap();
    assert!((200..=400).contains(&pause), "{pause}");
    assert_eq!((outcome.code, outcome.stdout), (0, format!("{TOKEN}\n")));
}

#[test]
fn the_servers_retry_after_is_obeyed() {
    let server = Server::start([asks_to_wait("429 Too Many Requests", "1"), token()]);

    let started = Instant::now();
    asking("token", &server).run().artefact();

    let waited = started.elapsed();
    assert!((Duration::from_secs(1)..SLACK).contains(&waited), "{waited:?}");
    are_all_new(&server.requests(), 2);
}

#[test]
fn a_retry_after_beyond_the_timeout_fails_at_once() {
    let server = Server::start([asks_to_wait("503 Service Unavailable", "3600")]);

    let started = Instant::now();
    let outcome = asking("token", &server).run();

    assert!(started.elapsed() < SLACK);
    outcome.replacing(server.url("/token"), "[URL]").fails(
        6,
        str![[r#"
error: [URL] is unavailable: HTTP 503
hint: try again in 3600 s

"#]],
    );
}

#[test]
fn a_server_that_limits_requests_is_not_called_unavailable() {
    let server = Server::start([asks_to_wait("429 Too Many Requests", "3600")]);

    let outcome = asking("token", &server).run();

    outcome.replacing(server.url("/token"), "[URL]").fails(
        6,
        str![[r#"
error: [URL] received too many requests: HTTP 429
hint: try again in 3600 s; use each token until it expires instead of requesting one for every call

"#]],
    );
}

#[test]
fn a_malformed_retry_after_is_ignored() {
    std::thread::scope(|threads| {
        for pause in ["soon", "-1", "99999999999999999999999999", "Sun, 06 Nov 1994 08:49:37 GMT"] {
            threads.spawn(|| is_retried(asks_to_wait("429 Too Many Requests", pause)));
        }
    });
}

#[test]
fn refusals_and_unexpected_responses_are_not_retried() {
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
fn with_zero_retries_there_is_one_attempt() {
    for step in [unavailable(), Step::Reset] {
        let server = Server::start([step]);

        let outcome = asking("token", &server).env("MASKINPORTEN_RETRIES", "0").run();

        assert_eq!((outcome.code, outcome.stdout.as_str()), (6, ""), "{}", outcome.stderr);
    }
}

#[test]
fn the_timeout_limits_all_attempts_together() {
    let server = Server::start([asks_to_wait("503 No", "1"), asks_to_wait("503 No", "1")]);

    let started = Instant::now();
    let outcome = asking("token", &server).args(["--timeout", "2", "--retries", "100"]).run();

    assert!(started.elapsed() < SLACK);
    assert_eq!((outcome.code, outcome.stdout.as_str()), (6, ""), "{}", outcome.stderr);
    are_all_new(&server.requests(), 2);
}

#[test]
fn the_timeout_also_limits_a_server_that_hangs_after_a_failure() {
    let server = Server::start([unavailable(), Step::Hang(Vec::new())]);

    let started = Instant::now();
    let outcome = asking("headers", &server).args(["--timeout", "2s"]).run();

    assert!(started.elapsed() < SLACK);
    outcome.replacing(server.url("/token"), "[URL]").fails(
        6,
        str![[r#"
error: could not read the response (2 attempts)
caused by: [URL] did not answer in time
hint: try again later; --timeout waits longer

"#]],
    );
}

/// Requests a token with the issuer and endpoint in the metadata of this server.
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
fn unavailable_metadata_is_reported_as_such() {
    let server = Server::start([json("503 Service Unavailable", "maintenance")]);

    let outcome = discovering(&server).args(["--retries", "0"]).run();

    let metadata = server.url("/.well-known/oauth-authorization-server");
    outcome.replacing(&metadata, "[METADATA]").fails(
        6,
        str![[r#"
error: [METADATA] is unavailable: HTTP 503: maintenance
hint: try again later

"#]],
    );
}
