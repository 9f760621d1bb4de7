//! Where a value is written: a file, a line, and sometimes a column.

use std::{
    fmt,
    path::{Path, PathBuf},
    sync::Arc,
};

use crate::text::excerpt;

/// A position in a file; lines and columns are counted from one.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Location {
    file: Arc<Path>,
    line: usize,
    column: Option<usize>,
}

impl Location {
    pub(super) fn new(file: &Arc<Path>, line: usize, column: Option<usize>) -> Self {
        Self { file: Arc::clone(file), line, column }
    }

    /// Returns the file.
    #[must_use]
    pub fn file(&self) -> &Path {
        &self.file
    }

    /// Returns the number of the line.
    #[must_use]
    pub fn line(&self) -> usize {
        self.line
    }

    /// Returns the folder of the file, which its relative paths start from.
    pub(super) fn folder(&self) -> PathBuf {
        folder_of(&self.file)
    }
}

/// Returns the folder that a file is in.
pub(super) fn folder_of(file: &Path) -> PathBuf {
    file.parent().map(Path::to_owned).unwrap_or_default()
}

impl fmt::Display for Location {
    /// `maskinporten.toml`, line 3, column 5
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "`{}`, line {}", self.file.display(), self.line)?;
        self.column.map_or(Ok(()), |column| write!(formatter, ", column {column}"))
    }
}

/// Returns a word of a file as a message may show it: short, and without control characters.
pub(super) fn shown(word: &str) -> String {
    excerpt(word, 60)
}
