//! Keeps logins, so that a person's tokens can be used and renewed without the browser.
//!
//! Each session has a file in the state folder, with what is not secret. Its tokens and its `DPoP` key are in the operating
//! system's store of secrets; in the file itself where there is no such store, or it does not take them. The folder has
//! the mode 0700 and the files 0600. A server where a person logs in with the browser has its session in memory. A renewal
//! holds the lock of its session: a server that sees a refresh token twice ends the session (RFC 9700 §4.14.2).

mod error;
mod kept;
mod memory;
mod person_tokens;
mod renewal;
mod stored;

use std::{
    any::Any,
    fs::{self, OpenOptions, TryLockError},
    io,
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, Instant},
};

use etcetera::BaseStrategy as _;
use zeroize::Zeroizing;

pub use self::{
    error::SessionError,
    kept::{KeptSession, SessionInfo},
    person_tokens::PersonTokens,
    renewal::{KeyedToken, Renewal},
};
use self::{
    memory::SessionMemory,
    stored::{MAXIMUM_BYTES, StoredSecrets, StoredSession},
};
use crate::{
    cache::sha256,
    file::{self, FileError, check_private, create_private_folder},
    secret_store::{SecretEntry, SecretStoreError},
};

/// The name of this program in the operating system's store of secrets.
const SERVICE: &str = "maskinporten";

const LOCK_DELAY: Duration = Duration::from_millis(20);

/// Where the secrets of a session were written.
#[derive(Debug)]
pub enum SecretPlace {
    /// In the operating system's store.
    System,
    /// In this file, because the store did not take them, or is not used.
    File(PathBuf, Option<SecretStoreError>),
    /// In the memory of this process.
    Memory,
}

/// The sessions of this user.
#[derive(Debug, Clone)]
pub struct SessionStore {
    folder: PathBuf,
    uses_system: bool,
    /// The one session of a store in memory, which has no folder.
    memory: Option<Arc<SessionMemory>>,
}

