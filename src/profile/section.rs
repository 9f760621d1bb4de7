//! One profile as one file sets it: keys checked, values as strings, each with its location.

use std::fmt;

use toml::{
    Spanned,
    de::{DeTable, DeValue},
};
use zeroize::Zeroizing;

use super::{
    ConfigFileKind, KnownSetting, Location, ProfileError, SettingKind, SettingRole, location::shown, paths,
    source::SourceText, suggest,
};
use crate::printer::{Header, HeaderError};

/// The keys of a profile that are not settings.
const PROFILE_KEYS: [&str; 2] = ["extends", "headers"];

/// A setting's values as strings, with their location. They are erased after use, and its `{:?}` does not show them.
#[derive(Clone, PartialEq, Eq)]
pub struct ProfileValue {
    values: Zeroizing<Vec<String>>,
    location: Location,
    kind: ConfigFileKind,
}

/// A header that a profile adds to requests to an API. Its `{:?}` does not show the value, which may be an API key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProfileHeader {
    /// The header.
    pub header: Header,
    /// Where it is set.
    pub location: Location,
}

/// A profile in one file.
#[derive(Debug, Default)]
pub(super) struct ProfileSection {
    pub(super) extends: Option<(String, Location, ConfigFileKind)>,
    pub(super) values: Vec<(&'static str, ProfileValue)>,
    pub(super) headers: Vec<ProfileHeader>,
    /// Why the profile cannot be used.
    pub(super) fault: Option<ProfileError>,
}

impl ProfileValue {
    /// Returns the values: one, unless the setting is a list. A flag that is set is `true`.
    #[must_use]
    pub fn values(&self) -> &[String] {
        &self.values
    }

    /// Returns where it is set.
    #[must_use]
    pub fn location(&self) -> &Location {
        &self.location
    }

    /// Returns whether it is set in the project's file or the user's.
    #[must_use]
    pub fn kind(&self) -> ConfigFileKind {
        self.kind
    }

    /// Returns whether it removes the value: an empty string or list, or a flag that is false.
    pub(super) fn is_empty(&self, setting: &KnownSetting) -> bool {
        let flag = setting.kind == SettingKind::Flag;
        self.values.iter().all(|value| value.is_empty() || (flag && value == "false"))
    }
}

impl fmt::Debug for ProfileValue {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "ProfileValue({})", self.location)
    }
}

impl ProfileSection {
    pub(super) fn with_fault(fault: ProfileError) -> Self {
        Self { fault: Some(fault), ..Self::default() }
    }
}

/// Reads the sections of one file.
pub(super) struct SectionReader<'a> {
    pub(super) source: &'a SourceText,
    pub(super) kind: ConfigFileKind,
    pub(super) known: &'a [KnownSetting],
}

/// Returns the entries of a table in the order of the file, so that the first fault of the file is the one reported.
pub(super) fn in_file_order<'a, 'i>(
    table: &'a DeTable<'i>,
) -> Vec<(&'a Spanned<toml::de::DeString<'i>>, &'a Spanned<DeValue<'i>>)> {
    let mut entries: Vec<_> = table.iter().collect();
    entries.sort_by_key(|(key, _)| key.span().start);
    entries
}

