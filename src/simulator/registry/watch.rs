//! Keeps the last good reading of `clients.json` and reads it again when the file has changed.

use std::{
    fs,
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError, atomic::AtomicU32},
    time::SystemTime,
};

use super::Registry;
use crate::simulator::{Error, installation::files};

/// One reading of the file.
#[derive(Debug, Default)]
pub(crate) struct Watched {
    pub(crate) registry: Registry,
    /// Faulty answers given since this reading.
    pub(crate) faults_shown: AtomicU32,
}

/// The file and the last good reading of it.
#[derive(Debug)]
pub(crate) struct Watching {
    path: PathBuf,
    last: Mutex<(Option<Stamp>, Arc<Watched>)>,
}

/// When the file was last changed, and its length for changes within one tick of the file system's clock.
type Stamp = (SystemTime, u64);

impl Watching {
    /// Reads the file for the first time.
    pub(crate) fn open(path: PathBuf) -> Result<Self, Error> {
        let stamp = stamp(&path);
        let registry = Registry::parse(&path, &files::read(&path)?)?;
        Ok(Self { path, last: Mutex::new((stamp, Arc::new(Watched { registry, ..Watched::default() }))) })
    }

    /// The present content; the error, reported once, when a change of the file could not be read.
    pub(crate) fn current(&self) -> (Arc<Watched>, Option<Error>) {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let stamp = stamp(&self.path);
        if stamp == last.0 {
            return (Arc::clone(&last.1), None);
        }
        last.0 = stamp;
        match files::read(&self.path).and_then(|text| Registry::parse(&self.path, &text)) {
            Ok(registry) => {
                last.1 = Arc::new(Watched { registry, ..Watched::default() });
                (Arc::clone(&last.1), None)
            }
            Err(error) => (Arc::clone(&last.1), Some(error)),
        }
    }
}

fn stamp(path: &std::path::Path) -> Option<Stamp> {
    let metadata = fs::metadata(path).ok()?;
    Some((metadata.modified().ok()?, metadata.len()))
}
