//! Writes files that are there whole or not at all.

use std::{
    io::{self, Write as _},
    path::Path,
};

use tempfile::NamedTempFile;

/// Writes a file beside `path` that only its owner can read, and syncs it to disk. It is removed unless it takes the place
/// of `path` with [`NamedTempFile::persist`], which replaces a link and does not follow it.
///
/// # Errors
/// When the folder does not exist or cannot be written to, or the disk is full.
pub fn private_beside(path: &Path, content: &[u8]) -> io::Result<NamedTempFile> {
    let mut file = NamedTempFile::new_in(folder_of(path))?;
    file.write_all(content)?;
    file.as_file().sync_all()?;
    Ok(file)
}

/// Writes or replaces a file that only its owner can read, and syncs it to disk. A link is replaced, not followed.
///
/// # Errors
/// As [`private_beside`]; also when `path` is a folder.
pub fn write_private(path: &Path, content: &[u8]) -> io::Result<()> {
    private_beside(path, content)?.persist(path)?;
    Ok(())
}

/// Writes or replaces a file that everyone may read.
///
/// # Errors
/// As [`write_private`].
pub fn write_public(path: &Path, content: impl AsRef<[u8]>) -> io::Result<()> {
    #[cfg_attr(not(unix), expect(unused_mut, reason = "there are no modes to set"))]
    let mut builder = tempfile::Builder::new();
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o644));
    let mut file = builder.tempfile_in(folder_of(path))?;
    file.write_all(content.as_ref())?;
    file.persist(path)?;
    Ok(())
}

fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}
