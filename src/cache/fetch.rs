//! Takes a token from the cache, or requests it once, however many processes want it at the same time.

use std::{
    fs::File,
    mem::discriminant,
    time::{Duration, Instant},
};

use chrono::{DateTime, Utc};

use super::{
    Cache, CacheError, CacheKey, CacheWarning, Clear, CorruptEntry,
    entry::{self, Entry, EntryKind},
};
use crate::{
    client::{AccessToken, MinimumLifetime},
    clock::Clock,
};

const FIRST_DELAY: Duration = Duration::from_millis(2);
const LONGEST_DELAY: Duration = Duration::from_millis(50);

/// How many files are checked for expiry when a token is stored; that adds one file, so the cache shrinks over time.
const SWEPT_FILES: usize = 100;

/// Which stored token is accepted, and how long to wait for other processes.
#[derive(Debug, Clone, Copy)]
pub struct FetchOptions {
    /// The remaining lifetime that a stored token must have.
    pub minimum: MinimumLifetime,
    /// Whether to request a new token although one is stored.
    pub refresh: bool,
    /// How long to wait for another process that is requesting the same token.
    pub wait: Duration,
}

/// A token, and how it was obtained.
#[derive(Debug)]
pub struct FetchedToken {
    /// The token.
    pub token: AccessToken,
    /// Whether it came from the cache, stored by an earlier or a concurrent process.
    pub from_cache: bool,
    /// Non-fatal problems with the cache.
    pub warnings: Vec<CacheWarning>,
}

/// The result of a lookup: a stored token, or permission to request one.
enum Lookup {
    Stored(AccessToken),
    /// With the lock, if there is one.
    Missing(Option<File>),
}

struct Search<'a> {
    cache: &'a Cache,
    key: &'a CacheKey,
    options: FetchOptions,
    clock: &'a dyn Clock,
    started: DateTime<Utc>,
    warnings: Vec<CacheWarning>,
}

impl Cache {
    /// Returns a stored token, or the one that `request` returns, which is stored; `request` runs only when needed.
    ///
    /// Of several processes or threads that want the same token, one sends the request and the others wait for it. An
    /// error of `request` is returned and not stored; the next waiting process then tries. Dropping the future
    /// releases the lock. Files are read and written without yielding to other tasks, which takes microseconds, or
    /// milliseconds when a token is stored.
    ///
    /// # Errors
    /// Those of `request`; [`CacheError::UnsafeFile`] when others have access to a file that is needed. A cache that
    /// cannot be read or written is not an error but a [`CacheWarning`].
    pub async fn fetch<E: From<CacheError>>(
        &self,
        key: &CacheKey,
        options: FetchOptions,
        clock: &dyn Clock,
        request: impl Future<Output = Result<AccessToken, E>>,
    ) -> Result<FetchedToken, E> {
        let mut search = Search { cache: self, key, options, clock, started: clock.now(), warnings: Vec::new() };
        let (token, from_cache) = match search.look_up().await? {
            Lookup::Stored(token) => (token, true),
            Lookup::Missing(_lock) => {
                let token = request.await?;
                search.store(&token);
                (token, false)
            }
        };
        Ok(FetchedToken { token, from_cache, warnings: search.warnings })
    }

    /// Removes a token that an API has rejected, so that the next one is requested. A token that has replaced it
    /// stays. Returns whether it was removed.
    ///
    /// # Errors
    /// [`CacheError`], when the file cannot be read or removed.
    pub fn forget(&self, key: &CacheKey, rejected: &AccessToken) -> Result<bool, CacheError> {
        match self.stored(key)? {
            Some(Ok(token)) if token.expose() != rejected.expose() => Ok(false),
            Some(_) => self.remove(key),
            None => Ok(false),
        }
    }

    /// Removes the token that is stored under a key.
    ///
    /// # Errors
    /// [`CacheError`], when the file cannot be removed.
    pub fn remove(&self, key: &CacheKey) -> Result<bool, CacheError> {
        self.folder.remove(&EntryKind::Token.name(key.hash()))
    }

    /// Returns the token that is stored under a key, usable or not.
    fn stored(&self, key: &CacheKey) -> Result<Option<Result<AccessToken, CorruptEntry>>, CacheError> {
        let content = self.folder.read(&EntryKind::Token.name(key.hash()))?;
        Ok(content.map(|content| Entry::parse(&content, key.hash()).and_then(|entry| entry.token())))
    }
}

impl Search<'_> {
    /// Waits until there is a token, or this process may request one.
    async fn look_up(&mut self) -> Result<Lookup, CacheError> {
        if let Some(token) = self.usable()? {
            return Ok(Lookup::Stored(token));
        }
        // What follows waits; the first time may be the caller's signal to start a runtime.
        tokio::task::yield_now().await;
        let waiting = Instant::now();
        let mut delay = FIRST_DELAY;
        loop {
            if let Some(token) = self.usable()? {
                return Ok(Lookup::Stored(token));
            }
            match self.cache.folder.try_lock(&EntryKind::Lock.name(self.key.hash())) {
                // The process that held the lock before may have stored a token.
                Ok(Some(lock)) => return Ok(self.usable()?.map_or(Lookup::Missing(Some(lock)), Lookup::Stored)),
                Ok(None) => {}
                // For example a file system without locks, or a read-only one.
                Err(error) if error.is_unavailable() => {
                    self.warn(CacheWarning::NoLock(error));
                    return Ok(Lookup::Missing(None));
                }
                Err(error) => return Err(error),
            }
            let left = self.options.wait.saturating_sub(waiting.elapsed());
            if left.is_zero() {
                self.warn(CacheWarning::LockTimeout(waiting.elapsed()));
                return Ok(Lookup::Missing(None));
            }
            tokio::time::sleep(delay.min(left)).await;
            delay = (delay * 3 / 2).min(LONGEST_DELAY);
        }
    }

    /// Returns the stored token if it has enough of its lifetime left, or was received after this search started: a
    /// new one would be no newer.
    fn usable(&mut self) -> Result<Option<AccessToken>, CacheError> {
        match self.cache.stored(self.key) {
            Ok(Some(Ok(token))) => {
                let now = self.clock.now();
                let is_new = token.received_at > self.started && token.remaining_lifetime(now).is_some();
                let is_usable = is_new || !self.options.refresh && self.options.minimum.is_met_by(&token, now);
                return Ok(is_usable.then_some(token));
            }
            Ok(Some(Err(problem))) => self.warn(CacheWarning::Corrupt(problem)),
            Ok(None) => {}
            Err(error) if error.is_unavailable() => self.warn(CacheWarning::Unreadable(error)),
            Err(error) => return Err(error),
        }
        Ok(None)
    }

    /// Stores a token, and removes some of the expired ones. If that fails, the caller still gets the token.
    fn store(&mut self, token: &AccessToken) {
        let now = self.clock.now();
        let folder = &self.cache.folder;
        let name = EntryKind::Token.name(self.key.hash());
        let content = entry::format(self.key, token, now);
        if let Err(warning) = content.and_then(|content| folder.write(&name, &content).map_err(CacheWarning::NotStored))
        {
            self.warn(warning);
        }
        if let Ok(mut names) = folder.names() {
            names.truncate(SWEPT_FILES);
            let _ = self.cache.sweep(&names, Clear::Expired, now);
        }
    }

    /// Keeps the first warning of each kind.
    fn warn(&mut self, warning: CacheWarning) {
        if self.warnings.iter().all(|known| discriminant(known) != discriminant(&warning)) {
            self.warnings.push(warning);
        }
    }
}
