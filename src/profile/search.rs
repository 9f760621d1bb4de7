//! Where config files are: the one that was named; else the project's, here or above, and the user's own.

use std::{
    fs::{File, Metadata},
    io,
    path::{Path, PathBuf},
};

use etcetera::BaseStrategy as _;

use super::{ConfigFile, FileKind, KnownSetting, ProfileError, Profiles, Warning};

/// The project file's name.
pub const PROJECT_FILE: &str = "maskinporten.toml";

/// Where to look for config files.
#[derive(Debug, Clone, Default)]
pub struct Search {
    /// The file that the user named. No other is read then.
    pub named: Option<PathBuf>,
    /// The folder to look in for a project file, and above it.
    pub folder: Option<PathBuf>,
    /// The user's own file.
    pub user_file: Option<PathBuf>,
}

/// The user's own config file, `$XDG_CONFIG_HOME/maskinporten/config.toml` or its like; `None` when the system names
/// no folder for it. It need not exist.
#[must_use]
pub fn user_file() -> Option<PathBuf> {
    let places = etcetera::choose_base_strategy().ok()?;
    Some(places.config_dir().join("maskinporten").join("config.toml"))
}

impl Search {
    /// The usual places, seen from the folder that the program was started in.
    #[must_use]
    pub fn usual(named: Option<PathBuf>) -> Self {
        Self { named, folder: std::env::current_dir().ok(), user_file: user_file() }
    }

    /// Reads what there is, and puts it together. That there is none is no error, save for a file that was named.
    ///
    /// # Errors
    /// [`ProfileError`] when a file cannot be read, or is not right, or the files do not fit together.
    pub fn read(&self, known: &[KnownSetting]) -> Result<Profiles, ProfileError> {
        if let Some(named) = &self.named {
            return Profiles::of(vec![ConfigFile::read(named, FileKind::User, known)?], known);
        }
        let mut warnings = Vec::new();
        let project = match self.project(&mut warnings)? {
            Some((file, path)) => Some(ConfigFile::read_open(file, &path, FileKind::Project, known)?),
            None => None,
        };
        let user = self.user_file.as_deref().map(|path| read_if_there(path, known)).transpose()?.flatten();
        let mut profiles = Profiles::of(project.into_iter().chain(user).collect(), known)?;
        profiles.warnings.splice(0..0, warnings);
        Ok(profiles)
    }

    /// The project file that counts, if there is one.
    ///
    /// # Errors
    /// [`ProfileError::Unreadable`] when it is ours and cannot be opened.
    pub fn project_file(&self) -> Result<Option<PathBuf>, ProfileError> {
        Ok(self.project(&mut Vec::new())?.map(|(_, path)| path))
    }

    /// Opens the first project file from the folder upwards. The owner is asked of the open file, so that nobody can
    /// put another in its place in between.
    fn project(&self, warnings: &mut Vec<Warning>) -> Result<Option<(File, PathBuf)>, ProfileError> {
        for folder in self.folder.iter().flat_map(|folder| folder.ancestors()) {
            let path = folder.join(PROJECT_FILE);
            // A pipe of this name would keep us waiting for whoever made it.
            let Some(metadata) = path.metadata().ok().filter(Metadata::is_file) else { continue };
            let (opened, metadata) = match File::open(&path).and_then(|file| Ok((file.metadata()?, file))) {
                Ok((metadata, file)) => (Ok(file), metadata),
                Err(source) => (Err(source), metadata),
            };
            if let Some(owner) = foreign_owner(&metadata) {
                warnings.push(Warning::ForeignFile { path, owner });
                continue;
            }
            return match opened {
                Ok(file) => Ok(Some((file, path))),
                Err(source) => Err(ProfileError::Unreadable { path, source }),
            };
        }
        Ok(None)
    }
}

fn read_if_there(path: &Path, known: &[KnownSetting]) -> Result<Option<ConfigFile>, ProfileError> {
    match File::open(path) {
        Ok(file) => ConfigFile::read_open(file, path, FileKind::User, known).map(Some),
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => Ok(None),
        Err(source) => Err(ProfileError::Unreadable { path: path.to_owned(), source }),
    }
}

/// Whoever else the file belongs to: neither us nor root, as git's `safe.directory` has it.
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
