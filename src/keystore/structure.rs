//! Validates the BER structure of a file (X.690 §8.1) before it is parsed.
//!
//! The parsers trust the lengths they read: yasna 0.5.2 adds a length to a position without a check (`reader/mod.rs`,
//! `skip_general`), which panics with overflow checks and moves backwards without them. So every length is compared
//! with the data, and the depth and number of elements are limited, without recursion.

/// The nesting limit: a certificate in a bag needs less than twenty levels.
const MAXIMUM_DEPTH: usize = 64;

/// The limit for elements: more than a keystore with hundreds of certificates has.
const MAXIMUM_ELEMENTS: usize = 200_000;

const CONSTRUCTED: u8 = 0x20;
const LONG_TAG: u8 = 0x1f;

/// Where a constructed element ends.
enum ElementEnd {
    /// At this position.
    At(usize),
    /// At an end-of-contents marker.
    AtMarker,
}

/// Returns the first element of `bytes` without what follows it; `None` if a length in it is wrong.
pub(super) fn first_element(bytes: &[u8]) -> Option<&[u8]> {
    let mut position = 0;
    let mut open: Vec<ElementEnd> = Vec::new();
    for _ in 0..MAXIMUM_ELEMENTS {
        let limit = open.iter().rev().find_map(ElementEnd::position).unwrap_or(bytes.len());
        let element = ElementHeader::read(bytes.get(..limit)?, position)?;
        position = element.content;
        match element.length {
            Some(length) => {
                let end = position.checked_add(length).filter(|end| *end <= limit)?;
                if element.is_end_marker() {
                    open.pop().filter(|end| matches!(end, ElementEnd::AtMarker))?;
                } else if element.is_constructed() {
                    open.push(ElementEnd::At(end));
                } else {
                    position = end;
                }
            }
            None if element.is_constructed() => open.push(ElementEnd::AtMarker),
            None => return None,
        }
        if open.len() > MAXIMUM_DEPTH {
            return None;
        }
        while open.last().is_some_and(|end| matches!(end, ElementEnd::At(end) if *end == position)) {
            open.pop();
        }
        if open.is_empty() {
            return bytes.get(..position);
        }
    }
    None
}

/// Returns the content of the first element of `bytes` with what follows it.
pub(super) fn content(bytes: &[u8]) -> Option<&[u8]> {
    bytes.get(ElementHeader::read(bytes, 0)?.content..)
}

impl ElementEnd {
    fn position(&self) -> Option<usize> {
        match self {
            Self::At(position) => Some(*position),
            Self::AtMarker => None,
        }
    }
}

/// The identifier and length of an element, and the position of its content.
struct ElementHeader {
    identifier: u8,
    length: Option<usize>,
    content: usize,
}

impl ElementHeader {
    fn read(bytes: &[u8], start: usize) -> Option<Self> {
        let mut input = bytes.get(start..)?.iter().copied().enumerate();
        let (_, identifier) = input.next()?;
        if identifier & LONG_TAG == LONG_TAG {
            // PKCS#12 has no tags above 30; four bytes hold any that could occur.
            input.by_ref().take(4).find(|(_, byte)| byte & 0x80 == 0)?;
        }
        let (mut at, first) = input.next()?;
        let length = match first {
            0x80 => None,
            0..0x80 => Some(usize::from(first)),
            _ => {
                let mut length = 0usize;
                for _ in 0..first & 0x7f {
                    let (next, byte) = input.next()?;
                    length = length.checked_mul(256)?.checked_add(usize::from(byte))?;
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
    fn data_after_the_first_element_is_left_out() {
        assert_eq!(first_element(b"\x30\x03\x02\x01\x05trailing"), Some(&b"\x30\x03\x02\x01\x05"[..]));
        assert_eq!(first_element(b"\x30\x00\x30\x00"), Some(&b"\x30\x00"[..]));
    }

    #[test]
    fn indefinite_lengths_end_at_their_markers() {
        let nested = b"\x30\x80\x24\x80\x04\x01a\x04\x01b\x00\x00\x00\x00";
        assert_eq!(first_element(nested), Some(&nested[..]));
        assert_eq!(first_element(b"\x30\x80\x02\x01\x05"), None);
    }

    #[test]
    fn lengths_beyond_their_parent_and_overflows_are_rejected() {
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
    fn a_hundred_thousand_levels_are_rejected_without_recursion() {
        assert_eq!(first_element(&b"\x30\x80".repeat(100_000)), None);
    }
}
