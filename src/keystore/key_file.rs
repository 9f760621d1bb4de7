//! Reads a file that is to hold a key, so that it can be told from others before it is opened.

use std::{fs::File, io};

use zeroize::Zeroizing;

use super::{FileKind, KeystoreError, MAXIMUM_BYTES, read_capped};

/// Reads a file that is to hold a key, and not further than any such file goes, so that it can be parsed later; `name` is
/// its path, and `-` is stdin.
///
/// # Errors
/// [`KeystoreError::Unreadable`] when it cannot be read.
pub fn read_key_file(kind: FileKind, name: &str) -> Result<Zeroizing<Vec<u8>>, KeystoreError> {
    let read = if name == "-" {
        read_capped(io::stdin().lock(), MAXIMUM_BYTES)
    } else {
        File::open(name).and_then(|file| read_capped(file, MAXIMUM_BYTES))
    };
    let shown = if name == "-" { "stdin" } else { name };
    read.map_err(|source| KeystoreError::Unreadable { kind, name: shown.to_owned(), source })
}
