//! Problems of config files that do not prevent their use.

use std::{fmt, path::PathBuf};

use super::{Location, setting::key};
use crate::file::UnsafePermissions;

/// A problem of a config file that does not prevent its use. The caller prints it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ProfileWarning {
    /// A secret is in the file in plain text.
    PlainSecret {
        /// The setting.
        name: &'static str,
        /// Where it is set.
        location: Location,
        /// What to use instead.
        alternative: &'static str,
    },
    /// A project file that belongs to another user was skipped.
    ForeignFile {
        /// The file.
        path: PathBuf,
        /// Why.
        problem: UnsafePermissions,
    },
    /// A file that the user named can be changed by others.
    UnsafeFile {
        /// The file.
        path: PathBuf,
        /// Why.
        problem: UnsafePermissions,
    },
    /// A project file decides where a grant signed with the user's own key is sent. The receiver of a signed grant can
    /// exchange it for a token.
    ProjectAddress {
        /// The setting with the address.
        name: &'static str,
        /// Where it is set.
        location: Location,
        /// Where the key is named.
        key: Location,
    },
}

impl fmt::Display for ProfileWarning {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::PlainSecret { name, location, .. } => {
                write!(formatter, "`{}` is in plain text in {location}", key(name))
            }
            Self::ForeignFile { path, problem } => {
                write!(formatter, "`{}` is not read: {problem}", path.display())
            }
            Self::UnsafeFile { path, problem } => {
                write!(formatter, "others can change the config file `{}`: {problem}", path.display())
            }
            Self::ProjectAddress { name, location, key: own } => write!(
                formatter,
                "`{}` in {location} decides where a grant signed with the key from {own} is sent",
                key(name)
            ),
        }
    }
}

impl ProfileWarning {
    /// Returns what to do about it.
    #[must_use]
    pub fn hint(&self) -> String {
        match self {
            Self::PlainSecret { alternative, .. } => format!("use {alternative}"),
            Self::ForeignFile { path, .. } => format!("if you trust it: --config {}", path.display()),
            Self::UnsafeFile { path, problem } => problem.remedy(path).unwrap_or_default(),
            Self::ProjectAddress { name, .. } => {
                format!("remove `{}` from the project file, unless you trust it", key(name))
            }
        }
    }
}
