//! One config file, read and checked.

use std::{
    collections::BTreeMap,
    fs::File,
    path::{Path, PathBuf},
};

use toml::de::{DeTable, DeValue};

use super::{
    KnownSetting, Place, ProfileError, Warning, nearest,
    place::shown,
    section::{Reader, Section, in_order},
    source::Source,
};

/// The keys at the top of a file.
const TOP_KEYS: [&str; 2] = ["default_profile", "profiles"];
const MAXIMUM_NAME: usize = 64;

/// Whose file it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileKind {
    /// It came with a folder. It may not name a command.
    Project,
    /// The user's own, or one that the user named.
    User,
}

/// A config file whose keys and types are right.
#[derive(Debug)]
pub struct ConfigFile {
    path: PathBuf,
    kind: FileKind,
    pub(super) default_profile: Option<(String, Place)>,
    pub(super) profiles: BTreeMap<String, (Section, Place)>,
    warnings: Vec<Warning>,
}

impl ConfigFile {
    /// Reads a config file of at most 1 MiB.
    ///
    /// # Errors
    /// [`ProfileError`] when the file cannot be read, is not TOML, or has a key or a type that is not known. Whether
    /// its profiles fit together is found out by [`Profiles::of`](super::Profiles::of).
    pub fn read(path: &Path, kind: FileKind, known: &[KnownSetting]) -> Result<Self, ProfileError> {
        let file = File::open(path).map_err(|source| ProfileError::Unreadable { path: path.to_owned(), source })?;
        Self::read_open(file, path, kind, known)
    }

    pub(super) fn read_open(
        file: File,
        path: &Path,
        kind: FileKind,
        known: &[KnownSetting],
    ) -> Result<Self, ProfileError> {
        Self::from_source(&Source::read(file, path)?, path, kind, known)
    }

    /// Reads the text of a config file, which is said to be at `path`.
    ///
    /// # Errors
    /// As [`ConfigFile::read`], save for what comes from the disk.
    pub fn parse(text: &str, path: &Path, kind: FileKind, known: &[KnownSetting]) -> Result<Self, ProfileError> {
        Self::from_source(&Source::new(text, path), path, kind, known)
    }

    fn from_source(source: &Source, path: &Path, kind: FileKind, known: &[KnownSetting]) -> Result<Self, ProfileError> {
        // Only the parser's message and place: its own Display repeats the line, which may hold a password.
        let table = DeTable::parse(&source.text).map_err(|error| ProfileError::Syntax {
            place: source.exactly(error.span().map_or(0, |span| span.start)),
            message: shown(error.message()),
        })?;
        let mut reader = Reader { source, kind, known, warnings: Vec::new() };
        let mut file = Self {
            path: path.to_owned(),
            kind,
            default_profile: None,
            profiles: BTreeMap::new(),
            warnings: Vec::new(),
        };
        for (key, value) in in_order(table.get_ref()) {
            match key.get_ref().as_ref() {
                "default_profile" => {
                    let name = reader.text("default_profile", value)?;
                    file.default_profile = Some((name, source.line(value.span().start)));
                }
                "profiles" => {
                    let profiles = value.get_ref().as_table();
                    let profiles = profiles.ok_or_else(|| reader.wrong_type("profiles", "a table", value))?;
                    file.profiles = read_profiles(&mut reader, profiles)?;
                }
                word => return Err(unknown_at_the_top(&reader, word, key.span().start)),
            }
        }
        file.warnings = reader.warnings;
        Ok(file)
    }

    /// Where the file is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Whose it is.
    #[must_use]
    pub fn kind(&self) -> FileKind {
        self.kind
    }

    /// What its user should know.
    #[must_use]
    pub fn warnings(&self) -> &[Warning] {
        &self.warnings
    }

    /// The names of its profiles, and where each begins.
    pub fn profiles(&self) -> impl Iterator<Item = (&str, &Place)> {
        self.profiles.iter().map(|(name, (_, place))| (name.as_str(), place))
    }
}

fn read_profiles(
    reader: &mut Reader<'_>,
    profiles: &DeTable<'_>,
) -> Result<BTreeMap<String, (Section, Place)>, ProfileError> {
    let mut read = BTreeMap::new();
    for (name, value) in in_order(profiles) {
        let at = name.span().start;
        let name = name.get_ref().as_ref();
        if name.is_empty() || name.chars().any(char::is_control) || name.chars().nth(MAXIMUM_NAME).is_some() {
            return Err(ProfileError::ProfileName { place: reader.source.exactly(at) });
        }
        let DeValue::Table(table) = value.get_ref() else {
            return Err(reader.wrong_type(name, "a table", value));
        };
        let section = reader.section(name, table)?;
        read.insert(name.to_owned(), (section, reader.source.line(at)));
    }
    Ok(read)
}

fn unknown_at_the_top(reader: &Reader<'_>, word: &str, at: usize) -> ProfileError {
    let nearest = nearest::nearest(word, TOP_KEYS);
    let in_profile = nearest::nearest_key(word, reader.known, &[]).is_some();
    ProfileError::UnknownKey {
        place: reader.source.exactly(at),
        key: shown(word),
        profile: None,
        belongs_in_profile: nearest.is_none() && in_profile,
        nearest,
    }
}
