//! What is worth telling about config files that can be used all the same.

use std::{fmt, path::PathBuf};

use super::{Place, setting::key};

/// Something about a config file that its user should know. The caller prints it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Warning {
    /// A secret stands in the file in plain text.
    PlainSecret {
        /// The setting.
        name: &'static str,
        /// Where it stands.
        place: Place,
        /// What to use instead.
        instead: &'static str,
    },
    /// A project file that belongs to somebody else was left alone.
    ForeignFile {
        /// The file.
        path: PathBuf,
        /// The number of the user that it belongs to.
        owner: u32,
    },
    /// A project file decides where a grant is sent that is signed with the user's own key. Whoever receives a
    /// signed grant can swap it for a token.
    ProjectAddress {
        /// The setting that decides it.
        name: &'static str,
        /// Where that stands.
        place: Place,
        /// Where the key is named.
        key: Place,
    },
}

impl fmt::Display for Warning {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::PlainSecret { name, place, .. } => write!(formatter, "`{}` is in plain text in {place}", key(name)),
            Self::ForeignFile { path, owner } => {
                write!(formatter, "`{}` is not read: it belongs to another user (uid {owner})", path.display())
            }
            Self::ProjectAddress { name, place, key: own } => write!(
                formatter,
                "`{}` in {place} decides where a grant goes that is signed with the key named in {own}",
                key(name)
            ),
        }
    }
}

impl Warning {
    /// Says what to do about it.
    #[must_use]
    pub fn hint(&self) -> String {
        match self {
            Self::PlainSecret { instead, .. } => format!("use {instead}"),
            Self::ForeignFile { path, .. } => format!("if you trust it: --config {}", path.display()),
            Self::ProjectAddress { name, .. } => {
                format!("remove `{}` from the project file, unless you trust it", key(name))
            }
        }
    }
}
