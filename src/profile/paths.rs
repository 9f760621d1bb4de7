//! Paths in a config file: relative to the file, `~/` is the home folder, any other is kept.

use std::path::{Path, PathBuf};

/// Makes a path of a config file independent of the current folder. `None`: `~` is used, and there is no home folder.
///
/// A Windows path (`C:\certs\a.p12`, `\\server\share`) is absolute on every system: as a relative path it would
/// name the wrong file.
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

/// Returns whether a path is absolute on Windows: it starts with a drive or a server's share.
pub(super) fn is_windows_absolute(text: &str) -> bool {
    let drive = matches!(text.as_bytes(), [letter, b':', b'/' | b'\\', ..] if letter.is_ascii_alphabetic());
    drive || text.starts_with(r"\\")
}

/// Returns whether the URI of a place names a variable or a file: reading it runs nothing and sends nothing.
pub(super) fn is_plain_place(uri: &str) -> bool {
    uri.is_empty() || uri.starts_with("env:") || uri.starts_with("file:")
}

fn home() -> Option<PathBuf> {
    etcetera::home_dir().ok()
}

/// Returns the absolute form of a folder.
pub(super) fn absolute(path: &Path) -> PathBuf {
    let path = if path.as_os_str().is_empty() { Path::new(".") } else { path };
    std::path::absolute(path).map_or_else(|_| path.to_owned(), |path| path.components().collect())
}
