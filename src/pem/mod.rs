//! PEM blocks (RFC 7468), also with the headers of encrypted keys (RFC 1421 §4.6).
//!
//! Text around the blocks is ignored, as RFC 7468 §2 allows. Line breaks that were lost or changed on the way are
//! restored: secret stores, CI variables and JSON files keep a PEM text on one line, with `\n` as two characters, or
//! with spaces. What cannot be repaired is named with its line. The one reader of keys, certificates and certificate
//! authorities.

mod fault;
mod marker;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use zeroize::Zeroizing;

pub use self::fault::PemFault;
use self::marker::{MAXIMUM_LABEL, Marker};
use crate::{file, text::excerpt};

const BEGIN: &str = "-----BEGIN ";
const END: &str = "-----END ";
const DASHES: &str = "-----";

/// A block in its text.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PemBlock<'text> {
    pub(crate) label: &'text str,
    body: &'text str,
    /// The number of its begin line.
    line: usize,
}

/// Decodes a PEM text in UTF-8 or UTF-16, and restores its line breaks.
pub(crate) fn decode(bytes: &[u8]) -> Zeroizing<String> {
    let decoded =
        file::decode_text(bytes).unwrap_or_else(|| Zeroizing::new(String::from_utf8_lossy(bytes).into_owned()));
    // Large enough not to grow, which would leave a copy of a key behind.
    let mut text = Zeroizing::new(String::with_capacity(decoded.len()));
    let mut characters = decoded.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '\r' if characters.peek() == Some(&'\n') => {}
            '\r' => text.push('\n'),
            // `\n`, `\r\n` or `\/` of JSON, or the line continuation of a shell: base64 has no backslash.
            '\\' => {
                while characters.next_if_eq(&'\\').is_some() {}
                let escaped = characters.next_if(|next| matches!(next, 'n' | 'r'));
                // Of `\r\n` only the second makes a line break.
                if escaped == Some('n') || escaped == Some('r') && characters.peek() != Some(&'\\') {
                    text.push('\n');
                }
            }
            other => text.push(other),
        }
    }
    text
}

impl<'text> PemBlock<'text> {
    /// Finds the blocks of a text in their order.
    pub(crate) fn find_all(text: &'text str) -> Result<Vec<Self>, PemFault> {
        let mut blocks = Vec::new();
        let mut open: Option<Marker> = None;
        for marker in Marker::find_all(text) {
            let (label, line) = (shown(marker.label), marker.line);
            if !marker.has_five_dashes {
                let word = if marker.is_begin { BEGIN } else { END };
                return Err(PemFault::Dashes { line, expected: format!("{word}{label}{DASHES}") });
            }
            match open.take() {
                Some(begin) if marker.is_begin => {
                    return Err(PemFault::NoEnd { line: begin.line, label: shown(begin.label) });
                }
                None if marker.is_begin => open = Some(marker),
                None => return Err(PemFault::NoBegin { line, label }),
                Some(begin) if begin.label != marker.label => {
                    return Err(PemFault::OtherLabel { line, begin: shown(begin.label), end: label });
                }
                Some(begin) => {
                    // The end of the begin line and the beginning of the end line may be the same dashes.
                    let body = text.get(begin.end..marker.start).unwrap_or_default();
                    blocks.push(Self { label: begin.label, body, line: begin.line });
                }
            }
        }
        match open {
            Some(begin) => Err(PemFault::NoEnd { line: begin.line, label: shown(begin.label) }),
            None => Ok(blocks),
        }
    }

