//! The folder on Unix: opened once and kept open, so that a path that is replaced later has no effect.
//!
//! Every file is opened relative to it (openat(2)), never through a link (`O_NOFOLLOW`), never waiting for the other
//! end of a pipe (`O_NONBLOCK`); its owner and mode are checked after it is open.

use std::{
    fs::{self, File},
    io,
    os::unix::fs::MetadataExt as _,
    path::Path,
};

use rustix::{
    fs::{AtFlags, Dir, Mode, OFlags},
    io::Errno,
    process::geteuid,
};

use super::{UnsafePermissions, folder::DiskError};
use crate::file::check_private;

const FILE_MODE: Mode = Mode::RUSR.union(Mode::WUSR);

#[derive(Debug)]
pub(super) struct Disk(File);

impl Disk {
    /// Opens the folder; `None` when the path does not exist.
    pub(super) fn open(path: &Path) -> Result<Option<Self>, DiskError> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        match rustix::fs::open(path, flags, Mode::empty()) {
            Ok(handle) => {
                let folder = File::from(handle);
                check_private(path, &folder.metadata()?)?;
                Ok(Some(Self(folder)))
            }
            Err(Errno::NOENT) => Ok(None),
            Err(error @ (Errno::NOTDIR | Errno::LOOP | Errno::MLINK)) => Err(not_a_folder(path, error)),
            Err(error) => Err(error.into()),
        }
    }

    /// Opens a file for reading; `None` when it does not exist.
    pub(super) fn read(&self, name: &str) -> Result<Option<File>, DiskError> {
        match self.open_file(name, OFlags::RDONLY) {
            Err(DiskError::Io(error)) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            opened => opened.map(Some),
        }
    }

    /// Opens a lock file, which is created when it is missing.
    pub(super) fn open_lock(&self, name: &str) -> Result<File, DiskError> {
        self.open_file(name, OFlags::RDWR | OFlags::CREATE)
    }

    /// Creates a new file with access for this user only.
    pub(super) fn create(&self, name: &str) -> Result<File, DiskError> {
        self.open_file(name, OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL)
    }

    /// Renames a file, replacing another one.
    pub(super) fn rename(&self, from: &str, to: &str) -> Result<(), DiskError> {
        rustix::fs::renameat(&self.0, from, &self.0, to).map_err(|error| match error {
            Errno::ISDIR => UnsafePermissions::NotAFile.into(),
            error => error.into(),
        })
    }

    /// Removes a file, or a link itself; returns whether it existed.
    pub(super) fn remove(&self, name: &str) -> Result<bool, DiskError> {
        match rustix::fs::unlinkat(&self.0, name, AtFlags::empty()) {
            Ok(()) => Ok(true),
            Err(Errno::NOENT) => Ok(false),
            Err(Errno::ISDIR) => Err(UnsafePermissions::NotAFile.into()),
            Err(error) => Err(error.into()),
        }
    }

    /// Syncs the folder, so that a rename survives a crash.
    pub(super) fn sync(&self) -> Result<(), DiskError> {
        Ok(self.0.sync_all()?)
    }

    /// Returns the names that are valid UTF-8, as the names of all entries are.
    pub(super) fn names(&self) -> Result<Vec<String>, DiskError> {
        let mut names = Vec::new();
        for entry in Dir::read_from(&self.0)? {
            names.extend(entry?.file_name().to_str().map(str::to_owned));
        }
        Ok(names)
    }

    fn open_file(&self, name: &str, flags: OFlags) -> Result<File, DiskError> {
        let flags = flags | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
        let file = match rustix::fs::openat(&self.0, name, flags, FILE_MODE) {
            Ok(handle) => File::from(handle),
            Err(Errno::LOOP | Errno::MLINK) => return Err(UnsafePermissions::Link.into()),
            Err(Errno::ISDIR | Errno::NXIO) => return Err(UnsafePermissions::NotAFile.into()),
            Err(error) => return Err(error.into()),
        };
        let metadata = file.metadata()?;
        if !metadata.is_file() {
            return Err(UnsafePermissions::NotAFile.into());
        }
        check_private(Path::new(name), &metadata)?;
        Ok(file)
    }
}

/// Whether a home exists and, for root, which may write anywhere, does not belong to another user.
pub(super) fn may_create_in(home: &Path) -> bool {
    fs::metadata(home).is_ok_and(|data| data.is_dir() && (data.uid() == 0 || !geteuid().is_root()))
}

/// Whether an open file still has a name: another process may have removed it from the cache.
pub(super) fn has_name(file: &File) -> io::Result<bool> {
    Ok(file.metadata()?.nlink() > 0)
}

/// Finds out what is at the folder's path: open(2) returns the same error for a link, a file, and a file above it.
fn not_a_folder(path: &Path, error: Errno) -> DiskError {
    match fs::symlink_metadata(path) {
        Ok(metadata) if metadata.is_symlink() => UnsafePermissions::Link.into(),
        Ok(metadata) if !metadata.is_dir() => UnsafePermissions::NotAFolder.into(),
        _ => error.into(),
    }
}
