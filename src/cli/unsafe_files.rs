//! Warnings about files that decide what is signed or trusted, and that other users can change.

use std::{fs, path::Path};

use maskinporten::{file::check_unchangeable_by_others, text::shown_path};

use super::{report::Report, settings::KeySource};

impl Report {
    /// Warns if another user can change the file of a key, or the module that is loaded for it.
    pub(crate) fn warn_of_unsafe_key(&self, source: &KeySource) {
        match source {
            KeySource::Pkcs12 { file, .. } | KeySource::Pem { file, .. } | KeySource::Jwk { file } => {
                self.warn_of_unsafe_file("key file", file);
            }
            KeySource::Pkcs11 { module, .. } => self.warn_of_unsafe_file("PKCS#11 module", module),
            // A file at a place is warned of when it is read.
            KeySource::Content(_) | KeySource::ClientJwk(_) | KeySource::DotnetStore { .. } => {}
        }
    }

    /// Warns if a user other than this one and root can change a file.
    pub(crate) fn warn_of_unsafe_file(&self, noun: &str, path: impl AsRef<Path>) {
        let path = path.as_ref();
        // A file that is missing is reported by its reader.
        let Ok(metadata) = fs::metadata(path) else { return };
        let Err(problem) = check_unchangeable_by_others(path, &metadata) else { return };
        let shown = shown_path(path);
        let remedy = problem.remedy(path).unwrap_or_else(|| "use a copy of your own".to_owned());
        self.warning(&format!("others can change the {noun} `{shown}`: {problem}; {remedy}"));
    }
}
