//! Slow, huge and malformed requests, which must not affect other callers.

use std::{
    io::{Read as _, Write as _},
    time::{Duration, Instant},
};

use super::{Answer, Serve};
use crate::local::Local;

#[test]
fn one_connection_serves_many_requests_that_are_sent_at_once() {
    let local = Local::start(&[]);
    let serve = Serve::local(&local, &[]);
    let request = format!("GET /healthz HTTP/1.1\r\nHost: localhost:{}\r\n\r\n", serve.port());
    let last = request.replace("\r\n\r\n", "\r\nConnection: close\r\n\r\n");

    let mut stream = serve.connect();
    stream.write_all(format!("{}{last}", request.repeat(99)).as_bytes()).unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).unwrap();

    assert_eq!(text.matches("HTTP/1.1 200 OK\r\n").count(), 100);
    assert_eq!(text.matches("\r\n\r\nok\n").count(), 100);
}

#[test]
fn headers_that_are_too_large_or_too_many_are_refused() {
    let local = Local::start(&[]);
    let serve = Serve::local(&local, &[]);

    let large = serve.get_with("/healthz", &[&format!("X: {}", "x".repeat(17 * 1024))]);
    let many = serve.get_with("/healthz", &["X: x"; 70]);
    let long = serve.get(&format!("/{}", "x".repeat(100 * 1024)));

    assert_eq!((large.status, many.status), (431, 431));
    assert!([414, 431].contains(&long.status), "{long:?}");
    assert_eq!(serve.get("/healthz").status, 200);
}

#[test]
fn bodies_that_are_too_large_are_refused_with_and_without_a_declared_length() {
    let local = Local::start(&[]);
    let serve = Serve::local(&local, &[]);
    let huge = format!("{{\"token\":\"{}\"}}", "x".repeat(100 * 1024));

    serve.post("/api/v1/introspect", "application/json", &huge).fails(413, "too_large");
    let head = format!(
        "POST /api/v1/token HTTP/1.1\r\nHost: localhost:{}\r\nContent-Type: application/json\r\n",
        serve.port()
    );
    let lying = serve.send(format!("{head}Content-Length: 99999999999\r\n\r\n{{").as_bytes());
    lying.fails(413, "too_large");
    let chunk = format!("1000\r\n{}\r\n", "x".repeat(0x1000));
    let chunked = format!("{head}Transfer-Encoding: chunked\r\n\r\n{}0\r\n\r\n", chunk.repeat(30));
    serve.send(chunked.as_bytes()).fails(413, "too_large");
    assert_eq!(serve.get("/healthz").status, 200);
}

#[test]
fn bytes_that_are_not_http_get_an_error_or_a_closed_connection() {
    let local = Local::start(&[]);
    let serve = Serve::local(&local, &[]);
    for bytes in [
        &b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"[..],
        b"GET / HTTP/1.1\r\nHost : x\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nX: \x00\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"nonsense\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    ] {
        let answer = serve.send(bytes);
        assert!([0, 400, 505].contains(&answer.status), "{bytes:?}: {answer:?}");
    }
    assert_eq!(serve.get("/healthz").status, 200);
    assert!(!serve.log().contains("a fault in"), "{}", serve.log());
}

#[test]
fn requests_that_never_end_are_cut_off_and_others_are_served_meanwhile() {
    let local = Local::start(&[]);
    let serve = Serve::local(&local, &[]);
    let head = format!("POST /api/v1/token HTTP/1.1\r\nHost: localhost:{}\r\n", serve.port());
    let body = format!("{head}Content-Type: application/json\r\nContent-Length: 100\r\n\r\n{{");

    let started = Instant::now();
    let slow = |head: &str, drip: &'static str| {
        let mut stream = serve.connect();
        stream.write_all(head.as_bytes()).unwrap();
        let mut dripping = stream.try_clone().unwrap();
        std::thread::spawn(move || {
            while dripping.write_all(drip.as_bytes()).is_ok() {
                std::thread::sleep(Duration::from_millis(500));
            }
        });
        std::thread::spawn(move || (Answer::read(stream), Instant::now()))
    };
    let crowd: Vec<_> = (0..300).map(|_| serve.connect()).collect();
    let (headers, bodies, silent) = (slow(&head, "X: y\r\n"), slow(&body, " "), slow("", ""));
    let served = serve.get("/?cache=true");
    let served_in = started.elapsed();

    assert_eq!(served.status, 200);
    assert!(served_in < Duration::from_secs(5), "{served_in:?}");
    for (slow, statuses) in [(headers, &[0, 408][..]), (bodies, &[408]), (silent, &[0, 408])] {
        let (answer, ended) = slow.join().unwrap();
        assert!(statuses.contains(&answer.status), "{answer:?}");
        let took = ended.duration_since(started).as_secs();
        assert!((8..15).contains(&took), "{took} s");
    }
    drop(crowd);
}
