//! Where config files are: the one that was named; or the project's, in this folder or above, and the user's own.

use std::{
    fs::Metadata,
    io,
    path::{Path, PathBuf},
};

use etcetera::BaseStrategy as _;
use zeroize::Zeroizing;

use super::{ConfigFile, ConfigFileKind, KnownSetting, ProfileError, ProfileWarning, Profiles, source};
use crate::file::check_unchangeable_by_others;

/// The name of a project file.
pub const PROJECT_FILE: &str = "maskinporten.toml";

/// The content of a file, and its path.
type FoundFile = (Zeroizing<Vec<u8>>, PathBuf);

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
    /// [`ProfileError`] when a file cannot be read or parsed, or the user's own can be changed by others.
    pub fn read(&self, known: &[KnownSetting]) -> Result<Profiles, ProfileError> {
        if let Some(named) = &self.named {
            let (content, metadata) = source::read(named)?;
            let file = ConfigFile::decode(&content, named, ConfigFileKind::User, known)?;
            let mut profiles = Profiles::new(vec![file], known);
            // Whoever names a file of another user trusts its owner, but not everyone else.
            let checked = check_unchangeable_by_others(named, &metadata);
            if let Some(problem) = checked.err().filter(|problem| !problem.is_of_owner()) {
                profiles.warnings.push(ProfileWarning::UnsafeFile { path: named.clone(), problem });
            }
            return Ok(profiles);
        }
        let mut warnings = Vec::new();
        let project = match self.project(&mut warnings)? {
            Some((content, path)) => Some(ConfigFile::decode(&content, &path, ConfigFileKind::Project, known)?),
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

    /// Reads the first project file from the folder upwards. The owner is read from the open file, so that the file
    /// cannot be replaced between the check and the read.
    fn project(&self, warnings: &mut Vec<ProfileWarning>) -> Result<Option<FoundFile>, ProfileError> {
        for folder in self.folder.iter().flat_map(|folder| folder.ancestors()) {
            let path = folder.join(PROJECT_FILE);
            let Some(metadata) = path.metadata().ok().filter(Metadata::is_file) else { continue };
            let (content, metadata) = match source::read(&path) {
                Ok((content, metadata)) => (Ok(content), metadata),
                Err(error) => (Err(error), metadata),
            };
            // As git checks it for `safe.directory`.
            let checked = check_unchangeable_by_others(&path, &metadata);
            if let Some(problem) = checked.err().filter(|problem| problem.is_of_owner()) {
                warnings.push(ProfileWarning::ForeignFile { path, problem });
                continue;
            }
            return Ok(Some((content?, path)));
        }
        Ok(None)
    }
}

fn read_if_exists(path: &Path, known: &[KnownSetting]) -> Result<Option<ConfigFile>, ProfileError> {
    let (content, metadata) = match source::read(path) {
        Ok(read) => read,
        Err(ProfileError::Unreadable { source, .. })
            if matches!(source.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) =>
        {
            return Ok(None);
        }
        Err(error) => return Err(error),
    };
    // It may name commands and modules to run.
    check_unchangeable_by_others(path, &metadata)
        .map_err(|problem| ProfileError::Unsafe { path: path.to_owned(), source: problem })?;
    ConfigFile::decode(&content, path, ConfigFileKind::User, known).map(Some)
}
