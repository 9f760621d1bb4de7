//! The file in which a running simulator publishes its addresses, so that `--env local` needs no other option.
//!
//! It is a small JSON file at a fixed path, with URLs and file names but no secret.

use std::{
    fs, io,
    io::Write as _,
    path::{Path, PathBuf},
};

use etcetera::BaseStrategy as _;
use serde::{Deserialize, Serialize};

use crate::{explain::Explain, file};

/// Maximum size of the file; the simulator writes less than one kilobyte.
const MAXIMUM_BYTES: u64 = 64 * 1024;

/// The addresses, client and keystore of a running simulator.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LocalEnvironment {
    /// The simulator's issuer identifier, with its trailing slash.
    pub issuer: String,
    /// The simulator's token endpoint.
    pub token_endpoint: String,
    /// The authority of its TLS certificate in PEM, if it serves https.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ca_file: Option<PathBuf>,
    /// A client that is registered with it.
    pub client_id: String,
    /// A scope of this client.
    pub scope: String,
    /// The client's keystore.
    pub keystore: PathBuf,
    /// The file with the keystore's password.
    pub keystore_password_file: PathBuf,
}

/// Why the simulator's address file could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum LocalError {
    /// No simulator of this user is running.
    #[error("no simulator is running: `{}` does not exist", .0.display())]
    Missing(PathBuf),
    /// The user has no data folder.
    #[error("could not find the data folder of this user")]
    NoDataFolder,
    /// The file cannot be read or written.
    #[error("could not use the simulator's address file `{}`", .0.display())]
    Unusable(PathBuf, #[source] io::Error),
    /// The file is not what the simulator writes.
    #[error("the simulator's address file `{}` is not valid", .0.display())]
    Invalid(PathBuf, #[source] serde_json::Error),
}

impl Explain for LocalError {
    fn code(&self) -> &'static str {
        "local_environment"
    }

    fn hint(&self) -> Option<String> {
        Some(match self {
            Self::NoDataFolder => "set HOME or XDG_DATA_HOME".to_owned(),
            Self::Missing(_) | Self::Unusable(..) | Self::Invalid(..) => {
                "start the simulator in another terminal: maskinporten simulate".to_owned()
            }
        })
    }
}

impl LocalEnvironment {
    /// Returns the data folder of this user's simulator: `$XDG_DATA_HOME/maskinporten` or its equivalent.
    ///
    /// # Errors
    /// [`LocalError::NoDataFolder`] when the user has no data folder.
    pub fn data_folder() -> Result<PathBuf, LocalError> {
        let strategy = etcetera::choose_base_strategy().map_err(|_| LocalError::NoDataFolder)?;
        Ok(strategy.data_dir().join("maskinporten"))
    }

    /// Returns the path of the file, which belongs to the simulator that was started last.
    ///
    /// # Errors
    /// [`LocalError::NoDataFolder`] when the user has no data folder.
    pub fn path() -> Result<PathBuf, LocalError> {
        Ok(Self::data_folder()?.join("local.json"))
    }

    /// Reads the file.
    ///
    /// # Errors
    /// [`LocalError::Missing`] when it does not exist; [`LocalError::Unusable`] and [`LocalError::Invalid`] when it cannot
    /// be read or parsed.
    pub fn read(path: &Path) -> Result<Self, LocalError> {
        let text = file::read_text(path, MAXIMUM_BYTES).map_err(|error| match io::Error::from(error) {
            error if error.kind() == io::ErrorKind::NotFound => LocalError::Missing(path.to_owned()),
            error => LocalError::Unusable(path.to_owned(), error),
        })?;
        serde_json::from_str(&text).map_err(|error| LocalError::Invalid(path.to_owned(), error))
    }

    /// Writes the file atomically, readable only for its owner.
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
