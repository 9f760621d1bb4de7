//! Reads config and keys again when their files change or somebody asks for it; requests go on meanwhile.
//!
//! Files are looked at once a second: editors and tools replace them in too many ways for anything finer to pay.

use std::{
    fs,
    path::PathBuf,
    sync::Arc,
    time::{Duration, SystemTime},
};

use maskinporten_token_generator::server::ServerHandle;

use super::{credentials::CredentialFiles, load::Loader, log::ServerLog, served::Served};
use crate::cli::{
    report::{Failure, Report},
    signals::Hangups,
};

const PERIOD: Duration = Duration::from_secs(1);

/// What tells one state of the files from another.
type State = Vec<Option<(SystemTime, u64)>>;

/// Files of every kind, as they were at some moment.
#[derive(PartialEq, Eq)]
pub(super) struct Seen {
    configs: State,
    /// Keys, their passwords, certificates: what is in them is not known otherwise to be the same.
    others: State,
}

/// What is read again, and who is told.
pub(super) struct Watching<'log> {
    pub(super) loader: Loader,
    pub(super) credentials: CredentialFiles,
    pub(super) source: Arc<Served>,
    pub(super) log: &'log ServerLog,
    pub(super) report: Arc<Report>,
}

impl Watching<'_> {
    /// Goes on until it is dropped. `seen` is how things were before anybody could know that the server runs.
    pub(super) async fn reload(&self, handle: &ServerHandle<Served>, mut hangups: Hangups, mut seen: Seen) {
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
                    // Of the same files, the state from before they were read: what changes meanwhile is not missed.
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

    /// Everything or nothing.
    async fn read(&self, keys_too: bool, handle: &ServerHandle<Served>) -> Result<(), Failure> {
        let read = self.loader.load(&self.source.loaded().prepared, keys_too, &self.report).await;
        self.log.log_warnings(&self.report);
        let new = read?;
        self.credentials.renew(handle)?;
        self.source.replace(new);
        handle.reloaded();
        Ok(())
    }

    /// How the files are now.
    pub(super) async fn look(&self) -> Seen {
        let loaded = self.source.loaded();
        let mut configs = state(loaded.all_files().into_iter().chain(self.credentials.files()).collect()).await;
        let others = configs.split_off(loaded.configs.len().min(configs.len()));
        Seen { configs, others }
    }
}

/// A folder on a server that hangs must keep nobody waiting but this task.
async fn state(files: Vec<PathBuf>) -> State {
    let look = move || {
        let of = |file: &PathBuf| {
            fs::metadata(file).ok().map(|file| (file.modified().unwrap_or(SystemTime::UNIX_EPOCH), file.len()))
        };
        files.iter().map(of).collect()
    };
    tokio::task::spawn_blocking(look).await.unwrap_or_default()
}
