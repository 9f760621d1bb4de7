//! Keeps the last valid content of `clients.json`, and reads the file again when it has changed.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError, atomic::AtomicU32},
    time::SystemTime,
};

use super::{error::SimulatorError, installation::files, registry::Registry};

/// The content of the file at one time.
#[derive(Debug, Default)]
pub(crate) struct ClientsSnapshot {
    pub(crate) registry: Registry,
    /// Number of token requests since the file was read.
    pub(crate) token_requests: AtomicU32,
    /// Number of requests to Altinn since the file was read.
    pub(crate) altinn_requests: AtomicU32,
    /// Number of token requests to ID-porten and Ansattporten since the file was read.
    pub(crate) login_requests: AtomicU32,
    /// Number of requests to the self-service API since the file was read.
    pub(crate) self_service_requests: AtomicU32,
}

/// The file and its last valid content.
#[derive(Debug)]
pub(crate) struct ClientsFile {
    path: PathBuf,
    last: Mutex<(Option<FileStamp>, Arc<ClientsSnapshot>)>,
}

/// Modification time, and length for changes within one tick of the file system's clock.
type FileStamp = (SystemTime, u64);

impl ClientsFile {
    /// Reads the file for the first time.
    pub(crate) fn open(path: PathBuf) -> Result<Self, SimulatorError> {
        let stamp = stamp(&path);
        let snapshot = Arc::new(read(&path)?);
        Ok(Self { path, last: Mutex::new((stamp, snapshot)) })
    }

    /// Returns the current content, and an error the first time that a change is found to be invalid.
    pub(crate) fn current(&self) -> (Arc<ClientsSnapshot>, Option<SimulatorError>) {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let stamp = stamp(&self.path);
        if stamp == last.0 {
            return (Arc::clone(&last.1), None);
        }
        last.0 = stamp;
        let error = match read(&self.path) {
            Ok(snapshot) => {
                last.1 = Arc::new(snapshot);
                None
            }
            Err(error) => Some(error),
        };
        (Arc::clone(&last.1), error)
    }
}

fn read(path: &Path) -> Result<ClientsSnapshot, SimulatorError> {
    let registry = Registry::parse(path, &files::read(path)?)?;
    Ok(ClientsSnapshot { registry, ..ClientsSnapshot::default() })
}

fn stamp(path: &Path) -> Option<FileStamp> {
    let metadata = fs::metadata(path).ok()?;
    Some((metadata.modified().ok()?, metadata.len()))
}
