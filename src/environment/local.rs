//! The file in which a running simulator publishes its addresses, so that `--env local` needs no other option.
//!
//! It is a small JSON file at a fixed path, with URLs and file names but no secret.

use std::{
    io,
    io::Write as _,
    path::{Path, PathBuf},
};

use etcetera::BaseStrategy as _;
use serde::{Deserialize, Serialize};

use crate::{
    explain::Explain,
    file::{self, FileError, UnsafePermissions, check_unchangeable_by_others, create_private_folder},
    http::Endpoint,
};

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
    /// The base URL of the simulator's Altinn, without a slash at the end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub altinn_url: Option<String>,
    /// The base URL of the simulator's self-service API, to which `/api/v1` is appended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub admin_url: Option<String>,
    /// The base URL of the simulator's register of business units, to which `/enhetsregisteret/api` is appended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub business_register_url: Option<String>,
    /// The authority of its TLS certificate in PEM, if it serves https.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ca_file: Option<PathBuf>,
    /// A client that is registered with it.
    pub client_id: String,
    /// A scope of this client.
    pub scope: String,
    /// A client of the simulator's ID-porten, which has the same keystore.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub idporten_client_id: Option<String>,
    /// A client of the simulator's Ansattporten, which has the same keystore.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ansattporten_client_id: Option<String>,
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
    /// Another user can write the file: it belongs to another user, or its permissions allow it.
    #[error("the simulator's address file `{}` is not used: another user can write it", .0.display())]
    Unsafe(PathBuf, #[source] UnsafePermissions),
    /// One of the addresses is on another machine.
    #[error("the simulator's address file `{}` names a server that is not on this machine", .0.display())]
    Remote(PathBuf),
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
            Self::Unsafe(path, _) => format!("remove it, and start the simulator again: rm '{}'", path.display()),
            Self::Remote(_) => "pass --audience and --token-endpoint for a server on another machine".to_owned(),
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
    /// [`LocalError::Missing`] when it does not exist; [`LocalError::Unsafe`] when another user can write it;
    /// [`LocalError::Unusable`] and [`LocalError::Invalid`] when it cannot be read or parsed; [`LocalError::Remote`] when it
    /// names a server on another machine.
    pub fn read(path: &Path) -> Result<Self, LocalError> {
        let unusable = |error| LocalError::Unusable(path.to_owned(), error);
        let (json, metadata) = file::read_with_metadata(path, MAXIMUM_BYTES).map_err(|error| match error {
            FileError::Io(error) if error.kind() == io::ErrorKind::NotFound => LocalError::Missing(path.to_owned()),
            error => unusable(error.into()),
        })?;
        check_unchangeable_by_others(path, &metadata)
            .map_err(|problem| LocalError::Unsafe(path.to_owned(), problem))?;
        let local: Self = serde_json::from_slice(&json).map_err(|error| LocalError::Invalid(path.to_owned(), error))?;
        let is_here = |url: &str| Endpoint::parse(url).is_ok_and(|endpoint| endpoint.is_loopback());
        let others = [&local.altinn_url, &local.admin_url, &local.business_register_url];
        let are_here = others.into_iter().flatten().all(|url| is_here(url));
        if is_here(&local.issuer) && is_here(&local.token_endpoint) && are_here {
            Ok(local)
        } else {
            Err(LocalError::Remote(path.to_owned()))
        }
    }

    /// Writes the file atomically, readable only for its owner.
    ///
    /// # Errors
    /// [`LocalError::Unusable`] when the folder or the file cannot be written.
    pub fn write(&self, path: &Path) -> Result<(), LocalError> {
        let unusable = |error| LocalError::Unusable(path.to_owned(), error);
        let folder = path.parent().unwrap_or(Path::new("."));
        create_private_folder(folder).map_err(unusable)?;
        let mut file = tempfile::NamedTempFile::new_in(folder).map_err(unusable)?;
        let text = serde_json::to_string_pretty(self).map_err(io::Error::from).map_err(unusable)?;
        writeln!(file, "{text}").map_err(unusable)?;
        file.persist(path).map_err(|error| unusable(error.error))?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn local(issuer: &str, token_endpoint: &str) -> LocalEnvironment {
        LocalEnvironment {
            issuer: issuer.to_owned(),
            token_endpoint: token_endpoint.to_owned(),
            altinn_url: None,
            admin_url: None,
            business_register_url: None,
            ca_file: None,
            client_id: "client".to_owned(),
            scope: "a:b".to_owned(),
            idporten_client_id: None,
            ansattporten_client_id: None,
            keystore: PathBuf::from("keystore.p12"),
            keystore_password_file: PathBuf::from("password"),
        }
    }

    #[test]
    fn a_simulator_that_is_not_on_this_machine_is_rejected() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("maskinporten/local.json");
        let here = local("http://127.0.0.1:17824/", "http://localhost:17824/token");
        here.write(&path).unwrap();
        assert_eq!(LocalEnvironment::read(&path).unwrap(), here);

        for (issuer, token_endpoint) in [
            ("https://maskinporten.no/", "http://127.0.0.1:17824/token"),
            ("http://127.0.0.1:17824/", "https://evil.example/token"),
            ("x", "http://127.0.0.1:17824/token"),
        ] {
            local(issuer, token_endpoint).write(&path).unwrap();
            assert!(matches!(LocalEnvironment::read(&path), Err(LocalError::Remote(_))), "{issuer} {token_endpoint}");
        }
        let evil = || Some("https://evil.example".to_owned());
        for elsewhere in [
            LocalEnvironment { altinn_url: evil(), ..here.clone() },
            LocalEnvironment { admin_url: evil(), ..here.clone() },
            LocalEnvironment { business_register_url: evil(), ..here },
        ] {
            elsewhere.write(&path).unwrap();
            assert!(matches!(LocalEnvironment::read(&path), Err(LocalError::Remote(_))));
        }
    }

    #[cfg(unix)]
    #[test]
    fn an_address_file_that_other_users_can_write_is_rejected() {
        use std::{fs, os::unix::fs::PermissionsExt as _};

        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("maskinporten/local.json");
        local("http://127.0.0.1:17824/", "http://127.0.0.1:17824/token").write(&path).unwrap();
        assert_eq!(fs::metadata(path.parent().unwrap()).unwrap().permissions().mode() & 0o777, 0o700);
        for (mode, is_safe) in [(0o600, true), (0o644, true), (0o622, false), (0o602, false)] {
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
            assert_eq!(LocalEnvironment::read(&path).is_ok(), is_safe, "{mode:o}");
        }
    }
}
