//! A running simulator, a minimal HTTP client and a clock for tests.

use std::{
    io::{Read, Write},
    net::TcpStream,
    sync::{
        Arc, Mutex,
        atomic::{AtomicI64, Ordering},
    },
    thread::JoinHandle,
    time::Duration,
};

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

use super::{
    folder::{folder, open},
    grants::{TestGrant, now, x5c},
};
use crate::{
    clock::{Clock, FixedClock},
    simulator::{Installation, Simulator, SimulatorOptions},
};

/// A simulator that serves on its own thread until it is dropped.
pub(super) struct Running {
    pub(super) installation: Installation,
    pub(super) issuer: String,
    pub(super) log: Arc<Mutex<Vec<String>>>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) port: u16,
    pub(super) stop: Option<tokio::sync::oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
    _place: tempfile::TempDir,
}

impl Running {
    pub(super) fn start(change: impl FnOnce(&mut SimulatorOptions)) -> Self {
        let (place, dir) = folder();
        let log = Arc::new(Mutex::new(Vec::new()));
        let (mut options, lines) = (SimulatorOptions::new(dir), Arc::clone(&log));
        options.clock = Arc::new(FixedClock(now()));
        options.observer = Some(Arc::new(move |event| lines.lock().unwrap().push(event.to_string())));
        change(&mut options);
        let clock = Arc::clone(&options.clock);
        let simulator = Simulator::start(options).unwrap();
        let (installation, issuer) = (simulator.installation().clone(), simulator.issuer().to_owned());
        let port = issuer.trim_end_matches('/').rsplit(':').next().unwrap().parse().unwrap();
        let (stop, stopped) = tokio::sync::oneshot::channel();
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(simulator.serve(async { drop(stopped.await) })).unwrap();
        });
        Self { installation, issuer, log, clock, port, stop: Some(stop), thread: Some(thread), _place: place }
    }

    pub(super) fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        stream
    }

    /// Sends a request and returns the status, the head and the body.
    pub(super) fn ask(&self, start: &str, headers: &str, body: &str) -> (u16, String, String) {
        exchange(self.connect(), self.port, start, headers, body)
    }

    /// Sends a request with a token.
    pub(super) fn bearer(&self, start: &str, token: &str, body: &str) -> (u16, String, String) {
        let headers = format!("Authorization: Bearer {token}\r\nContent-Type: application/json\r\n");
        self.ask(start, &headers, body)
    }

    /// The same, for a response that is JSON.
    pub(super) fn json(&self, start: &str, token: &str, body: &Value) -> (u16, Value) {
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let (status, _, body) = self.bearer(start, token, &body);
        (status, serde_json::from_str(&body).unwrap_or(Value::String(body)))
    }

    pub(super) fn last_log_line(&self) -> String {
        self.log.lock().unwrap().last().unwrap().clone()
    }

    pub(super) fn token(&self, assertion: &str) -> (u16, String, String) {
        let form = format!("grant_type=urn:ietf:params:oauth:grant-type:jwt-bearer&assertion={assertion}");
        self.ask("POST /token", "Content-Type: application/x-www-form-urlencoded\r\n", &form)
    }

    /// Returns a valid assertion for this simulator, signed with a key from a keystore in its folder.
    pub(super) fn grant(&self, index: usize, alias: usize, jti: &str) -> TestGrant {
        let keystore = &self.installation.keystores[index];
        let (_, key, certificate) = open(keystore).swap_remove(alias);
        TestGrant::new(json!({"alg": "RS256", "x5c": x5c(&[certificate])}), keystore.client_id, &key)
            .claim("aud", json!(self.issuer))
            .claim("jti", json!(jti))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        drop(self.stop.take());
        let joined = self.thread.take().map(JoinHandle::join);
        assert!(std::thread::panicking() || joined.is_some_and(|result| result.is_ok()));
    }
}

pub(super) fn exchange(
    stream: impl Read + Write,
    port: u16,
    start: &str,
    headers: &str,
    body: &str,
) -> (u16, String, String) {
    let (status, head, body) = exchange_exactly(stream, port, start, headers, body);
    (status, head.to_ascii_lowercase(), body)
}

/// The same, with the head as it was sent.
pub(super) fn exchange_exactly(
    mut stream: impl Read + Write,
    port: u16,
    start: &str,
    headers: &str,
    body: &str,
) -> (u16, String, String) {
    let length = body.len();
    let request = format!(
        "{start} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\nContent-Length: {length}\r\n{headers}\r\n{body}"
    );
    // A server that rejects a body may close the connection before it has read all of it.
    let _ = stream.write_all(request.as_bytes());
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    let answer = String::from_utf8_lossy(&answer).into_owned();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0);
    (status, head.to_owned(), body.to_owned())
}

/// A clock that changes only when a test advances it.
#[derive(Default)]
pub(super) struct MovableClock(AtomicI64);

impl MovableClock {
    pub(super) fn advance(&self, seconds: i64) {
        self.0.fetch_add(seconds, Ordering::SeqCst);
    }
}

impl Clock for MovableClock {
    fn now(&self) -> DateTime<Utc> {
        now() + TimeDelta::seconds(self.0.load(Ordering::SeqCst))
    }
}
