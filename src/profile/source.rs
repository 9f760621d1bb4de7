//! A config file's text, read with a limit, and the way from a byte in it to a line.

use std::{fs::File, io::Read as _, path::Path, sync::Arc};

use super::{error::ProfileError, place::Place};

/// No config file is larger than 1 MiB.
pub(super) const MAXIMUM_BYTES: u64 = 1024 * 1024;

/// The text of a file, without a byte order mark.
pub(super) struct Source {
    pub(super) text: String,
    file: Arc<Path>,
    /// Where each line starts.
    lines: Vec<usize>,
}

impl Source {
    pub(super) fn new(text: &str, path: &Path) -> Self {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text).to_owned();
        let starts = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n').map(|(at, _)| at + 1);
        let lines = std::iter::once(0).chain(starts).collect();
        Self { text, file: Arc::from(path), lines }
    }

    /// Reads what an open file holds.
    pub(super) fn read(file: File, path: &Path) -> Result<Self, ProfileError> {
        let mut bytes = Vec::new();
        file.take(MAXIMUM_BYTES + 1)
            .read_to_end(&mut bytes)
            .map_err(|source| ProfileError::Unreadable { path: path.to_owned(), source })?;
        if bytes.len() as u64 > MAXIMUM_BYTES {
            return Err(ProfileError::TooLarge(path.to_owned()));
        }
        match str::from_utf8(&bytes) {
            Ok(text) => Ok(Self::new(text, path)),
            Err(error) => {
                let before = bytes.get(..error.valid_up_to()).unwrap_or_default();
                let line = before.split(|byte| *byte == b'\n').count();
                Err(ProfileError::NotUtf8 { place: Place::new(&Arc::from(path), line, None) })
            }
        }
    }

    /// The line that a byte is on.
    pub(super) fn line(&self, at: usize) -> Place {
        Place::new(&self.file, self.number(at), None)
    }

    /// The line and column that a byte is at. Counts characters, so it is for the one place of an error.
    pub(super) fn exactly(&self, at: usize) -> Place {
        let line = self.number(at);
        let start = self.lines.get(line - 1).copied().unwrap_or_default();
        let before = self.text.get(start..at.min(self.text.len())).unwrap_or_default();
        Place::new(&self.file, line, Some(before.chars().count() + 1))
    }

    /// The number of the line that a byte is on, one or more.
    fn number(&self, at: usize) -> usize {
        self.lines.partition_point(|start| *start <= at).max(1)
    }
}
