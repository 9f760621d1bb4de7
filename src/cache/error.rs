//! Why the token cache is not used. A cache that somebody else could have written to is an error; one that cannot be
//! had at all is not worth failing for, since a token is still to be had without it.

use std::{
    io,
    path::{Path, PathBuf},
};

use crate::explain::Explain;

/// Why the token cache, or a file in it, is not used.
#[derive(Debug, thiserror::Error)]
pub enum CacheError {
    /// This system does not say where a program keeps its cache.
    #[error("this system names no folder for a program's cache")]
    NoFolder,
    /// The disk said no.
    #[error("could not use the token cache `{}`", path.display())]
    Unavailable {
        /// The folder, or the file in it.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The folder is not ours alone.
    #[error("the folder of the token cache is not safe: `{}`", path.display())]
    UnsafeFolder {
        /// The folder.
        path: PathBuf,
        /// Why.
        source: UnsafePermissions,
    },
    /// A file in the folder is not ours alone.
    #[error("a file of the token cache is not safe: `{}`", path.display())]
    UnsafeFile {
        /// The file.
        path: PathBuf,
        /// Why.
        source: UnsafePermissions,
    },
}

/// What is wrong with a folder or file that tokens should be in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum UnsafePermissions {
    /// Whoever made the link says what is read and written.
    #[error("it is a symbolic link")]
    Link,
    /// Something else stands where the folder should be.
    #[error("it is not a folder")]
    NotAFolder,
    /// Something else stands where a file should be.
    #[error("it is not a regular file")]
    NotAFile,
    /// It belongs to another user.
    #[error("it belongs to another user (uid {0})")]
    Owner(u32),
    /// Its mode lets others in.
    #[error("its mode is {0:04o}, which lets others in")]
    Mode(u32),
}

impl CacheError {
    /// Whether there is merely no cache to be had. Nothing is wrong with doing without one then.
    #[must_use]
    pub fn is_unavailable(&self) -> bool {
        matches!(self, Self::NoFolder | Self::Unavailable { .. })
    }

    /// What makes the cache usable again, for those who cannot do without it.
    #[must_use]
    pub fn remedy(&self) -> String {
        match self {
            Self::NoFolder => "set HOME or XDG_CACHE_HOME".to_owned(),
            Self::Unavailable { .. } => "check the folder and its permissions".to_owned(),
            Self::UnsafeFolder { path, source } => folder_remedy(path, *source),
            Self::UnsafeFile { path, .. } => format!("remove it with: rm -rf {}", pasted(path)),
        }
    }
}

impl Explain for CacheError {
    fn code(&self) -> &'static str {
        "cache"
    }

    fn hint(&self) -> Option<String> {
        Some(format!("pass --no-cache, or {}", self.remedy()))
    }
}

fn folder_remedy(path: &Path, distrust: UnsafePermissions) -> String {
    match distrust {
        UnsafePermissions::Mode(_) => format!("close it to others with: chmod 700 {}", pasted(path)),
        UnsafePermissions::Owner(_) => "set XDG_CACHE_HOME to a folder of your own".to_owned(),
        UnsafePermissions::Link => format!("remove the link with: rm {}", pasted(path)),
        UnsafePermissions::NotAFolder | UnsafePermissions::NotAFile => {
            format!("move it away with: mv {0} {0}.old", pasted(path))
        }
    }
}

/// A path as a POSIX shell takes it: between single quotes nothing is special but the single quote itself.
fn pasted(path: &Path) -> String {
    let text = path.display().to_string();
    let plain = text.chars().all(|character| character.is_ascii_alphanumeric() || "/._-".contains(character));
    if plain { text } else { format!("'{}'", text.replace('\'', r"'\''")) }
}
