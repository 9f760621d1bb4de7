//! Stores access tokens on disk, so that a valid token needs no request, no key and no password.
//!
//! Each token is one file in a folder of the user, named by a hash of everything that decides which token the server
//! issues ([`CacheKey`]). The mode of the folder is 0700 and of the files 0600. A folder or file that belongs to another
//! user, gives others access, or is a symbolic link is an error and is not read. Files are written atomically, so a
//! crash at any time leaves a cache that works; an entry that is damaged anyway is replaced. Processes that want the
//! same token at the same time send one request ([`Cache::fetch`]).
//!
//! Tokens are stored unencrypted: a process that can read this user's files could request them as well. Refusals are
//! not stored.
//!
//! # Examples
//! ```
//! use std::time::Duration;
//!
//! use maskinporten::{
//!     cache::{Cache, CacheError, CacheKey, EndpointId, FetchOptions, KeyIdentity},
//!     client::{AccessToken, MinimumLifetime},
//!     clock::{Clock, SystemClock},
//!     grant::{ClientId, Grant, Scopes},
//!     http::Endpoint,
//! };
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let home = tempfile::tempdir()?;
//! # let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build()?;
//! # runtime.block_on(async {
//! let cache = Cache::open(&home.path().join("maskinporten"))?;
//! let client_id = ClientId::parse("806e1e80-e3a7-4a73-980e-f92ba1c2bf86")?;
//! let grant = Grant::builder("https://test.maskinporten.no/", client_id, Scopes::parse("altinn:serviceowner")?).build();
//! let endpoint = EndpointId {
//!     environment: "test".to_owned(),
//!     token_endpoint: Some(Endpoint::parse("https://test.maskinporten.no/token")?),
//!     metadata: None,
//!     ca_file: None,
//! };
//! let identity = KeyIdentity::new("pkcs12").file(&std::fs::read("testdata/modern.p12")?);
//! let key = CacheKey::new(&grant, &endpoint, &identity);
//! let options = FetchOptions {
//!     minimum: MinimumLifetime::Usual,
//!     refresh: false,
//!     wait: Duration::from_secs(30),
//! };
//! let answer = r#"{"access_token":"a.b.c","token_type":"Bearer","expires_in":119}"#;
//!
//! for from_cache in [false, true] {
//!     let fetched = cache
//!         .fetch(&key, options, &SystemClock, async {
//!             // Open the key and send a token request here.
//!             let token = AccessToken::restore(answer, SystemClock.now());
//!             token.map_err(Box::<dyn std::error::Error>::from)
//!         })
//!         .await?;
//!
//!     assert_eq!((fetched.token.expose(), fetched.from_cache), ("a.b.c", from_cache));
//! }
//! assert_eq!(cache.list()?[0].info.scopes, ["altinn:serviceowner"]);
//! # Ok(())
//! # })
//! # }
//! ```

mod entry;
mod error;
mod fetch;
mod folder;
mod key;

#[cfg(unix)]
#[path = "unix.rs"]
mod disk;
#[cfg(not(unix))]
#[path = "non_unix.rs"]
mod disk;

#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};

use chrono::{DateTime, TimeDelta, Utc};
use etcetera::BaseStrategy as _;

#[cfg(any(feature = "cli", feature = "server"))]
pub(crate) use self::key::sha256;
use self::{
    entry::{Entry, EntryHeader, EntryKind},
    folder::Folder,
};
pub use self::{
    error::{CacheError, CacheWarning, CorruptEntry},
    fetch::{FetchOptions, FetchedToken},
    key::{CacheKey, EndpointId, KeyIdentity, StoredTokenInfo},
};
pub use crate::file::UnsafePermissions;

/// The age at which a temporary file counts as left behind by a dead process.
const LONGEST_WRITE: TimeDelta = TimeDelta::minutes(1);

/// A token cache in an open folder that only this user can access.
#[derive(Debug)]
pub struct Cache {
    folder: Folder,
}

/// The description of a stored token; it does not contain the token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredToken {
    /// What it is and for whom.
    pub info: StoredTokenInfo,
    /// When it was stored.
    pub stored_at: DateTime<Utc>,
    /// When it expires.
    pub expires_at: DateTime<Utc>,
    /// The size of its file.
    pub bytes: usize,
}

/// What is removed from the cache.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Clear {
    /// Every file of the cache, except locks that are held.
    Everything,
    /// Tokens that have expired or cannot be read, and files that dead processes left behind.
    Expired,
}