    /// Returns the value of a header such as `Proc-Type`.
    pub(crate) fn header(&self, name: &str) -> Option<&'text str> {
        self.headers().into_iter().find_map(|line| line.strip_prefix(name)?.strip_prefix(':')).map(str::trim)
    }

    /// Decodes the base64; headers are an error.
    pub(crate) fn der(&self) -> Result<Zeroizing<Vec<u8>>, PemFault> {
        self.decode(self.body)
    }

    /// Decodes the base64 after the headers, if there are any.
    pub(crate) fn der_after_headers(&self) -> Result<Zeroizing<Vec<u8>>, PemFault> {
        // Headers end with an empty line, unless line breaks are lost.
        if let Some((headers, body)) = self.body.split_once("\n\n")
            && headers.contains(':')
        {
            return self.decode(body);
        }
        let mut rest = self.body.trim_start();
        while let Some(length) = header_length(rest) {
            rest = rest[length..].trim_start();
        }
        self.decode(rest)
    }

    /// Decodes the end of the body.
    fn decode(&self, base64: &str) -> Result<Zeroizing<Vec<u8>>, PemFault> {
        let before = self.body.len() - base64.len();
        let first = self.line + self.body[..before].matches('\n').count();
        // Large enough not to grow, which would leave a copy of a key behind.
        let mut characters = Zeroizing::new(String::with_capacity(base64.len()));
        for (line, text) in (first..).zip(base64.split('\n')) {
            for character in text.chars().filter(|character| !character.is_ascii_whitespace()) {
                if !character.is_ascii_alphanumeric() && !"+/=".contains(character) {
                    return Err(PemFault::NotBase64 { line });
                }
                characters.push(character);
            }
        }
        let decoded = STANDARD.decode(characters.as_bytes());
        decoded.map(Zeroizing::new).map_err(|_| PemFault::Incomplete { line: self.line })
    }

    /// Returns the lines before the first empty one. If the body is all on one line, they are its headers.
    fn headers(&self) -> Vec<&'text str> {
        let body = self.body.trim();
        if body.contains('\n') {
            let body = self.body.strip_prefix('\n').unwrap_or(self.body);
            return body.lines().map(str::trim).take_while(|line| !line.is_empty()).collect();
        }
        let mut headers = Vec::new();
        let mut rest = body;
        while let Some(length) = header_length(rest) {
            headers.push(&rest[..length]);
            rest = rest[length..].trim_start();
        }
        headers
    }

    /// Returns whether the block holds a private key in any format.
    pub(crate) fn is_private_key(&self) -> bool {
        self.label.ends_with("PRIVATE KEY")
    }

    /// Returns whether the block holds a certificate, by the current label or an older one of OpenSSL.
    pub(crate) fn is_certificate(&self) -> bool {
        ["CERTIFICATE", "X509 CERTIFICATE", "TRUSTED CERTIFICATE"].contains(&self.label)
    }
}

/// Lists the labels of blocks for an error: `2 x CERTIFICATE, PUBLIC KEY`.
pub(crate) fn labels(blocks: &[PemBlock]) -> String {
    let mut counted: Vec<(&str, usize)> = Vec::new();
    for block in blocks {
        match counted.iter_mut().find(|(label, _)| *label == block.label) {
            Some((_, count)) => *count += 1,
            None => counted.push((block.label, 1)),
        }
    }
    let words = counted.into_iter().take(20).map(|(label, count)| match count {
        1 => excerpt(label, 300),
        count => format!("{count} x {}", excerpt(label, 300)),
    });
    words.collect::<Vec<_>>().join(", ")
}

/// Makes a label fit for a message.
fn shown(label: &str) -> String {
    excerpt(label.trim(), MAXIMUM_LABEL)
}

