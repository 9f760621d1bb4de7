//! Connections that stay open: their memory, their time limits, and that no request is lost or invented on them.

use std::{
    fs,
    io::{Read as _, Write as _},
    net::TcpStream,
    process::Command,
    time::{Duration, Instant},
};

use super::{Answer, Serve};
use crate::{local::Local, support::program};

/// A pause between the requests of a client.
const PAUSE: Duration = Duration::from_millis(150);

fn request(serve: &Serve, path: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nHost: localhost:{}\r\n\r\n", serve.port())
}

/// Reads one response by its length, and leaves the connection open.
#[track_caller]
fn one_answer(stream: &mut TcpStream) -> Answer {
    let mut text = Vec::new();
    let mut byte = [0];
    while !text.ends_with(b"\r\n\r\n") {
        stream.read_exact(&mut byte).unwrap();
        text.push(byte[0]);
    }
    let head = Answer::parse(std::str::from_utf8(&text).unwrap());
    let mut body = vec![0; head.header("content-length").unwrap().parse().unwrap()];
    stream.read_exact(&mut body).unwrap();
    Answer { body: String::from_utf8(body).unwrap(), ..head }
}

/// Returns the server's memory without its program file.
fn anonymous_kilobytes(serve: &Serve) -> u64 {
    let status = fs::read_to_string(format!("/proc/{}/status", serve.process())).unwrap();
    let own = status.lines().find_map(|line| line.strip_prefix("RssAnon:")).unwrap();
    own.trim().trim_end_matches(" kB").parse().unwrap()
}

#[test]
fn a_thousand_open_connections_take_less_than_forty_megabytes() {
    let local = Local::start(&[]);
    let serve = Serve::local(&local, &[]);
    assert_eq!(serve.get("/?cache=true").status, 200);
    let before = anonymous_kilobytes(&serve);

    let mut open: Vec<_> = (0..1000).map(|_| serve.connect()).collect();
    for _ in 0..2 {
        for stream in &mut open {
            stream.write_all(request(&serve, "/?cache=true").as_bytes()).unwrap();
        }
        for stream in &mut open {
            assert_eq!(one_answer(stream).status, 200);
        }
    }

    let taken = anonymous_kilobytes(&serve).saturating_sub(before);
    assert!(taken < 40 * 1024, "{taken} kB");
}

#[test]
fn requests_with_pauses_between_and_within_them_are_all_answered_on_one_connection() {
    let local = Local::start(&[]);
    let serve = Serve::local(&local, &[]);
    let (health, metrics) = (request(&serve, "/healthz"), request(&serve, "/metrics"));
    let mut stream = serve.connect();

    for _ in 0..3 {
        std::thread::sleep(PAUSE);
        stream.write_all(health.as_bytes()).unwrap();
        assert_eq!(one_answer(&mut stream).body, "ok\n");
    }
    // The beginning of a request arrives together with the one before it.
    for cut in [1, 3, 20, metrics.len() - 1] {
        stream.write_all(format!("{health}{health}{}", &metrics[..cut]).as_bytes()).unwrap();
        assert_eq!(one_answer(&mut stream).body, "ok\n");
        assert_eq!(one_answer(&mut stream).body, "ok\n");
        std::thread::sleep(PAUSE);
        stream.write_all(&metrics.as_bytes()[cut..]).unwrap();
        assert!(one_answer(&mut stream).body.contains("maskinporten_"));
    }
    for byte in health.as_bytes() {
        stream.write_all(&[*byte]).unwrap();
        std::thread::sleep(Duration::from_millis(2));
    }
    assert_eq!(one_answer(&mut stream).body, "ok\n");
    stream.write_all(health.replace("\r\n\r\n", "\r\nConnection: close\r\n\r\n").as_bytes()).unwrap();
    assert_eq!(one_answer(&mut stream).body, "ok\n");
    assert_eq!(stream.read(&mut [0]).unwrap(), 0, "it must be closed");
}

