//! A slow line to the API: a client waits for its answer long enough to be looked at.

use std::{
    io::{self, Read as _, Write as _},
    net::{Shutdown, TcpListener, TcpStream},
    thread,
    time::Duration,
};

/// How long each request waits.
const DELAY: Duration = Duration::from_millis(200);

/// Passes requests without a body on to a server, and says at which address; its threads end with the test's process.
pub fn start(issuer: &str) -> String {
    let to = issuer.trim_start_matches("http://").trim_end_matches('/').to_owned();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for client in listener.incoming().map_while(Result::ok) {
            let to = to.clone();
            thread::spawn(move || pass_on(client, &to));
        }
    });
    format!("http://{address}/")
}

/// Passes one request on, for the host that the simulator wants, and all of its answer; a client may hang up meanwhile.
fn pass_on(mut client: TcpStream, to: &str) {
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
