//! No answer at all: nobody there, a connection that breaks, a server that says nothing.

use std::{
    net::TcpListener,
    time::{Duration, Instant},
};

use crate::server::{Server, Step, asking, asking_at, nobody, raw};

/// What a run takes on a busy machine beside the time that it waits.
const SLACK: Duration = Duration::from_secs(10);

#[test]
fn a_port_where_nobody_listens_is_told_with_the_way_to_a_simulator() {
    let url = format!("http://{}/token", nobody());

    let outcome = asking_at("token", &url).args(["--retries", "0"]).run();

    outcome.fails(
        6,
        &format!(
            "error: could not reach the server\ncaused by: could not connect to {url}: connection refused\n\
             hint: start the simulator in another terminal: maskinporten simulate\n"
        ),
    );
}

#[test]
fn a_name_without_an_address_is_told_by_the_name_alone() {
    let outcome = asking_at("token", "https://maskinporten.test.invalid/token?key=hemmelig")
        .args(["--retries", "0"])
        .env("RES_OPTIONS", "timeout:1 attempts:1")
        .run();

    outcome.fails(
        6,
        "error: could not reach the server\n\
         caused by: could not find the address of `maskinporten.test.invalid`\n\
         hint: check the network and the spelling of the address\n",
    );
}

#[test]
fn a_connection_that_breaks_before_the_answer_is_told() {
    for step in [Step::Reset, raw("")] {
        let server = Server::start([step]);

        let outcome = asking("token", &server).args(["--retries", "0"]).run();

        outcome.fails(
            6,
            &format!(
                "error: could not read the response\n\
                 caused by: the connection to {} failed before the response was complete: connection closed by the server\n\
                 hint: check the URL, and whether a proxy answers instead of the server\n",
                server.url("/token")
            ),
        );
    }
}

#[test]
fn a_server_that_falls_silent_is_left_when_the_time_is_over() {
    std::thread::scope(|threads| {
        for first in ["", "HTTP/1.1 200 OK\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{"] {
            threads.spawn(|| is_left_after_a_second(first));
        }
    });
}

fn is_left_after_a_second(first: &str) {
    let server = Server::start([Step::Hang(first.into())]);

    let started = Instant::now();
    let outcome = asking("token", &server).args(["--timeout", "1s"]).run();

    let waited = started.elapsed();
    assert!((Duration::from_secs(1)..SLACK).contains(&waited), "{waited:?}");
    outcome.fails(
        6,
        &format!(
            "error: could not read the response\ncaused by: {} did not answer in time\n\
             hint: try again later; --timeout waits longer\n",
            server.url("/token")
        ),
    );
}

#[test]
fn a_listener_that_never_speaks_tls_is_left_when_connecting_takes_too_long() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("https://{}/token", listener.local_addr().unwrap());

    let started = Instant::now();
    let outcome = asking_at("token", &url).args(["--connect-timeout", "1s", "--retries", "0"]).run();

    assert!(started.elapsed() < SLACK);
    outcome.fails(
        6,
        &format!(
            "error: could not reach the server\ncaused by: {url} did not answer in time\n\
             hint: check that the firewall lets https out, or set HTTPS_PROXY to your proxy; --connect-timeout waits \
             longer\n"
        ),
    );
}

#[test]
fn programs_are_told_which_kind_of_silence_it_was() {
    let url = format!("http://{}/token", nobody());

    let outcome = asking_at("token", &url).args(["--retries", "0", "--error-format", "json"]).run();

    outcome.fails(
        6,
        &format!(
            "{{\"error\":{{\"code\":\"connect\",\"message\":\"could not reach the server\",\"causes\":[\"could not connect \
             to {url}: connection refused\"],\"hint\":\"start the simulator in another terminal: maskinporten \
             simulate\",\"exit_code\":6,\"http_status\":null,\"oauth_error\":null,\"mp_code\":null,\"trace_id\":null,\
             \"warnings\":[]}}}}\n"
        ),
    );
}
