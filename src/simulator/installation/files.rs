//! The files of the data folder: names, reading and creation.

use std::{fs, io, io::Write as _, path::Path};

use zeroize::Zeroizing;

use crate::{
    file::{self, FileError},
    simulator::error::SimulatorError,
};

pub(super) const CLIENTS: &str = "clients.json";
pub(super) const REGISTERED_KEY: &str = "registered-key.jwk.json";
pub(super) const CA: &str = "ca.pem";
pub(super) const INTERMEDIATE: &str = "intermediate.pem";
pub(super) const TOKEN_KEY: &str = "token-signing-key.pem";
pub(super) const TLS_CA: &str = "tls-ca.pem";
pub(super) const TLS_CERTIFICATE: &str = "tls-server.pem";
pub(super) const TLS_KEY: &str = "tls-server-key.pem";
pub(super) const ALTINN_PASSWORD: &str = "altinn.password";
pub(super) const ALTINN_API_KEY: &str = "altinn.api-key";
pub(super) const IDPORTEN_SECRET: &str = "idporten.client-secret";
pub(super) const CONFIG: &str = "config.toml";
pub(crate) const ALTINN_KEY: &str = "altinn-signing-key.pem";
pub(crate) const IDPORTEN_KEY: &str = "idporten-signing-key.pem";
pub(crate) const ANSATTPORTEN_KEY: &str = "ansattporten-signing-key.pem";
pub(super) const MARKER: &str = "simulator.json";

/// Maximum size of a file.
const MAXIMUM_BYTES: u64 = 1024 * 1024;

/// Creates a file with mode 0600, and syncs it to the disk.
pub(crate) fn write_private(path: &Path, content: &[u8]) -> Result<(), SimulatorError> {
    write(path, content, 0o600)
}

/// Creates a file with mode 0644, and syncs it to the disk.
pub(crate) fn write_public(path: &Path, content: &[u8]) -> Result<(), SimulatorError> {
    write(path, content, 0o644)
}

fn write(path: &Path, content: &[u8], mode: u32) -> Result<(), SimulatorError> {
    let unwritable = |source| SimulatorError::Unwritable { path: path.to_owned(), source };
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, mode);
    #[cfg(not(unix))]
    let _ = mode;
    let mut file = options.open(path).map_err(unwritable)?;
    file.write_all(content).and_then(|()| file.sync_all()).map_err(unwritable)
}

/// Creates a folder and its parents with mode 0700.
pub(crate) fn create_folder(path: &Path) -> Result<(), SimulatorError> {
    file::create_private_folder(path).map_err(|source| SimulatorError::Unwritable { path: path.to_owned(), source })
}

/// Reads a file.
pub(crate) fn read(path: &Path) -> Result<Zeroizing<Vec<u8>>, SimulatorError> {
    file::read(path, MAXIMUM_BYTES).map_err(|error| match error {
        FileError::Io(source) if source.kind() == io::ErrorKind::NotFound => {
            SimulatorError::Incomplete(path.to_owned())
        }
        FileError::Io(source) => SimulatorError::Unreadable { path: path.to_owned(), source },
        error => SimulatorError::Damaged { path: path.to_owned(), problem: error.to_string() },
    })
}

/// Checks that a file exists.
pub(crate) fn exists(path: &Path) -> Result<(), SimulatorError> {
    if path.is_file() { Ok(()) } else { Err(SimulatorError::Incomplete(path.to_owned())) }
}
