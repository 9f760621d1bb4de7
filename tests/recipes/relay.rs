//! A slow proxy before the API, so that a waiting client stays in the process list for a while.

use std::{
    io::{self, Read as _, Write as _},
    net::{Shutdown, TcpListener, TcpStream},
    thread,
    time::Duration,
};

/// The delay of each request.
const DELAY: Duration = Duration::from_millis(200);

/// Starts a proxy for requests without a body and returns its URL; its threads end with the process of the test.
pub fn start(issuer: &str) -> String {
    let to = issuer.trim_start_matches("http://").trim_end_matches('/').to_owned();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for client in listener.incoming().map_while(Result::ok) {
            let to = to.clone();
            thread::spawn(move || forward(client, &to));
        }
    });
    format!("http://{address}/")
}

/// Forwards one request, with the host that the simulator expects, and its response; the client may disconnect meanwhile.
fn forward(mut client: TcpStream, to: &str) {
    thread::sleep(DELAY);
    let mut request = Vec::new();
    while !request.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        let Ok(1) = client.read(&mut byte) else { return };
        request.push(byte[0]);
    }
    let here = client.local_addr().unwrap().to_string();
    let request = String::from_utf8(request).unwrap().replace(&here, to);
    let Ok(mut server) = TcpStream::connect(to) else { return };
    if server.write_all(request.as_bytes()).is_ok() {
        let _ = io::copy(&mut server, &mut client);
    }
    let _ = client.shutdown(Shutdown::Both);
}
