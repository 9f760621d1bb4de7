//! Why config files cannot be used. No message repeats a value or a line of the file: some are secrets.

use std::{io, path::PathBuf};

use super::Place;
use crate::explain::Explain;

/// Why a config file, or a profile in it, cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ProfileError {
    /// The file is not there or may not be read.
    #[error("could not read the config file `{}`", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The file is too large for a config file.
    #[error("the config file `{}` is larger than 1 MiB", .0.display())]
    TooLarge(PathBuf),
    /// The file is not UTF-8.
    #[error("the config file is not UTF-8: {place}")]
    NotUtf8 {
        /// The first line that is not.
        place: Place,
    },
    /// The file is not TOML.
    #[error("the config file is not valid TOML: {place}: {message}")]
    Syntax {
        /// Where the parser stopped.
        place: Place,
        /// What it says, without the line.
        message: String,
    },
    /// A key that does not exist.
    #[error("unknown key `{key}`{}: {place}", within(profile.as_deref()))]
    UnknownKey {
        /// Where it stands.
        place: Place,
        /// The key.
        key: String,
        /// The profile it is in; without one, it stands at the top.
        profile: Option<String>,
        /// The key that was probably meant.
        nearest: Option<String>,
        /// At the top: it would be known in a profile.
        belongs_in_profile: bool,
    },
    /// A value of another type than its key takes.
    #[error("`{key}` takes {expected}, not {found}: {place}")]
    WrongType {
        /// Where it stands.
        place: Place,
        /// The key.
        key: String,
        /// What it takes.
        expected: &'static str,
        /// What it was given.
        found: &'static str,
    },
    /// A profile whose name cannot be typed or shown.
    #[error("the name of a profile is empty, longer than 64 characters, or has control characters: {place}")]
    ProfileName {
        /// Where it stands.
        place: Place,
    },
    /// A private key in the file itself.
    #[error("`{key}` holds a private key itself, not the name of a file: {place}")]
    PlainKey {
        /// Where it stands.
        place: Place,
        /// The key of the config file.
        key: String,
    },
    /// A command in a project file.
    #[error(
        "a project file may not name what is run or loaded, because entering a folder must never run anything: `{key}` in \
         {place}"
    )]
    CommandInProject {
        /// Where it stands.
        place: Place,
        /// The key.
        key: String,
    },
    /// `~` without a home folder.
    #[error("`{key}` starts with `~`, and this system names no home folder: {place}")]
    NoHome {
        /// Where it stands.
        place: Place,
        /// The key.
        key: String,
    },
    /// A header that cannot be sent.
    #[error("the header `{name}` cannot be sent: {problem}: {place}")]
    Header {
        /// Where it stands.
        place: Place,
        /// Its name.
        name: String,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// A profile that extends one that does not exist.
    #[error("the profile `{profile}` extends `{base}`, which does not exist: {place}")]
    UnknownBase {
        /// Where it says so.
        place: Place,
        /// The profile.
        profile: String,
        /// What it extends.
        base: String,
        /// The profile that was probably meant.
        nearest: Option<String>,
    },
    /// Profiles that extend each other in a circle.
    #[error("profiles extend each other in a circle, {}: {place}", path.join(" → "))]
    Circle {
        /// Where the first of them says what it extends.
        place: Place,
        /// The way round, with the first profile again at its end.
        path: Vec<String>,
    },
    /// A chain of profiles that is too long to be meant.
    #[error("the profile `{profile}` extends more than {limit} others in a row: {place}")]
    TooDeep {
        /// Where it says what it extends.
        place: Place,
        /// The profile.
        profile: String,
        /// How many are allowed.
        limit: usize,
    },
    /// A default that does not exist.
    #[error("`default_profile` names `{name}`, which does not exist: {place}")]
    UnknownDefault {
        /// Where it says so.
        place: Place,
        /// The name.
        name: String,
        /// The profile that was probably meant.
        nearest: Option<String>,
    },
    /// A profile that was asked for and does not exist.
    #[error("no profile is called `{name}`")]
    UnknownProfile {
        /// The name.
        name: String,
        /// The profiles that there are.
        names: Vec<String>,
        /// The profile that was probably meant.
        nearest: Option<String>,
    },
    /// Two keys to sign with in one profile.
    #[error(
        "the profile `{profile}` names two keys to sign with: `{first}` in {first_place}, and `{second}` in {second_place}"
    )]
    TwoKeys {
        /// The profile.
        profile: String,
        /// The one.
        first: String,
        /// Where it stands.
        first_place: Box<Place>,
        /// The other.
        second: String,
        /// Where it stands.
        second_place: Box<Place>,
    },
}

