//! The files of the cache: their names and their format.
//!
//! An entry has three parts: a line with title, version and the SHA-256 of the rest; a line of JSON that describes the
//! token; and the server's response as it was received. The checksum detects what a crash or a full disk leaves
//! behind. It does not protect against deliberate changes; the owner and mode of the files do.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::json;
use uuid::Uuid;
use zeroize::Zeroizing;

use super::{
    CacheKey, CacheWarning, CorruptEntry,
    key::{StoredTokenInfo, sha256},
};
use crate::client::AccessToken;

const TITLE: &str = "maskinporten-cache-token";

/// Larger files are not entries: a Maskinporten token has about 1 KiB, or a few dozen with many system users.
pub(super) const MAXIMUM_BYTES: u64 = 256 * 1024;

/// Must change whenever the file format changes.
const VERSION: &str = "2";

/// The purpose of a file, by its extension. Files with other names are not part of the cache and are left alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum EntryKind {
    Token,
    /// Locked while the token is requested.
    Lock,
    /// Being written, or left behind when a writing process died.
    Temporary,
}

/// The description of a stored token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct EntryHeader {
    key: String,
    pub(super) info: StoredTokenInfo,
    received_at: DateTime<Utc>,
    pub(super) stored_at: DateTime<Utc>,
    pub(super) expires_at: DateTime<Utc>,
}

/// An entry whose checksum is correct.
pub(super) struct Entry<'file> {
    pub(super) header: EntryHeader,
    answer: &'file str,
}

impl EntryKind {
    fn extension(self) -> &'static str {
        match self {
            Self::Token => ".token",
            Self::Lock => ".lock",
            Self::Temporary => ".tmp",
        }
    }

    /// Returns the name of the file for this hash.
    pub(super) fn name(self, hash: &str) -> String {
        format!("{hash}{}", self.extension())
    }

    /// Parses a name into the purpose of the file and its hash.
    pub(super) fn parse(name: &str) -> Option<(Self, &str)> {
        let is_digit = |byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
        [Self::Token, Self::Lock, Self::Temporary].into_iter().find_map(|kind| {
            let hash = name.strip_suffix(kind.extension())?;
            let length = if kind == Self::Temporary { 32 } else { 64 }; // a UUID, or SHA-256
            (hash.len() == length && hash.bytes().all(is_digit)).then_some((kind, hash))
        })
    }
}

/// Returns an unused name for a file that is being written.
pub(super) fn temporary_name() -> String {
    EntryKind::Temporary.name(&Uuid::new_v4().simple().to_string())
}

/// Formats an entry, in a buffer that is never reallocated.
pub(super) fn format(
    key: &CacheKey,
    token: &AccessToken,
    now: DateTime<Utc>,
) -> Result<Zeroizing<Vec<u8>>, CacheWarning> {
    let expires_at = token.expires_at().filter(|end| *end > now).ok_or(CacheWarning::UnknownExpiry)?;
    let header = EntryHeader {
        key: key.hash().to_owned(),
        info: key.info().clone(),
        received_at: token.received_at,
        stored_at: now,
        expires_at,
    };
    let header = format!("{}\n", json!(header));
    let parts = [header.as_bytes(), token.expose_answer().as_bytes()];
    let first_line = format!("{TITLE} {VERSION} {}\n", sha256(&parts));
    let length = first_line.len() + parts[0].len() + parts[1].len();
    if length as u64 > MAXIMUM_BYTES {
        return Err(CacheWarning::TooLarge);
    }
    let mut content = Zeroizing::new(Vec::with_capacity(length));
    content.extend_from_slice(first_line.as_bytes());
    for part in parts {
        content.extend_from_slice(part);
    }
    Ok(content)
}

impl<'file> Entry<'file> {
    /// Parses the file of the token with this hash.
    pub(super) fn parse(content: &'file [u8], hash: &str) -> Result<Self, CorruptEntry> {
        if content.len() as u64 > MAXIMUM_BYTES {
            return Err(CorruptEntry::TooLarge);
        }
        let end = content.iter().position(|byte| *byte == b'\n').ok_or(CorruptEntry::NotAnEntry)?;
        let (first_line, rest) = (&content[..end], &content[end + 1..]);
        let first_line = std::str::from_utf8(first_line).map_err(|_| CorruptEntry::NotAnEntry)?;
        let after_title = first_line.strip_prefix(TITLE).and_then(|after| after.strip_prefix(' '));
        match after_title.and_then(|after| after.split_once(' ')).ok_or(CorruptEntry::NotAnEntry)? {
            (version, _) if version != VERSION => return Err(CorruptEntry::Version),
            (_, checksum) if checksum != sha256(&[rest]) => return Err(CorruptEntry::Checksum),
            _ => {}
        }
        let rest = std::str::from_utf8(rest).map_err(|_| CorruptEntry::Content)?;
        let (header, answer) = rest.split_once('\n').ok_or(CorruptEntry::Content)?;
        let header: EntryHeader = serde_json::from_str(header).map_err(|_| CorruptEntry::Content)?;
        if header.key != hash {
            return Err(CorruptEntry::OtherKey);
        }
        Ok(Self { header, answer })
    }

    /// Restores the token.
    pub(super) fn token(&self) -> Result<AccessToken, CorruptEntry> {
        AccessToken::restore(self.answer, self.header.received_at).map_err(|_| CorruptEntry::Content)
    }
}
