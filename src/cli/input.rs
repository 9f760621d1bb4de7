//! Files that arguments name.

use std::path::Path;

use maskinporten::{file, text::shown_path};
use zeroize::Zeroizing;

use super::report::{Exit, Failure};

/// Reads a file with at most `limit` bytes, or stdin if the path is `-`.
pub(crate) fn read(path: &Path, limit: u64) -> Result<Zeroizing<Vec<u8>>, Failure> {
    file::read_or_stdin(path, limit).map_err(|error| {
        let message = format!("could not read `{}`: {error}", shown_path(path));
        Failure::plain(Exit::Configuration, "file", message, Some("check the path".to_owned()))
    })
}
