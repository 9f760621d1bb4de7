//! Another host, to which an API sends its clients on: what do they bring along?

use std::{
    io::{Read as _, Write as _},
    net::{SocketAddr, TcpListener},
    sync::{Arc, Mutex},
    thread,
};

/// A server that writes down what it is asked; its thread ends with the test's process.
pub struct Elsewhere {
    address: SocketAddr,
    heard: Arc<Mutex<Vec<String>>>,
}

impl Elsewhere {
    /// Listens on a free port.
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let heard = Arc::new(Mutex::new(Vec::new()));
        let notes = Arc::clone(&heard);
        thread::spawn(move || {
            for mut client in listener.incoming().map_while(Result::ok) {
                let mut request = [0; 16 * 1024];
                let Ok(read) = client.read(&mut request) else { continue };
                notes.lock().unwrap().push(String::from_utf8_lossy(&request[..read]).into_owned());
                let _ = client.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}");
            }
        });
        Self { address, heard }
    }

    /// Its address, by a name that no other server of the tests has.
    pub fn url(&self) -> String {
        format!("http://localhost:{}/elsewhere", self.address.port())
    }

    /// All that it was sent.
    pub fn heard(&self) -> String {
        self.heard.lock().unwrap().concat()
    }
}