/// The lock of a session, which is released when it is dropped.
#[derive(Debug)]
pub struct SessionLock(#[expect(dead_code, reason = "it is released when it is dropped")] Box<dyn Any + Send + Sync>);

impl SessionStore {
    /// Returns the store in the default folder: `$XDG_STATE_HOME/maskinporten/sessions`, or what the system uses instead.
    ///
    /// # Errors
    /// [`SessionError::NoFolder`] when the user has no home.
    pub fn usual() -> Result<Self, SessionError> {
        let folders = etcetera::choose_base_strategy().map_err(|_| SessionError::NoFolder)?;
        let state = folders.state_dir().unwrap_or_else(|| folders.data_dir());
        Ok(Self { folder: state.join("maskinporten").join("sessions"), uses_system: true, memory: None })
    }

    /// Returns the store in a folder, which is created when a session is written, without the system's store of secrets.
    #[must_use]
    pub fn in_files(folder: PathBuf) -> Self {
        Self { folder, uses_system: false, memory: None }
    }

    /// Returns a store of one session, which ends with this process.
    #[must_use]
    pub fn in_memory() -> Self {
        Self { folder: PathBuf::new(), uses_system: false, memory: Some(Arc::default()) }
    }

    /// Lists the sessions by name, without their secrets.
    ///
    /// # Errors
    /// [`SessionError`] when a file cannot be used.
    pub fn list(&self) -> Result<Vec<(String, SessionInfo)>, SessionError> {
        let entries = match fs::read_dir(&self.folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(SessionError::Unusable(self.folder.clone(), error)),
        };
        let mut sessions = Vec::new();
        for entry in entries {
            let path = entry.map_err(|error| SessionError::Unusable(self.folder.clone(), error))?.path();
            if path.extension().is_some_and(|extension| extension == "json") {
                let stored = Self::read(&path)?;
                sessions.extend(stored.map(|stored| (stored.name, stored.info)));
            }
        }
        sessions.sort_by(|(one, _), (other, _)| one.cmp(other));
        Ok(sessions)
    }

    /// Returns what is known of a session, without its secrets.
    ///
    /// # Errors
    /// [`SessionError::Missing`] when there is none of this name; else as [`SessionStore::list`].
    pub fn info(&self, name: &str) -> Result<SessionInfo, SessionError> {
        if let Some(memory) = &self.memory {
            return memory.load().map(|session| session.info).ok_or_else(|| SessionError::Missing(name.to_owned()));
        }
        let stored = Self::read(&self.path(name, "json"))?.filter(|stored| stored.name == name);
        stored.map(|stored| stored.info).ok_or_else(|| SessionError::Missing(name.to_owned()))
    }

    /// Returns a session; `None` if there is none of this name.
    ///
    /// # Errors
    /// [`SessionError`] when its file or its secrets cannot be read.
    pub async fn load(&self, name: &str) -> Result<Option<KeptSession>, SessionError> {
        if let Some(memory) = &self.memory {
            return Ok(memory.load());
        }
        let path = self.path(name, "json");
        let Some(stored) = Self::read(&path)?.filter(|stored| stored.name == name) else { return Ok(None) };
        let secrets = match stored.secrets {
            Some(secrets) => secrets,
            None => match read_entry(name).await? {
                Some(json) => StoredSecrets::parse(&json).ok_or_else(|| SessionError::Invalid(path.clone()))?,
                None => return Ok(None),
            },
        };
        secrets.into_session(stored.info).ok_or(SessionError::Invalid(path)).map(Some)
    }

    /// Whether the secrets of a session are in the operating system's store.
    fn is_in_system(&self, name: &str) -> bool {
        let stored = || Self::read(&self.path(name, "json"));
        self.memory.is_none() && matches!(stored(), Ok(Some(StoredSession { secrets: None, .. })))
    }

    /// Writes a session in place of an earlier one, and returns where its secrets are. What the operating system's store
    /// does not take is in the file, so that a session that was just renewed is not lost.
    ///
    /// # Errors
    /// [`SessionError::Unusable`] when its file cannot be written.
    pub async fn save(&self, name: &str, session: &KeptSession) -> Result<SecretPlace, SessionError> {
        if let Some(memory) = &self.memory {
            memory.save(Some(session.clone()));
            return Ok(SecretPlace::Memory);
        }
        let secrets = StoredSecrets::of(session);
        let label = format!("maskinporten login: {name}");
        let written = if self.uses_system {
            entry(name).write(&label, &secrets.to_json()).await.map_err(Some)
        } else {
            Err(None)
        };
        let secrets = written.is_err().then_some(secrets);
        let stored = StoredSession { name: name.to_owned(), info: session.info.clone(), secrets };
        let path = self.path(name, "json");
        self.write(&path, &stored.to_json()).map_err(|error| SessionError::Unusable(path.clone(), error))?;
        Ok(written.map_or_else(|error| SecretPlace::File(path, error), |()| SecretPlace::System))
    }

    /// Removes a session and its secrets; returns whether there was one.
    ///
    /// # Errors
    /// [`SessionError`] when the secrets or the file cannot be removed.
    pub async fn remove(&self, name: &str) -> Result<bool, SessionError> {
        if let Some(memory) = &self.memory {
            return Ok(memory.save(None).is_some());
        }
        let path = self.path(name, "json");
        let stored = Self::read(&path);
        // The store is asked even if the file is damaged; and if the file has the secrets, because the store may have older ones.
        if self.uses_system && !matches!(&stored, Ok(None)) {
            let removed = entry(name).remove().await;
            if !matches!(&stored, Ok(Some(StoredSession { secrets: Some(_), .. }))) {
                removed?;
            }
        }
        match fs::remove_file(&path) {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(SessionError::Unusable(path, error)),
        }
    }

    /// Takes the lock of a session, which one process holds at a time.
    ///
    /// # Errors
    /// [`SessionError::Locked`] when another process holds it for longer than `wait`.
    pub async fn lock(&self, name: &str, wait: Duration) -> Result<SessionLock, SessionError> {
        if let Some(memory) = &self.memory {
            let locked = tokio::time::timeout(wait, memory.lock()).await;
            return locked.map(|lock| SessionLock(Box::new(lock))).map_err(|_| SessionError::Locked(wait));
        }
        let path = self.path(name, "lock");
        let unusable = |error| SessionError::Unusable(path.clone(), error);
        create_private_folder(&self.folder).map_err(unusable)?;
        let file = OpenOptions::new().create(true).truncate(false).write(true).open(&path).map_err(unusable)?;
        // What follows waits; the first time may be the caller's signal to start a runtime.
        tokio::task::yield_now().await;
        let end = Instant::now() + wait;
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(SessionLock(Box::new(file))),
                Err(TryLockError::Error(error)) => return Err(unusable(error)),
                Err(TryLockError::WouldBlock) if Instant::now() >= end => return Err(SessionError::Locked(wait)),
                Err(TryLockError::WouldBlock) => tokio::time::sleep(LOCK_DELAY).await,
            }
        }
    }

    /// Returns the path of a session's file: names are hashed, since a profile may have any.
    fn path(&self, name: &str, extension: &str) -> PathBuf {
        let hash = sha256(&[name.as_bytes()]);
        self.folder.join(format!("{}.{extension}", &hash[..32]))
    }

    fn read(path: &Path) -> Result<Option<StoredSession>, SessionError> {
        let (json, metadata) = match file::read_with_metadata(path, MAXIMUM_BYTES) {
            Ok(read) => read,
            Err(FileError::Io(error)) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(SessionError::Unusable(path.to_owned(), error.into())),
        };
        check_private(path, &metadata).map_err(|problem| SessionError::Unsafe(path.to_owned(), problem))?;
        StoredSession::parse(&json).ok_or_else(|| SessionError::Invalid(path.to_owned())).map(Some)
    }

    /// Writes a file atomically, readable only for its owner.
    fn write(&self, path: &Path, json: &[u8]) -> io::Result<()> {
        create_private_folder(&self.folder)?;
        file::write_private(path, json)
    }
}

async fn read_entry(name: &str) -> Result<Option<Zeroizing<Vec<u8>>>, SecretStoreError> {
    // As for a lock: a session in a file can be read without a runtime.
    tokio::task::yield_now().await;
    entry(name).read().await
}

fn entry(name: &str) -> SecretEntry<'_> {
    SecretEntry { service: SERVICE, username: name }
}
