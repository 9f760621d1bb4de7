//! A token from the cache, or one that is asked for once, however many processes want it at the same time.
//!
//! Look; if there is none, take the lock and look again, for whoever had it before may have stored one; ask, store,
//! let go. Who cannot have the lock keeps looking for as long as it may wait, and then asks by itself.

use std::{
    fs::File,
    mem::discriminant,
    time::{Duration, Instant},
};

use chrono::{DateTime, Utc};

use super::{
    Cache, CacheError, CacheKey, Clear, MinimumLifetime, Remark,
    damage::CorruptEntry,
    entry::{self, Entry},
    file_name::FileKind,
    minimum_lifetime::time_left,
    remark::NotStored,
};
use crate::{client::AccessToken, clock::Clock};

const FIRST_PAUSE: Duration = Duration::from_millis(2);
const LONGEST_PAUSE: Duration = Duration::from_millis(50);

/// How many files are looked at when a token is stored, to clear away what has ended: more than one is added by it.
const TIDIED: usize = 100;

/// What is taken from the cache, and how long others are waited for.
#[derive(Debug, Clone, Copy)]
pub struct FetchOptions {
    /// How much of its life a stored token must have left.
    pub minimum: MinimumLifetime,
    /// Asks for a new token, whatever is stored.
    pub refresh: bool,
    /// How long another process that is asking for the same token is waited for.
    pub wait: Duration,
}

/// A token, and how it was come by.
#[derive(Debug)]
pub struct Fetched {
    /// The token.
    pub token: AccessToken,
    /// Where it is from.
    pub origin: Origin,
    /// What went less well than it could have.
    pub remarks: Vec<Remark>,
}

/// Where a token is from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// It was stored, by an earlier process or one that ran at the same time.
    Cache,
    /// It was asked for here.
    Server,
}

/// Whose turn it is to ask.
enum Turn {
    /// Nobody's: there is a token.
    Found(AccessToken),
    /// Ours, with the lock if there is one to be had.
    Ours(Option<File>),
}

/// One search for a token.
struct Search<'a> {
    cache: &'a Cache,
    key: &'a CacheKey,
    options: FetchOptions,
    clock: &'a dyn Clock,
    started: DateTime<Utc>,
    remarks: Vec<Remark>,
}

impl Cache {
    /// Takes a token from the cache, or has it asked for and stores it; `ask` is run only then.
    ///
    /// Of processes and threads that want the same token at the same time, one asks and the others wait for it. What
    /// `ask` fails with is passed on and not stored; the next in line then tries by itself. A future that is dropped
    /// lets go of the lock. Files are read and written without giving way to other tasks, which takes microseconds,
    /// and milliseconds when a token is stored.
    ///
    /// # Errors
    /// Those of `ask`; [`CacheError::UnsafeFile`] when a file that is needed is not ours alone. A cache that cannot be
    /// read or written is not an error but a [`Remark`].
    pub async fn fetch<E: From<CacheError>>(
        &self,
        key: &CacheKey,
        options: FetchOptions,
        clock: &dyn Clock,
        ask: impl Future<Output = Result<AccessToken, E>>,
    ) -> Result<Fetched, E> {
        let mut search = Search { cache: self, key, options, clock, started: clock.now(), remarks: Vec::new() };
        let lock = match search.turn().await? {
            Turn::Found(token) => return Ok(search.end(token, Origin::Cache)),
            Turn::Ours(lock) => lock,
        };
        let token = ask.await?;
        search.store(&token);
        drop(lock);
        Ok(search.end(token, Origin::Server))
    }

    /// Removes a token that was refused where it was used, so that the next one is asked for. Another that has been
    /// stored in its place since stays. Says whether it was removed.
    ///
    /// # Errors
    /// [`CacheError`], when the file cannot be read or removed.
    pub fn forget(&self, key: &CacheKey, refused: &AccessToken) -> Result<bool, CacheError> {
        match self.stored(key)? {
            Some(Ok(token)) if token.expose() != refused.expose() => Ok(false),
            Some(_) => self.folder.remove(&FileKind::Token.name(key.hash())),
            None => Ok(false),
        }
    }

    /// The token that is stored under a key, good or not.
    fn stored(&self, key: &CacheKey) -> Result<Option<Result<AccessToken, CorruptEntry>>, CacheError> {
        let content = self.folder.read(&FileKind::Token.name(key.hash()))?;
        Ok(content.map(|content| Entry::read(&content, key.hash()).and_then(|entry| entry.token())))
    }
}

impl Search<'_> {
    /// Waits until there is a token, or it is our turn to ask for one.
    async fn turn(&mut self) -> Result<Turn, CacheError> {
        let waiting = Instant::now();
        let mut pause = FIRST_PAUSE;
        loop {
            if let Some(token) = self.look()? {
                return Ok(Turn::Found(token));
            }
            match self.cache.folder.try_lock(&FileKind::Lock.name(self.key.hash())) {
                Ok(Some(lock)) => return Ok(self.look()?.map_or(Turn::Ours(Some(lock)), Turn::Found)),
                Ok(None) => {}
                // Such as a file system that knows no locks, or may only be read.
                Err(error) if error.is_unavailable() => {
                    self.remark(Remark::NoLock(error));
                    return Ok(Turn::Ours(None));
                }
                Err(error) => return Err(error),
            }
            let left = self.options.wait.saturating_sub(waiting.elapsed());
            if left.is_zero() {
                self.remark(Remark::Impatient(waiting.elapsed()));
                return Ok(Turn::Ours(None));
            }
            tokio::time::sleep(pause.min(left)).await;
            pause = (pause * 3 / 2).min(LONGEST_PAUSE);
        }
    }

    fn look(&mut self) -> Result<Option<AccessToken>, CacheError> {
        match self.cache.stored(self.key) {
            Ok(Some(Ok(token))) => return Ok(self.is_good(&token).then_some(token)),
            Ok(Some(Err(damage))) => self.remark(Remark::Damaged(damage)),
            Ok(None) => {}
            Err(error) if error.is_unavailable() => self.remark(Remark::Unreadable(error)),
            Err(error) => return Err(error),
        }
        Ok(None)
    }

    /// Whether a stored token is what is wanted: it has enough of its life left; or it was received after we came,
    /// while we waited, so that one of our own would be no newer.
    fn is_good(&self, token: &AccessToken) -> bool {
        let now = self.clock.now();
        let fresh = token.received_at > self.started && time_left(token, now).is_some();
        fresh || !self.options.refresh && self.options.minimum.is_met_by(token, now)
    }

    /// Stores a token, and clears away some of what has ended. Nothing of that may cost the user the token.
    fn store(&mut self, token: &AccessToken) {
        let now = self.clock.now();
        let folder = &self.cache.folder;
        let name = FileKind::Token.name(self.key.hash());
        let content = entry::write(self.key, token, now);
        let stored = content.and_then(|content| folder.write(&name, &content).map_err(NotStored::ApiError));
        if let Err(error) = stored {
            self.remark(Remark::NotStored(error));
        }
        if let Ok(mut names) = folder.names() {
            names.truncate(TIDIED);
            let _ = self.cache.sweep(&names, Clear::Expired, now);
        }
    }

    /// Keeps a remark, the first of its kind.
    fn remark(&mut self, remark: Remark) {
        if self.remarks.iter().all(|known| discriminant(known) != discriminant(&remark)) {
            self.remarks.push(remark);
        }
    }

    fn end(self, token: AccessToken, origin: Origin) -> Fetched {
        Fetched { token, origin, remarks: self.remarks }
    }
}
