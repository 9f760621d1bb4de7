//! Paths in a config file: relative to the file, `~/` is the home folder, the rest as it stands.

use std::path::{Path, PathBuf};

/// Turns a path of a config file into one that holds wherever the program is started. `None`: there is no home
/// folder to put in for `~`.
///
/// A path of Windows (`C:\certs\a.p12`, `\\server\share`) is absolute on every system: made relative to the file it
/// would name something that nobody wrote.
pub(super) fn expand(text: &str, folder: &Path) -> Option<String> {
    if text.is_empty() || text == "-" || is_windows_absolute(text) {
        return Some(text.to_owned());
    }
    if text == "~" {
        return home().map(|home| home.display().to_string());
    }
    if let Some(rest) = text.strip_prefix("~/").or_else(|| text.strip_prefix(r"~\")) {
        return home().map(|home| home.join(rest).display().to_string());
    }
    // join keeps an absolute path as it is.
    Some(folder.join(text).display().to_string())
}

/// Whether a path is absolute on Windows: a drive, or a server's share.
pub(super) fn is_windows_absolute(text: &str) -> bool {
    let mut characters = text.chars();
    let drive = matches!(
        (characters.next(), characters.next(), characters.next()),
        (Some('a'..='z' | 'A'..='Z'), Some(':'), Some('/' | '\\'))
    );
    drive || text.starts_with(r"\\")
}

fn home() -> Option<PathBuf> {
    etcetera::home_dir().ok()
}
