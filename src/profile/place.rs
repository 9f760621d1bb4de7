//! Where something stands: a file, a line, and sometimes a column.

use std::{
    fmt,
    path::{Path, PathBuf},
    sync::Arc,
};

use crate::text::excerpt;

/// A place in a file, counted from one.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    file: Arc<Path>,
    line: usize,
    column: Option<usize>,
}

impl Place {
    pub(super) fn new(file: &Arc<Path>, line: usize, column: Option<usize>) -> Self {
        Self { file: Arc::clone(file), line, column }
    }

    /// The file.
    #[must_use]
    pub fn file(&self) -> &Path {
        &self.file
    }

    /// The line.
    #[must_use]
    pub fn line(&self) -> usize {
        self.line
    }

    /// The folder that the file is in, to which its relative paths belong.
    pub(super) fn folder(&self) -> PathBuf {
        folder_of(&self.file)
    }
}

/// The folder that a file is in.
pub(super) fn folder_of(file: &Path) -> PathBuf {
    file.parent().map(Path::to_owned).unwrap_or_default()
}

impl fmt::Display for Place {
    /// `maskinporten.toml`, line 3, column 5
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "`{}`, line {}", self.file.display(), self.line)?;
        self.column.map_or(Ok(()), |column| write!(formatter, ", column {column}"))
    }
}

/// A word of a file, fit to be shown: short, and without control characters.
pub(super) fn shown(word: &str) -> String {
    excerpt(word, 60)
}
