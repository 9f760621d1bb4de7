//! The folder on the disk: read to a limit, written whole or not at all, and safe against others.
//!
//! It knows names and octets; what they mean is not its concern.

#[cfg(unix)]
#[path = "unix.rs"]
mod disk;
#[cfg(not(unix))]
#[path = "elsewhere.rs"]
mod disk;

use std::{
    fs::{File, TryLockError},
    io::{self, Read as _, Write as _},
    path::{Path, PathBuf},
};

use chrono::{DateTime, Utc};
use uuid::Uuid;
use zeroize::Zeroizing;

use self::disk::Disk;
use super::{CacheError, UnsafePermissions, file_name};

pub(super) use self::disk::may_be_added_to;

/// Larger files are not ours: a token of Maskinporten has about 1 KiB, one with many system users some dozens.
pub(super) const MAXIMUM_BYTES: u64 = 256 * 1024;

/// An open folder.
#[derive(Debug)]
pub(super) struct Folder {
    path: PathBuf,
    disk: Disk,
}

/// What went wrong, before it is known with which file.
#[derive(Debug)]
enum Fault {
    UnsafePermissions(UnsafePermissions),
    Io(io::Error),
}

impl Folder {
    /// Opens the folder, made when it is missing.
    pub(super) fn open(path: &Path) -> Result<Self, CacheError> {
        if let Some(folder) = Self::existing(path)? {
            return Ok(folder);
        }
        let unavailable = |source| CacheError::Unavailable { path: path.to_owned(), source };
        Disk::make(path).map_err(unavailable)?;
        Self::existing(path)?.ok_or_else(|| unavailable(io::ErrorKind::NotFound.into()))
    }

    /// Opens the folder; `None` when there is none.
    pub(super) fn existing(path: &Path) -> Result<Option<Self>, CacheError> {
        // A slash at the end would make the system follow a link.
        let path: PathBuf = path.components().collect();
        match Disk::open(&path) {
            Ok(disk) => Ok(disk.map(|disk| Self { path, disk })),
            Err(Fault::UnsafePermissions(source)) => Err(CacheError::UnsafeFolder { path, source }),
            Err(Fault::Io(source)) => Err(CacheError::Unavailable { path, source }),
        }
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Reads a file, or as much of it as shows that it is too large; `None` when there is none.
    pub(super) fn read(&self, name: &str) -> Result<Option<Zeroizing<Vec<u8>>>, CacheError> {
        let Some(file) = self.disk.read(name).map_err(|fault| self.error(name, fault))? else { return Ok(None) };
        read_capped(file).map(Some).map_err(|error| self.error(name, error.into()))
    }

    /// Whether there is a file of this name, whatever it is.
    pub(super) fn has(&self, name: &str) -> bool {
        !matches!(self.disk.read(name), Ok(None))
    }

    /// When a file was last written to; `None` when there is none.
    pub(super) fn modified(&self, name: &str) -> Result<Option<DateTime<Utc>>, CacheError> {
        let modified = |file: File| Ok(DateTime::from(file.metadata()?.modified()?));
        let file = self.disk.read(name).map_err(|fault| self.error(name, fault))?;
        file.map(modified).transpose().map_err(|error: io::Error| self.error(name, error.into()))
    }

    /// Writes a file: aside, onto the disk, and only then under its name. A crash leaves the old file or the new one.
    pub(super) fn write(&self, name: &str, content: &[u8]) -> Result<(), CacheError> {
        let temporary = file_name::temporary(Uuid::new_v4());
        let written = self.write_aside(&temporary, content).and_then(|()| self.disk.rename(&temporary, name));
        if written.is_err() {
            let _ = self.disk.remove(&temporary);
        }
        written.and_then(|()| self.disk.sync()).map_err(|fault| self.error(name, fault))
    }

    fn write_aside(&self, temporary: &str, content: &[u8]) -> Result<(), Fault> {
        let mut file = self.disk.create(temporary)?;
        file.write_all(content)?;
        Ok(file.sync_all()?)
    }

    /// Removes a file; says whether there was one.
    pub(super) fn remove(&self, name: &str) -> Result<bool, CacheError> {
        self.disk.remove(name).map_err(|fault| self.error(name, fault))
    }

    /// The names of all files.
    pub(super) fn names(&self) -> Result<Vec<String>, CacheError> {
        self.disk.names().map_err(|fault| self.error("", fault))
    }

    /// Takes the lock of this name, which ends with the file that is given back; `None` when somebody else has it.
    /// The kernel lets go of the lock when its process dies, however it dies.
    pub(super) fn try_lock(&self, name: &str) -> Result<Option<File>, CacheError> {
        self.lock(name, self.open_lock(name)?)
    }

    pub(super) fn open_lock(&self, name: &str) -> Result<File, CacheError> {
        self.disk.open_lock(name).map_err(|fault| self.error(name, fault))
    }

    /// Locks an open file. One that was cleared away since it was opened is locked by nobody else who comes now, so
    /// that it does not count.
    pub(super) fn lock(&self, name: &str, file: File) -> Result<Option<File>, CacheError> {
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Ok(None),
            Err(TryLockError::Error(error)) => return Err(self.error(name, error.into())),
        }
        let named = disk::has_name(&file).map_err(|error| self.error(name, error.into()))?;
        Ok(named.then_some(file))
    }

    fn error(&self, name: &str, fault: Fault) -> CacheError {
        let path = if name.is_empty() { self.path.clone() } else { self.path.join(name) };
        match fault {
            Fault::UnsafePermissions(source) => CacheError::UnsafeFile { path, source },
            Fault::Io(source) => CacheError::Unavailable { path, source },
        }
    }
}

/// Reads into a buffer that never has to move: what a `Vec` leaves behind when it grows is not erased.
fn read_capped(file: File) -> io::Result<Zeroizing<Vec<u8>>> {
    let limit = file.metadata()?.len().min(MAXIMUM_BYTES) + 1;
    let mut content = Zeroizing::new(Vec::with_capacity(usize::try_from(limit).unwrap_or_default()));
    file.take(limit).read_to_end(&mut content)?;
    Ok(content)
}

impl From<UnsafePermissions> for Fault {
    fn from(distrust: UnsafePermissions) -> Self {
        Self::UnsafePermissions(distrust)
    }
}

impl From<io::Error> for Fault {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

#[cfg(unix)]
impl From<rustix::io::Errno> for Fault {
    fn from(error: rustix::io::Errno) -> Self {
        Self::Io(error.into())
    }
}
