//! A stored token: a line of JSON that says what it is, and the server's answer as it came.
//!
//! The answer stands by itself, so that no parser makes copies of it, and so that a list never touches it.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::json;
use zeroize::Zeroizing;

use super::{
    CacheKey, damage::CorruptEntry, folder::MAXIMUM_BYTES, remark::NotStored, sealed,
    stored_token_info::StoredTokenInfo,
};
use crate::client::AccessToken;

const TITLE: &str = "maskinporten-cache-token";

/// What is known of a stored token without looking at it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Header {
    key: String,
    pub(super) about: StoredTokenInfo,
    received_at: DateTime<Utc>,
    pub(super) stored_at: DateTime<Utc>,
    pub(super) expires_at: DateTime<Utc>,
}

/// A stored token that has been found whole.
pub(super) struct Entry<'file> {
    pub(super) header: Header,
    answer: &'file str,
}

/// Writes a token down. One whose end is not known, or has come, is not worth it.
pub(super) fn write(key: &CacheKey, token: &AccessToken, now: DateTime<Utc>) -> Result<Zeroizing<Vec<u8>>, NotStored> {
    let expires_at = token.expires_at().filter(|end| *end > now).ok_or(NotStored::NoEnd)?;
    let header = Header {
        key: key.hash().to_owned(),
        about: key.about().clone(),
        received_at: token.received_at,
        stored_at: now,
        expires_at,
    };
    let header = format!("{}\n", json!(header));
    let content = sealed::seal(TITLE, &[header.as_bytes(), token.expose_answer().as_bytes()]);
    if content.len() as u64 > MAXIMUM_BYTES {
        return Err(NotStored::TooLarge);
    }
    Ok(content)
}

impl<'file> Entry<'file> {
    /// Reads a file that should hold the token under this hash.
    pub(super) fn read(content: &'file [u8], hash: &str) -> Result<Self, CorruptEntry> {
        let content = std::str::from_utf8(sealed::unseal(TITLE, content)?).map_err(|_| CorruptEntry::Content)?;
        let (header, answer) = content.split_once('\n').ok_or(CorruptEntry::Content)?;
        let header: Header = serde_json::from_str(header).map_err(|_| CorruptEntry::Content)?;
        if header.key != hash {
            return Err(CorruptEntry::OtherKey);
        }
        Ok(Self { header, answer })
    }

    /// Takes the token up again.
    pub(super) fn token(&self) -> Result<AccessToken, CorruptEntry> {
        AccessToken::restore(self.answer, self.header.received_at).map_err(|_| CorruptEntry::Content)
    }
}
