//! A server that stands in for a service: it checks every request, and answers what the service would.
//!
//! A request that the service's description does not allow fails the test, whatever the client made of the answer.

use std::{
    net::{SocketAddr, TcpListener, TcpStream},
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    thread::JoinHandle,
    time::Duration,
};

use serde_json::Value;

use crate::server::{ADDRESS, Request, Step, answer};

/// A running server. On drop it fails the test if a request was not one that the service allows.
pub struct Double {
    address: SocketAddr,
    requests: Arc<Mutex<Vec<Request>>>,
    faults: Arc<Mutex<Vec<String>>>,
    ending: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

/// The target and the form of a request, taken apart.
pub struct Call<'request> {
    pub method: &'request str,
    pub path: &'request str,
    pub query: Vec<(String, String)>,
    pub request: &'request Request,
}

impl Double {
    /// Starts a server; `answer` gets the server's own URL, without a slash at the end, and the request.
    pub fn start(mut answer: impl FnMut(&str, &Call<'_>) -> Step + Send + 'static) -> Self {
        let listener = TcpListener::bind((ADDRESS, 0)).unwrap();
        let address = listener.local_addr().unwrap();
        let (requests, faults) = (Arc::new(Mutex::new(Vec::new())), Arc::new(Mutex::new(Vec::new())));
        let ending = Arc::new(AtomicBool::new(false));
        let (kept, failed, ended) = (Arc::clone(&requests), Arc::clone(&faults), Arc::clone(&ending));
        let thread = std::thread::spawn(move || {
            let url = format!("http://{address}");
            while let Ok((mut connection, _)) = listener.accept() {
                if ended.load(Ordering::SeqCst) {
                    break;
                }
                connection.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
                let Some(request) = Request::read(&mut connection) else { continue };
                kept.lock().unwrap().push(request.clone());
                let reply = catch_unwind(AssertUnwindSafe(|| answer(&url, &Call::new(&request))));
                reply.map_or_else(
                    |fault| {
                        let text = fault.downcast_ref::<String>().cloned();
                        let text = text.or_else(|| fault.downcast_ref::<&str>().map(|text| (*text).to_owned()));
                        failed.lock().unwrap().push(format!("{}: {}", request.line(), text.unwrap_or_default()));
                    },
                    |reply| reply.respond(&mut connection),
                );
            }
        });
        Self { address, requests, faults, ending, thread: Some(thread) }
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Returns the lines of the requests so far.
    pub fn lines(&self) -> Vec<String> {
        let requests = self.requests.lock().unwrap();
        requests.iter().map(|request| request.line().trim_end_matches(" HTTP/1.1").to_owned()).collect()
    }

    /// Returns this header of each request so far.
    pub fn headers(&self, name: &str) -> Vec<Option<String>> {
        let requests = self.requests.lock().unwrap();
        requests.iter().map(|request| request.header(name).map(str::to_owned)).collect()
    }
}

impl<'request> Call<'request> {
    fn new(request: &'request Request) -> Self {
        let mut words = request.line().split(' ');
        let (method, target) = (words.next().unwrap(), words.next().unwrap());
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        Self { method, path, query: pairs(query), request }
    }

    /// Checks that the query has these parameters and no others.
    #[track_caller]
    pub fn has_query(&self, expected: &[(&str, &str)]) {
        assert_eq!(self.query, owned(expected));
    }

    /// Returns the parameters of the form in the body, with a check of the headers.
    #[track_caller]
    pub fn form(&self) -> Vec<(String, String)> {
        assert_eq!(self.method, "POST");
        self.has_query(&[]);
        assert_eq!(self.header("content-type"), Some("application/x-www-form-urlencoded"));
        assert_eq!(self.header("accept"), Some("application/json"));
        pairs(&self.request.body)
    }

    /// Returns the JSON in the body, with a check of the headers.
    #[track_caller]
    pub fn json(&self) -> Value {
        assert_eq!(self.method, "POST");
        assert_eq!(self.header("content-type"), Some("application/json"));
        serde_json::from_str(&self.request.body).unwrap()
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.request.header(name)
    }

    /// Checks a request that has nothing but its target and its headers.
    #[track_caller]
    pub fn is_bare_get(&self) {
        assert_eq!((self.method, self.request.body.as_str()), ("GET", ""));
        assert_eq!(self.header("accept"), Some("application/json"));
        assert_eq!(self.header("content-type"), None);
    }
}

impl Drop for Double {
    fn drop(&mut self) {
        self.ending.store(true, Ordering::SeqCst);
        drop(TcpStream::connect(self.address));
        let joined = self.thread.take().map(JoinHandle::join);
        if !std::thread::panicking() {
            assert!(matches!(joined, Some(Ok(()))), "the server's thread failed");
            let faults = self.faults.lock().unwrap();
            assert!(faults.is_empty(), "requests that the service does not allow: {faults:#?}");
        }
    }
}

/// Sends a success in JSON.
pub fn ok(body: &Value) -> Step {
    reply(200, body)
}

/// Sends a response in JSON.
pub fn reply(status: u16, body: &Value) -> Step {
    reply_with(status, &[], body)
}

/// Sends a response in JSON with these headers too.
pub fn reply_with(status: u16, headers: &[&str], body: &Value) -> Step {
    let headers = [&["Content-Type: application/json; charset=utf-8"], headers].concat();
    answer(&format!("{status} Status"), &headers, body.to_string())
}

/// Returns the value of a parameter that occurs once.
#[track_caller]
pub fn only(pairs: &[(String, String)], name: &str) -> String {
    let values: Vec<&String> = pairs.iter().filter(|(own, _)| own == name).map(|(_, value)| value).collect();
    assert_eq!(values.len(), 1, "{name} in {pairs:?}");
    values[0].clone()
}

pub fn owned(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

fn pairs(text: &str) -> Vec<(String, String)> {
    url::form_urlencoded::parse(text.as_bytes()).into_owned().collect()
}
