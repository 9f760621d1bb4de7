//! Finds out from the headers that curl dumps (`-D`) whether the API refused the token, before curl prints the body.
//!
//! curl writes each header line to the dump first and then to stdout (`tool_cb_hdr.c`), and buffers neither. Reading the
//! dump before stdout therefore gives the status before the body.

use std::{
    fs::File,
    io::{self, PipeReader, Read as _, Write as _},
};

#[cfg(unix)]
use rustix::event::{PollFd, PollFlags, poll};

use super::system::DumpReader;

/// How much output is held back while the status is unknown, and how much of a refused response is read to its end.
const MAXIMUM_HELD: usize = 64 * 1024;
const MAXIMUM_REFUSED: usize = 1024 * 1024;

/// How much of a header line is kept: a nonce may take a kibibyte.
const MAXIMUM_LINE: usize = 1100;

/// How the API responded to the token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum TokenVerdict {
    /// It was accepted, or the request failed for another reason.
    Accepted,
    /// 401.
    Refused,
}

/// The first response of the API, as far as its headers have been read.
#[derive(Default)]
struct ResponseHead {
    line: Vec<u8>,
    status: Option<u16>,
    is_http1: bool,
    /// Whether a header describes a body: a proxy's response to CONNECT has none.
    has_body: bool,
    /// The nonce that the server wants in a proof (`DPoP-Nonce`, RFC 9449 §9).
    nonce: Option<String>,
    verdict: Option<TokenVerdict>,
}

impl ResponseHead {
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
        let written = String::from_utf8_lossy(&std::mem::take(&mut self.line)).trim_end().to_owned();
        let line = written.to_ascii_lowercase();
        if self.verdict.is_some() {
            // Of a later response, after a redirect.
        } else if line.is_empty() {
            self.verdict = self.verdict_of_head();
        } else if let Some(status_line) = line.strip_prefix("http/") {
            self.is_http1 = status_line.starts_with('1');
            self.status = status_line.split(' ').nth(1).and_then(|code| code.parse().ok());
            self.has_body = false;
            self.nonce = None;
        } else {
            let name = line.split(':').next().unwrap_or_default();
            if name == "dpop-nonce" {
                self.nonce = written.split_once(':').map(|(_, value)| value.trim().to_owned());
            }
            self.has_body |= ["content-length", "content-type", "transfer-encoding"].contains(&name);
        }
    }

    /// Returns the verdict of a response whose headers are complete. `None`: it is not the API's final response, but an
    /// interim one (1xx) or a proxy's (407, and a success without a body; RFC 9110 §9.3.6).
    fn verdict_of_head(&self) -> Option<TokenVerdict> {
        match self.status? {
            401 => Some(TokenVerdict::Refused),
            100..200 | 407 => None,
            200..300 if self.is_http1 && !self.has_body => None,
            _ => Some(TokenVerdict::Accepted),
        }
    }
}

/// The output of curl on its way to stdout.
struct HeldOutput {
    held: Vec<u8>,
    dropped: usize,
    out: File,
}

