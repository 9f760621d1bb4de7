//! The steps of a script, and the requests of a client.

use std::{
    fmt,
    io::{self, Write as _},
    net::{Shutdown, SocketAddr, TcpStream},
};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::Value;

use super::{Stream, TOKEN};

/// How much is sent to a client that should have closed the connection long before.
const ENDLESS: usize = 64 * 1024 * 1024;

/// What happens on one connection.
pub enum Step {
    /// Reads the request, sends these bytes and closes.
    Answer(Vec<u8>),
    /// Reads the request, sends the first bytes, then the second ones until the client closes the connection.
    Endless(Vec<u8>, Vec<u8>),
    /// Reads the request, sends these bytes and waits until the client closes the connection.
    Hang(Vec<u8>),
    /// Sends these bytes without TLS, whatever the client sends, and closes.
    Blurt(Vec<u8>),
    /// Closes without reading what the client sent, which resets the connection.
    Reset,
    /// Acts as a proxy: accepts a CONNECT and forwards everything to this address, whatever name it contains.
    Tunnel(SocketAddr),
    /// The client does not finish the TLS handshake.
    NoHandshake,
}

/// A request of a client.
#[derive(Debug, Clone)]
pub struct Request {
    /// The request line and the headers, with line ends.
    pub head: String,
    pub body: String,
}

/// Sends these bytes.
pub fn raw(text: impl AsRef<[u8]>) -> Step {
    Step::Answer(text.as_ref().to_vec())
}

/// Sends a well-formed response and closes the connection.
pub fn answer(status: &str, headers: &[&str], body: impl AsRef<[u8]>) -> Step {
    let body = body.as_ref();
    let length = format!("Content-Length: {}\r\nConnection: close\r\n\r\n", body.len());
    let head = [&[format!("HTTP/1.1 {status}").as_str()], headers, &[length.as_str()]].concat().join("\r\n");
    Step::Answer([head.as_bytes(), body].concat())
}

/// Sends a response in JSON.
pub fn json(status: &str, body: impl AsRef<[u8]>) -> Step {
    answer(status, &["Content-Type: application/json"], body)
}

/// Returns the success of RFC 6749 §5.1, with the token of RFC 6750.
pub fn success() -> String {
    format!(r#"{{"access_token":"{TOKEN}","token_type":"Bearer","expires_in":599,"scope":"difitest:test1"}}"#)
}

/// Sends that success.
pub fn token() -> Step {
    json("200 OK", success())
}

impl fmt::Debug for Step {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Answer(bytes) | Self::Endless(bytes, _) | Self::Hang(bytes) | Self::Blurt(bytes) => {
                write!(formatter, "{:?}", String::from_utf8_lossy(&bytes[..bytes.len().min(300)]))
            }
            Self::Reset => formatter.write_str("Reset"),
            Self::Tunnel(address) => write!(formatter, "Tunnel({address})"),
            Self::NoHandshake => formatter.write_str("NoHandshake"),
        }
    }
}

impl Step {
    /// Plays the step on a connection; a client that closes early is not an error.
    pub(super) fn play(self, stream: &mut dyn Stream, record: impl FnMut(Request)) {
        Request::read(stream).into_iter().for_each(record);
        self.respond(stream);
    }

    /// Plays the step after its request.
    pub fn respond(self, stream: &mut dyn Stream) {
        match self {
            Self::Answer(bytes) => drop(stream.write_all(&bytes)),
            Self::Endless(first, again) => {
                drop(stream.write_all(&first));
                let mut sent = 0;
                while stream.write_all(&again).is_ok() {
                    sent += again.len();
                    assert!(sent < ENDLESS, "the client reads without end");
                }
            }
            Self::Hang(bytes) => {
                drop(stream.write_all(&bytes));
                let _ = stream.read(&mut [0]);
            }
            Self::Tunnel(_) | Self::Blurt(_) | Self::Reset | Self::NoHandshake => {
                unreachable!("played on the socket itself")
            }
        }
    }
}

/// Waits for data and closes without reading it.
pub(super) fn reset(connection: &TcpStream) {
    let _ = connection.peek(&mut [0]);
}

/// Sends bytes after the first data, and reads the rest so that the connection is not reset.
pub(super) fn blurt(mut connection: TcpStream, bytes: &[u8]) {
    reset(&connection);
    drop(connection.write_all(bytes));
    let _ = connection.shutdown(Shutdown::Write);
    let _ = io::copy(&mut connection, &mut io::sink());
}

/// Accepts a CONNECT and forwards everything in both directions until both sides close.
pub(super) fn tunnel(mut connection: TcpStream, address: SocketAddr, record: impl FnMut(Request)) {
    Request::read(&mut connection).into_iter().for_each(record);
    connection.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n").unwrap();
    let mut inner = TcpStream::connect(address).unwrap();
    let (mut from_client, mut to_server) = (connection.try_clone().unwrap(), inner.try_clone().unwrap());
    let outward = std::thread::spawn(move || {
        let _ = io::copy(&mut from_client, &mut to_server);
        let _ = to_server.shutdown(Shutdown::Write);
    });
    let _ = io::copy(&mut inner, &mut connection);
    let _ = connection.shutdown(Shutdown::Both);
    outward.join().unwrap();
}

impl Request {
    /// Reads head and body; `None` when the client closed before its head was complete.
    pub fn read(stream: &mut (impl Stream + ?Sized)) -> Option<Self> {
        let mut bytes = Vec::new();
        let end = loop {
            if let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
                break end + 4;
            }
            let mut byte = [0];
            if stream.read(&mut byte).ok()? == 0 {
                return None;
            }
            bytes.push(byte[0]);
        };
        let mut request = Self { head: String::from_utf8(bytes[..end].to_vec()).unwrap(), body: String::new() };
        let length = request.header("content-length").map_or(0, |length| length.parse().unwrap());
        let mut body = vec![0; length];
        stream.read_exact(&mut body).ok()?;
        request.body = String::from_utf8(body).unwrap();
        Some(request)
    }

    /// Returns the request line.
    pub fn line(&self) -> &str {
        self.head.lines().next().unwrap()
    }

    /// Returns a header's value.
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut headers = self.head.lines().skip(1).filter_map(|line| line.split_once(": "));
        headers.find(|(own, _)| own.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }

    /// Returns the assertion in the form.
    #[track_caller]
    pub fn assertion(&self) -> String {
        let mut pairs = url::form_urlencoded::parse(self.body.as_bytes());
        pairs.find(|(name, _)| name == "assertion").unwrap().1.into_owned()
    }

    /// Returns the claims of that assertion.
    #[track_caller]
    pub fn claims(&self) -> Value {
        let assertion = self.assertion();
        let payload = assertion.split('.').nth(1).unwrap();
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).unwrap()).unwrap()
    }
}
