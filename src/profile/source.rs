//! The text of a config file, read with a size limit, and the line of each byte in it.

use std::{fs::Metadata, path::Path, sync::Arc};

use zeroize::Zeroizing;

use super::{error::ProfileError, location::Location};
use crate::file::{self, FileError};

/// The largest config file that is read: 1 MiB.
pub(super) const MAXIMUM_BYTES: u64 = 1024 * 1024;

/// Reads a config file of at most 1 MiB.
pub(super) fn read(path: &Path) -> Result<(Zeroizing<Vec<u8>>, Metadata), ProfileError> {
    file::read_with_metadata(path, MAXIMUM_BYTES).map_err(|error| match error {
        FileError::TooLarge { .. } => ProfileError::TooLarge(path.to_owned()),
        error => ProfileError::unreadable(path, error.into()),
    })
}

/// The text of a config file, without a byte order mark. It is erased after use, since it may hold passwords.
pub(super) struct SourceText {
    pub(super) text: Zeroizing<String>,
    file: Arc<Path>,
    /// The offset of the first byte of each line.
    line_starts: Vec<usize>,
}

impl SourceText {
    pub(super) fn new(text: &str, path: &Path) -> Self {
        let text = Zeroizing::new(text.strip_prefix('\u{feff}').unwrap_or(text).to_owned());
        let starts = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n').map(|(at, _)| at + 1);
        let line_starts = std::iter::once(0).chain(starts).collect();
        Self { text, file: Arc::from(path), line_starts }
    }

    /// Decodes the content of a file.
    pub(super) fn decode(content: &[u8], path: &Path) -> Result<Self, ProfileError> {
        match str::from_utf8(content) {
            Ok(text) => Ok(Self::new(text, path)),
            Err(error) => {
                let valid = content.get(..error.valid_up_to()).unwrap_or_default();
                let line = valid.split(|byte| *byte == b'\n').count();
                Err(ProfileError::NotUtf8 { location: Location::new(&Arc::from(path), line, None) })
            }
        }
    }

    /// Returns the line that a byte is on.
    pub(super) fn line(&self, at: usize) -> Location {
        Location::new(&self.file, self.line_number(at), None)
    }

    /// Returns the line and column of a byte. It counts characters, so it is meant for the one location of an error.
    pub(super) fn line_and_column(&self, at: usize) -> Location {
        let line = self.line_number(at);
        let start = self.line_starts.get(line - 1).copied().unwrap_or_default();
        let before = self.text.get(start..at.min(self.text.len())).unwrap_or_default();
        Location::new(&self.file, line, Some(before.chars().count() + 1))
    }

    /// Returns the number of the line that a byte is on, at least one.
    fn line_number(&self, at: usize) -> usize {
        self.line_starts.partition_point(|start| *start <= at).max(1)
    }
}