/// Returns the length of a header and its value, such as `Proc-Type: 4,ENCRYPTED`, at the start of a line.
fn header_length(line: &str) -> Option<usize> {
    let name = line.find(char::is_whitespace).filter(|end| line[..*end].ends_with(':'))?;
    let value = name + line[name..].find(|character: char| !character.is_whitespace())?;
    Some(line[value..].find(char::is_whitespace).map_or(line.len(), |end| value + end))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_are_found_between_other_text_with_indentation_and_a_byte_order_mark() {
        let text = "\u{feff}-----BEGIN A-----\r\nAQ==\r\n-----END A-----\nBag Attributes\n  -----BEGIN B B-----\n  Ag\n  \
                    ==\n  -----END B B-----";
        let blocks = PemBlock::find_all(text).unwrap();

        assert_eq!(labels(&blocks), "A, B B");
        assert_eq!(blocks.iter().map(|block| block.der().unwrap().to_vec()).collect::<Vec<_>>(), [[1], [2]]);
    }

    #[test]
    fn lost_and_changed_line_breaks_are_restored() {
        let block = "-----BEGIN A-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: X,01\n\nAQID\nBAUG\n-----END A-----\n";
        let utf16 = |text: &str| text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>();
        for text in [
            block.replace('\n', "\\n").into_bytes(),
            block.replace('\n', "\\r\\n").into_bytes(),
            block.replace('\n', "\\\\n").into_bytes(),
            format!("\"{}\"", block.replace('\n', "\\n")).into_bytes(),
            block.replace('\n', "\r").into_bytes(),
            block.replace('\n', "\r\n").into_bytes(),
            block.replace('\n', " ").into_bytes(),
            block.replace('\n', "\n  ").into_bytes(),
            utf16(block),
            utf16(&format!("\u{feff}{block}")),
            format!("KEY={}", block.replace('\n', " ")).into_bytes(),
        ] {
            let text = decode(&text);

            let blocks = PemBlock::find_all(&text).unwrap();

            assert_eq!(blocks.len(), 1, "{text:?}");
            assert_eq!(*blocks[0].der_after_headers().unwrap(), [1, 2, 3, 4, 5, 6], "{text:?}");
            assert_eq!(blocks[0].header("DEK-Info"), Some("X,01"), "{text:?}");
        }
    }

    #[test]
    fn what_is_wrong_is_named_with_its_line() {
        let block = "-----BEGIN PRIVATE KEY-----\nAQID\nBAUG\n-----END PRIVATE KEY-----\n";
        let text = |from: &str, to: &str| format!("notes\n{}", block.replace(from, to));
        let begin = "line 2 should be `-----BEGIN PRIVATE KEY-----`, with five dashes on each side";
        let end = "line 5 should be `-----END PRIVATE KEY-----`, with five dashes on each side";
        for (text, expected) in [
            (text("-----BEGIN", "----BEGIN"), begin),
            (text("-----BEGIN", "------BEGIN"), begin),
            (text("-----BEGIN", "\u{2014}\u{2014}-BEGIN"), begin),
            (text("-----BEGIN", "BEGIN"), begin),
            (text("KEY-----\nA", "KEY\nA"), begin),
            (text("KEY-----\nA", "KEY -----\nA"), begin),
            (text("-----END PRIVATE KEY-----", "-----END PRIVATE KEY----"), end),
            (
                text("-----END PRIVATE KEY-----\n", ""),
                "line 2 begins `PRIVATE KEY`, but there is no line `-----END PRIVATE KEY-----` after it",
            ),
            (
                text("-----END PRIVATE KEY-----\n", block),
                "line 2 begins `PRIVATE KEY`, but there is no line `-----END PRIVATE KEY-----` after it",
            ),
            (
                text("-----BEGIN PRIVATE KEY-----\n", ""),
                "line 4 ends `PRIVATE KEY`, but there is no line `-----BEGIN PRIVATE KEY-----` before it",
            ),
            (
                text("END PRIVATE", "END RSA PRIVATE"),
                "line 5 ends `RSA PRIVATE KEY`, but the block began as `PRIVATE KEY`",
            ),
        ] {
            assert_eq!(PemBlock::find_all(&text).unwrap_err().to_string(), expected, "{text}");
        }
        for (text, expected) in [
            (text("BAUG", "BA*G"), "line 4 has characters that are not base64"),
            (text("AQID", "> AQID"), "line 3 has characters that are not base64"),
            (text("AQID", "AQI"), "the base64 after line 2 is incomplete: characters are missing or doubled"),
        ] {
            assert_eq!(PemBlock::find_all(&text).unwrap()[0].der().unwrap_err().to_string(), expected, "{text}");
        }
    }

    #[test]
    fn other_text_with_dashes_and_these_words_is_no_marker() {
        for text in ["", "----- END OF FILE -----", "--BEGIN something--", "the BEGIN CERTIFICATE line", "FRIEND -----"]
        {
            assert!(PemBlock::find_all(text).unwrap().is_empty(), "{text}");
        }
        let joined = "-----BEGIN A-----AQ==-----END A----------BEGIN B-----Ag==-----END B-----";
        assert_eq!(labels(&PemBlock::find_all(joined).unwrap()), "A, B");
        let hollow = PemBlock::find_all("-----BEGIN A-----END A-----").unwrap();
        assert!(hollow[0].der().unwrap().is_empty());
    }

    #[test]
    fn a_large_text_of_markers_takes_no_longer_than_any_other() {
        for part in ["BEGIN ", "-----BEGIN A-----", "-----BEGIN A-----\n-----END A-----\n", "-"] {
            let text = part.repeat(1_000_000 / part.len());
            let started = std::time::Instant::now();

            let _ = PemBlock::find_all(&text).map(|blocks| blocks.len());

            assert!(started.elapsed().as_secs() < 20, "{part}");
        }
    }

    #[test]
    fn headers_are_read_only_before_the_empty_line() {
        let blocks =
            PemBlock::find_all("-----BEGIN A-----\nProc-Type: 4,ENCRYPTED\n\nDEK-Info: no\n-----END A-----").unwrap();

        assert_eq!(blocks[0].header("Proc-Type"), Some("4,ENCRYPTED"));
        assert_eq!(blocks[0].header("DEK-Info"), None);
    }
}