#[test]
fn the_rest_of_a_body_is_not_a_request() {
    let local = Local::start(&[]);
    let serve = Serve::local(&local, &[]);
    let hidden = request(&serve, "/?cache=true").repeat(20);
    let head = format!("Host: localhost:{}\r\nContent-Length: {}\r\n\r\n", serve.port(), hidden.len());
    let chunked =
        format!("Host: localhost:{}\r\nTransfer-Encoding: chunked\r\n\r\n{:x}\r\n", serve.port(), hidden.len());
    for (head, pieces) in [(&head, 1), (&head, 7), (&chunked, 1), (&chunked, 7)] {
        for path in ["POST /healthz", "GET /healthz", "POST /nothing", "DELETE /"] {
            let mut stream = serve.connect();
            stream.write_all(format!("{path} HTTP/1.1\r\n{head}").as_bytes()).unwrap();
            for piece in hidden.as_bytes().chunks(hidden.len().div_ceil(pieces)) {
                std::thread::sleep(Duration::from_millis(20));
                // The server may have closed the connection by now.
                let _ = stream.write_all(piece);
            }
            let _ = stream.shutdown(std::net::Shutdown::Write);
            let mut text = Vec::new();
            let _ = stream.read_to_end(&mut text);
            let text = String::from_utf8(text).unwrap();
            assert!(text.matches("HTTP/1.1 ").count() <= 1, "{path}: {text}");
            assert!(!text.contains("access_token"), "{path}: {text}");
        }
    }
    assert!(!serve.log().contains("GET / 200"), "{}", serve.log());
}

#[test]
fn a_client_that_sends_a_tls_record_byte_by_byte_is_dropped() {
    let local = Local::start(&[]);
    let (certificate, key) = super::safety::tls_files(&local);
    let serve = Serve::local(&local, &["--tls-cert", &certificate, "--tls-key", &key]);
    // One TLS record, a byte a second.
    let script = format!(
        "import socket, ssl, time\n\
         plain = socket.create_connection(('127.0.0.1', {}))\n\
         incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()\n\
         tls = ssl.create_default_context(cafile='{certificate}').wrap_bio(incoming, outgoing, server_hostname='localhost')\n\
         while True:\n\
         \x20   try:\n\
         \x20       tls.do_handshake()\n\
         \x20       break\n\
         \x20   except ssl.SSLWantReadError:\n\
         \x20       plain.sendall(outgoing.read())\n\
         \x20       incoming.write(plain.recv(65536))\n\
         plain.sendall(outgoing.read())\n\
         tls.write(b'x' * 1000)\n\
         began, plain_end = time.time(), None\n\
         plain.settimeout(1)\n\
         for byte in outgoing.read()[:40]:\n\
         \x20   try:\n\
         \x20       plain.sendall(bytes([byte]))\n\
         \x20       while plain.recv(65536): pass\n\
         \x20       break\n\
         \x20   except TimeoutError: pass\n\
         \x20   except OSError: break\n\
         print(8 < time.time() - began < 20)",
        serve.port()
    );

    assert_eq!(program(Command::new("python3").args(["-c", &script]), b""), "True\n");
}

#[test]
fn a_connection_that_has_carried_a_body_takes_no_more_memory_than_any_other() {
    let local = Local::start(&[]);
    let serve = Serve::local(&local, &[]);
    let body = r#"{"identity_provider":"maskinporten","target":"difitest:test1"}"#;
    let head = format!("POST /api/v1/token HTTP/1.1\r\nHost: localhost:{}\r\n", serve.port());
    let head = format!("{head}Content-Type: application/json\r\n");
    let whole = format!("{head}Content-Length: {}\r\n\r\n{body}", body.len());
    let (first, second) = body.split_at(20);
    let chunks = format!("{:x}\r\n{first}\r\n{:x}\r\n{second}\r\n0\r\n\r\n", first.len(), second.len());
    let chunked = format!("{head}Transfer-Encoding: chunked\r\n\r\n{chunks}");
    let mut stream = serve.connect();
    for request_text in [&whole, &chunked, &whole, &chunked] {
        for piece in request_text.as_bytes().chunks(100) {
            stream.write_all(piece).unwrap();
            std::thread::sleep(Duration::from_millis(20));
        }
        assert!(one_answer(&mut stream).body.contains("access_token"));
        stream.write_all(request(&serve, "/healthz").as_bytes()).unwrap();
        assert_eq!(one_answer(&mut stream).body, "ok\n");
    }
    let before = anonymous_kilobytes(&serve);

    let mut open: Vec<_> = (0..500).map(|_| serve.connect()).collect();
    for stream in &mut open {
        stream.write_all(whole.as_bytes()).unwrap();
        assert!(one_answer(stream).body.contains("access_token"));
    }

    let taken = anonymous_kilobytes(&serve).saturating_sub(before);
    assert!(taken < 20 * 1024, "{taken} kB");
}

