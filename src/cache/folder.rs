//! The folder on disk: reads are capped, writes are atomic, and others have no access.

use std::{
    fs::{File, TryLockError},
    io::{self, Read as _, Write as _},
    path::{Path, PathBuf},
};

use chrono::{DateTime, Utc};
use zeroize::Zeroizing;

use super::{
    CacheError, UnsafePermissions,
    disk::{self, Disk},
    entry::{self, MAXIMUM_BYTES},
};
use crate::file::create_private_folder;

/// An open folder.
#[derive(Debug)]
pub(super) struct Folder {
    path: PathBuf,
    disk: Disk,
}

/// An I/O error, without the name of the file.
#[derive(Debug)]
pub(super) enum DiskError {
    Unsafe(UnsafePermissions),
    Io(io::Error),
}

impl Folder {
    /// Opens the folder, which is created when it is missing.
    pub(super) fn open(path: &Path) -> Result<Self, CacheError> {
        if let Some(folder) = Self::existing(path)? {
            return Ok(folder);
        }
        let unavailable = |source| CacheError::Unavailable { path: path.to_owned(), source };
        create_private_folder(path).map_err(unavailable)?;
        Self::existing(path)?.ok_or_else(|| unavailable(io::ErrorKind::NotFound.into()))
    }

    /// Opens the folder; `None` when it does not exist.
    pub(super) fn existing(path: &Path) -> Result<Option<Self>, CacheError> {
        // With a trailing slash, the system would follow a link.
        let path: PathBuf = path.components().collect();
        match Disk::open(&path) {
            Ok(disk) => Ok(disk.map(|disk| Self { path, disk })),
            Err(DiskError::Unsafe(source)) => Err(CacheError::UnsafeFolder { path, source }),
            Err(DiskError::Io(source)) => Err(CacheError::Unavailable { path, source }),
        }
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Reads a file up to one byte past the limit; `None` when it does not exist.
    pub(super) fn read(&self, name: &str) -> Result<Option<Zeroizing<Vec<u8>>>, CacheError> {
        let Some(file) = self.disk.read(name).map_err(|error| self.error(name, error))? else { return Ok(None) };
        read_capped(file).map(Some).map_err(|error| self.error(name, error.into()))
    }

    /// Whether the name exists, whatever kind of file it is.
    pub(super) fn has(&self, name: &str) -> bool {
        !matches!(self.disk.read(name), Ok(None))
    }

    /// Returns when a file was last modified; `None` when it does not exist.
    pub(super) fn modified(&self, name: &str) -> Result<Option<DateTime<Utc>>, CacheError> {
        let modified = |file: File| Ok(DateTime::from(file.metadata()?.modified()?));
        let file = self.disk.read(name).map_err(|error| self.error(name, error))?;
        file.map(modified).transpose().map_err(|error: io::Error| self.error(name, error.into()))
    }

    /// Writes a file atomically: under another name, synced, then renamed. A crash leaves the old file or the new one.
    pub(super) fn write(&self, name: &str, content: &[u8]) -> Result<(), CacheError> {
        let temporary = entry::temporary_name();
        let written = self.write_temporary(&temporary, content).and_then(|()| self.disk.rename(&temporary, name));
        if written.is_err() {
            let _ = self.disk.remove(&temporary);
        }
        written.and_then(|()| self.disk.sync()).map_err(|error| self.error(name, error))
    }

    fn write_temporary(&self, temporary: &str, content: &[u8]) -> Result<(), DiskError> {
        let mut file = self.disk.create(temporary)?;
        file.write_all(content)?;
        Ok(file.sync_all()?)
    }

    /// Removes a file; returns whether it existed.
    pub(super) fn remove(&self, name: &str) -> Result<bool, CacheError> {
        self.disk.remove(name).map_err(|error| self.error(name, error))
    }

    /// Returns the names of all files.
    pub(super) fn names(&self) -> Result<Vec<String>, CacheError> {
        self.disk.names().map_err(|error| self.error("", error))
    }

    /// Takes the lock of this name, which is held as long as the returned file is open; `None` when another process
    /// holds it. The kernel releases the lock when the process dies.
    pub(super) fn try_lock(&self, name: &str) -> Result<Option<File>, CacheError> {
        self.lock(name, self.open_lock(name)?)
    }

    pub(super) fn open_lock(&self, name: &str) -> Result<File, CacheError> {
        self.disk.open_lock(name).map_err(|error| self.error(name, error))
    }

    /// Locks an open file. A file that was removed after it was opened is not a lock: other processes open a new one.
    pub(super) fn lock(&self, name: &str, file: File) -> Result<Option<File>, CacheError> {
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Ok(None),
            Err(TryLockError::Error(error)) => return Err(self.error(name, error.into())),
        }
        let named = disk::has_name(&file).map_err(|error| self.error(name, error.into()))?;
        Ok(named.then_some(file))
    }

    fn error(&self, name: &str, error: DiskError) -> CacheError {
        let path = if name.is_empty() { self.path.clone() } else { self.path.join(name) };
        match error {
            DiskError::Unsafe(source) => CacheError::UnsafeFile { path, source },
            DiskError::Io(source) => CacheError::Unavailable { path, source },
        }
    }
}

/// Reads into a buffer that is never reallocated: the old buffer would not be erased.
fn read_capped(file: File) -> io::Result<Zeroizing<Vec<u8>>> {
    let limit = file.metadata()?.len().min(MAXIMUM_BYTES) + 1;
    let mut content = Zeroizing::new(Vec::with_capacity(usize::try_from(limit).unwrap_or_default()));
    file.take(limit).read_to_end(&mut content)?;
    Ok(content)
}

impl From<UnsafePermissions> for DiskError {
    fn from(problem: UnsafePermissions) -> Self {
        Self::Unsafe(problem)
    }
}

impl From<io::Error> for DiskError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

#[cfg(unix)]
impl From<rustix::io::Errno> for DiskError {
    fn from(error: rustix::io::Errno) -> Self {
        Self::Io(error.into())
    }
}
