//! Files and folders that only their owner may read, each written whole.

use std::{
    fs, io,
    io::{Read as _, Write as _},
    path::Path,
};

use zeroize::Zeroizing;

use crate::simulator::Error;

/// Larger files are not ours.
const MAXIMUM_BYTES: u64 = 1024 * 1024;

/// Writes a new file that its owner alone may read, and sees to it that it is on the disk.
pub(crate) fn write_private(path: &Path, content: &[u8]) -> Result<(), Error> {
    write(path, content, 0o600)
}

/// Writes a new file that anybody may read who may enter the folder.
pub(crate) fn write_public(path: &Path, content: &[u8]) -> Result<(), Error> {
    write(path, content, 0o644)
}

fn write(path: &Path, content: &[u8], mode: u32) -> Result<(), Error> {
    let unwritable = |source| Error::Unwritable { path: path.to_owned(), source };
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, mode);
    #[cfg(not(unix))]
    let _ = mode;
    let mut file = options.open(path).map_err(unwritable)?;
    file.write_all(content).and_then(|()| file.sync_all()).map_err(unwritable)
}

/// Makes a folder, and those above it, that its owner alone may enter.
pub(crate) fn make_folder(path: &Path) -> Result<(), Error> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path).map_err(|source| Error::Unwritable { path: path.to_owned(), source })
}

/// Reads a file of the simulator's own folder.
pub(crate) fn read(path: &Path) -> Result<Zeroizing<Vec<u8>>, Error> {
    let file = match fs::File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(Error::Incomplete(path.to_owned())),
        Err(source) => return Err(Error::Unreadable { path: path.to_owned(), source }),
    };
    let mut content = Zeroizing::new(Vec::new());
    let length = file
        .take(MAXIMUM_BYTES + 1)
        .read_to_end(&mut content)
        .map_err(|source| Error::Unreadable { path: path.to_owned(), source })?;
    if length as u64 > MAXIMUM_BYTES {
        return Err(Error::Damaged { path: path.to_owned(), problem: "it is larger than 1 MiB".to_owned() });
    }
    Ok(content)
}
