//! Replaces settings in a config file, and leaves everything else in it as it is.

use std::{fs, ops::Range, path::Path};

use toml::de::DeTable;
use zeroize::Zeroizing;

use super::{
    ConfigFile, ConfigFileKind, KnownSetting, Location,
    draft::setting_line,
    setting,
    source::SourceText,
    write::{WriteError, overwrite, without_fault},
};

/// A setting to be replaced, at the place where a profile sets it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProfileEdit {
    /// The place, as [`ProfileValue::location`](super::ProfileValue::location) has it.
    pub location: Location,
    /// The setting that is there.
    pub setting: &'static str,
    /// The setting that takes its place, which may be the same.
    pub new_setting: &'static str,
    /// The value of the latter.
    pub value: String,
}

/// Replaces settings in a config file. Comments, line ends, and the file's mode are kept.
///
/// # Errors
/// [`WriteError::Moved`] when a setting is not in its place any more; [`WriteError::NotChanged`] when the file is not valid,
/// before or after; [`WriteError::Unwritable`], [`WriteError::UnknownSetting`], [`WriteError::Secret`].
pub fn replace(
    path: &Path,
    edits: &[ProfileEdit],
    kind: ConfigFileKind,
    known: &[KnownSetting],
) -> Result<(), WriteError> {
    let unwritable = |source| WriteError::Unwritable { path: path.to_owned(), source };
    let not_changed = |source| WriteError::NotChanged { path: path.to_owned(), source: Box::new(source) };
    ConfigFile::read(path, kind, known).and_then(without_fault).map_err(not_changed)?;
    let text = Zeroizing::new(fs::read_to_string(path).map_err(unwritable)?);
    let source = SourceText::new(&text, path);
    let mut places = Vec::new();
    for edit in edits {
        let place = find(&source, edit)
            .ok_or_else(|| WriteError::Moved { key: setting::key(edit.setting), location: edit.location.clone() })?;
        places.push(with_comment(&source.text, place, edit, known)?);
    }
    // From the end, so that the places before it stay where they are.
    places.sort_by_key(|(place, _)| std::cmp::Reverse(place.start));
    let mark = text.len() - source.text.len();
    let mut changed = text.clone();
    for (place, line) in places {
        changed.replace_range(mark + place.start..mark + place.end, &line);
    }
    ConfigFile::parse(&changed, path, kind, known).and_then(without_fault).map_err(not_changed)?;
    overwrite(path, &changed).map_err(unwritable)
}

/// Finds a key and its value.
fn find(source: &SourceText, edit: &ProfileEdit) -> Option<Range<usize>> {
    let table = DeTable::parse(&source.text).ok()?;
    let key = setting::key(edit.setting);
    let profiles = table.get_ref().get("profiles")?.get_ref().as_table()?;
    let mut tables = profiles.values().filter_map(|profile| profile.get_ref().as_table());
    tables.find_map(|profile| {
        let (name, value) = profile.get_key_value(key.as_str())?;
        let is_there = source.line(value.span().start) == edit.location;
        is_there.then(|| name.span().start..value.span().end)
    })
}

/// Returns what replaces a setting. The comment above it that was written with it is replaced too.
fn with_comment(
    text: &str,
    place: Range<usize>,
    edit: &ProfileEdit,
    known: &[KnownSetting],
) -> Result<(Range<usize>, String), WriteError> {
    let comment_of = |name: &'static str| {
        let line = setting_line(name, &[], known)?;
        Ok::<_, WriteError>(line.lines().next().unwrap_or_default().to_owned())
    };
    let lines = setting_line(edit.new_setting, std::slice::from_ref(&edit.value), known)?;
    let (comment, line) = lines.trim_end().split_once('\n').unwrap_or_default();
    let before = text[..place.start].trim_end_matches(['\r', '\n']);
    match before.strip_suffix(&comment_of(edit.setting)?) {
        Some(rest) => {
            let gap = &text[before.len()..place.start];
            Ok((rest.len()..place.end, format!("{comment}{gap}{line}")))
        }
        None => Ok((place, line.to_owned())),
    }
}
