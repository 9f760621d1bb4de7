//! Loads config and keys again when their files change or on SIGHUP; requests are handled meanwhile.
//!
//! Files are checked once a second: editors and tools replace them in too many ways for file system events to be reliable.

use std::{
    fs,
    path::PathBuf,
    sync::Arc,
    time::{Duration, SystemTime},
};

use maskinporten::server::ServerHandle;

use super::{credentials::CredentialFiles, load::Loader, log::ServerLog, served::Served};
use crate::cli::{
    report::{Failure, Report},
    signals::Hangups,
};

const PERIOD: Duration = Duration::from_secs(1);

/// Modification times and sizes of files.
type FileStamps = Vec<Option<(SystemTime, u64)>>;

/// The state of the watched files at one time.
#[derive(PartialEq, Eq)]
pub(super) struct Snapshot {
    configs: FileStamps,
    /// Keys, their passwords, certificates: their contents are not compared in any other way.
    others: FileStamps,
}

/// Everything that is loaded again, and the log that reports it.
pub(super) struct Watcher<'log> {
    pub(super) loader: Loader,
    pub(super) credentials: CredentialFiles,
    pub(super) source: Arc<Served>,
    pub(super) log: &'log ServerLog,
    pub(super) report: Arc<Report>,
}

impl Watcher<'_> {
    /// Watches until it is dropped. `handle` is that of a server, which `agent` is not; `seen` is the state before the server
    /// reported that it listens.
    pub(super) async fn reload(&self, handle: Option<&ServerHandle<Served>>, mut hangups: Hangups, mut seen: Snapshot) {
        loop {
            let asked = tokio::select! {
                () = hangups.next() => true,
                () = tokio::time::sleep(PERIOD) => false,
            };
            let now = self.look().await;
            if !asked && now == seen {
                continue;
            }
            let files = self.source.loaded().all_files();
            match self.read(asked || now.others != seen.others, handle).await {
                Ok(()) => {
                    // The state from before the files were read, so that a change meanwhile is not missed.
                    seen = if self.source.loaded().all_files() == files { now } else { self.look().await };
                    self.log.reloaded(&self.source.names());
                }
                Err(failure) => {
                    self.log.not_reloaded(&failure);
                    seen = now;
                }
            }
        }
    }

    /// Loads everything, or changes nothing.
    async fn read(&self, keys_too: bool, handle: Option<&ServerHandle<Served>>) -> Result<(), Failure> {
        let read = self.loader.load(&self.source.loaded().prepared, keys_too, &self.report).await;
        self.log.log_warnings(&self.report);
        let new = read?;
        if let Some(handle) = handle {
            self.credentials.renew(handle)?;
        }
        self.source.replace(new);
        if let Some(handle) = handle {
            handle.reloaded();
        }
        Ok(())
    }

    /// Returns the state of the files now.
    pub(super) async fn look(&self) -> Snapshot {
        let loaded = self.source.loaded();
        let mut configs = state(loaded.all_files().into_iter().chain(self.credentials.files()).collect()).await;
        let others = configs.split_off(loaded.configs.len().min(configs.len()));
        Snapshot { configs, others }
    }
}

/// Reads the state of files on another thread, since a file server that hangs must not block requests.
async fn state(files: Vec<PathBuf>) -> FileStamps {
    let look = move || {
        let stamp = |file: &PathBuf| {
            fs::metadata(file).ok().map(|file| (file.modified().unwrap_or(SystemTime::UNIX_EPOCH), file.len()))
        };
        files.iter().map(stamp).collect()
    };
    tokio::task::spawn_blocking(look).await.unwrap_or_default()
}
