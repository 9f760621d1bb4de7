//! Signals, sockets, and the log.

use std::{
    fs,
    io::Write as _,
    os::unix::fs::PermissionsExt as _,
    process::Command,
    time::{Duration, Instant},
};

use serde_json::{Value, json};
use snapbox::str;

use super::{Answer, Serve, wait_until};
use crate::{
    local::Local,
    support::{program, send_signal},
};

#[cfg_attr(not(feature = "system-tests"), ignore = "needs curl")]
#[test]
fn the_log_has_both_addresses_and_a_line_for_each_request() {
    let local = Local::start(&[]);
    let mut serve = Serve::local(&local, &[]);
    let port = serve.port();

    let both = format!("listening on http://127.0.0.1:{port}/ and http://[::1]:{port}/ (serving default)\n");
    assert_eq!(serve.log(), both);
    let url = format!("http://[::1]:{port}/?cache=true");
    assert!(program(Command::new("curl").args(["-sSfg", &url]), b"").contains("access_token"));
    serve.get("/?cache=true");
    serve.get("/nothing\u{1b}[31m");
    serve.get("/other");
    let log = serve.wait_for("GET - 404");
    let lines: Vec<_> = log.lines().skip(1).map(without_time).collect();
    assert_eq!(
        lines,
        [
            "GET / 200 fresh (default: difitest:test1)",
            "GET / 200 memory (default: difitest:test1)",
            "GET - 404 not_found"
        ]
    );
}

fn without_time(line: &str) -> String {
    regex::Regex::new(r" \d+ ms").unwrap().replace(line, "").into_owned()
}

#[test]
fn the_json_log_is_one_object_per_line() {
    let local = Local::start(&[]);
    let mut serve = Serve::local(&local, &["--log-format", "json"]);
    serve.get("/?cache=true");
    serve.wait_for("\"request\"");
    serve.signal("-HUP");
    let log = serve.wait_for("\"reloaded\"");

    let lines: Vec<Value> = log.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let port = serve.port();
    let on = json!([format!("http://127.0.0.1:{port}/"), format!("http://[::1]:{port}/")]);
    assert_eq!((&lines[0]["event"], &lines[0]["on"]), (&json!("listening"), &on));
    let mut request = lines[1].clone();
    let members = request.as_object_mut().unwrap();
    assert!(members.remove("milliseconds").unwrap().is_u64());
    let time = members.remove("time").unwrap();
    assert!(chrono::DateTime::parse_from_rfc3339(time.as_str().unwrap()).is_ok(), "{time}");
    assert_eq!(
        request,
        json!({ "event": "request", "method": "GET", "path": "/", "status": 200, "profile": "default",
                "scope": "difitest:test1", "what": "fresh" })
    );
    assert_eq!(lines[2]["profiles"], json!(["default"]));
}

#[cfg_attr(not(feature = "system-tests"), ignore = "needs curl")]
#[test]
fn a_quiet_server_logs_nothing() {
    let local = Local::start(&[]);
    let socket = local.home().join("quiet.sock");
    let (mut child, _home) =
        local.maskinporten(&["serve", "-q", "--env", "local", "--unix-socket", socket.to_str().unwrap()]).start();
    wait_until(|| socket.exists());

    assert_eq!(at_socket(&socket, "/?cache=true").0, "200");
    child.kill().unwrap();

    let mut output = String::new();
    std::io::Read::read_to_string(&mut child.stderr.take().unwrap(), &mut output).unwrap();
    child.wait().unwrap();
    assert_eq!(output, "");
}

/// Sends a request over a Unix socket and returns the status and the body.
fn at_socket(socket: &std::path::Path, path: &str) -> (String, String) {
    let mut curl = Command::new("curl");
    curl.args(["-sS", "-w", "\n%{http_code}", "--unix-socket"]).arg(socket).arg(format!("http://localhost{path}"));
    let output = program(&mut curl, b"");
    let (body, status) = output.rsplit_once('\n').unwrap();
    (status.to_owned(), body.to_owned())
}