impl Cache {
    /// Returns the default folder: `$XDG_CACHE_HOME/maskinporten`, or what the system uses instead.
    ///
    /// # Errors
    /// [`CacheError::NoFolder`] when the system does not define one, or defines one in a home that does not exist, as
    /// for many daemons; for root also when the home belongs to another user, who could not open a folder that root owns.
    pub fn usual_folder() -> Result<PathBuf, CacheError> {
        let folders = etcetera::choose_base_strategy().map_err(|_| CacheError::NoFolder)?;
        let (folder, home) = (folders.cache_dir(), folders.home_dir());
        if folder.starts_with(home) && !folder.is_dir() && !disk::may_create_in(home) {
            return Err(CacheError::NoFolder);
        }
        Ok(folder.join("maskinporten"))
    }

    /// Opens the cache in a folder, which is created when it is missing.
    ///
    /// # Errors
    /// [`CacheError::UnsafeFolder`] when others have access to the folder; [`CacheError::Unavailable`] when it cannot be
    /// created or opened ([`CacheError::is_unavailable`]).
    pub fn open(folder: &Path) -> Result<Self, CacheError> {
        Ok(Self { folder: Folder::open(folder)? })
    }

    /// Opens the cache in a folder; `None` when the folder does not exist, so there is nothing to list or clear.
    ///
    /// # Errors
    /// As [`Cache::open`].
    pub fn existing(folder: &Path) -> Result<Option<Self>, CacheError> {
        Ok(Folder::existing(folder)?.map(|folder| Self { folder }))
    }

    /// Returns the folder.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Lists the stored tokens, ordered by expiry. Entries that cannot be read are left out.
    ///
    /// # Errors
    /// [`CacheError`], when the folder cannot be read, or others have access to a file in it.
    pub fn list(&self) -> Result<Vec<StoredToken>, CacheError> {
        let mut tokens = Vec::new();
        for name in self.folder.names()? {
            let Some((EntryKind::Token, hash)) = EntryKind::parse(&name) else { continue };
            let header = self.header(&name, hash)?;
            tokens.extend(header.map(|(EntryHeader { info, stored_at, expires_at, .. }, bytes)| StoredToken {
                info,
                stored_at,
                expires_at,
                bytes,
            }));
        }
        let order = |token: &StoredToken| (token.expires_at, token.info.scopes.clone(), token.info.client_id.clone());
        tokens.sort_by_cached_key(order);
        Ok(tokens)
    }

    /// Clears the cache, and returns the number of tokens that were removed. Locks that are held stay.
    ///
    /// # Errors
    /// [`CacheError`], when the folder cannot be read, or a file cannot be removed.
    pub fn clear(&self, what: Clear, now: DateTime<Utc>) -> Result<usize, CacheError> {
        self.sweep(&self.folder.names()?, what, now)
    }

    /// Removes the files among these that should be cleared: tokens first, because a lock stays as long as its token.
    fn sweep(&self, names: &[String], what: Clear, now: DateTime<Utc>) -> Result<usize, CacheError> {
        let files = || names.iter().filter_map(|name| Some((name, EntryKind::parse(name)?)));
        let mut removed = 0;
        for (name, (kind, hash)) in files() {
            if kind == EntryKind::Token && (what == Clear::Everything || self.has_expired(name, hash, now)) {
                removed += usize::from(self.folder.remove(name)?);
            }
        }
        for (name, (kind, hash)) in files() {
            let due = match kind {
                EntryKind::Token => false,
                EntryKind::Lock => self.is_unused_lock(name, hash),
                EntryKind::Temporary => what == Clear::Everything || self.is_left_over(name, now),
            };
            if due {
                self.folder.remove(name)?;
            }
        }
        Ok(removed)
    }

    /// Whether a token has expired, or its expiry cannot be read.
    fn has_expired(&self, name: &str, hash: &str, now: DateTime<Utc>) -> bool {
        match self.header(name, hash) {
            Ok(Some((header, _))) => header.expires_at <= now,
            Ok(None) => true,
            Err(error) => !error.is_unavailable(),
        }
    }

    /// Whether a lock is free and its token is gone. A process that has just opened it notices its removal.
    fn is_unused_lock(&self, name: &str, hash: &str) -> bool {
        if self.folder.has(&EntryKind::Token.name(hash)) {
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
            Ok(modified) => modified.is_some_and(|modified| now.signed_duration_since(modified) > LONGEST_WRITE),
            Err(error) => !error.is_unavailable(),
        }
    }

    /// Returns the description in a token's file and the file's size; `None` when it is missing or corrupt.
    fn header(&self, name: &str, hash: &str) -> Result<Option<(EntryHeader, usize)>, CacheError> {
        let Some(content) = self.folder.read(name)? else { return Ok(None) };
        Ok(Entry::parse(&content, hash).ok().map(|entry| (entry.header, content.len())))
    }
}
