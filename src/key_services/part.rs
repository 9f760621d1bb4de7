//! The parts of a place's URI, and what can be wrong with them.

use std::fmt;

/// What is wrong with a part of a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PartFault {
    /// It is missing or empty.
    Missing,
    /// It has a character that it cannot have.
    Character,
    /// It is none of the words that it can be.
    Unknown,
    /// It is a secret, which everyone who sees the URI would see.
    Secret,
}

/// The part of a place that is wrong, and how; the form is added by [`KeyPlace`](super::KeyPlace).
pub(super) type WrongPart = (&'static str, PartFault);

/// Checks the segments of a path, which becomes part of an address: letters, digits and `more`, no dots alone.
pub(super) fn segments<'text>(part: &'static str, text: &'text str, more: &str) -> Result<&'text str, WrongPart> {
    let allowed =
        |character: char| character.is_ascii_alphanumeric() || "/-_.".contains(character) || more.contains(character);
    for segment in text.split('/') {
        match segment {
            "" => return Err((part, PartFault::Missing)),
            "." | ".." => return Err((part, PartFault::Character)),
            _ => {}
        }
    }
    if text.chars().all(allowed) { Ok(text) } else { Err((part, PartFault::Character)) }
}

/// Checks one segment of a path, as [`segments`] does.
pub(super) fn segment<'text>(part: &'static str, text: &'text str, more: &str) -> Result<&'text str, WrongPart> {
    if text.contains('/') { Err((part, PartFault::Character)) } else { segments(part, text, more) }
}

impl fmt::Display for PartFault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Missing => "is missing",
            Self::Character => "has a character that it cannot have",
            Self::Unknown => "is unknown",
            Self::Secret => "does not belong in a URI: use pin-source, or MASKINPORTEN_PKCS11_PIN",
        })
    }
}
