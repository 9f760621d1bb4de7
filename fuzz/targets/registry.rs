//! The simulator's `clients.json`, and the answer to a token request with it.

use std::{
    fs::{self, File},
    io::{ErrorKind, Read as _, Write as _},
    net::TcpStream,
    path::PathBuf,
    sync::{Arc, Mutex},
    thread,
    time::{Duration, SystemTime},
};

use maskinporten::{
    client::TokenRequest,
    clock::SystemClock,
    grant::{ClientId, Grant, Scopes},
    http::Endpoint,
    keystore::SigningKey,
    simulator::{Simulator, SimulatorEvent, SimulatorOptions},
};
use tempfile::TempDir;
use tokio::runtime::Builder;

use super::{
    answering::TIMEOUT,
    properties::{Secrets, check_line, members},
};

static RUNNING: Mutex<Option<Running>> = Mutex::new(None);

struct Running {
    _folder: TempDir,
    endpoint: Endpoint,
    issuer: String,
    clients_file: PathBuf,
    key: SigningKey,
    client_id: &'static str,
    events: Arc<Mutex<Vec<SimulatorEvent>>>,
    /// The number of files so far, by which their times differ.
    files: u64,
}

impl Running {
    fn start() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        let events = Arc::<Mutex<Vec<SimulatorEvent>>>::default();
        let observed = Arc::clone(&events);
        let mut options = SimulatorOptions::new(folder.path().join("simulator"));
        options.observer = Some(Arc::new(move |event: &SimulatorEvent| {
            observed.lock().expect("no thread panics with it").push(event.clone());
        }));
        let simulator = Simulator::start(options).expect("the simulator starts");
        let (issuer, endpoint) = (simulator.issuer().to_owned(), simulator.token_endpoint());
        let installation = simulator.installation().clone();
        let [modern, ..] = &installation.keystores;
        let password = fs::read_to_string(&modern.password_file).expect("the simulator has written it");
        let key = SigningKey::from_pkcs12_file(&modern.file, &password.trim().into()).expect("the password is right");
        thread::spawn(move || {
            let runtime = Builder::new_current_thread().enable_all().build().expect("a runtime can be built");
            runtime.block_on(simulator.serve(std::future::pending()))
        });
        Self {
            _folder: folder,
            endpoint: Endpoint::parse(&endpoint).expect("it is an address"),
            issuer,
            clients_file: installation.clients_file,
            key,
            client_id: modern.client_id,
            events,
            files: 0,
        }
    }

    /// Writes the file with a time of its own, by which the simulator notices it.
    fn write(&mut self, bytes: &[u8]) {
        let mut file = File::create(&self.clients_file).expect("the file can be written");
        file.write_all(bytes).expect("the file can be written");
        self.files += 1;
        let time = SystemTime::UNIX_EPOCH + Duration::from_millis(self.files);
        file.set_modified(time).expect("its time can be set");
    }

    /// Requests a token, and returns the response.
    fn ask(&self) -> String {
        let client_id = ClientId::parse(self.client_id).expect("it is a client id");
        let scopes = Scopes::parse("difitest:test1").expect("it is a scope");
        let grant = Grant::builder(self.issuer.as_str(), client_id, scopes).build();
        let assertion = grant.sign(&self.key, &SystemClock).expect("the key signs");
        let request = TokenRequest::new(self.endpoint.clone(), &assertion);
        let (form, authority) =
            (request.expose_form(), self.issuer.trim_start_matches("http://").trim_end_matches('/'));
        let mut connection = TcpStream::connect(authority).expect("the simulator listens");
        connection.set_read_timeout(Some(TIMEOUT)).expect("it is not zero");
        let length = form.len();
        let head = format!(
            "POST /token HTTP/1.1\r\nHost: {authority}\r\nConnection: close\r\nContent-Length: {length}\r\n\
             Content-Type: application/x-www-form-urlencoded\r\n\r\n"
        );
        connection.write_all([head.as_bytes(), form.as_bytes()].concat().as_slice()).expect("the simulator reads");
        let mut response = Vec::new();
        // Faults may cut a response short.
        if let Err(error) = connection.read_to_end(&mut response) {
            assert!(error.kind() != ErrorKind::WouldBlock, "no answer");
        }
        String::from_utf8_lossy(&response).into_owned()
    }
}

pub fn run(bytes: &[u8]) {
    // Faults that wait are longer than the time limit of an input.
    let text = String::from_utf8_lossy(bytes);
    if text.contains("delay") {
        return;
    }
    let mut running = RUNNING.lock().expect("no input has failed before");
    let running = running.get_or_insert_with(Running::start);
    running.write(bytes);
    let response = running.ask();
    let private = members(&text, &["d", "p", "q", "dp", "dq", "qi", "k"]);
    let secrets = Secrets::new(&text, private.iter().map(String::as_str));
    secrets.are_not_in(&response);
    let events: Vec<_> = running.events.lock().expect("no thread panics with it").drain(..).collect();
    assert!(!events.is_empty(), "the request was not answered");
    for event in events {
        check_line(&event.to_string(), &secrets);
    }
}

/// Removes the simulator's folder.
pub fn clean_up() {
    drop(RUNNING.lock().map(|mut running| running.take()));
}