#[cfg_attr(not(feature = "system-tests"), ignore = "needs curl")]
#[test]
fn a_unix_socket_is_private_replaces_an_unused_one_and_is_removed_with_the_server() {
    let local = Local::start(&[]);
    let socket = local.home().join("serve.sock");
    let arguments = ["serve", "--env", "local", "--unix-socket", socket.to_str().unwrap()];
    let started = || {
        let (child, home) = local.maskinporten(&arguments).start();
        wait_until(|| std::os::unix::net::UnixStream::connect(&socket).is_ok());
        (child, home)
    };

    let (mut first, _first_home) = started();
    assert_eq!(fs::metadata(&socket).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(at_socket(&socket, "/?cache=true").0, "200");
    local.maskinporten(&arguments).run().replacing(socket.display(), "[SOCKET]").fails(
        3,
        str![[r#"
error: could not listen on the socket `[SOCKET]`: another program uses it
hint: stop the other program, or pass another --unix-socket

"#]],
    );
    first.kill().unwrap();
    first.wait().unwrap();
    assert!(socket.exists(), "a killed server cannot remove it");

    let (mut second, _second_home) = started();
    assert_eq!(at_socket(&socket, "/healthz"), ("200".to_owned(), "ok\n".to_owned()));
    send_signal(second.id(), rustix::process::Signal::TERM);
    assert_eq!(second.wait().unwrap().code(), Some(0));
    assert!(!socket.exists());

    let elsewhere = local.home().join("nowhere/a.socket");
    let arguments_elsewhere = ["serve", "--env", "local", "--unix-socket", elsewhere.to_str().unwrap()];
    local.maskinporten(&arguments_elsewhere).run().replacing(elsewhere.display(), "[ELSEWHERE]").fails(
        3,
        str![[r#"
error: could not listen on the socket `[ELSEWHERE]`
caused by: No such file or directory (os error 2)
hint: pass --unix-socket PATH in a folder that you may write to

"#]],
    );
    fs::write(&socket, "mine").unwrap();
    local.maskinporten(&arguments).run().replacing(socket.display(), "[SOCKET]").fails(
        3,
        str![[r#"
error: `[SOCKET]` exists and is not a socket
hint: pass --unix-socket PATH in a folder that you may write to

"#]],
    );
    assert_eq!(fs::read_to_string(&socket).unwrap(), "mine");
}

#[test]
fn a_stopped_server_finishes_open_requests_and_exits_with_zero() {
    for signal in ["-INT", "-TERM"] {
        let local = Local::with_clients(&[], |clients| clients["faults"] = json!({ "delay_milliseconds": 1000 }));
        let mut serve = Serve::local(&local, &[]);
        let before = serve.open_files();
        let idle = serve.connect();
        let request = format!("GET / HTTP/1.1\r\nHost: localhost:{}\r\n\r\n", serve.port());
        let mut open = serve.connect();
        open.write_all(request.as_bytes()).unwrap();
        // Both connections, and the one to the token endpoint.
        wait_until(|| serve.open_files() >= before + 3);

        serve.signal(signal);
        let answer = Answer::read(open);

        assert_eq!(answer.status, 200, "{signal}: {answer:?}");
        assert_eq!(serve.exit_code(), Some(0));
        drop(idle);
    }
}

#[cfg_attr(not(feature = "system-tests"), ignore = "needs curl")]
#[test]
fn a_stopped_server_gives_open_requests_two_seconds() {
    let local = Local::with_clients(&[], |clients| clients["faults"] = json!({ "delay_milliseconds": 30_000 }));
    let mut serve = Serve::local(&local, &[]);
    let before = serve.open_files();
    let mut open = serve.connect();
    let request = format!("GET / HTTP/1.1\r\nHost: localhost:{}\r\n\r\n", serve.port());
    open.write_all(request.as_bytes()).unwrap();
    wait_until(|| serve.open_files() >= before + 2);

    let stopped = Instant::now();
    serve.signal("-TERM");

    Answer::read(open).fails(503, "stopped");
    assert_eq!(serve.exit_code(), Some(0));
    let took = stopped.elapsed();
    assert!(serve.log().contains(" stopped\n"), "{}", serve.log());
    assert!(took > Duration::from_millis(1500) && took < Duration::from_secs(4), "{took:?}");
    assert!(!serve.log().contains("a fault in"), "{}", serve.log());
}

#[cfg_attr(not(feature = "system-tests"), ignore = "needs bash")]
#[test]
fn a_log_that_is_not_read_delays_no_request() {
    let local = Local::start(&[]);
    let (mut child, _home) = local.maskinporten(&["serve", "--env", "local", "--port", "0"]).start();
    let mut first = [0; 200];
    let mut stderr = child.stderr.take().unwrap();
    let read = std::io::Read::read(&mut stderr, &mut first).unwrap();
    let output = String::from_utf8_lossy(&first[..read]).into_owned();
    let url = output.split("listening on ").nth(1).unwrap().split(' ').next().unwrap().to_owned();

    // More lines than fit into a pipe and into the log's queue.
    let script = format!("for i in 1 2 3; do curl -sSf -o /dev/null '{url}healthz?[1-2500]' ; done; echo done");
    let script = script.replace("healthz?", "nothing/").replace(" -sSf", " -sS");
    assert_eq!(program(Command::new("bash").args(["-c", &script]), b""), "done\n");
    child.kill().unwrap();
    child.wait().unwrap();
}
