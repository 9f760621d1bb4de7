//! One config file, parsed and checked.

use std::{collections::BTreeMap, path::Path};

use toml::de::{DeTable, DeValue};

use super::{
    KnownSetting, Location, ProfileError,
    location::shown,
    section::{ProfileSection, SectionReader, in_file_order},
    source::{self, SourceText},
    suggest,
};
use crate::text::is_deceptive;

/// The keys at the top level of a file.
const TOP_KEYS: [&str; 2] = ["default_profile", "profiles"];
const MAXIMUM_NAME: usize = 64;

/// The origin of a config file, which decides how far it is trusted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ConfigFileKind {
    /// A project file, which came with its folder. It may not name a command.
    Project,
    /// The user's own, or one that the user named.
    User,
}

/// A config file whose structure is valid. A fault in a profile is reported only when that profile is used.
#[derive(Debug)]
pub struct ConfigFile {
    pub(super) default_profile: Option<(String, Location)>,
    pub(super) profiles: BTreeMap<String, (ProfileSection, Location)>,
}

impl ConfigFile {
    /// Reads a config file of at most 1 MiB.
    ///
    /// # Errors
    /// [`ProfileError`] when the file cannot be read, is not TOML, or has an unknown key at its top level. A fault
    /// within a profile is reported by [`Profiles::profile`](super::Profiles::profile).
    pub fn read(path: &Path, kind: ConfigFileKind, known: &[KnownSetting]) -> Result<Self, ProfileError> {
        Self::decode(&source::read(path)?.0, path, kind, known)
    }

    /// Parses the content of a config file.
    pub(super) fn decode(
        content: &[u8],
        path: &Path,
        kind: ConfigFileKind,
        known: &[KnownSetting],
    ) -> Result<Self, ProfileError> {
        Self::from_source(&SourceText::decode(content, path)?, kind, known)
    }

    /// Parses the text of a config file; relative paths and errors refer to `path`.
    ///
    /// # Errors
    /// As [`ConfigFile::read`], apart from I/O errors.
    pub fn parse(text: &str, path: &Path, kind: ConfigFileKind, known: &[KnownSetting]) -> Result<Self, ProfileError> {
        Self::from_source(&SourceText::new(text, path), kind, known)
    }

    fn from_source(source: &SourceText, kind: ConfigFileKind, known: &[KnownSetting]) -> Result<Self, ProfileError> {
        // Only the parser's message and location: its Display repeats the line, which may hold a password.
        let table = DeTable::parse(&source.text).map_err(|error| ProfileError::Syntax {
            location: source.line_and_column(error.span().map_or(0, |span| span.start)),
            message: shown(error.message()),
        })?;
        let reader = SectionReader { source, kind, known };
        let mut file = Self { default_profile: None, profiles: BTreeMap::new() };
        for (key, value) in in_file_order(table.get_ref()) {
            match key.get_ref().as_ref() {
                "default_profile" => {
                    let name = reader.text("default_profile", value)?;
                    file.default_profile = Some((name, source.line(value.span().start)));
                }
                "profiles" => {
                    let profiles = value.get_ref().as_table();
                    let profiles = profiles.ok_or_else(|| reader.wrong_type("profiles", "a table", value))?;
                    file.profiles = read_profiles(&reader, profiles)?;
                }
                word => return Err(unknown_top_key(&reader, word, key.span().start)),
            }
        }
        Ok(file)
    }

    /// Returns the names of its profiles, and where each begins.
    pub fn profiles(&self) -> impl Iterator<Item = (&str, &Location)> {
        self.profiles.iter().map(|(name, (_, location))| (name.as_str(), location))
    }

    /// Returns a fault within one of its profiles, if there is one.
    pub(super) fn first_fault(&self) -> Option<&ProfileError> {
        self.profiles.values().find_map(|(section, _)| section.fault.as_ref())
    }
}

fn read_profiles(
    reader: &SectionReader<'_>,
    profiles: &DeTable<'_>,
) -> Result<BTreeMap<String, (ProfileSection, Location)>, ProfileError> {
    let mut read = BTreeMap::new();
    for (name, value) in in_file_order(profiles) {
        let at = name.span().start;
        let name = name.get_ref().as_ref();
        if name.is_empty() || name.chars().any(is_deceptive) || name.chars().nth(MAXIMUM_NAME).is_some() {
            return Err(ProfileError::ProfileName { location: reader.source.line_and_column(at) });
        }
        let section = match value.get_ref() {
            DeValue::Table(table) => reader.section(name, table),
            _ => ProfileSection::with_fault(reader.wrong_type(name, "a table", value)),
        };
        read.insert(name.to_owned(), (section, reader.source.line(at)));
    }
    Ok(read)
}

fn unknown_top_key(reader: &SectionReader<'_>, word: &str, at: usize) -> ProfileError {
    let suggestion = suggest::suggest(word, TOP_KEYS);
    let in_profile = suggest::suggest_key(word, reader.known, &[]).is_some();
    ProfileError::UnknownKey {
        location: reader.source.line_and_column(at),
        key: shown(word),
        profile: None,
        belongs_in_profile: suggestion.is_none() && in_profile,
        suggestion,
    }
}
