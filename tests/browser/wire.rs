//! `WebDriver` on the wire (<https://www.w3.org/TR/webdriver2/>): JSON over HTTP to a driver on this machine.

use std::{
    io::{self, BufRead as _, BufReader, Read as _, Write as _},
    net::TcpStream,
    time::Duration,
};

use serde_json::Value;

/// The longest time for a command.
const PATIENCE: Duration = Duration::from_mins(1);

/// Sends a command and returns the `value` of the response; panics on an error of the driver.
#[track_caller]
pub fn command(port: u16, method: &str, path: &str, body: Option<&Value>) -> Value {
    let (status, mut answer) = send(port, method, path, body).unwrap();
    assert!(status.starts_with("HTTP/1.1 200 "), "{method} {path}: {answer}");
    answer["value"].take()
}

/// Sends a command and returns the status line and the response.
pub fn send(port: u16, method: &str, path: &str, body: Option<&Value>) -> io::Result<(String, Value)> {
    let body = body.map(Value::to_string).unwrap_or_default();
    let mut stream = TcpStream::connect(("127.0.0.1", port))?;
    stream.set_read_timeout(Some(PATIENCE))?;
    let head = format!("{method} {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Type: application/json\r\n");
    write!(stream, "{head}Content-Length: {}\r\n\r\n{body}", body.len())?;

    // The driver never closes the connection, so the response is read by its length.
    let mut answer = BufReader::new(stream);
    let lines =
        answer.by_ref().lines().take_while(|line| line.as_ref().is_ok_and(|line| !line.is_empty()) || line.is_err());
    let head = lines.collect::<io::Result<Vec<String>>>()?;
    let header = |line: &String| line.to_ascii_lowercase().strip_prefix("content-length:")?.trim().parse().ok();
    let mut body = vec![0; head.iter().find_map(header).unwrap_or(0)];
    answer.read_exact(&mut body)?;
    Ok((head.into_iter().next().unwrap_or_default(), serde_json::from_slice(&body)?))
}