#[test]
fn a_client_that_reads_no_responses_is_dropped() {
    let local = Local::start(&[]);
    let serve = Serve::local(&local, &[]);
    let before = serve.open_files();
    let (mut stream, started) = (serve.connect(), Instant::now());
    // More than the system buffers for both sides.
    let many = request(&serve, "/page.js").repeat(100);
    stream.set_nonblocking(true).unwrap();
    while stream.write(many.as_bytes()).is_ok() {
        std::thread::sleep(Duration::from_millis(5));
    }

    assert_eq!(serve.open_files(), before + 1);
    while serve.open_files() > before {
        assert!(started.elapsed() < Duration::from_secs(30), "it is still there");
        std::thread::sleep(Duration::from_millis(100));
    }
    assert!(started.elapsed() > Duration::from_secs(9), "{:?}", started.elapsed());
    assert_eq!(serve.get("/healthz").status, 200);
}

#[test]
fn an_idle_connection_ends_after_ten_seconds_or_with_the_server() {
    let local = Local::start(&[]);
    let mut serve = Serve::local(&local, &[]);
    let ask = |serve: &Serve| {
        let mut stream = serve.connect();
        stream.write_all(request(serve, "/healthz").as_bytes()).unwrap();
        assert_eq!(one_answer(&mut stream).status, 200);
        stream
    };

    let (mut stream, started) = (ask(&serve), Instant::now());
    assert_eq!(stream.read(&mut [0]).unwrap(), 0);
    let took = started.elapsed().as_secs();
    assert!((8..15).contains(&took), "{took} s");

    let (mut used, mut silent, started) = (ask(&serve), serve.connect(), Instant::now());
    std::thread::sleep(PAUSE);
    serve.signal("-TERM");
    assert_eq!(serve.exit_code(), Some(0));
    assert!(started.elapsed() < Duration::from_millis(1500), "{:?}", started.elapsed());
    assert_eq!((used.read(&mut [0]).unwrap_or(0), silent.read(&mut [0]).unwrap_or(0)), (0, 0));
}

#[test]
fn connections_over_tls_and_over_a_unix_socket_stay_open_too() {
    let local = Local::start(&[]);
    let (certificate, key) = super::safety::tls_files(&local);
    let socket = local.home().join("kept.socket");
    let tls = Serve::local(&local, &["--tls-cert", &certificate, "--tls-key", &key]);
    let arguments = ["serve", "--env", "local", "--unix-socket", socket.to_str().unwrap()];
    let (mut unix, _home) = local.maskinporten(&arguments).start();
    while !socket.exists() {
        std::thread::sleep(Duration::from_millis(5));
    }

    let of_tls = (["--cacert", &certificate], format!("https://localhost:{}/healthz", tls.port()));
    let of_unix = (["--unix-socket", socket.to_str().unwrap()], "http://localhost/healthz".to_owned());
    for (options, url) in [of_tls, of_unix] {
        let mut curl = Command::new("curl");
        curl.args(["-sS", "--rate", "2/s", "-w", "%{num_connects}\n"]).args(options).args([&url, &url, &url]);
        assert_eq!(program(&mut curl, b""), "ok\n1\nok\n0\nok\n0\n");
    }
    unix.kill().unwrap();
    unix.wait().unwrap();
}
