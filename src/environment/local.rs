//! The note that a simulator leaves about itself, so that `--env local` needs no other option.
//!
//! One small JSON file at a place that both sides know. It names files and addresses; it holds no secret.

use std::{
    fs, io,
    io::Write as _,
    path::{Path, PathBuf},
};

use etcetera::BaseStrategy as _;
use serde::{Deserialize, Serialize};

use crate::explain::Explain;

/// Larger notes are not ours.
const MAXIMUM_BYTES: u64 = 64 * 1024;

/// What a running simulator offers to `--env local`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LocalEnvironment {
    /// The simulator's issuer identifier, with its trailing slash.
    pub issuer: String,
    /// The simulator's token endpoint.
    pub token_endpoint: String,
    /// The certificate authority of its TLS certificate, when it serves https.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ca_file: Option<PathBuf>,
    /// A client that is registered with it.
    pub client_id: String,
    /// A scope that this client has.
    pub scope: String,
    /// The client's keystore.
    pub keystore: PathBuf,
    /// The file that holds the keystore's password.
    pub keystore_password_file: PathBuf,
}

/// Why the simulator's note could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum LocalError {
    /// No simulator has been started by this user.
    #[error("no simulator has left its addresses in `{}`", .0.display())]
    Missing(PathBuf),
    /// This system does not say where a program keeps its data.
    #[error("this system names no folder for a program's data")]
    NoDataFolder,
    /// The note is there but cannot be read or written.
    #[error("could not use the simulator's note `{}`", .0.display())]
    Unusable(PathBuf, #[source] io::Error),
    /// The note is not what the simulator writes.
    #[error("the simulator's note `{}` is not valid", .0.display())]
    Invalid(PathBuf, #[source] serde_json::Error),
}

impl Explain for LocalError {
    fn code(&self) -> &'static str {
        "local_environment"
    }

    fn hint(&self) -> Option<String> {
        Some(match self {
            Self::NoDataFolder => "set HOME or XDG_DATA_HOME".to_owned(),
            _ => "start the simulator in another terminal: maskinporten simulate".to_owned(),
        })
    }
}

impl LocalEnvironment {
    /// The folder where this user's simulator keeps what it makes: `$XDG_DATA_HOME/maskinporten` and its like.
    ///
    /// # Errors
    /// [`LocalError::NoDataFolder`] when the system does not name one.
    pub fn data_folder() -> Result<PathBuf, LocalError> {
        let places = etcetera::choose_base_strategy().map_err(|_| LocalError::NoDataFolder)?;
        Ok(places.data_dir().join("maskinporten"))
    }

    /// Where the note of the simulator that was started last is kept.
    ///
    /// # Errors
    /// [`LocalError::NoDataFolder`] when the system does not name a folder for data.
    pub fn note() -> Result<PathBuf, LocalError> {
        Ok(Self::data_folder()?.join("local.json"))
    }

    /// Reads the note of the simulator that was started last.
    ///
    /// # Errors
    /// [`LocalError::Missing`] when there is none; otherwise what is wrong with it.
    pub fn read(path: &Path) -> Result<Self, LocalError> {
        let unusable = |error| LocalError::Unusable(path.to_owned(), error);
        let file = match fs::File::open(path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(LocalError::Missing(path.to_owned())),
            Err(error) => return Err(unusable(error)),
        };
        let mut text = String::new();
        io::Read::read_to_string(&mut io::Read::take(file, MAXIMUM_BYTES), &mut text).map_err(unusable)?;
        serde_json::from_str(&text).map_err(|error| LocalError::Invalid(path.to_owned(), error))
    }

    /// Writes the note whole or not at all, readable for its owner only.
    ///
    /// # Errors
    /// [`LocalError::Unusable`] when the folder or the file cannot be written.
    pub fn write(&self, path: &Path) -> Result<(), LocalError> {
        let unusable = |error| LocalError::Unusable(path.to_owned(), error);
        let folder = path.parent().unwrap_or(Path::new("."));
        fs::create_dir_all(folder).map_err(unusable)?;
        let mut file = tempfile::NamedTempFile::new_in(folder).map_err(unusable)?;
        let text = serde_json::to_string_pretty(self).map_err(io::Error::from).map_err(unusable)?;
        writeln!(file, "{text}").map_err(unusable)?;
        file.persist(path).map_err(|error| unusable(error.error))?;
        Ok(())
    }
}
