//! PEM blocks (RFC 7468), also with the headers of encrypted keys (RFC 1421 §4.6).
//!
//! Text around the blocks is ignored, as RFC 7468 §2 allows.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use zeroize::Zeroizing;

use super::{Certificate, error::shown};

const BEGIN: &str = "-----BEGIN ";
const END: &str = "-----END ";
const DASHES: &str = "-----";

/// A block in its text.
#[derive(Clone, Copy)]
pub(super) struct PemBlock<'text> {
    pub(super) label: &'text str,
    body: &'text str,
}

impl<'text> PemBlock<'text> {
    /// Finds the blocks of a text in their order; a block without an end line is left out.
    pub(super) fn find_all(text: &'text str) -> Vec<Self> {
        let mut blocks = Vec::new();
        let mut open: Option<(&str, usize)> = None;
        let mut next = 0;
        for line in text.split_inclusive('\n') {
            let start = next;
            next += line.len();
            let line = line.trim_start_matches('\u{feff}').trim();
            if let Some(label) = marker(line, BEGIN) {
                open = Some((label, next));
            } else if let Some(ended) = marker(line, END)
                && let Some((label, body)) = open.take()
                && label == ended
            {
                blocks.push(Self { label, body: &text[body..start] });
            }
        }
        blocks
    }

    /// Returns the value of a header such as `Proc-Type`.
    pub(super) fn header(&self, name: &str) -> Option<&'text str> {
        let mut headers = self.lines().take_while(|line| !line.is_empty());
        headers.find_map(|line| line.strip_prefix(name)?.strip_prefix(':')).map(str::trim)
    }

    /// Decodes the base64; returns `None` if it is not base64 or has headers.
    pub(super) fn der(&self) -> Option<Zeroizing<Vec<u8>>> {
        // Large enough not to grow, which would leave a copy of a key behind.
        let mut base64 = Zeroizing::new(String::with_capacity(self.body.len()));
        base64.extend(self.body.chars().filter(|character| !character.is_ascii_whitespace()));
        STANDARD.decode(base64.as_bytes()).ok().map(Zeroizing::new)
    }

    /// Returns the block without indentation or other text, as OpenSSL expects it.
    pub(super) fn text(&self) -> Zeroizing<String> {
        let label = self.label;
        let mut text = Zeroizing::new(String::with_capacity(2 * label.len() + self.body.len() + 100));
        for part in [BEGIN, label, DASHES, "\n"] {
            text.push_str(part);
        }
        for line in self.lines() {
            text.push_str(line);
            text.push('\n');
        }
        for part in [END, label, DASHES, "\n"] {
            text.push_str(part);
        }
        text
    }

    fn lines(&self) -> impl Iterator<Item = &'text str> + use<'text> {
        self.body.lines().map(str::trim)
    }

    /// Returns whether the block contains a private key in any format.
    pub(super) fn is_private_key(&self) -> bool {
        self.label.ends_with("PRIVATE KEY")
    }

    /// Returns whether the block contains a certificate, by the current label or an older one of OpenSSL.
    pub(super) fn is_certificate(&self) -> bool {
        ["CERTIFICATE", "X509 CERTIFICATE", "TRUSTED CERTIFICATE"].contains(&self.label)
    }
}

/// Lists the labels of blocks for an error: `2 x CERTIFICATE, PUBLIC KEY`.
pub(super) fn labels(blocks: &[PemBlock]) -> String {
    let mut counted: Vec<(&str, usize)> = Vec::new();
    for block in blocks {
        match counted.iter_mut().find(|(label, _)| *label == block.label) {
            Some((_, count)) => *count += 1,
            None => counted.push((block.label, 1)),
        }
    }
    let words = counted.into_iter().take(20).map(|(label, count)| match count {
        1 => shown(label),
        count => format!("{count} x {}", shown(label)),
    });
    words.collect::<Vec<_>>().join(", ")
}

/// Parses the certificates among the blocks; returns `None` if one is damaged.
pub(super) fn certificates(blocks: &[PemBlock]) -> Option<Vec<Certificate>> {
    let certificates = blocks.iter().filter(|block| block.is_certificate());
    certificates.map(|block| Certificate::from_der(&block.der()?)).collect()
}

fn marker<'line>(line: &'line str, start: &str) -> Option<&'line str> {
    line.strip_prefix(start)?.strip_suffix(DASHES)
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
    fn a_block_without_its_own_end_line_is_left_out() {
        assert!(PemBlock::find_all("-----BEGIN A-----\nAQ==\n").is_empty());
        assert!(PemBlock::find_all("-----BEGIN A-----\nAQ==\n-----END B-----").is_empty());
        assert_eq!(labels(&PemBlock::find_all("-----BEGIN A-----\n-----BEGIN B-----\nAQ==\n-----END B-----")), "B");
    }

    #[test]
    fn headers_are_read_only_before_the_empty_line() {
        let blocks = PemBlock::find_all("-----BEGIN A-----\nProc-Type: 4,ENCRYPTED\n\nDEK-Info: no\n-----END A-----");

        assert_eq!(blocks[0].header("Proc-Type"), Some("4,ENCRYPTED"));
        assert_eq!(blocks[0].header("DEK-Info"), None);
    }
}