impl SectionReader<'_> {
    /// Reads `[profiles.NAME]`. The first fault ends it, and is kept in the section.
    pub(super) fn section(&self, name: &str, table: &DeTable<'_>) -> ProfileSection {
        let mut section = ProfileSection::default();
        section.fault = self.fill(&mut section, name, table).err();
        section
    }

    fn fill(&self, section: &mut ProfileSection, name: &str, table: &DeTable<'_>) -> Result<(), ProfileError> {
        for (key, value) in in_file_order(table) {
            let word = key.get_ref().as_ref();
            let known = self.known.iter().find(|setting| setting.key() == word);
            match (word, known) {
                ("extends", _) => {
                    let base = self.text("extends", value)?;
                    section.extends = Some((base, self.source.line(value.span().start), self.kind));
                }
                ("headers", _) => section.headers = self.headers(value)?,
                (_, Some(setting)) => section.values.push((setting.name, self.value(setting, value)?)),
                _ => {
                    return Err(ProfileError::UnknownKey {
                        location: self.source.line_and_column(key.span().start),
                        key: shown(word),
                        profile: Some(shown(name)),
                        suggestion: suggest::suggest_key(word, self.known, &PROFILE_KEYS),
                        belongs_in_profile: false,
                    });
                }
            }
        }
        Ok(())
    }

    fn value(&self, setting: &KnownSetting, value: &Spanned<DeValue<'_>>) -> Result<ProfileValue, ProfileError> {
        let key = setting.key();
        let exact = || self.source.line_and_column(value.span().start);
        if self.kind == ConfigFileKind::Project && setting.has(SettingRole::Command) {
            return Err(ProfileError::CommandInProject { location: exact(), key });
        }
        if setting.has(SettingRole::KeySource) && value.get_ref().is_table() {
            return Err(ProfileError::PlainKey { location: exact(), key });
        }
        let mut values = self.texts(setting, &key, value)?;
        if values.iter().any(|text| setting.is_private_key(text)) {
            return Err(ProfileError::PlainKey { location: exact(), key });
        }
        if self.kind == ConfigFileKind::Project
            && setting.has(SettingRole::Place)
            && !values.iter().all(|text| paths::is_plain_place(text))
        {
            return Err(ProfileError::PlaceInProject { location: exact(), key });
        }
        let location = self.source.line(value.span().start);
        if expand_paths(setting, &mut values, &location).is_none() {
            return Err(ProfileError::NoHome { location, key });
        }
        Ok(ProfileValue { values, location, kind: self.kind })
    }

    /// Returns a value as strings, if its type is that of its setting.
    fn texts(
        &self,
        setting: &KnownSetting,
        key: &str,
        value: &Spanned<DeValue<'_>>,
    ) -> Result<Zeroizing<Vec<String>>, ProfileError> {
        let expected = match setting.kind {
            SettingKind::Text => "a string",
            SettingKind::List => "a string or an array of strings",
            SettingKind::Flag => "true or false",
            SettingKind::Number => "a number, or a duration as a string",
        };
        let wrong = |value: &Spanned<DeValue<'_>>| self.wrong_type(key, expected, value);
        let texts = match (setting.kind, value.get_ref()) {
            (SettingKind::Text | SettingKind::List | SettingKind::Number, DeValue::String(text)) => {
                vec![text.to_string()]
            }
            (SettingKind::Flag, DeValue::Boolean(set)) => vec![set.to_string()],
            (SettingKind::Number, DeValue::Integer(number)) => {
                let read = i64::from_str_radix(number.as_str(), number.radix()).map_err(|_| wrong(value))?;
                vec![read.to_string()]
            }
            (SettingKind::List, DeValue::Array(array)) => array
                .iter()
                .map(|element| element.get_ref().as_str().map(ToOwned::to_owned).ok_or_else(|| wrong(element)))
                .collect::<Result<_, _>>()?,
            _ => return Err(wrong(value)),
        };
        Ok(Zeroizing::new(texts))
    }

    fn headers(&self, value: &Spanned<DeValue<'_>>) -> Result<Vec<ProfileHeader>, ProfileError> {
        let table = value.get_ref().as_table().ok_or_else(|| self.wrong_type("headers", "a table", value))?;
        in_file_order(table).into_iter().map(|(name, value)| self.header(name.get_ref(), value)).collect()
    }

    fn header(&self, name: &str, value: &Spanned<DeValue<'_>>) -> Result<ProfileHeader, ProfileError> {
        let text = Zeroizing::new(self.text(name, value)?);
        let location = self.source.line(value.span().start);
        if self.kind == ConfigFileKind::Project && changes_message(name) {
            return Err(ProfileError::HeaderInProject { location, name: shown(name) });
        }
        match Header::new(name, &text) {
            Ok(header) => Ok(ProfileHeader { header, location }),
            Err(error) => {
                let problem = match error {
                    HeaderError::Value(_) => "its value has a control character",
                    HeaderError::Form | HeaderError::Authorization => "its name has a character that is not allowed",
                };
                Err(ProfileError::Header { location, name: shown(name), problem })
            }
        }
    }

    pub(super) fn text(&self, key: &str, value: &Spanned<DeValue<'_>>) -> Result<String, ProfileError> {
        value.get_ref().as_str().map(ToOwned::to_owned).ok_or_else(|| self.wrong_type(key, "a string", value))
    }

    pub(super) fn wrong_type(&self, key: &str, expected: &'static str, value: &Spanned<DeValue<'_>>) -> ProfileError {
        let found = match value.get_ref() {
            DeValue::String(_) => "a string",
            DeValue::Integer(_) => "a number",
            DeValue::Float(_) => "a decimal number",
            DeValue::Boolean(_) => "true or false",
            DeValue::Datetime(_) => "a date",
            DeValue::Array(_) => "an array",
            DeValue::Table(_) => "a table",
        };
        let location = self.source.line_and_column(value.span().start);
        ProfileError::WrongType { location, key: shown(key), expected, found }
    }
}

/// Returns whether a header changes the connection, where the message ends, who answers it, or who sends it: those that
/// are hop-by-hop (RFC 9110 §7.6.1) or frame the message (RFC 9112 §6), `Host`, and cookies.
fn changes_message(name: &str) -> bool {
    const NAMES: [&str; 14] = [
        "connection",
        "content-length",
        "cookie",
        "cookie2",
        "expect",
        "host",
        "http2-settings",
        "keep-alive",
        "set-cookie",
        "te",
        "trailer",
        "trailers",
        "transfer-encoding",
        "upgrade",
    ];
    let name = name.trim().to_ascii_lowercase();
    name.starts_with("proxy-") || NAMES.contains(&name.as_str())
}

/// Makes the paths among a setting's values independent of the current folder. `None`: there is no home folder.
fn expand_paths(setting: &KnownSetting, values: &mut [String], location: &Location) -> Option<()> {
    for value in values {
        if setting.has(SettingRole::Path) {
            *value = paths::expand(value, &location.folder())?;
        } else if let Some(file) = value.strip_prefix("file:").filter(|_| setting.has(SettingRole::Place)) {
            *value = format!("file:{}", paths::expand(file, &location.folder())?);
        } else if let Some(file) = value.strip_prefix('@').filter(|_| setting.has(SettingRole::PathAfterAt)) {
            *value = format!("@{}", paths::expand(file, &location.folder())?);
        }
    }
    Some(())
}
