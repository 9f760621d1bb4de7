//! No response at all: no listener, a broken connection, a server that does not respond.

use std::{
    net::TcpListener,
    time::{Duration, Instant},
};

use snapbox::str;

use crate::server::{Server, Step, asking, asking_at, raw, unused_address};

/// The longest that a run takes on a busy machine, besides the time that it waits.
const SLACK: Duration = Duration::from_secs(10);

#[test]
fn a_port_without_a_listener_is_reported_with_the_command_that_starts_a_simulator() {
    let url = format!("http://{}/token", unused_address());

    let outcome = asking_at("token", &url).args(["--retries", "0"]).run();

    outcome.replacing(&url, "[URL]").fails(
        6,
        str![[r#"
error: could not reach the server
caused by: could not connect to [URL]: connection refused
hint: start the simulator in another terminal: maskinporten simulate

"#]],
    );
}

#[test]
fn an_unknown_host_is_reported_by_its_name_alone() {
    let outcome = asking_at("token", "https://maskinporten.test.invalid/token?key=hemmelig")
        .args(["--retries", "0"])
        .env("RES_OPTIONS", "timeout:1 attempts:1")
        .run();

    outcome.fails(
        6,
        str![[r#"
error: could not reach the server
caused by: could not find the address of `maskinporten.test.invalid`
hint: check the network and the spelling of the address, or set HTTPS_PROXY to your proxy

"#]],
    );
}

#[test]
fn a_connection_that_breaks_before_the_response_is_reported() {
    for step in [Step::Reset, raw("")] {
        let server = Server::start([step]);

        let outcome = asking("token", &server).args(["--retries", "0"]).run();

        outcome.replacing(server.url("/token"), "[URL]").fails(
            6,
            str![[r#"
error: could not read the response
caused by: the connection to [URL] failed before the response was complete: connection closed by the server
hint: check the URL, and whether a proxy answers instead of the server

"#]],
        );
    }
}

#[test]
fn a_server_that_stops_responding_runs_into_the_timeout() {
    std::thread::scope(|threads| {
        for first in ["", "HTTP/1.1 200 OK\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{"] {
            threads.spawn(|| times_out_after_a_second(first));
        }
    });
}

fn times_out_after_a_second(first: &str) {
    let server = Server::start([Step::Hang(first.into())]);

    let started = Instant::now();
    let outcome = asking("token", &server).args(["--timeout", "1s"]).run();

    let waited = started.elapsed();
    assert!((Duration::from_secs(1)..SLACK).contains(&waited), "{waited:?}");
    outcome.replacing(server.url("/token"), "[URL]").fails(
        6,
        str![[r#"
error: could not read the response
caused by: [URL] did not answer in time
hint: try again later; --timeout waits longer

"#]],
    );
}

#[test]
fn a_listener_without_tls_runs_into_the_connect_timeout() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("https://{}/token", listener.local_addr().unwrap());

    let started = Instant::now();
    let outcome = asking_at("token", &url).args(["--connect-timeout", "1s", "--retries", "0"]).run();

    assert!(started.elapsed() < SLACK);
    outcome.replacing(&url, "[URL]").fails(
        6,
        str![[r#"
error: could not reach the server
caused by: [URL] did not answer in time
hint: check that the firewall lets https out, or set HTTPS_PROXY to your proxy; --connect-timeout waits longer

"#]],
    );
}

#[test]
fn json_errors_distinguish_connection_failures() {
    let url = format!("http://{}/token", unused_address());

    let outcome = asking_at("token", &url).args(["--retries", "0", "--error-format", "json"]).run();

    outcome.replacing(&url, "[URL]").fails(
        6, str![[r#"
{"error":{"code":"connect","message":"could not reach the server","causes":["could not connect to [URL]: connection refused"],"hint":"start the simulator in another terminal: maskinporten simulate","exit_code":6,"http_status":null,"oauth_error":null,"mp_code":null,"trace_id":null,"warnings":[]}}

"#]],
    );
}
