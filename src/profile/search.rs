//! Where config files are: the one that was named; or the project's, in this folder or above, and the user's own.

use std::{
    fs::{File, Metadata},
    io,
    path::{Path, PathBuf},
};

use etcetera::BaseStrategy as _;

use super::{ConfigFile, ConfigFileKind, KnownSetting, ProfileError, ProfileWarning, Profiles};

/// The name of a project file.
pub const PROJECT_FILE: &str = "maskinporten.toml";

/// Where to look for config files.
#[derive(Debug, Clone, Default)]
pub struct ConfigSearch {
    /// The file that the user named; no other file is read.
    pub named: Option<PathBuf>,
    /// The folder in which, and above which, a project file is looked for.
    pub folder: Option<PathBuf>,
    /// The user's own file.
    pub user_file: Option<PathBuf>,
}

/// Returns the path of the user's own config file, `$XDG_CONFIG_HOME/maskinporten/config.toml` or its equivalent; `None` when
/// the system has no folder for it. The file need not exist.
#[must_use]
pub fn user_file() -> Option<PathBuf> {
    let folders = etcetera::choose_base_strategy().ok()?;
    Some(folders.config_dir().join("maskinporten").join("config.toml"))
}

impl ConfigSearch {
    /// Searches the usual places, from the folder that the program was started in.
    #[must_use]
    pub fn usual(named: Option<PathBuf>) -> Self {
        Self { named, folder: std::env::current_dir().ok(), user_file: user_file() }
    }

    /// Reads the files that exist. A missing file is an error only if it was named.
    ///
    /// # Errors
    /// [`ProfileError`] when a file cannot be read or parsed.
    pub fn read(&self, known: &[KnownSetting]) -> Result<Profiles, ProfileError> {
        if let Some(named) = &self.named {
            return Ok(Profiles::new(vec![ConfigFile::read(named, ConfigFileKind::User, known)?], known));
        }
        let mut warnings = Vec::new();
        let project = match self.project(&mut warnings)? {
            Some((file, path)) => Some(ConfigFile::read_open(file, &path, ConfigFileKind::Project, known)?),
            None => None,
        };
        let user = self.user_file.as_deref().map(|path| read_if_exists(path, known)).transpose()?.flatten();
        let mut profiles = Profiles::new(project.into_iter().chain(user).collect(), known);
        profiles.warnings = warnings;
        Ok(profiles)
    }

    /// Returns the path of the project file that is read, if there is one.
    ///
    /// # Errors
    /// [`ProfileError::Unreadable`] when it belongs to this user and cannot be opened.
    pub fn project_file(&self) -> Result<Option<PathBuf>, ProfileError> {
        Ok(self.project(&mut Vec::new())?.map(|(_, path)| path))
    }

    /// Opens the first project file from the folder upwards. The owner is read from the open file, so that the file
    /// cannot be replaced between the check and the read.
    fn project(&self, warnings: &mut Vec<ProfileWarning>) -> Result<Option<(File, PathBuf)>, ProfileError> {
        for folder in self.folder.iter().flat_map(|folder| folder.ancestors()) {
            let path = folder.join(PROJECT_FILE);
            // Opening a named pipe would block until another process opens it too.
            let Some(metadata) = path.metadata().ok().filter(Metadata::is_file) else { continue };
            let (opened, metadata) = match File::open(&path).and_then(|file| Ok((file.metadata()?, file))) {
                Ok((metadata, file)) => (Ok(file), metadata),
                Err(error) => (Err(error), metadata),
            };
            if let Some(owner) = foreign_owner(&metadata) {
                warnings.push(ProfileWarning::ForeignFile { path, owner });
                continue;
            }
            let file = opened.map_err(|error| ProfileError::unreadable(&path, error))?;
            return Ok(Some((file, path)));
        }
        Ok(None)
    }
}

fn read_if_exists(path: &Path, known: &[KnownSetting]) -> Result<Option<ConfigFile>, ProfileError> {
    match File::open(path) {
        Ok(file) => ConfigFile::read_open(file, path, ConfigFileKind::User, known).map(Some),
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => Ok(None),
        Err(error) => Err(ProfileError::unreadable(path, error)),
    }
}

/// Returns the owner of a file that belongs neither to this user nor to root, as git's `safe.directory` checks it.
#[cfg(unix)]
fn foreign_owner(metadata: &Metadata) -> Option<u32> {
    use std::os::unix::fs::MetadataExt as _;

    let owner = metadata.uid();
    let ours = rustix::process::geteuid().as_raw();
    (owner != ours && owner != 0).then_some(owner)
}

#[cfg(not(unix))]
fn foreign_owner(_: &Metadata) -> Option<u32> {
    None
}