impl HeldOutput {
    /// Writes output to stdout, holds it back while there is no verdict, or drops it if the token was refused.
    ///
    /// # Errors
    /// Stdout is closed, or the refused response is too long.
    fn pass(&mut self, bytes: &[u8], verdict: Option<TokenVerdict>) -> io::Result<()> {
        match verdict {
            Some(TokenVerdict::Refused) => {
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

/// What was seen of a response.
#[derive(Debug, Default)]
pub(super) struct WatchedResponse {
    /// Whether the API refused the token.
    pub(super) refused: bool,
    /// Whether the output of curl could not be written to stdout.
    pub(super) is_cut: bool,
    /// The nonce that it wants in a proof.
    pub(super) nonce: Option<String>,
}

/// Reads the headers that curl dumps, and its stdout if that is held back.
pub(super) struct ResponseWatcher {
    headers: DumpReader,
    head: ResponseHead,
    output: HeldOutput,
    is_cut: bool,
    buffer: Vec<u8>,
}

impl ResponseWatcher {
    pub(super) fn new(headers: DumpReader) -> io::Result<Self> {
        let out = io::stdout();
        #[cfg(unix)]
        let out = std::os::fd::AsFd::as_fd(&out).try_clone_to_owned()?;
        #[cfg(windows)]
        let out = std::os::windows::io::AsHandle::as_handle(&out).try_clone_to_owned()?;
        let output = HeldOutput { held: Vec::new(), dropped: 0, out: File::from(out) };
        let (head, buffer) = (ResponseHead::default(), vec![0; MAXIMUM_HELD]);
        Ok(Self { headers, head, output, is_cut: false, buffer })
    }

    /// Reads what there is of the headers; returns whether they have ended.
    fn read_headers(&mut self) -> io::Result<bool> {
        let mut buffer = [0; 4096];
        let count = self.headers.read(&mut buffer)?;
        self.head.read(&buffer[..count]);
        Ok(count == 0)
    }

    /// Reads output of curl's and passes it on; returns whether it has ended. Closing the pipe makes curl fail with a
    /// write error, which it reports itself if it has more to write.
    fn pass_body(&mut self, body: &mut PipeReader) -> io::Result<bool> {
        let count = body.read(&mut self.buffer)?;
        #[cfg(not(unix))]
        while !self.read_headers()? {}
        let is_full = self.output.pass(&self.buffer[..count], self.head.verdict).is_err();
        self.is_cut |= is_full;
        Ok(count == 0 || is_full)
    }

    /// Follows headers and output until both end.
    #[cfg(unix)]
    pub(super) fn follow(mut self, mut body: Option<PipeReader>) -> io::Result<Self> {
        let mut has_headers = true;
        while has_headers || body.is_some() {
            let [headers_ready, body_ready] = ready([has_headers.then_some(&self.headers), body.as_ref()])?;
            if headers_ready {
                has_headers = !self.read_headers()?;
            } else if body_ready
                && let Some(pipe) = &mut body
                && self.pass_body(pipe)?
            {
                body = None;
            }
            if self.head.verdict == Some(TokenVerdict::Accepted)
                && !self.output.held.is_empty()
                && self.output.pass(&[], self.head.verdict).is_err()
            {
                self.is_cut = true;
                body = None;
            }
        }
        Ok(self)
    }

    /// Follows the output until it ends. The headers that belong to it are in the file before it.
    #[cfg(not(unix))]
    pub(super) fn follow(mut self, body: Option<PipeReader>) -> io::Result<Self> {
        if let Some(mut body) = body {
            while !self.pass_body(&mut body)? {}
        }
        Ok(self)
    }

    /// Returns what was seen, once curl has ended.
    pub(super) fn finish(mut self) -> io::Result<WatchedResponse> {
        while !self.read_headers()? {}
        let refused = self.head.verdict == Some(TokenVerdict::Refused);
        if !refused {
            self.is_cut |= self.output.pass(&[], Some(TokenVerdict::Accepted)).is_err();
        }
        Ok(WatchedResponse { refused, is_cut: self.is_cut, nonce: self.head.nonce })
    }
}

/// Waits until one of the pipes is readable or closed, and returns which.
#[cfg(unix)]
fn ready(pipes: [Option<&PipeReader>; 2]) -> io::Result<[bool; 2]> {
    let mut polled: Vec<_> = pipes.into_iter().flatten().map(|pipe| PollFd::new(pipe, PollFlags::IN)).collect();
    loop {
        match poll(&mut polled, None) {
            Err(rustix::io::Errno::INTR) => {}
            other => break other.map(|_| ())?,
        }
    }
    let mut results = polled.iter().map(|polled| !polled.revents().is_empty());
    Ok(pipes.map(|pipe| pipe.is_some() && results.next().unwrap_or_default()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict(headers: &str) -> Option<TokenVerdict> {
        let mut head = ResponseHead::default();
        headers.as_bytes().chunks(7).for_each(|chunk| head.read(chunk));
        head.verdict
    }

    #[test]
    fn the_first_final_response_of_the_api_itself_decides() {
        let connected = "HTTP/1.1 200 Connection established\r\n\r\n";
        for (headers, expected) in [
            ("HTTP/1.1 401 Unauthorized\r\n\r\n", Some(TokenVerdict::Refused)),
            ("HTTP/2 401 \r\nserver: x\r\n\r\n", Some(TokenVerdict::Refused)),
            ("HTTP/2 204 \r\n\r\n", Some(TokenVerdict::Accepted)),
            ("HTTP/1.1 401 Unauthorized\r\nServer: x\r\n", None),
            ("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 401 No\r\n\r\n", Some(TokenVerdict::Refused)),
            (&format!("{connected}HTTP/1.1 401 No\r\n\r\n"), Some(TokenVerdict::Refused)),
            (
                &format!("HTTP/1.1 407 Who\r\nContent-Length: 0\r\n\r\n{connected}HTTP/2 401\r\n\r\n"),
                Some(TokenVerdict::Refused),
            ),
            (connected, None),
            ("HTTP/1.1 302 Found\r\nLocation: /\r\n\r\nHTTP/1.1 401 No\r\n\r\n", Some(TokenVerdict::Accepted)),
            ("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n", Some(TokenVerdict::Accepted)),
            ("HTTP/1.1 403 Forbidden\r\n\r\n", Some(TokenVerdict::Accepted)),
            ("x\r\n\r\n", None),
        ] {
            assert_eq!(verdict(headers), expected, "{headers}");
        }
    }
}