fn within(profile: Option<&str>) -> String {
    profile.map(|name| format!(" in the profile `{name}`")).unwrap_or_default()
}

impl Explain for ProfileError {
    fn code(&self) -> &'static str {
        match self {
            Self::Unreadable { .. } | Self::TooLarge(_) | Self::NotUtf8 { .. } => "config_file",
            Self::Syntax { .. } => "config_syntax",
            Self::UnknownKey { .. } => "config_key",
            Self::WrongType { .. } | Self::ProfileName { .. } | Self::NoHome { .. } | Self::Header { .. } => {
                "config_value"
            }
            Self::PlainKey { .. } => "config_secret",
            Self::CommandInProject { .. } => "config_command",
            Self::UnknownBase { .. } | Self::Circle { .. } | Self::TooDeep { .. } => "config_extends",
            Self::UnknownDefault { .. } | Self::UnknownProfile { .. } => "profile",
            Self::TwoKeys { .. } => "conflict",
        }
    }

    fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Unreadable { source, .. } if source.kind() == io::ErrorKind::NotFound => {
                "check the path, or write one with: maskinporten config init".to_owned()
            }
            Self::Unreadable { .. } => "check the path and its permissions".to_owned(),
            Self::TooLarge(_) => "give a config file; `maskinporten config init` writes one".to_owned(),
            Self::NotUtf8 { .. } => "save the file as UTF-8".to_owned(),
            Self::Syntax { .. } => {
                "text stands in quotes: client_id = \"…\"; a path of Windows in single ones".to_owned()
            }
            Self::UnknownKey { nearest: Some(nearest), .. } => format!("write `{nearest}`"),
            Self::UnknownKey { belongs_in_profile: true, .. } => {
                "settings belong in a profile: put it under [profiles.NAME]".to_owned()
            }
            Self::UnknownKey { profile: None, .. } => {
                "at the top stand only `default_profile` and [profiles.NAME]".to_owned()
            }
            Self::UnknownKey { .. } => {
                "the keys are the options of `maskinporten token --help`, with underscores".to_owned()
            }
            Self::WrongType { key, expected, .. } => match *expected {
                "text" => format!("put it in quotes: {key} = \"…\""),
                "true or false" => format!("write {key} = true"),
                "a table" => format!("write a section of its own for `{key}`, such as [profiles.test]"),
                "a text or an array of texts" => format!("write {key} = [\"…\", \"…\"]"),
                _ => format!("write {key} = 120, or {key} = \"2m\" where it is a time"),
            },
            Self::ProfileName { .. } => "give it a short name, such as [profiles.test]".to_owned(),
            Self::PlainKey { key, .. } => format!(
                "put the private key in a file of its own that only you may read, and name it: {key} = \"key-file\""
            ),
            Self::CommandInProject { key, .. } => format!("move `{key}` to your own config file, or remove it"),
            Self::NoHome { .. } => "set HOME, or write the whole path".to_owned(),
            Self::Header { .. } => "write it as Accept = \"application/json\"".to_owned(),
            Self::UnknownBase { nearest, .. } | Self::UnknownDefault { nearest, .. } => match nearest {
                Some(nearest) => format!("write `{nearest}`"),
                None => "name a profile of this file or of your own config file".to_owned(),
            },
            Self::Circle { .. } => "remove one `extends`; a profile of the same name in your own config file is taken \
                                    over without it"
                .to_owned(),
            Self::TooDeep { .. } => "say more in fewer profiles".to_owned(),
            Self::UnknownProfile { nearest: Some(nearest), .. } => format!("pass --profile {nearest}"),
            Self::UnknownProfile { names, .. } if names.is_empty() => {
                "there are no profiles yet; write one with: maskinporten config init".to_owned()
            }
            Self::UnknownProfile { names, .. } => format!("the profiles are: {}", names.join(", ")),
            Self::TwoKeys { second, .. } => {
                format!("keep one; {second} = \"\" drops what is taken over from elsewhere")
            }
        })
    }
}
