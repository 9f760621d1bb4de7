//! The form of each file: a line with its title, version, and the SHA-256 of everything after that line.
//!
//! The checksum finds what a crash, a full disk or a bad one leaves behind. It keeps nobody from changing a file on
//! purpose: owner and mode do that.

use zeroize::Zeroizing;

use super::{damage::CorruptEntry, folder::MAXIMUM_BYTES, hash};

/// To be counted up when the content of the files changes.
const VERSION: &str = "1";

/// Puts the content of a file together, in a buffer that never has to move.
pub(super) fn seal(title: &str, parts: &[&[u8]]) -> Zeroizing<Vec<u8>> {
    let first_line = format!("{title} {VERSION} {}\n", hash::sha256(parts.iter().copied()));
    let length = first_line.len() + parts.iter().map(|part| part.len()).sum::<usize>();
    let mut content = Zeroizing::new(Vec::with_capacity(length));
    content.extend_from_slice(first_line.as_bytes());
    for part in parts {
        content.extend_from_slice(part);
    }
    content
}

/// Takes the first line off, if it says that the rest is whole.
pub(super) fn unseal<'file>(title: &str, content: &'file [u8]) -> Result<&'file [u8], CorruptEntry> {
    if content.len() as u64 > MAXIMUM_BYTES {
        return Err(CorruptEntry::TooLarge);
    }
    let end = content.iter().position(|byte| *byte == b'\n').ok_or(CorruptEntry::NotOurs)?;
    let (first_line, rest) = (&content[..end], &content[end + 1..]);
    let first_line = std::str::from_utf8(first_line).map_err(|_| CorruptEntry::NotOurs)?;
    let after =
        first_line.strip_prefix(title).and_then(|after| after.strip_prefix(' ')).ok_or(CorruptEntry::NotOurs)?;
    let (version, checksum) = after.split_once(' ').ok_or(CorruptEntry::NotOurs)?;
    if version != VERSION {
        return Err(CorruptEntry::Version);
    }
    if checksum != hash::sha256([rest]) {
        return Err(CorruptEntry::Checksum);
    }
    Ok(rest)
}
