//! The folder on systems without openat(2): by its path. Links are rejected.

use std::{
    fs::{self, File, Metadata, OpenOptions},
    io,
    path::{Path, PathBuf},
};

use super::{UnsafePermissions, folder::DiskError};
use crate::file::check_private;

#[derive(Debug)]
pub(super) struct Disk(PathBuf);

impl Disk {
    /// Opens the folder; `None` when the path does not exist.
    pub(super) fn open(path: &Path) -> Result<Option<Self>, DiskError> {
        match metadata(path)? {
            Some(metadata) if !metadata.is_dir() => Err(UnsafePermissions::NotAFolder.into()),
            Some(metadata) => {
                check_private(path, &metadata)?;
                Ok(Some(Self(path.to_owned())))
            }
            None => Ok(None),
        }
    }

    /// Opens a file for reading; `None` when it does not exist.
    pub(super) fn read(&self, name: &str) -> Result<Option<File>, DiskError> {
        match self.open_file(name, OpenOptions::new().read(true)) {
            Err(DiskError::Io(error)) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            opened => opened.map(Some),
        }
    }

    /// Opens a lock file, which is created when it is missing.
    pub(super) fn open_lock(&self, name: &str) -> Result<File, DiskError> {
        self.open_file(name, OpenOptions::new().read(true).write(true).create(true).truncate(false))
    }

    /// Creates a new file.
    pub(super) fn create(&self, name: &str) -> Result<File, DiskError> {
        self.open_file(name, OpenOptions::new().write(true).create_new(true))
    }

    /// Renames a file, replacing another one.
    pub(super) fn rename(&self, from: &str, to: &str) -> Result<(), DiskError> {
        Ok(fs::rename(self.0.join(from), self.0.join(to))?)
    }

    /// Removes a file, or a link itself; returns whether it existed.
    pub(super) fn remove(&self, name: &str) -> Result<bool, DiskError> {
        match fs::remove_file(self.0.join(name)) {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    /// Does nothing: the standard library cannot sync a folder here.
    #[allow(clippy::unused_self, clippy::unnecessary_wraps)] // the same signature as on Unix
    pub(super) fn sync(&self) -> Result<(), DiskError> {
        Ok(())
    }

    /// Returns the names that are valid Unicode, as the names of all entries are.
    pub(super) fn names(&self) -> Result<Vec<String>, DiskError> {
        let mut names = Vec::new();
        for entry in fs::read_dir(&self.0)? {
            names.extend(entry?.file_name().into_string());
        }
        Ok(names)
    }

    fn open_file(&self, name: &str, options: &OpenOptions) -> Result<File, DiskError> {
        let path = self.0.join(name);
        match metadata(&path)? {
            Some(metadata) if !metadata.is_file() => return Err(UnsafePermissions::NotAFile.into()),
            Some(metadata) => check_private(&path, &metadata)?,
            None => {}
        }
        Ok(options.open(path)?)
    }
}

/// Whether a home exists.
pub(super) fn may_create_in(home: &Path) -> bool {
    home.is_dir()
}

/// Whether an open file still has a name; here, an open file keeps it.
#[allow(clippy::unnecessary_wraps)] // the same signature as on Unix
pub(super) fn has_name(_: &File) -> io::Result<bool> {
    Ok(true)
}

fn metadata(path: &Path) -> Result<Option<Metadata>, DiskError> {
    match fs::symlink_metadata(path) {
        Ok(metadata) if metadata.is_symlink() => Err(UnsafePermissions::Link.into()),
        Ok(metadata) => Ok(Some(metadata)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error.into()),
    }
}
