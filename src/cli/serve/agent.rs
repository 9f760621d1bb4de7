//! `maskinporten agent`: files with tokens that stay valid, for programs that read a token from a file.
//!
//! Profiles, log and reloading are those of `serve`. Renewal and backoff are those of the token sources.

use std::{
    io,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use futures_util::future::join_all;
use maskinporten::{
    client::AccessToken,
    file::{private_beside, write_private},
    printer::{TokenForm, print_token},
    server::{AllowedScopes, Event, Observer, ProfileSource as _, ServedProfile},
    text::shown_path,
    tokens::{Freshness, TokenError, TokenEvent},
};
use serde_json::json;
use zeroize::Zeroizing;

use super::{credentials::CredentialFiles, load::Loader, log::ServerLog, served::Served, watch::Watcher};
use crate::cli::{
    args::AgentArguments,
    report::{Exit, Failure, Report},
    signals::{self, Hangups},
};

/// How often a file is compared with its token in memory, which its source renews.
const PERIOD: Duration = Duration::from_secs(1);

/// Everything that writes files.
struct Agent<'log> {
    source: Arc<Served>,
    form: TokenForm,
    log: &'log ServerLog,
    observer: Option<Observer>,
}

/// Keeps tokens in files until it is stopped.
pub(crate) async fn run(
    arguments: AgentArguments,
    config: Option<PathBuf>,
    report: &Arc<Report>,
) -> Result<(), Failure> {
    let form = arguments.output.form()?;
    if form == TokenForm::Github {
        let message = "`--format github` is a command for a workflow's log, not for a file".to_owned();
        return Err(Failure::plain(Exit::Usage, "usage", message, Some("pass --format dotenv".to_owned())));
    }
    let (profiles, files): (Vec<_>, Vec<_>) =
        arguments.write.into_iter().map(|target| (target.profile, target.file)).unzip();
    check(&files)?;
    let mut stop = std::pin::pin!(signals::stop());
    let log = ServerLog::start(arguments.log_format, report);
    let reading = ServerLog::report_for(arguments.log_format, report);
    let loader = Loader::new(arguments.output.settings, profiles, config, AllowedScopes::default());
    let read = tokio::select! {
        first = loader.load(&[], true, &reading) => first?,
        () = &mut stop => return Err(Failure::interrupted()),
    };
    loader.end_questions();
    log.log_warnings(&reading);
    let source = Arc::new(Served::new(read));
    let hangups = Hangups::new();
    let agent = Agent { source: Arc::clone(&source), form, log: &log, observer: log.observer() };
    let watching = Watcher { loader, credentials: CredentialFiles::default(), source, log: &log, report: reading };
    let seen = watching.look().await;
    let keeping = files.iter().enumerate().map(|(index, file)| agent.keep(index, file));
    tokio::select! {
        () = stop => {}
        () = watching.reload(None, hangups, seen) => {}
        _ = join_all(keeping) => {}
    }
    log.end();
    Ok(())
}

/// Checks that files can be written where these are to be, before a password is asked for.
fn check(files: &[PathBuf]) -> Result<(), Failure> {
    for (index, file) in files.iter().enumerate() {
        let shown = shown_path(file);
        if files[..index].contains(file) {
            let message = format!("`{shown}` is named twice");
            let hint = "pass --write once for each file".to_owned();
            return Err(Failure::plain(Exit::Usage, "usage", message, Some(hint)));
        }
        if let Err(error) = private_beside(file, &[]) {
            let message = format!("could not write to the folder of `{shown}`: {}", error.kind());
            let hint = "name a file in a folder that exists and that you may write to".to_owned();
            return Err(Failure::plain(Exit::Configuration, "token_file", message, Some(hint)));
        }
    }
    Ok(())
}

impl Agent<'_> {
    /// Keeps the token of one profile in a file.
    async fn keep(&self, index: usize, file: &Path) {
        let (mut written, mut problem, mut needs_login) = (None, None, false);
        loop {
            // A reload replaces the profiles, in the same order.
            if let Some(profile) = self.source.profiles().get(index) {
                self.observe(profile);
                match profile.tokens.obtain(Freshness::Cached).await {
                    Ok(obtained) => {
                        needs_login = false;
                        self.update(file, profile, obtained.token, &mut written, &mut problem).await;
                    }
                    // The failure before it was logged.
                    Err(TokenError::Paused { .. }) => {}
                    Err(TokenError::LoginRequired(_)) if needs_login => {}
                    Err(error) => {
                        needs_login = matches!(error, TokenError::LoginRequired(_));
                        self.log.no_token(&profile.name, &Failure::from(error));
                    }
                }
            }
            tokio::time::sleep(PERIOD).await;
        }
    }

    /// Logs renewals that fail while the token in the file is still valid.
    fn observe(&self, profile: &ServedProfile) {
        let Some(observer) = self.observer.clone() else { return };
        let name = profile.name.clone();
        profile.tokens.set_observer(Arc::new(move |event: &TokenEvent<'_>| {
            if let TokenEvent::Renewed { scopes, error: Some(error) } = event {
                observer(&Event::renewal(&name, scopes, Some(error)));
            }
        }));
    }

    /// Writes the token, unless the file has it. A problem is logged once, until it is another one or over.
    async fn update(
        &self,
        file: &Path,
        profile: &ServedProfile,
        token: AccessToken,
        written: &mut Option<AccessToken>,
        problem: &mut Option<io::ErrorKind>,
    ) {
        let is_written = written.as_ref().is_some_and(|written| written.expose() == token.expose());
        let (path, form, new) = (file.to_owned(), self.form, token.clone());
        let wrote = signals::blocking(move || {
            if is_written && path.symlink_metadata().is_ok() {
                Ok(false)
            } else {
                write(&path, form, &new).map(|()| true)
            }
        });
        match wrote.await {
            Ok(false) => {}
            Ok(true) => {
                (*written, *problem) = (Some(token), None);
                let shown = shown_path(file);
                let text = format!("wrote `{shown}` ({})", profile.name);
                self.log.add(&text, || json!({ "event": "written", "file": shown, "profile": profile.name }));
            }
            Err(error) if *problem == Some(error.kind()) => {}
            Err(error) => {
                *problem = Some(error.kind());
                let (shown, why) = (shown_path(file), error.kind().to_string());
                let text = format!("could not write `{shown}`: {why}; it is tried again every second");
                self.log.add(&text, || json!({ "event": "not written", "file": shown, "error": why }));
            }
        }
    }
}

/// Replaces the file in one step, so that a reader finds the whole of one token or of the other.
fn write(file: &Path, form: TokenForm, token: &AccessToken) -> io::Result<()> {
    let mut text = Zeroizing::new(Vec::new());
    print_token(form, token, &mut *text)?;
    write_private(file, &text)
}
