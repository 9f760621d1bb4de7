//! Why a config file or a profile cannot be used. No message repeats a value or a line of the file: some are secrets.

use std::{
    io,
    path::{Path, PathBuf},
    sync::Arc,
};

use super::Location;
use crate::{explain::Explain, file::UnsafePermissions, text::shown_path};

/// Why a config file, or a profile in it, cannot be used.
#[derive(Debug, Clone, thiserror::Error)]
pub enum ProfileError {
    /// The file does not exist or may not be read.
    #[error("could not read the config file `{}`", shown_path(path))]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// The cause.
        source: Arc<io::Error>,
    },
    /// The user's own file can be changed by others.
    #[error("the config file `{}` is not used: others can change it", path.display())]
    Unsafe {
        /// The file.
        path: PathBuf,
        /// The cause.
        source: UnsafePermissions,
    },
    /// The file is too large for a config file.
    #[error("the config file `{}` is larger than 1 MiB", shown_path(.0))]
    TooLarge(PathBuf),
    /// The file is not UTF-8.
    #[error("the config file is not UTF-8: {location}")]
    NotUtf8 {
        /// The first line that is not UTF-8.
        location: Location,
    },
    /// The file is not TOML.
    #[error("the config file is not valid TOML: {location}: {message}")]
    Syntax {
        /// Where the parser stopped.
        location: Location,
        /// The parser's message, without the line.
        message: String,
    },
    /// An unknown key.
    #[error("unknown key `{key}`{}: {location}", within(profile.as_deref()))]
    UnknownKey {
        /// Where it is.
        location: Location,
        /// The key.
        key: String,
        /// The profile it is in; `None` at the top level.
        profile: Option<String>,
        /// The key that was probably meant.
        suggestion: Option<String>,
        /// Whether it is at the top level and would be known in a profile.
        belongs_in_profile: bool,
    },
    /// A value of the wrong type.
    #[error("`{key}` takes {expected}, not {found}: {location}")]
    WrongType {
        /// Where the value is.
        location: Location,
        /// The key.
        key: String,
        /// The expected type.
        expected: &'static str,
        /// The type in the file.
        found: &'static str,
    },
    /// A profile whose name cannot be typed or shown.
    #[error("the name of a profile is empty, longer than 64 characters, or has control characters: {location}")]
    ProfileName {
        /// Where the name is.
        location: Location,
    },
    /// A private key instead of the name of its file.
    #[error("`{key}` contains a private key instead of the name of a file: {location}")]
    PlainKey {
        /// Where it is.
        location: Location,
        /// The key of the config file.
        key: String,
    },
    /// A place in a project file that runs a command, or is not a variable or file.
    #[error("a project file may name only a variable or a file in `{key}`: {location}")]
    PlaceInProject {
        /// Where it is.
        location: Location,
        /// The key.
        key: String,
    },
    /// A command in a project file.
    #[error("a project file may not set `{key}`, because entering a folder must never run anything: {location}")]
    CommandInProject {
        /// Where it is.
        location: Location,
        /// The key.
        key: String,
    },
    /// `~` without a home folder.
    #[error("`{key}` starts with `~`, but the home folder is unknown: {location}")]
    NoHome {
        /// Where it is.
        location: Location,
        /// The key.
        key: String,
    },
    /// A header that cannot be sent.
    #[error("the header `{name}` cannot be sent: {problem}: {location}")]
    Header {
        /// Where it is.
        location: Location,
        /// Its name.
        name: String,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// A header in a project file that would change more than the request it is added to.
    #[error("a project file may not set the header `{name}`: {location}")]
    HeaderInProject {
        /// Where it is.
        location: Location,
        /// Its name.
        name: String,
    },
    /// A profile that extends one that does not exist.
    #[error("the profile `{profile}` extends `{base}`, which does not exist: {location}")]
    UnknownBase {
        /// Where `extends` is.
        location: Location,
        /// The profile.
        profile: String,
        /// The value of `extends`.
        base: String,
        /// The profile that was probably meant.
        suggestion: Option<String>,
    },
    /// Profiles that extend each other in a circle.
    #[error("profiles extend each other in a circle, {}: {location}", path.join(" → "))]
    Circle {
        /// The location of the `extends` that closes the circle.
        location: Location,
        /// The profiles of the circle, with the first one again at the end.
        path: Vec<String>,
    },
    /// A chain of profiles that is too long.
    #[error("the profile `{profile}` extends more than {limit} others in a row: {location}")]
    TooDeep {
        /// Where its `extends` is.
        location: Location,
        /// The profile.
        profile: String,
        /// How many are allowed.
        limit: usize,
    },
    /// A default profile that does not exist.
    #[error("`default_profile` names `{name}`, which does not exist: {location}")]
    UnknownDefault {
        /// Where `default_profile` is.
        location: Location,
        /// The name.
        name: String,
        /// The profile that was probably meant.
        suggestion: Option<String>,
    },
    /// A profile that does not exist.
    #[error("there is no profile `{name}`")]
    UnknownProfile {
        /// The name.
        name: String,
        /// The profiles that exist.
        names: Vec<String>,
        /// The profile that was probably meant.
        suggestion: Option<String>,
    },
    /// Two key sources in one profile.
    #[error(
        "the profile `{profile}` has two signing keys: `{first}` in {first_location}, and `{second}` in \
         {second_location}"
    )]
    TwoKeys {
        /// The profile that sets both.
        profile: String,
        /// The first key source.
        first: String,
        /// Where it is set.
        first_location: Box<Location>,
        /// The second key source.
        second: String,
        /// Where it is set.
        second_location: Box<Location>,
    },
}

