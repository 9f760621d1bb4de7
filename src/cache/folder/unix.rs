//! The folder on Unix: opened once and held, so that what its path names later does not matter.
//!
//! Every file is opened relative to it (openat(2)), never through a link (`O_NOFOLLOW`), never waiting for the other
//! end of a pipe (`O_NONBLOCK`), and asked who it belongs to only when it is open.

use std::{
    fs::{self, File, Metadata},
    io,
    os::unix::fs::{DirBuilderExt as _, MetadataExt as _},
    path::Path,
};

use rustix::{
    fs::{AtFlags, Dir, Mode, OFlags},
    io::Errno,
    process::geteuid,
};

use super::Fault;
use crate::cache::UnsafePermissions;

const FILE_MODE: Mode = Mode::RUSR.union(Mode::WUSR);
const FOLDER_MODE: u32 = 0o700;

/// What group and others may do.
const OTHERS: u32 = 0o077;

#[derive(Debug)]
pub(super) struct Disk(File);

impl Disk {
    /// Makes the folder, and those above it that are missing, for us alone.
    pub(super) fn make(path: &Path) -> io::Result<()> {
        fs::DirBuilder::new().recursive(true).mode(FOLDER_MODE).create(path)
    }

    /// Opens the folder; `None` when there is nothing at this path.
    pub(super) fn open(path: &Path) -> Result<Option<Self>, Fault> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        match rustix::fs::open(path, flags, Mode::empty()) {
            Ok(handle) => {
                let folder = File::from(handle);
                check_owner_and_mode(&folder.metadata()?)?;
                Ok(Some(Self(folder)))
            }
            Err(Errno::NOENT) => Ok(None),
            Err(error @ (Errno::NOTDIR | Errno::LOOP | Errno::MLINK)) => Err(instead_of_folder(path, error)),
            Err(error) => Err(error.into()),
        }
    }

    /// Opens a file for reading; `None` when there is none.
    pub(super) fn read(&self, name: &str) -> Result<Option<File>, Fault> {
        match self.open_file(name, OFlags::RDONLY) {
            Err(Fault::Io(error)) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            opened => opened.map(Some),
        }
    }

    /// Opens a file that is there only to be locked, made when it is missing.
    pub(super) fn open_lock(&self, name: &str) -> Result<File, Fault> {
        self.open_file(name, OFlags::RDWR | OFlags::CREATE)
    }

    /// Makes a file that was not there, for us alone.
    pub(super) fn create(&self, name: &str) -> Result<File, Fault> {
        self.open_file(name, OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL)
    }

    /// Puts a file in the place of another, or of nothing.
    pub(super) fn rename(&self, from: &str, to: &str) -> Result<(), Fault> {
        rustix::fs::renameat(&self.0, from, &self.0, to).map_err(|error| match error {
            Errno::ISDIR => UnsafePermissions::NotAFile.into(),
            error => error.into(),
        })
    }

    /// Removes a file, or a link itself. Says whether there was one.
    pub(super) fn remove(&self, name: &str) -> Result<bool, Fault> {
        match rustix::fs::unlinkat(&self.0, name, AtFlags::empty()) {
            Ok(()) => Ok(true),
            Err(Errno::NOENT) => Ok(false),
            Err(Errno::ISDIR) => Err(UnsafePermissions::NotAFile.into()),
            Err(error) => Err(error.into()),
        }
    }

    /// Sees to it that the names in the folder are on the disk.
    pub(super) fn sync(&self) -> Result<(), Fault> {
        Ok(self.0.sync_all()?)
    }

    /// The names in the folder that are UTF-8; no other is ours.
    pub(super) fn names(&self) -> Result<Vec<String>, Fault> {
        let mut names = Vec::new();
        for entry in Dir::read_from(&self.0)? {
            names.extend(entry?.file_name().to_str().map(str::to_owned));
        }
        Ok(names)
    }

    fn open_file(&self, name: &str, flags: OFlags) -> Result<File, Fault> {
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
        check_owner_and_mode(&metadata)?;
        Ok(file)
    }
}

/// Whether a home is there and is not somebody else's that root, who may write anywhere, would leave things in.
pub(in crate::cache) fn may_be_added_to(home: &Path) -> bool {
    fs::metadata(home).is_ok_and(|data| data.is_dir() && (data.uid() == 0 || !geteuid().is_root()))
}

/// Whether an open file still has a name: whoever clears the cache may just have taken it away.
pub(super) fn has_name(file: &File) -> io::Result<bool> {
    Ok(file.metadata()?.nlink() > 0)
}

fn check_owner_and_mode(metadata: &Metadata) -> Result<(), UnsafePermissions> {
    if metadata.uid() != geteuid().as_raw() {
        return Err(UnsafePermissions::Owner(metadata.uid()));
    }
    if metadata.mode() & OTHERS != 0 {
        return Err(UnsafePermissions::Mode(metadata.mode() & 0o7777));
    }
    Ok(())
}

/// Says what stands at the folder's path; open(2) has one answer for a link, a file, and a file above it.
fn instead_of_folder(path: &Path, error: Errno) -> Fault {
    match fs::symlink_metadata(path) {
        Ok(metadata) if metadata.is_symlink() => UnsafePermissions::Link.into(),
        Ok(metadata) if !metadata.is_dir() => UnsafePermissions::NotAFolder.into(),
        _ => error.into(),
    }
}
