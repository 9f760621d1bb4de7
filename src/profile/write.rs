//! Config files on disk: written completely or not at all, readable by their owner only.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use zeroize::Zeroizing;

use super::{
    ConfigFile, ConfigFileKind, KnownSetting, Location, ProfileDraft, ProfileError,
    location::{folder_of, shown},
};
use crate::{
    explain::Explain,
    file::{create_private_folder, private_beside},
};

/// Why a config file could not be written.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// The file exists already.
    #[error("`{}` exists already", .0.display())]
    Exists(PathBuf),
    /// The profile is in the file already.
    #[error("the profile `{name}` exists already: {location}")]
    ProfileExists {
        /// The profile.
        name: String,
        /// Where it begins.
        location: Location,
    },
    /// The file that a profile should be added to is not valid itself.
    #[error("could not add a profile to `{}`", path.display())]
    NotAdded {
        /// The file.
        path: PathBuf,
        /// The cause.
        source: Box<ProfileError>,
    },
    /// The file in which a setting should be replaced is not valid itself.
    #[error("could not change `{}`", path.display())]
    NotChanged {
        /// The file.
        path: PathBuf,
        /// The cause.
        source: Box<ProfileError>,
    },
    /// A setting that should be replaced is not there any more.
    #[error("`{key}` is not there any more: {location}")]
    Moved {
        /// The key.
        key: String,
        /// Where it was.
        location: Location,
    },
    /// The file could not be written.
    #[error("could not write `{}`", path.display())]
    Unwritable {
        /// The file.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
    /// An unknown setting.
    #[error("unknown setting `{0}`")]
    UnknownSetting(String),
    /// A secret, which is not written to a config file.
    #[error("`{key}` is a secret, which is not written to a config file")]
    Secret {
        /// The key.
        key: String,
        /// What to use instead.
        alternative: Option<&'static str>,
    },
}

impl Explain for WriteError {
    fn code(&self) -> &'static str {
        match self {
            Self::Exists(_) | Self::ProfileExists { .. } => "config_exists",
            Self::NotAdded { source, .. } | Self::NotChanged { source, .. } => source.code(),
            Self::Moved { .. } => "config_changed",
            Self::Unwritable { .. } => "config_write",
            Self::UnknownSetting(_) => "config_key",
            Self::Secret { .. } => "config_secret",
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Exists(_) => Some("choose another file, or remove this one first".to_owned()),
            Self::ProfileExists { .. } => Some("give the profile another name, or edit the file".to_owned()),
            Self::NotAdded { source, .. } | Self::NotChanged { source, .. } => source.hint(),
            Self::Moved { .. } => Some("the file was changed meanwhile; run the command again".to_owned()),
            Self::Unwritable { .. } => Some("check the folder and its permissions".to_owned()),
            Self::UnknownSetting(_) => Some("list the settings with: maskinporten token --help".to_owned()),
            Self::Secret { alternative, .. } => Some(match alternative {
                Some(alternative) => format!("use {alternative}"),
                None => "put it in a separate file that only you may read, and name that file".to_owned(),
            }),
        }
    }
}

/// Writes a new config file, mode 0600, and the folders above it that are missing, mode 0700.
///
/// # Errors
/// [`WriteError::Exists`]; [`WriteError::Unwritable`].
pub fn create(path: &Path, text: &str) -> Result<(), WriteError> {
    // tempfile's own message names the temporary file, which means nothing to the user.
    let unwritable = |error: io::Error| WriteError::Unwritable { path: path.to_owned(), source: error.kind().into() };
    create_private_folder(&folder_of(path)).map_err(unwritable)?;
    match private_beside(path, text.as_bytes()).map_err(unwritable)?.persist_noclobber(path) {
        Ok(_) => Ok(()),
        Err(error) if error.error.kind() == io::ErrorKind::AlreadyExists => Err(WriteError::Exists(path.to_owned())),
        Err(error) => Err(unwritable(error.error)),
    }
}

/// Appends profiles to a config file. Everything in it is kept: comments, line ends, and the file's mode.
///
/// # Errors
/// [`WriteError::ProfileExists`]; [`WriteError::NotAdded`] when the file is not valid, before or with the profiles;
/// [`WriteError::Unwritable`]; the errors of [`ProfileDraft::render`].
pub fn append(
    path: &Path,
    drafts: &[ProfileDraft],
    kind: ConfigFileKind,
    known: &[KnownSetting],
) -> Result<(), WriteError> {
    let not_added = |source| WriteError::NotAdded { path: path.to_owned(), source: Box::new(source) };
    let unwritable = |source| WriteError::Unwritable { path: path.to_owned(), source };
    let before = ConfigFile::read(path, kind, known).and_then(without_fault).map_err(not_added)?;
    if let Some((name, location)) = before.profiles().find(|(name, _)| drafts.iter().any(|draft| draft.name == *name)) {
        return Err(WriteError::ProfileExists { name: shown(name), location: location.clone() });
    }

    let mut text = Zeroizing::new(fs::read_to_string(path).map_err(unwritable)?);
    let line_end = if text.contains("\r\n") { "\r\n" } else { "\n" };
    if !text.is_empty() && !text.ends_with('\n') {
        text.push_str(line_end);
    }
    for draft in drafts {
        let section = format!("\n{}", draft.render(known)?);
        text.push_str(&section.replace('\n', line_end));
    }
    ConfigFile::parse(&text, path, kind, known).and_then(without_fault).map_err(not_added)?;
    overwrite(path, &text).map_err(unwritable)
}

/// Fails with the first fault of a config file.
pub(super) fn without_fault(file: ConfigFile) -> Result<ConfigFile, ProfileError> {
    file.first_fault().cloned().map_or(Ok(file), Err)
}

/// Replaces a file; the new one has the mode of the old one.
pub(super) fn overwrite(path: &Path, text: &str) -> io::Result<()> {
    let target = real(path);
    let file = private_beside(&target, text.as_bytes())?;
    file.as_file().set_permissions(fs::metadata(&target)?.permissions())?;
    file.persist(&target).map_err(|error| error.error)?;
    Ok(())
}

/// Resolves a symbolic link: many users keep their config files in a repository and link to them.
fn real(path: &Path) -> PathBuf {
    path.canonicalize().unwrap_or_else(|_| path.to_owned())
}
