//! Finds out from the headers that curl dumps (`-D`) whether the API refused the token, before curl prints the body.
//!
//! curl writes each header line to the dump first and then to stdout (`tool_cb_hdr.c`), and buffers neither. Reading the
//! dump before stdout therefore gives the status before the body.

use std::{
    fs::File,
    io::{self, PipeReader, Read as _, Write as _},
    os::fd::AsFd as _,
};

use rustix::event::{PollFd, PollFlags, poll};

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

/// Reads the headers that curl dumps, and its stdout if that is held back, until both end.
pub(super) fn watch(headers: PipeReader, body: Option<PipeReader>) -> io::Result<WatchedResponse> {
    let mut head = ResponseHead::default();
    let mut output =
        HeldOutput { held: Vec::new(), dropped: 0, out: File::from(io::stdout().as_fd().try_clone_to_owned()?) };
    let (mut headers, mut body) = (Some(headers), body);
    let mut is_cut = false;
    let mut buffer = vec![0; MAXIMUM_HELD];
    while headers.is_some() || body.is_some() {
        let [headers_ready, body_ready] = ready([&headers, &body])?;
        if let Some(pipe) = headers.as_mut().filter(|_| headers_ready) {
            let count = pipe.read(&mut buffer)?;
            head.read(&buffer[..count]);
            if count == 0 {
                headers = None;
            }
        } else if let Some(pipe) = body.as_mut().filter(|_| body_ready) {
            let count = pipe.read(&mut buffer)?;
            // Closing the pipe makes curl fail with a write error, which it reports itself if it has more to write.
            let is_full = output.pass(&buffer[..count], head.verdict).is_err();
            is_cut |= is_full;
            if count == 0 || is_full {
                body = None;
            }
        }
        if head.verdict == Some(TokenVerdict::Accepted)
            && !output.held.is_empty()
            && output.pass(&[], head.verdict).is_err()
        {
            is_cut = true;
            body = None;
        }
    }
    let refused = head.verdict == Some(TokenVerdict::Refused);
    if !refused {
        is_cut |= output.pass(&[], Some(TokenVerdict::Accepted)).is_err();
    }
    Ok(WatchedResponse { refused, is_cut, nonce: head.nonce })
}

/// Waits until one of the pipes is readable or closed, and returns which.
fn ready(pipes: [&Option<PipeReader>; 2]) -> io::Result<[bool; 2]> {
    let open = pipes.iter().filter_map(|pipe| pipe.as_ref());
    let mut polled: Vec<_> = open.map(|pipe| PollFd::new(pipe, PollFlags::IN)).collect();
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
