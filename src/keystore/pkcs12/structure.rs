//! Walks the BER structure of a file before any parser sees it.
//!
//! A keystore is untrusted until its password has been checked, and the parsers below trust the lengths they
//! read: yasna 0.5.2 adds a length to a position without a check (`reader/mod.rs`, `skip_general`), which is a
//! panic with overflow checks and a walk backwards without them. So every length is held against what is there,
//! and depth and number of elements are capped, without recursion. The rules are those of X.690 §8.1.

/// Deeper nesting than any keystore needs: a certificate in a bag stays below twenty.
const MAXIMUM_DEPTH: usize = 64;

/// More elements than a keystore with hundreds of certificates has.
const MAXIMUM_ELEMENTS: usize = 200_000;

const CONSTRUCTED: u8 = 0x20;
const LONG_TAG: u8 = 0x1f;

/// Where an open element ends.
enum End {
    At(usize),
    AtMarker,
}

/// Returns the first element of `bytes`, leaving out whatever trails it, or `None` when any length in it is wrong.
pub(super) fn first_element(bytes: &[u8]) -> Option<&[u8]> {
    let mut position = 0;
    let mut open: Vec<End> = Vec::new();
    for _ in 0..MAXIMUM_ELEMENTS {
        let limit = open.iter().rev().find_map(End::position).unwrap_or(bytes.len());
        let element = Header::read(bytes.get(..limit)?, position)?;
        position = element.content;
        match element.length {
            Some(length) => {
                let end = position.checked_add(length).filter(|end| *end <= limit)?;
                if element.is_end_marker() {
                    open.pop().filter(|end| matches!(end, End::AtMarker))?;
                } else if element.is_constructed() {
                    open.push(End::At(end));
                } else {
                    position = end;
                }
            }
            None if element.is_constructed() => open.push(End::AtMarker),
            None => return None,
        }
        if open.len() > MAXIMUM_DEPTH {
            return None;
        }
        while open.last().is_some_and(|end| matches!(end, End::At(end) if *end == position)) {
            open.pop();
        }
        if open.is_empty() {
            return bytes.get(..position);
        }
    }
    None
}

/// What is in the first element of `bytes`, and whatever follows.
pub(super) fn content(bytes: &[u8]) -> Option<&[u8]> {
    bytes.get(Header::read(bytes, 0)?.content..)
}

impl End {
    fn position(&self) -> Option<usize> {
        match self {
            Self::At(position) => Some(*position),
            Self::AtMarker => None,
        }
    }
}

/// An element's identifier and length octets.
struct Header {
    identifier: u8,
    length: Option<usize>,
    content: usize,
}

impl Header {
    fn read(bytes: &[u8], start: usize) -> Option<Self> {
        let mut octets = bytes.get(start..)?.iter().copied().enumerate();
        let (_, identifier) = octets.next()?;
        if identifier & LONG_TAG == LONG_TAG {
            // Tags above 30 do not occur in PKCS#12; four octets hold any that could.
            octets.by_ref().take(4).find(|(_, octet)| octet & 0x80 == 0)?;
        }
        let (mut at, first) = octets.next()?;
        let length = match first {
            0x80 => None,
            0..0x80 => Some(usize::from(first)),
            _ => {
                let mut length = 0usize;
                for _ in 0..first & 0x7f {
                    let (next, octet) = octets.next()?;
                    length = length.checked_mul(256)?.checked_add(usize::from(octet))?;
                    at = next;
                }
                Some(length)
            }
        };
        Some(Self { identifier, length, content: start + at + 1 })
    }

    fn is_constructed(&self) -> bool {
        self.identifier & CONSTRUCTED != 0
    }

    fn is_end_marker(&self) -> bool {
        self.identifier == 0 && self.length == Some(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn leaves_out_what_trails_the_first_element() {
        assert_eq!(first_element(b"\x30\x03\x02\x01\x05trailing"), Some(&b"\x30\x03\x02\x01\x05"[..]));
        assert_eq!(first_element(b"\x30\x00\x30\x00"), Some(&b"\x30\x00"[..]));
    }

    #[test]
    fn follows_indefinite_lengths_to_their_markers() {
        let nested = b"\x30\x80\x24\x80\x04\x01a\x04\x01b\x00\x00\x00\x00";
        assert_eq!(first_element(nested), Some(&nested[..]));
        assert_eq!(first_element(b"\x30\x80\x02\x01\x05"), None);
    }

    #[test]
    fn refuses_lengths_that_leave_their_parent_or_overflow() {
        for bytes in [
            &b""[..],
            b"\x30",
            b"\x30\x05\x02\x01\x05",
            b"\x30\x03\x02\x02\x05\x05",
            b"\x30\x88\xff\xff\xff\xff\xff\xff\xff\xff",
            b"\x30\x89\x01\xff\xff\xff\xff\xff\xff\xff\xff",
            b"\x02\x80\x00\x00",
            b"\x00\x00",
            b"\x30\x02\x00\x00",
        ] {
            assert_eq!(first_element(bytes), None, "{bytes:x?}");
        }
    }

    #[test]
    fn refuses_a_hundred_thousand_levels_without_using_the_stack() {
        assert_eq!(first_element(&b"\x30\x80".repeat(100_000)), None);
    }
}
