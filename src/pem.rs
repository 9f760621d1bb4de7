//! PEM blocks (RFC 7468), also with the headers of encrypted keys (RFC 1421 §4.6).
//!
//! Text around the blocks is ignored, as RFC 7468 §2 allows. Line breaks that were lost or changed on the way are
//! restored: secret stores, CI variables and JSON files keep a PEM text on one line, with `\n` as two characters, or
//! with spaces. The one reader of keys, certificates and certificate authorities.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use zeroize::Zeroizing;

use crate::{file, text::excerpt};

const BEGIN: &str = "-----BEGIN ";
const END: &str = "-----END ";
const DASHES: &str = "-----";

/// The longest label that is recognised.
const MAXIMUM_LABEL: usize = 64;

/// The length of the lines that are written.
const LINE: usize = 64;

/// A block in its text.
#[derive(Clone, Copy)]
pub(crate) struct PemBlock<'text> {
    pub(crate) label: &'text str,
    body: &'text str,
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
    /// Finds the blocks of a text in their order; a block without an end line is left out.
    pub(crate) fn find_all(text: &'text str) -> Vec<Self> {
        let mut blocks = Vec::new();
        let mut open: Option<(&str, usize)> = None;
        for (position, _) in text.match_indices(DASHES) {
            let rest = &text[position..];
            if let Some(label) = marker(rest, BEGIN) {
                open = Some((label, position + BEGIN.len() + label.len() + DASHES.len()));
            } else if let Some(ended) = marker(rest, END)
                && let Some((label, body)) = open.take()
                && label == ended
                // The end of the begin line and the beginning of the end line may be the same dashes.
                && let Some(body) = text.get(body..position)
            {
                blocks.push(Self { label, body });
            }
        }
        blocks
    }

    /// Returns the value of a header such as `Proc-Type`.
    pub(crate) fn header(&self, name: &str) -> Option<&'text str> {
        let lines = self.lines();
        let mut headers = lines.iter().take_while(|line| !line.is_empty());
        headers.find_map(|line| line.strip_prefix(name)?.strip_prefix(':')).map(str::trim)
    }

    /// Decodes the base64; returns `None` if it is not base64 or has headers.
    pub(crate) fn der(&self) -> Option<Zeroizing<Vec<u8>>> {
        // Large enough not to grow, which would leave a copy of a key behind.
        let mut base64 = Zeroizing::new(String::with_capacity(self.body.len()));
        base64.extend(self.body.chars().filter(|character| !character.is_ascii_whitespace()));
        STANDARD.decode(base64.as_bytes()).ok().map(Zeroizing::new)
    }

    /// Returns the block without indentation or other text and in lines of a usual length, as OpenSSL expects it.
    pub(crate) fn text(&self) -> Zeroizing<String> {
        let label = self.label;
        let mut text = Zeroizing::new(String::with_capacity(2 * label.len() + 2 * self.body.len() + 100));
        for part in [BEGIN, label, DASHES, "\n"] {
            text.push_str(part);
        }
        for mut line in self.lines() {
            while !line.contains(':')
                && let Some((start, rest)) = line.split_at_checked(LINE).filter(|(_, rest)| !rest.is_empty())
            {
                text.push_str(start);
                text.push('\n');
                line = rest;
            }
            text.push_str(line);
            text.push('\n');
        }
        for part in [END, label, DASHES, "\n"] {
            text.push_str(part);
        }
        text
    }

    /// Returns the lines of the body. If it is all on one line, they are its words, with headers and their values.
    fn lines(&self) -> Vec<&'text str> {
        let body = self.body.trim();
        if body.contains('\n') {
            let body = self.body.trim_end();
            return body.strip_prefix('\n').unwrap_or(body).lines().map(str::trim).collect();
        }
        let mut lines = Vec::new();
        let mut rest = body;
        while let Some(length) = header_length(rest) {
            lines.push(&rest[..length]);
            rest = rest[length..].trim_start();
        }
        if !lines.is_empty() {
            lines.push("");
        }
        lines.extend(rest.split_whitespace());
        lines
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

/// Returns the label of a begin or end line at the start of `text`.
fn marker<'text>(text: &'text str, start: &str) -> Option<&'text str> {
    let (label, _) = text.strip_prefix(start)?.split_once(DASHES)?;
    (label.len() <= MAXIMUM_LABEL && !label.contains('\n')).then_some(label)
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
        let blocks = PemBlock::find_all(text);

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

            let blocks = PemBlock::find_all(&text);

            assert_eq!(blocks.len(), 1, "{text:?}");
            assert_eq!(blocks[0].text().replace("AQID\nBAUG", "AQIDBAUG"), block.replace("AQID\nBAUG", "AQIDBAUG"));
            assert_eq!(blocks[0].header("DEK-Info"), Some("X,01"), "{text:?}");
        }
        let long = "A".repeat(200);
        let text = format!("-----BEGIN A-----{long}-----END A-----");
        assert!(PemBlock::find_all(&text)[0].text().lines().all(|line| line.len() <= LINE));
    }

    #[test]
    fn a_block_without_its_own_end_line_is_left_out() {
        assert!(PemBlock::find_all("-----BEGIN A-----\nAQ==\n").is_empty());
        assert!(PemBlock::find_all("-----BEGIN A-----\nAQ==\n-----END B-----").is_empty());
        assert!(PemBlock::find_all("-----BEGIN A-----END A-----").is_empty());
        assert_eq!(labels(&PemBlock::find_all("-----BEGIN A-----\n-----BEGIN B-----\nAQ==\n-----END B-----")), "B");
    }

    #[test]
    fn headers_are_read_only_before_the_empty_line() {
        let blocks = PemBlock::find_all("-----BEGIN A-----\nProc-Type: 4,ENCRYPTED\n\nDEK-Info: no\n-----END A-----");

        assert_eq!(blocks[0].header("Proc-Type"), Some("4,ENCRYPTED"));
        assert_eq!(blocks[0].header("DEK-Info"), None);
    }
}
