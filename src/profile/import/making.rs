//! A profile in the making: what the original's keys are set to, and what there is to remark on them.

use std::path::{Path, PathBuf};

use super::{
    Reason, Remark,
    collect::{Assigned, Group},
    line::{Part, Text},
};
use crate::profile::{Draft, paths};

/// A profile in the making.
pub(super) struct ProfileBuilder<'a> {
    pub(super) group: &'a Group,
    pub(super) draft: Draft,
    pub(super) remarks: Vec<Remark>,
}

impl<'a> ProfileBuilder<'a> {
    pub(super) fn new(group: &'a Group) -> Self {
        Self { group, draft: Draft::new(&group.profile), remarks: Vec::new() }
    }

    /// A value that is text and nothing else; a remark when it is more.
    pub(super) fn text(&mut self, key: &str) -> Option<String> {
        let text = self.value(key)?;
        match plain_text(&text) {
            Ok(text) if text.is_empty() => None,
            Ok(text) if text.starts_with('<') && text.ends_with('>') => self.refused(key, Reason::Placeholder),
            Ok(text) => Some(text),
            Err(reason) => self.refused(key, reason),
        }
    }

    /// A path: relative to where the profile will be, if it is below that, or to the home folder, or whole.
    pub(super) fn path(&mut self, key: &str, folder: &Path) -> Option<String> {
        let mut text = self.value(key)?;
        let start = match text.first() {
            Some(Part::Folder | Part::Home) => Some(text.remove(0)),
            _ => None,
        };
        let rest = match plain_text(&text) {
            Ok(rest) if rest.is_empty() && start.is_none() => return None,
            Ok(rest) => rest,
            Err(reason) => return self.refused(key, reason),
        };
        if rest.starts_with('<') && rest.ends_with('>') {
            return self.refused(key, Reason::Placeholder);
        }
        let assigned = self.group.values.get(key)?;
        let below = || rest.replace('\\', "/").trim_start_matches('/').to_owned();
        match start {
            Some(Part::Home) => return Some(format!("~/{}", below())),
            Some(_) => return Some(relative(folder, &assigned.place.folder(), &below())),
            None => {}
        }
        if paths::is_windows_absolute(&rest) {
            if cfg!(not(windows)) {
                self.remark(key, Reason::WindowsPath);
            }
            return Some(rest);
        }
        if lost_its_backslashes(&rest) {
            return self.refused(key, Reason::LostBackslashes);
        }
        let base = assigned.base.clone();
        Some(if rest.starts_with("~/") { rest } else { relative(folder, &base, &rest.replace('\\', "/")) })
    }

    /// What a key is set to; a remark when that cannot be known.
    fn value(&mut self, key: &str) -> Option<Text> {
        match &self.group.values.get(key)?.value {
            Ok(text) => Some(text.clone()),
            Err(reason) => self.refused(key, reason.clone()),
        }
    }

    fn refused<T>(&mut self, key: &str, reason: Reason) -> Option<T> {
        self.remark(key, reason);
        None
    }

    /// Remarks on a key once.
    pub(super) fn remark(&mut self, key: &str, reason: Reason) {
        let Some(Assigned { place, name, .. }) = self.group.values.get(key) else { return };
        let remark = Remark { place: place.clone(), name: Some(name.clone()), reason };
        if !self.remarks.contains(&remark) {
            self.remarks.push(remark);
        }
    }

    pub(super) fn is_unset(&self, key: &str) -> bool {
        self.group.values.get(key).is_none_or(|assigned| assigned.value == Ok(Vec::new()))
    }

    pub(super) fn is_true(&self, key: &str) -> bool {
        let value = self.group.values.get(key).and_then(|assigned| assigned.value.as_ref().ok());
        value.and_then(|text| plain_text(text).ok()).is_some_and(|text| text.eq_ignore_ascii_case("true"))
    }
}

/// The text of a value, without blanks around it or the marks that Windows copies along with a thumbprint.
fn plain_text(text: &[Part]) -> Result<String, Reason> {
    match text {
        [] => Ok(String::new()),
        [Part::Text(text)] => {
            let mark =
                |character: char| character.is_whitespace() || "\u{200b}\u{200e}\u{200f}\u{feff}".contains(character);
            Ok(text.trim_matches(mark).to_owned())
        }
        parts => {
            let name = parts.iter().find_map(|part| if let Part::Environment(name) = part { Some(name) } else { None });
            Err(name.map_or(Reason::Expression, |name| Reason::Environment(name.clone())))
        }
    }
}

/// `C:certsa.p12`, which Java makes of `C:\certs\a.p12`.
fn lost_its_backslashes(path: &str) -> bool {
    let mut characters = path.chars();
    characters.next().is_some_and(|drive| drive.is_ascii_alphabetic()) && characters.next() == Some(':')
}

pub(super) fn absolute(path: &Path) -> PathBuf {
    let path = if path.as_os_str().is_empty() { Path::new(".") } else { path };
    std::path::absolute(path).map_or_else(|_| path.to_owned(), |path| path.components().collect())
}

/// A path as it is written for a file in `folder`: relative when it is below that, else whole.
fn relative(folder: &Path, base: &Path, path: &str) -> String {
    let whole: PathBuf = absolute(base).join(path).components().collect();
    whole.strip_prefix(folder).unwrap_or(&whole).display().to_string()
}
