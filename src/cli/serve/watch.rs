//! Reads config and keys again when their files change or somebody asks for it; requests go on meanwhile.
//!
//! Files are looked at once a second: editors and tools replace them in too many ways for anything finer to pay.

use std::{
    fs,
    path::PathBuf,
    sync::Arc,
    time::{Duration, SystemTime},
};

use maskinporten_token_generator::server::Handle;

use super::{load::Loader, log::Log, served::Served};
use crate::cli::{report::Report, signals::Hangups};

const PERIOD: Duration = Duration::from_secs(1);

/// What tells one state of the files from another.
type State = Vec<Option<(SystemTime, u64)>>;

/// Goes on until it is dropped.
pub(super) async fn reload(
    loader: &Loader,
    source: &Served,
    handle: &Handle<Served>,
    mut hangups: Hangups,
    log: &Log,
    report: &Arc<Report>,
) {
    let mut seen = state(source.loaded().files.clone()).await;
    loop {
        let asked = tokio::select! {
            () = hangups.next() => true,
            () = tokio::time::sleep(PERIOD) => false,
        };
        let now = state(source.loaded().files.clone()).await;
        if !asked && now == seen {
            continue;
        }
        let read = loader.load(&source.loaded().prepared, report).await;
        log.warnings_of(report);
        match read {
            Ok(new) => {
                let files = new.files.clone();
                // Of the same files, the state from before they were read: what changes meanwhile is not missed.
                seen = if files == source.loaded().files { now } else { state(files).await };
                source.replace(new);
                handle.reloaded();
                log.reloaded(&source.names());
            }
            Err(failure) => {
                log.not_reloaded(&failure);
                seen = now;
            }
        }
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
