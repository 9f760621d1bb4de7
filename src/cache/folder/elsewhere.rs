//! The folder where there is no openat(2): by its path, with the standard library alone.
//!
//! Windows keeps a user's local data from others by an access list that is taken over from the folder above; owner
//! and mode are not asked for here. Links are refused as they are found.

use std::{
    fs::{self, File, Metadata, OpenOptions},
    io,
    path::{Path, PathBuf},
};

use super::Fault;
use crate::cache::UnsafePermissions;

#[derive(Debug)]
pub(super) struct Disk(PathBuf);

impl Disk {
    /// Makes the folder, and those above it that are missing.
    pub(super) fn make(path: &Path) -> io::Result<()> {
        fs::create_dir_all(path)
    }

    /// Finds the folder; `None` when there is nothing at this path.
    pub(super) fn open(path: &Path) -> Result<Option<Self>, Fault> {
        match metadata(path)? {
            Some(metadata) if !metadata.is_dir() => Err(UnsafePermissions::NotAFolder.into()),
            found => Ok(found.map(|_| Self(path.to_owned()))),
        }
    }

    /// Opens a file for reading; `None` when there is none.
    pub(super) fn read(&self, name: &str) -> Result<Option<File>, Fault> {
        match self.open_file(name, OpenOptions::new().read(true)) {
            Err(Fault::Io(error)) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            opened => opened.map(Some),
        }
    }

    /// Opens a file that is there only to be locked, made when it is missing.
    pub(super) fn open_lock(&self, name: &str) -> Result<File, Fault> {
        self.open_file(name, OpenOptions::new().read(true).write(true).create(true).truncate(false))
    }

    /// Makes a file that was not there.
    pub(super) fn create(&self, name: &str) -> Result<File, Fault> {
        self.open_file(name, OpenOptions::new().write(true).create_new(true))
    }

    /// Puts a file in the place of another, or of nothing.
    pub(super) fn rename(&self, from: &str, to: &str) -> Result<(), Fault> {
        Ok(fs::rename(self.0.join(from), self.0.join(to))?)
    }

    /// Removes a file, or a link itself. Says whether there was one.
    pub(super) fn remove(&self, name: &str) -> Result<bool, Fault> {
        match fs::remove_file(self.0.join(name)) {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    /// Nothing: a folder cannot be synced through the standard library here.
    #[allow(clippy::unused_self, clippy::unnecessary_wraps)] // the same shape as on Unix
    pub(super) fn sync(&self) -> Result<(), Fault> {
        Ok(())
    }

    /// The names in the folder that are Unicode; no other is ours.
    pub(super) fn names(&self) -> Result<Vec<String>, Fault> {
        let mut names = Vec::new();
        for entry in fs::read_dir(&self.0)? {
            names.extend(entry?.file_name().into_string());
        }
        Ok(names)
    }

    fn open_file(&self, name: &str, options: &OpenOptions) -> Result<File, Fault> {
        let path = self.0.join(name);
        match metadata(&path)? {
            Some(metadata) if !metadata.is_file() => Err(UnsafePermissions::NotAFile.into()),
            _ => Ok(options.open(path)?),
        }
    }
}

/// Whether a home is there.
pub(in crate::cache) fn may_be_added_to(home: &Path) -> bool {
    home.is_dir()
}

/// Whether an open file still has a name; here, one that is open keeps its own.
#[allow(clippy::unnecessary_wraps)] // the same shape as on Unix
pub(super) fn has_name(_: &File) -> io::Result<bool> {
    Ok(true)
}

fn metadata(path: &Path) -> Result<Option<Metadata>, Fault> {
    match fs::symlink_metadata(path) {
        Ok(metadata) if metadata.is_symlink() => Err(UnsafePermissions::Link.into()),
        Ok(metadata) => Ok(Some(metadata)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error.into()),
    }
}