fn within(profile: Option<&str>) -> String {
    profile.map(|name| format!(" in the profile `{name}`")).unwrap_or_default()
}

impl ProfileError {
    pub(super) fn unreadable(path: &Path, error: io::Error) -> Self {
        Self::Unreadable { path: path.to_owned(), source: Arc::new(error) }
    }
}

impl Explain for ProfileError {
    fn code(&self) -> &'static str {
        match self {
            Self::Unreadable { .. } | Self::Unsafe { .. } | Self::TooLarge(_) | Self::NotUtf8 { .. } => "config_file",
            Self::Syntax { .. } => "config_syntax",
            Self::UnknownKey { .. } => "config_key",
            Self::WrongType { .. }
            | Self::ProfileName { .. }
            | Self::NoHome { .. }
            | Self::Header { .. }
            | Self::HeaderInProject { .. } => "config_value",
            Self::PlainKey { .. } => "config_secret",
            Self::CommandInProject { .. } | Self::PlaceInProject { .. } => "config_command",
            Self::UnknownBase { .. } | Self::Circle { .. } | Self::TooDeep { .. } => "config_extends",
            Self::UnknownDefault { .. } | Self::UnknownProfile { .. } => "profile",
            Self::TwoKeys { .. } => "conflict",
        }
    }

    fn hint(&self) -> Option<String> {
        let fixed = match self {
            Self::Unreadable { source, .. } if source.kind() == io::ErrorKind::NotFound => {
                "check the path, or write one with: maskinporten config init"
            }
            Self::Unreadable { .. } => "check the path and its permissions",
            Self::Unsafe { path, source } => {
                let trusted = || format!("if you trust it: --config '{}'", path.display());
                return Some(source.remedy(path).unwrap_or_else(trusted));
            }
            Self::TooLarge(_) => "pass a config file; `maskinporten config init` writes one",
            Self::NotUtf8 { .. } => "save the file as UTF-8",
            Self::Syntax { .. } => "put strings in quotes, client_id = \"…\", and Windows paths in single quotes",
            Self::UnknownKey { suggestion: Some(key), .. } => return Some(format!("write `{key}`")),
            Self::UnknownKey { belongs_in_profile: true, .. } => {
                "settings belong in a profile: move it under [profiles.NAME]"
            }
            Self::UnknownKey { profile: None, .. } => {
                "only `default_profile` and [profiles.NAME] are allowed at the top level"
            }
            Self::UnknownKey { .. } => "the keys are the options of `maskinporten token --help`, with underscores",
            Self::WrongType { key, expected, .. } => {
                return Some(match *expected {
                    "a string" => format!("put it in quotes: {key} = \"…\""),
                    "true or false" => format!("write {key} = true"),
                    "a table" => format!("make `{key}` a section, such as [profiles.test]"),
                    "a string or an array of strings" => format!("write {key} = [\"…\", \"…\"]"),
                    _ => format!("write {key} = 120, or {key} = \"2m\" for a duration"),
                });
            }
            Self::ProfileName { .. } => "use a short name, such as [profiles.test]",
            Self::PlainKey { key, .. } => {
                return Some(format!(
                    "put the private key in a separate file that only you may read, and name it: {key} = \"key-file\""
                ));
            }
            Self::CommandInProject { key, .. } | Self::PlaceInProject { key, .. } => {
                return Some(format!("move `{key}` to your own config file, or remove it"));
            }
            Self::NoHome { .. } => "set HOME, or write the absolute path",
            Self::Header { .. } => "write it as Accept = \"application/json\"",
            Self::HeaderInProject { .. } => "remove it, or move it to your own config file",
            Self::UnknownBase { suggestion, .. } | Self::UnknownDefault { suggestion, .. } => match suggestion {
                Some(name) => return Some(format!("write `{name}`")),
                None => "name a profile of this file or of your own config file",
            },
            Self::Circle { .. } => {
                "remove one `extends`; profiles of the same name in both config files are merged without it"
            }
            Self::TooDeep { .. } => "use fewer levels of `extends`",
            Self::UnknownProfile { suggestion: Some(name), .. } => return Some(format!("pass --profile {name}")),
            Self::UnknownProfile { names, .. } if names.is_empty() => {
                "there are no profiles yet; write one with: maskinporten config init"
            }
            Self::UnknownProfile { names, .. } => return Some(format!("the profiles are: {}", names.join(", "))),
            Self::TwoKeys { first, second, .. } => {
                return Some(format!("remove `{first}` or `{second}` from the profile"));
            }
        };
        Some(fixed.to_owned())
    }
}
