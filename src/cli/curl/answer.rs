//! What an API answered, learnt from the headers that curl dumps (`-D`) before it shows the first octet of a body.
//!
//! curl writes a header line there and then to stdout (`tool_cb_hdr.c`), and waits for neither reader; so whoever reads
//! both, the dump first, knows the status when the body comes.

use std::{
    fs::File,
    io::{self, PipeReader, Read as _, Write as _},
    os::fd::AsFd as _,
};

use rustix::event::{PollFd, PollFlags, poll};

/// So much is held back when nobody says what the answer is; and so much of a refused one is read to its end.
const MAXIMUM_HELD: usize = 64 * 1024;
const MAXIMUM_REFUSED: usize = 1024 * 1024;

/// So much of a header line tells what it is.
const MAXIMUM_LINE: usize = 64;

/// What an API said of the request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    /// It was taken, or failed for another reason than the token.
    InheritedSocket,
    /// 401.
    Refused,
}

/// The first answer of the API, as far as its headers have come.
#[derive(Default)]
struct Answer {
    line: Vec<u8>,
    status: Option<u16>,
    is_http1: bool,
    /// Whether it says anything of a body: a proxy's answer to CONNECT does not.
    has_body: bool,
    verdict: Option<Verdict>,
}

impl Answer {
    fn read(&mut self, bytes: &[u8]) {
        for byte in bytes {
            match byte {
                b'\n' => self.end_line(),
                _ if self.line.len() < MAXIMUM_LINE => self.line.push(*byte),
                _ => {}
            }
        }
    }

    fn end_line(&mut self) {
        let line = String::from_utf8_lossy(&std::mem::take(&mut self.line)).trim_end().to_ascii_lowercase();
        if line.is_empty() {
            self.verdict = self.verdict.or(self.judge());
        } else if let Some(status_line) = line.strip_prefix("http/") {
            self.is_http1 = status_line.starts_with('1');
            self.status = status_line.split(' ').nth(1).and_then(|code| code.parse().ok());
            self.has_body = false;
        } else {
            let name = line.split(':').next().unwrap_or_default();
            self.has_body |= ["content-length", "content-type", "transfer-encoding"].contains(&name);
        }
    }

    /// Judges an answer whose headers are complete. What a proxy says is not the API's answer: 407, and a success
    /// without any word of a body (RFC 9110 §9.3.6); nor is what comes before the answer (1xx).
    fn judge(&self) -> Option<Verdict> {
        match self.status? {
            401 => Some(Verdict::Refused),
            100..200 | 407 => None,
            200..300 if self.is_http1 && !self.has_body => None,
            _ => Some(Verdict::InheritedSocket),
        }
    }
}

/// What curl writes to stdout, on its way to ours.
struct Body {
    held: Vec<u8>,
    dropped: usize,
    out: File,
}

impl Body {
    /// Passes on what came, or keeps it while the verdict is open, or drops it. The error is that nobody takes more.
    fn pass(&mut self, bytes: &[u8], verdict: Option<Verdict>) -> io::Result<()> {
        match verdict {
            Some(Verdict::Refused) => {
                self.held.clear();
                self.dropped += bytes.len();
                if self.dropped > MAXIMUM_REFUSED { Err(io::ErrorKind::WriteZero.into()) } else { Ok(()) }
            }
            None if self.held.len() + bytes.len() <= MAXIMUM_HELD => {
                self.held.extend_from_slice(bytes);
                Ok(())
            }
            _ => {
                self.out.write_all(&std::mem::take(&mut self.held))?;
                self.out.write_all(bytes)
            }
        }
    }
}

/// Reads the headers that curl dumps, and its stdout where that is held back, until both end. Says whether the API refused
/// the token.
pub(super) fn watch(headers: PipeReader, body: Option<PipeReader>) -> io::Result<bool> {
    let mut answer = Answer::default();
    let mut through =
        Body { held: Vec::new(), dropped: 0, out: File::from(io::stdout().as_fd().try_clone_to_owned()?) };
    let (mut headers, mut body) = (Some(headers), body);
    let mut buffer = vec![0; MAXIMUM_HELD];
    while headers.is_some() || body.is_some() {
        let [headers_ready, body_ready] = ready([&headers, &body])?;
        if let Some(pipe) = headers.as_mut().filter(|_| headers_ready) {
            let count = pipe.read(&mut buffer)?;
            answer.read(&buffer[..count]);
            if count == 0 {
                headers = None;
            }
        } else if let Some(pipe) = body.as_mut().filter(|_| body_ready) {
            let count = pipe.read(&mut buffer)?;
            // Let go of, the pipe tells curl that nobody reads any more, and curl tells its user.
            if count == 0 || through.pass(&buffer[..count], answer.verdict).is_err() {
                body = None;
            }
        }
        if answer.verdict == Some(Verdict::InheritedSocket)
            && !through.held.is_empty()
            && through.pass(&[], answer.verdict).is_err()
        {
            body = None;
        }
    }
    let refused = answer.verdict == Some(Verdict::Refused);
    if !refused {
        let _ = through.pass(&[], Some(Verdict::InheritedSocket));
    }
    Ok(refused)
}

/// Waits until one of the pipes has something or has ended, and says which.
fn ready(pipes: [&Option<PipeReader>; 2]) -> io::Result<[bool; 2]> {
    let open = pipes.iter().filter_map(|pipe| pipe.as_ref());
    let mut polled: Vec<_> = open.map(|pipe| PollFd::new(pipe, PollFlags::IN)).collect();
    loop {
        match poll(&mut polled, None) {
            Err(rustix::io::Errno::INTR) => {}
            other => break other.map(|_| ())?,
        }
    }
    let mut answers = polled.iter().map(|polled| !polled.revents().is_empty());
    Ok(pipes.map(|pipe| pipe.is_some() && answers.next().unwrap_or_default()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict(headers: &str) -> Option<Verdict> {
        let mut answer = Answer::default();
        headers.as_bytes().chunks(7).for_each(|chunk| answer.read(chunk));
        answer.verdict
    }

    #[test]
    fn the_first_answer_of_the_api_itself_counts() {
        let connected = "HTTP/1.1 200 Connection established\r\n\r\n";
        for (headers, wanted) in [
            ("HTTP/1.1 401 Unauthorized\r\n\r\n", Some(Verdict::Refused)),
            ("HTTP/2 401 \r\nserver: x\r\n\r\n", Some(Verdict::Refused)),
            ("HTTP/2 204 \r\n\r\n", Some(Verdict::InheritedSocket)),
            ("HTTP/1.1 401 Unauthorized\r\nServer: x\r\n", None),
            ("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 401 No\r\n\r\n", Some(Verdict::Refused)),
            (&format!("{connected}HTTP/1.1 401 No\r\n\r\n"), Some(Verdict::Refused)),
            (
                &format!("HTTP/1.1 407 Who\r\nContent-Length: 0\r\n\r\n{connected}HTTP/2 401\r\n\r\n"),
                Some(Verdict::Refused),
            ),
            (connected, None),
            ("HTTP/1.1 302 Found\r\nLocation: /\r\n\r\nHTTP/1.1 401 No\r\n\r\n", Some(Verdict::InheritedSocket)),
            ("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n", Some(Verdict::InheritedSocket)),
            ("HTTP/1.1 403 Forbidden\r\n\r\n", Some(Verdict::InheritedSocket)),
            ("x\r\n\r\n", None),
        ] {
            assert_eq!(verdict(headers), wanted, "{headers}");
        }
    }
}
