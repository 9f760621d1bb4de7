//! The blocks of a PEM text (RFC 7468, and RFC 1421 §4.6 for the headers of old encrypted keys).
//!
//! What stands around the blocks is for people and ignored, as RFC 7468 §2 lets a reader do.

use base64::{
    Engine as _,
    engine::{GeneralPurpose, general_purpose::STANDARD},
};
use zeroize::Zeroizing;

/// Base64 with padding, as every writer of PEM makes it.
const BASE64: GeneralPurpose = STANDARD;

const BEGIN: &str = "-----BEGIN ";
const END: &str = "-----END ";
const DASHES: &str = "-----";

/// One block, where it stands in its text.
#[derive(Clone, Copy)]
pub(in crate::keystore) struct Block<'text> {
    pub(in crate::keystore) label: &'text str,
    body: &'text str,
}

impl<'text> Block<'text> {
    /// Finds the blocks of a text, in the order they stand there; one that does not end is left out.
    pub(in crate::keystore) fn all(text: &'text str) -> Vec<Self> {
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

    /// The value of a header such as `Proc-Type`.
    pub(super) fn header(&self, name: &str) -> Option<&'text str> {
        let mut headers = self.lines().take_while(|line| !line.is_empty());
        headers.find_map(|line| line.strip_prefix(name)?.strip_prefix(':')).map(str::trim)
    }

    /// What the base64 says; `None` when it is not base64, or when headers stand before it.
    pub(in crate::keystore) fn der(&self) -> Option<Zeroizing<Vec<u8>>> {
        // With room for all, so that growing leaves no copy of a key behind.
        let mut base64 = Zeroizing::new(String::with_capacity(self.body.len()));
        base64.extend(self.body.chars().filter(|character| !character.is_ascii_whitespace()));
        BASE64.decode(base64.as_bytes()).ok().map(Zeroizing::new)
    }

    /// The block alone, in the form that every reader takes.
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

    /// Whether it holds a private key of any form.
    pub(super) fn is_private_key(&self) -> bool {
        self.label.ends_with("PRIVATE KEY")
    }

    /// Whether it holds a certificate, by its name today and by OpenSSL's older ones.
    pub(in crate::keystore) fn is_certificate(&self) -> bool {
        ["CERTIFICATE", "X509 CERTIFICATE", "TRUSTED CERTIFICATE"].contains(&self.label)
    }
}

/// The labels of blocks as an error shows them: `2 x CERTIFICATE, PUBLIC KEY`.
pub(in crate::keystore) fn labels(blocks: &[Block]) -> String {
    let mut counted: Vec<(&str, usize)> = Vec::new();
    for block in blocks {
        match counted.iter_mut().find(|(label, _)| *label == block.label) {
            Some((_, count)) => *count += 1,
            None => counted.push((block.label, 1)),
        }
    }
    let words = counted.into_iter().take(20).map(|(label, count)| match count {
        1 => super::printable(label),
        count => format!("{count} x {}", super::printable(label)),
    });
    words.collect::<Vec<_>>().join(", ")
}

fn marker<'line>(line: &'line str, start: &str) -> Option<&'line str> {
    line.strip_prefix(start)?.strip_suffix(DASHES)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_blocks_between_other_text_and_in_spite_of_indentation_and_a_byte_order_mark() {
        let text = "\u{feff}-----BEGIN A-----\r\nAQ==\r\n-----END A-----\nBag Attributes\n  -----BEGIN B B-----\n  Ag\n  \
                    ==\n  -----END B B-----";
        let blocks = Block::all(text);

        assert_eq!(labels(&blocks), "A, B B");
        assert_eq!(blocks.iter().map(|block| block.der().unwrap().to_vec()).collect::<Vec<_>>(), [[1], [2]]);
    }

    #[test]
    fn leaves_out_a_block_that_does_not_end_or_ends_as_another() {
        assert!(Block::all("-----BEGIN A-----\nAQ==\n").is_empty());
        assert!(Block::all("-----BEGIN A-----\nAQ==\n-----END B-----").is_empty());
        assert_eq!(labels(&Block::all("-----BEGIN A-----\n-----BEGIN B-----\nAQ==\n-----END B-----")), "B");
    }

    #[test]
    fn reads_headers_and_only_before_the_empty_line() {
        let blocks = Block::all("-----BEGIN A-----\nProc-Type: 4,ENCRYPTED\n\nDEK-Info: no\n-----END A-----");

        assert_eq!(blocks[0].header("Proc-Type"), Some("4,ENCRYPTED"));
        assert_eq!(blocks[0].header("DEK-Info"), None);
    }
}
