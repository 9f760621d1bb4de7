//! A request to the local token server.

use std::{
    io::{ErrorKind, Read as _, Write as _},
    net::{Ipv4Addr, SocketAddr, TcpStream},
    sync::{Arc, LazyLock},
    thread,
    time::Duration,
};

use maskinporten::{
    client::RetryPolicy,
    environment::Environment,
    environment::KnownIssuer,
    grant::Scopes,
    http::{Endpoint, HttpOptions},
    server::{AllowedScopes, Event, Listen, ProfileSource, ServedProfile, Server, ServerOptions},
    tokens::{TokenEndpoint, TokenSource},
};
use tokio::runtime::Builder;

use super::{
    answering::{AnsweringServer, TIMEOUT, grant, key},
    properties::{Secrets, check_line, check_text},
};

/// The secret of one of the servers.
const SECRET: &str = "hemmelig-nok-for-en-lokal-tjener-7f3a";
/// The token that every request gets.
const TOKEN: &str = "eyJmdXp6Ijp0cnVlfQ.eyJzY29wZSI6ImEifQ.bWVya2V0LXRva2Vu";
/// What the server's port replaces.
const PORT: &str = "PORT";

static SERVERS: LazyLock<[SocketAddr; 2]> = LazyLock::new(|| [start(None), start(Some(SECRET))]);

struct Served(Arc<Vec<Arc<ServedProfile>>>);

impl ProfileSource for Served {
    fn profiles(&self) -> Arc<Vec<Arc<ServedProfile>>> {
        Arc::clone(&self.0)
    }
}

/// Starts a server in a thread that ends with the process.
fn start(secret: Option<&str>) -> SocketAddr {
    let upstream = AnsweringServer::start();
    let answer = format!(r#"{{"access_token":"{TOKEN}","token_type":"Bearer","expires_in":599,"scope":"a:b"}}"#);
    upstream.set_input(answer.as_bytes());
    let endpoint = TokenEndpoint::Fixed(Endpoint::parse(&upstream.url("/token")).expect("it is an address"));
    let policy = RetryPolicy { timeout: Duration::from_secs(2), retries: 0 };
    let tokens = TokenSource::for_grant(grant(), endpoint, key()).retry_policy(policy).build();
    let profile = ServedProfile {
        name: "test".to_owned(),
        environment: Environment::Test.name().to_owned(),
        issuer: KnownIssuer::find("https://test.maskinporten.no/").expect("it is known"),
        scopes: Scopes::parse("difitest:test1").expect("it is a scope"),
        allowed: AllowedScopes::new(["difitest:*".to_owned()]),
        tokens: tokens.expect("the grant is complete"),
        headers: Vec::new(),
        // No request leaves this machine.
        http: HttpOptions { ca_file: Some("/nonexistent".into()), ..HttpOptions::default() },
        timeout: Duration::from_secs(2),
        key_expires_at: None,
        identity: "test".to_owned(),
    };
    let source = Arc::new(Served(Arc::new(vec![Arc::new(profile)])));
    let mut options = ServerOptions::new(vec![Listen::Address((Ipv4Addr::LOCALHOST, 0).into())]);
    options.secret = secret.map(Into::into);
    options.observer = Some(Arc::new(|event: &Event| {
        let line = event.to_string();
        check_line(&line, &Secrets::fixed(&[TOKEN, SECRET]));
    }));
    let runtime = Builder::new_current_thread().enable_all().build().expect("a runtime can be built");
    let server = runtime.block_on(async { Server::bind(options, source) }).expect("it listens");
    let place = server.places()[0].trim_start_matches("http://").trim_end_matches('/').parse();
    thread::spawn(move || runtime.block_on(server.serve(std::future::pending())));
    place.expect("it is an address")
}

pub fn run(bytes: &[u8]) {
    for (address, is_protected) in SERVERS.iter().zip([false, true]) {
        let request = complete(bytes, *address);
        let response = send(*address, &request);
        let request = String::from_utf8_lossy(&request);
        assert!(response.is_empty() || response.starts_with("HTTP/1."), "{response}");
        check_text(&response.replace("\r\n", "\n"), &Secrets::none());
        if response.contains(TOKEN) {
            let names_server =
                ["127.0.0.1", "localhost", "[::1]"].iter().any(|name| request.to_ascii_lowercase().contains(name));
            assert!(names_server, "a token for a request to another host: {request}");
            assert!(!is_protected || request.contains(SECRET), "a token without the secret: {request}");
        }
        // What a caller writes elsewhere, such as an unknown parameter, is repeated to it.
        let is_repeated = request.lines().any(|line| line.contains(SECRET) && !is_authorization(line));
        assert!(is_repeated || !response.contains(SECRET), "the secret is in a response: {response}");
    }
}

fn is_authorization(line: &str) -> bool {
    line.to_ascii_lowercase().starts_with("authorization:")
}

/// Makes a complete request: with the server's port, the length of its body, and the end of its connection, so that the
/// server always answers.
fn complete(bytes: &[u8], address: SocketAddr) -> Vec<u8> {
    let text: Vec<u8> = bytes.to_vec();
    let end = text.windows(4).position(|window| window == b"\r\n\r\n");
    let (head, body) = end.map_or((&text[..], &b""[..]), |end| (&text[..end], &text[end + 4..]));
    let mut request = Vec::new();
    for line in head.split(|byte| *byte == b'\n') {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let name = String::from_utf8_lossy(line).to_ascii_lowercase();
        let decides_length = ["content-length", "transfer-encoding", "connection", "upgrade", "expect"];
        if !line.is_empty() && !decides_length.iter().any(|header| name.trim().starts_with(header)) {
            replace_port(line, address.port(), &mut request);
            request.extend_from_slice(b"\r\n");
        }
    }
    request.extend_from_slice(format!("Content-Length: {}\r\nConnection: close\r\n\r\n", body.len()).as_bytes());
    request.extend_from_slice(body);
    request
}

fn replace_port(line: &[u8], port: u16, request: &mut Vec<u8>) {
    let place = line.windows(PORT.len()).position(|window| window == PORT.as_bytes());
    let Some(place) = place else { return request.extend_from_slice(line) };
    request.extend_from_slice(&line[..place]);
    request.extend_from_slice(port.to_string().as_bytes());
    request.extend_from_slice(&line[place + PORT.len()..]);
}

fn send(address: SocketAddr, request: &[u8]) -> String {
    let mut connection = TcpStream::connect(address).expect("the server listens");
    connection.set_read_timeout(Some(TIMEOUT)).expect("it is not zero");
    // The server may answer and close before it has read everything.
    let _ = connection.write_all(request);
    let mut response = Vec::new();
    if let Err(error) = connection.read_to_end(&mut response) {
        assert!(error.kind() != ErrorKind::WouldBlock, "no answer to {}", String::from_utf8_lossy(request));
    }
    String::from_utf8_lossy(&response).into_owned()
}
