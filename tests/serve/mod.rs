//! The token server as its callers see it: the real binary, a real simulator behind it, and bytes on a socket.

mod activation;
mod answers;
mod backoff;
mod connections;
mod introspection;
mod keep_alive;
mod nais;
mod original;
pub mod person;
mod reload;
mod renewal;
mod running;
mod safety;
mod secrets;
mod start;
mod test_tokens;
mod upstream;

use std::{
    fs,
    io::{Read as _, Write as _},
    net::{SocketAddr, TcpStream},
    process::Child,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use rustix::process::Signal;
use serde_json::Value;
use tempfile::TempDir;

use crate::{
    local::Local,
    support::{Maskinporten, follow},
};

/// How long anything may take that a test waits for.
const PATIENCE: Duration = Duration::from_secs(20);

/// A running server, which is killed on drop.
pub struct Serve {
    child: Child,
    log: Arc<Mutex<String>>,
    address: SocketAddr,
    _home: TempDir,
}

/// A response, head and body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    pub status: u16,
    pub head: String,
    pub body: String,
}

impl Serve {
    /// Starts a server for the simulator's client on a free port.
    pub fn local(local: &Local, arguments: &[&str]) -> Self {
        Self::start(local.maskinporten(&[&["serve", "--env", "local", "--port", "0"], arguments].concat()))
    }

    /// Starts a server and waits until it listens.
    #[track_caller]
    pub fn start(command: Maskinporten) -> Self {
        let (mut child, home) = command.start();
        let log = follow(child.stderr.take().unwrap());
        let mut serve = Self { child, log, address: SocketAddr::from(([0, 0, 0, 0], 0)), _home: home };
        let output = serve.wait_for("://127.0.0.1:");
        let address = output.split("127.0.0.1:").nth(1).unwrap_or("0").split(|c: char| !c.is_ascii_digit()).next();
        serve.address = SocketAddr::from(([127, 0, 0, 1], address.unwrap().parse().unwrap()));
        serve
    }

    /// Returns its URL, with a slash at the end.
    pub fn url(&self) -> String {
        format!("http://{}/", self.address)
    }

    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// Returns what it has logged so far.
    pub fn log(&self) -> String {
        self.log.lock().unwrap().clone()
    }

    /// Waits until its log contains a text.
    #[track_caller]
    pub fn wait_for(&mut self, text: &str) -> String {
        let started = Instant::now();
        loop {
            let log = self.log();
            if log.contains(text) {
                return log;
            }
            assert!(started.elapsed() < PATIENCE, "{text:?} was not logged: {log}");
            assert!(self.child.try_wait().unwrap().is_none() || self.log().contains(text), "it ended: {}", self.log());
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    pub fn get(&self, path: &str) -> Answer {
        self.get_with(path, &[])
    }

    /// Sends a request with these headers; a `Host` among them replaces the usual one.
    pub fn get_with(&self, path: &str, headers: &[&str]) -> Answer {
        self.request("GET", path, headers, "")
    }

    pub fn post(&self, path: &str, media_type: &str, body: &str) -> Answer {
        let headers = [format!("Content-Type: {media_type}"), format!("Content-Length: {}", body.len())];
        self.request("POST", path, &headers.each_ref().map(String::as_str), body)
    }

    pub fn request(&self, method: &str, path: &str, headers: &[&str], body: &str) -> Answer {
        let own = format!("Host: 127.0.0.1:{}", self.port());
        let own: &[&str] = if headers.iter().any(|header| header.starts_with("Host:")) { &[] } else { &[&own] };
        let lines = [own, headers, &["Connection: close"]].concat().join("\r\n");
        self.send(format!("{method} {path} HTTP/1.1\r\n{lines}\r\n\r\n{body}").as_bytes())
    }

    /// Sends bytes, and reads until the server closes the connection.
    pub fn send(&self, bytes: &[u8]) -> Answer {
        let mut stream = self.connect();
        stream.write_all(bytes).unwrap();
        Answer::read(stream)
    }

    pub fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(self.address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream
    }

    pub fn signal(&self, name: &str) {
        let signal = match name {
            "-HUP" => Signal::HUP,
            "-INT" => Signal::INT,
            "-TERM" => Signal::TERM,
            _ => panic!("unknown signal {name}"),
        };
        crate::support::send_signal(self.child.id(), signal);
    }

    pub fn process(&self) -> u32 {
        self.child.id()
    }

    /// Returns how many files and sockets it has open.
    pub fn open_files(&self) -> usize {
        fs::read_dir(format!("/proc/{}/fd", self.process())).unwrap().count()
    }

    /// Waits until it ends.
    pub fn exit_code(&mut self) -> Option<i32> {
        self.child.wait().unwrap().code()
    }
}

/// Waits until a condition is true.
#[track_caller]
fn wait_until(condition: impl Fn() -> bool) {
    let started = Instant::now();
    while !condition() {
        assert!(started.elapsed() < PATIENCE, "waited in vain");
        std::thread::sleep(Duration::from_millis(5));
    }
}

impl Drop for Serve {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Answer {
    /// Reads one response to the end of the connection. What follows a reset is lost, as for any client.
    pub fn read(mut stream: TcpStream) -> Self {
        let mut bytes = Vec::new();
        let mut chunk = [0; 16 * 1024];
        while let Ok(read @ 1..) = stream.read(&mut chunk) {
            bytes.extend_from_slice(&chunk[..read]);
        }
        Self::parse(&String::from_utf8(bytes).unwrap())
    }

    pub fn parse(text: &str) -> Self {
        let (head, body) = text.split_once("\r\n\r\n").unwrap_or((text, ""));
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or_default();
        Self { status, head: head.to_owned(), body: body.to_owned() }
    }

    /// Returns a header's value; names are in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
    }

    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|_| panic!("{self:?}"))
    }

    /// Returns the access token in it.
    #[track_caller]
    pub fn token(&self) -> String {
        self.json()["access_token"].as_str().unwrap_or_else(|| panic!("{self:?}")).to_owned()
    }

    /// Compares the status and the error of a failure.
    #[track_caller]
    pub fn fails(&self, status: u16, error: &str) {
        assert_eq!((self.status, self.json()["error"].as_str()), (status, Some(error)), "{self:?}");
        assert_eq!(self.header("content-type"), Some("application/json"));
        assert_eq!(self.header("cache-control"), Some("no-store"));
    }
}
