//! A server for one test: on loopback, one step of its script for each connection, and not one connection more.
//!
//! It is made of nothing but threads and sockets, so that it can answer what no HTTP library would.

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
    tls::{Authority, Validity, acceptor, old_acceptor, tls_1_2_acceptor},
};

/// No test keeps a connection for longer.
const PATIENCE: Duration = Duration::from_secs(20);

/// The address of every server here. Other tests let go of ports on 127.0.0.1 and then knock on them: here nobody does.
pub const ADDRESS: &str = "127.0.0.3";

fn listener() -> TcpListener {
    TcpListener::bind((ADDRESS, 0)).unwrap()
}

/// An address where nobody listens, nor will: no test has a server there.
pub fn nobody() -> SocketAddr {
    TcpListener::bind("127.0.0.2:0").unwrap().local_addr().unwrap()
}

/// What a connection is, with TLS or without.
trait Stream: Read + Write {}
impl<T: Read + Write> Stream for T {}

/// A running server; dropped, it fails the test if its script was not played to the letter.
pub struct Server {
    address: SocketAddr,
    scheme: &'static str,
    play: Arc<Mutex<Play>>,
    ending: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

/// How far the script has come, and what was asked meanwhile.
struct Play {
    script: VecDeque<Step>,
    requests: Vec<Request>,
    uninvited: usize,
}

impl Server {
    /// Plain HTTP.
    pub fn start(script: impl IntoIterator<Item = Step>) -> Self {
        Self::start_knowing(|_| script)
    }

    /// Plain HTTP, for answers that name the server's own address.
    pub fn start_knowing<I: IntoIterator<Item = Step>>(script: impl FnOnce(&str) -> I) -> Self {
        let listener = listener();
        let own = format!("http://{}", listener.local_addr().unwrap());
        Self::run(listener, None, script(&own).into_iter().collect())
    }

    /// The same behind TLS.
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

    /// An address on this server.
    pub fn url(&self, path: &str) -> String {
        format!("{}://{}{path}", self.scheme, self.address)
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// What was asked so far, in order.
    pub fn requests(&self) -> Vec<Request> {
        self.play.lock().unwrap().requests.clone()
    }

    /// The one request that was made.
    #[track_caller]
    pub fn request(&self) -> Request {
        let requests = self.requests();
        assert_eq!(requests.len(), 1, "{requests:#?}");
        requests.into_iter().next().unwrap()
    }
}

/// Plays the next step for a connection.
fn serve(mut connection: TcpStream, acceptor: Option<&SslAcceptor>, play: &Mutex<Play>) {
    connection.set_read_timeout(Some(PATIENCE)).unwrap();
    connection.set_write_timeout(Some(PATIENCE)).unwrap();
    let Some(step) = play.lock().unwrap().script.pop_front() else {
        play.lock().unwrap().uninvited += 1;
        return;
    };
    // Written down before it is answered: the client may be done before this thread is.
    let heard = |request: Request| {
        watch::sent(&request.body);
        play.lock().unwrap().requests.push(request);
    };
    match (step, acceptor) {
        (Step::Reset, _) => script::hang_up_unread(&connection),
        (Step::Blurt(bytes), _) => script::blurt(connection, &bytes),
        (Step::Tunnel(address), _) => script::tunnel(connection, address, heard),
        (Step::NoHandshake, Some(acceptor)) => {
            assert!(acceptor.accept(connection).is_err(), "the client believed this server");
        }
        (step, Some(acceptor)) => {
            let mut stream = acceptor.accept(connection).expect("the client did not believe this server");
            step.play(&mut stream, heard);
            let _ = stream.shutdown();
        }
        (step, None) => step.play(&mut connection, heard),
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
        assert!(play.script.is_empty(), "nobody came for these steps: {:?}", play.script);
        assert_eq!(play.uninvited, 0, "connections beyond the script, after {:#?}", play.requests);
    }
}
