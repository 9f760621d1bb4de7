//! What is in the cache, and clearing it. The tokens themselves are never shown.

use chrono::{DateTime, TimeDelta, Utc};

use super::{Cache, CacheError, entry::Entry, entry::Header, file_name::FileKind, stored_token_info::StoredTokenInfo};

/// A file that is being written is not older.
const WRITING: TimeDelta = TimeDelta::minutes(1);

/// A stored token: what it is, for whom, until when; not the token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// What it is and for whom.
    pub about: StoredTokenInfo,
    /// When it was stored.
    pub stored_at: DateTime<Utc>,
    /// When it ends.
    pub expires_at: DateTime<Utc>,
    /// How large its file is.
    pub bytes: usize,
}

/// What is cleared away.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Clear {
    /// Every file of the cache, save locks that are held.
    Everything,
    /// Tokens that have ended or cannot be read, and what processes that died left behind.
    Expired,
}

impl Cache {
    /// The tokens in the cache, those that end first at the front. What cannot be read is left out.
    ///
    /// # Errors
    /// [`CacheError`], when the folder cannot be read, or a file in it is not ours alone.
    pub fn list(&self) -> Result<Vec<Listed>, CacheError> {
        let mut listed = Vec::new();
        for name in self.folder.names()? {
            let Some((FileKind::Token, hash)) = FileKind::parse(&name) else { continue };
            let header = self.header(&name, hash)?;
            listed.extend(header.map(|(Header { about, stored_at, expires_at, .. }, bytes)| Listed {
                about,
                stored_at,
                expires_at,
                bytes,
            }));
        }
        listed.sort_by(|one, other| {
            (one.expires_at, &one.about.scopes, &one.about.client_id).cmp(&(
                other.expires_at,
                &other.about.scopes,
                &other.about.client_id,
            ))
        });
        Ok(listed)
    }

    /// Clears the cache, and says how many tokens were in what was removed. A lock that somebody holds stays.
    ///
    /// # Errors
    /// [`CacheError`], when the folder cannot be read, or a file cannot be removed.
    pub fn clear(&self, what: Clear, now: DateTime<Utc>) -> Result<usize, CacheError> {
        self.sweep(&self.folder.names()?, what, now)
    }

    /// Clears away these files as far as they are due: tokens first, since a lock stays as long as its token.
    pub(super) fn sweep(&self, names: &[String], what: Clear, now: DateTime<Utc>) -> Result<usize, CacheError> {
        let ours = || names.iter().filter_map(|name| Some((name, FileKind::parse(name)?)));
        let mut removed = 0;
        for (name, (kind, hash)) in ours() {
            if kind == FileKind::Token && (what == Clear::Everything || self.has_ended(name, hash, now)) {
                removed += usize::from(self.folder.remove(name)?);
            }
        }
        for (name, (kind, hash)) in ours() {
            let due = match kind {
                FileKind::Token => false,
                FileKind::Lock => self.is_idle(name, hash),
                FileKind::Source => what == Clear::Everything,
                FileKind::Temporary => what == Clear::Everything || self.is_left_over(name, now),
            };
            if due {
                self.folder.remove(name)?;
            }
        }
        Ok(removed)
    }

    /// Whether a token's time is over, or nobody can tell.
    fn has_ended(&self, name: &str, hash: &str, now: DateTime<Utc>) -> bool {
        match self.header(name, hash) {
            Ok(Some((header, _))) => header.expires_at <= now,
            Ok(None) => true,
            Err(error) => !error.is_unavailable(),
        }
    }

    /// Whether nobody holds a lock and its token is gone. Who opened it a moment ago finds it without a name.
    fn is_idle(&self, name: &str, hash: &str) -> bool {
        if self.folder.has(&FileKind::Token.name(hash)) {
            return false;
        }
        match self.folder.try_lock(name) {
            Ok(lock) => lock.is_some(),
            Err(error) => !error.is_unavailable(),
        }
    }

    /// Whether the process that was writing this file must have died.
    fn is_left_over(&self, name: &str, now: DateTime<Utc>) -> bool {
        match self.folder.modified(name) {
            Ok(modified) => modified.is_some_and(|modified| now.signed_duration_since(modified) > WRITING),
            Err(error) => !error.is_unavailable(),
        }
    }

    /// What a file says of its token, and how large it is; `None` when it is gone or damaged.
    fn header(&self, name: &str, hash: &str) -> Result<Option<(Header, usize)>, CacheError> {
        let Some(content) = self.folder.read(name)? else { return Ok(None) };
        Ok(Entry::read(&content, hash).ok().map(|entry| (entry.header, content.len())))
    }
}
