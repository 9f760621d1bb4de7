//! A scripted server for one test, on loopback: one step of the script per connection, and no further connections.
//!
//! It uses only threads and sockets, so that it can send responses that no HTTP library would.

mod asking;
mod script;
mod tls;

use std::{
    collections::VecDeque,
    io::{Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    thread::JoinHandle,
    time::Duration,
};

use openssl::ssl::SslAcceptor;

use crate::watch;

pub use self::{
    asking::{TOKEN, asking, asking_at, curl, shell},
    script::{Request, Step, answer, json, raw, success, token},
    tls::{
        Authority, Identity, Validity, acceptor, demanding_acceptor, old_acceptor, tls_1_2_acceptor,
        verifying_acceptor, weak_acceptor,
    },
};

/// The longest time for a read or write on a connection.
const TIMEOUT: Duration = Duration::from_secs(20);

/// The address of every server here. Other tests connect to ports on 127.0.0.1 that they have closed, but not here.
pub const ADDRESS: &str = "127.0.0.3";

fn listener() -> TcpListener {
    TcpListener::bind((ADDRESS, 0)).unwrap()
}

/// Returns an address where no server listens; no test starts one there.
pub fn unused_address() -> SocketAddr {
    TcpListener::bind("127.0.0.2:0").unwrap().local_addr().unwrap()
}

/// A connection, with TLS or without.
pub trait Stream: Read + Write {}
impl<T: Read + Write> Stream for T {}

/// A running server. On drop it fails the test unless its whole script was played.
pub struct Server {
    address: SocketAddr,
    scheme: &'static str,
    play: Arc<Mutex<Play>>,
    ending: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

/// The rest of the script, and the requests so far.
struct Play {
    script: VecDeque<Step>,
    requests: Vec<Request>,
    uninvited: usize,
}

impl Server {
    /// Starts a server for plain HTTP.
    pub fn start(script: impl IntoIterator<Item = Step>) -> Self {
        Self::start_knowing(|_| script)
    }

    /// Starts a server for plain HTTP whose responses contain its own address.
    pub fn start_knowing<I: IntoIterator<Item = Step>>(script: impl FnOnce(&str) -> I) -> Self {
        let listener = listener();
        let own = format!("http://{}", listener.local_addr().unwrap());
        Self::run(listener, None, script(&own).into_iter().collect())
    }

    /// Starts a server for HTTPS.
    pub fn start_tls(acceptor: SslAcceptor, script: impl IntoIterator<Item = Step>) -> Self {
        Self::run(listener(), Some(acceptor), script.into_iter().collect())
    }

    fn run(listener: TcpListener, acceptor: Option<SslAcceptor>, script: VecDeque<Step>) -> Self {
        let address = listener.local_addr().unwrap();
        let scheme = if acceptor.is_some() { "https" } else { "http" };
        let play = Arc::new(Mutex::new(Play { script, requests: Vec::new(), uninvited: 0 }));
        let ending = Arc::new(AtomicBool::new(false));
        let (played, ended) = (Arc::clone(&play), Arc::clone(&ending));
        let thread = std::thread::spawn(move || {
            while let Ok((connection, _)) = listener.accept() {
                if ended.load(Ordering::SeqCst) {
                    break;
                }
                serve(connection, acceptor.as_ref(), &played);
            }
        });
        Self { address, scheme, play, ending, thread: Some(thread) }
    }

    /// Returns a URL on this server.
    pub fn url(&self, path: &str) -> String {
        format!("{}://{}{path}", self.scheme, self.address)
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Returns the requests so far, in order.
    pub fn requests(&self) -> Vec<Request> {
        self.play.lock().unwrap().requests.clone()
    }

    /// Returns the only request.
    #[track_caller]
    pub fn request(&self) -> Request {
        let requests = self.requests();
        assert_eq!(requests.len(), 1, "{requests:#?}");
        requests.into_iter().next().unwrap()
    }
}

/// Plays the next step for a connection.
fn serve(mut connection: TcpStream, acceptor: Option<&SslAcceptor>, play: &Mutex<Play>) {
    connection.set_read_timeout(Some(TIMEOUT)).unwrap();
    connection.set_write_timeout(Some(TIMEOUT)).unwrap();
    let Some(step) = play.lock().unwrap().script.pop_front() else {
        play.lock().unwrap().uninvited += 1;
        return;
    };
    // Recorded before it is answered: the client may finish before this thread does.
    let record = |request: Request| {
        watch::sent(&request.body);
        play.lock().unwrap().requests.push(request);
    };
    match (step, acceptor) {
        (Step::Reset, _) => script::reset(&connection),
        (Step::Blurt(bytes), _) => script::blurt(connection, &bytes),
        (Step::Tunnel(address), _) => script::tunnel(connection, address, record),
        (Step::NoHandshake, Some(acceptor)) => {
            assert!(acceptor.accept(connection).is_err(), "the client accepted this server");
        }
        (step, Some(acceptor)) => {
            let mut stream = acceptor.accept(connection).expect("the client did not accept this server");
            step.play(&mut stream, record);
            let _ = stream.shutdown();
        }
        (step, None) => step.play(&mut connection, record),
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.ending.store(true, Ordering::SeqCst);
        drop(TcpStream::connect(self.address));
        let joined = self.thread.take().map(JoinHandle::join);
        if std::thread::panicking() {
            return;
        }
        assert!(matches!(joined, Some(Ok(()))), "the server's thread failed");
        let play = self.play.lock().unwrap();
        assert!(play.script.is_empty(), "unused steps: {:?}", play.script);
        assert_eq!(play.uninvited, 0, "connections beyond the script, after {:#?}", play.requests);
    }
}
