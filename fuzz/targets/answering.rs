//! A server on loopback that answers every request with the same bytes, and the key and runtime of a client.

use std::{
    io::{Read as _, Write as _},
    net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream},
    sync::{Arc, LazyLock, Mutex},
    thread,
    time::Duration,
};

use maskinporten::{
    grant::{ClientId, Grant, Scopes},
    keystore::{SignatureAlgorithm, SigningKey},
};
use tokio::runtime::{Builder, Runtime};

/// A longer time means that a program hangs.
pub const TIMEOUT: Duration = Duration::from_secs(5);

/// The runtime of requests.
pub static RUNTIME: LazyLock<Runtime> =
    LazyLock::new(|| Builder::new_current_thread().enable_all().build().expect("a runtime can be built"));

/// A server that answers every request with the same bytes.
pub struct AnsweringServer {
    address: SocketAddr,
    answer: Arc<Mutex<Vec<u8>>>,
}

impl AnsweringServer {
    /// Starts a server in a thread that ends with the process.
    pub fn start() -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port is free");
        let address = listener.local_addr().expect("it has an address");
        let answer = Arc::<Mutex<Vec<u8>>>::default();
        let own = Arc::clone(&answer);
        thread::spawn(move || {
            for connection in listener.incoming().flatten() {
                let answer = own.lock().expect("no thread panics with it").clone();
                let _ = respond(connection, &answer);
            }
        });
        Self { address, answer }
    }

    /// Returns a URL on this server.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// Sets the answer to the next requests.
    pub fn set_answer(&self, answer: Vec<u8>) {
        *self.answer.lock().expect("no thread panics with it") = answer;
    }

    /// Sets the answer to an input: a whole response if it begins as one; otherwise its first byte selects the status,
    /// and the rest is the body.
    pub fn set_input(&self, input: &[u8]) {
        const STATUSES: [&str; 10] = [
            "200 OK",
            "400 Bad Request",
            "401 Unauthorized",
            "403 Forbidden",
            "404 Not Found",
            "429 Too Many Requests",
            "500 Internal Server Error",
            "503 Service Unavailable",
            "302 Found\r\nLocation: https://example.com/?token=1",
            "407 Proxy Authentication Required",
        ];
        if input.starts_with(b"HTTP/1.") {
            return self.set_answer(input.to_vec());
        }
        let (status, body) = match input {
            // A JSON or HTML text is the answer of a server that is well.
            [b'{' | b'[' | b'<', ..] | [] => (STATUSES[0], input),
            [first, body @ ..] => (STATUSES[usize::from(*first) % STATUSES.len()], body),
        };
        let length = body.len();
        let head = format!(
            "HTTP/1.1 {status}\r\nContent-Type: application/json;charset=UTF-8\r\nContent-Length: {length}\r\n"
        );
        self.set_answer([head.as_bytes(), b"Connection: close\r\n\r\n", body].concat());
    }
}

/// Reads a request with its body, and writes the answer.
fn respond(mut connection: TcpStream, answer: &[u8]) -> std::io::Result<()> {
    connection.set_read_timeout(Some(TIMEOUT))?;
    let mut request = Vec::new();
    let mut buffer = [0; 8192];
    loop {
        let length = connection.read(&mut buffer)?;
        request.extend_from_slice(&buffer[..length]);
        if length == 0 || is_complete(&String::from_utf8_lossy(&request)) {
            break;
        }
    }
    connection.write_all(answer)
}

fn is_complete(request: &str) -> bool {
    let Some((head, body)) = request.split_once("\r\n\r\n") else { return false };
    let length = head.lines().find_map(|line| line.to_ascii_lowercase().strip_prefix("content-length: ")?.parse().ok());
    body.len() >= length.unwrap_or(0)
}

/// Returns a key that signs fast.
pub fn key() -> SigningKey {
    SigningKey::from_jwk(include_bytes!("../../testdata/jwk/ec.json")).expect("the sample is a key")
}

/// Returns a grant for an issuer that is not Maskinporten.
pub fn grant() -> Grant {
    let client_id = ClientId::parse("client").expect("it is a client id");
    let scopes = Scopes::parse("difitest:test1").expect("it is a scope");
    Grant::builder("https://issuer.example/", client_id, scopes).algorithm(SignatureAlgorithm::Es256).build()
}
