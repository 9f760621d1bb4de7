//! Another host, to which an API redirects its clients.

use std::{
    io::{Read as _, Write as _},
    net::{SocketAddr, TcpListener},
    sync::{Arc, Mutex},
    thread,
};

/// A server that records its requests; its thread ends with the process of the test.
pub struct OtherHost {
    address: SocketAddr,
    received: Arc<Mutex<Vec<String>>>,
}

impl OtherHost {
    /// Listens on a free port.
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let received = Arc::new(Mutex::new(Vec::new()));
        let record = Arc::clone(&received);
        thread::spawn(move || {
            for mut client in listener.incoming().map_while(Result::ok) {
                let mut request = [0; 16 * 1024];
                let Ok(read) = client.read(&mut request) else { continue };
                record.lock().unwrap().push(String::from_utf8_lossy(&request[..read]).into_owned());
                let _ = client.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}");
            }
        });
        Self { address, received }
    }

    /// Returns its URL, with a host name that no other server of the tests has.
    pub fn url(&self) -> String {
        format!("http://localhost:{}/elsewhere", self.address.port())
    }

    /// Returns all requests.
    pub fn received(&self) -> String {
        self.received.lock().unwrap().concat()
    }
}
