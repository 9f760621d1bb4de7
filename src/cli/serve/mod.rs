//! `maskinporten serve`: tokens over HTTP for programs on this machine.
//!
//! The library's `server` serves; this module decides where it listens, what it serves and what it logs. Keys are opened
//! once, before the first request.

mod addresses;
mod agent;
mod credentials;
mod inherited;
mod load;
mod load_person;
mod load_test_tokens;
mod log;
mod served;
mod watch;

use std::{path::PathBuf, sync::Arc};

use maskinporten::server::{Listen, Server, ServerError, ServerOptions, TlsFiles};

pub(crate) use self::{agent::run as run_agent, load::OriginalLogin};
use self::{credentials::CredentialFiles, load::Loader, log::ServerLog, served::Served, watch::Watcher};
use super::{
    args::{LogFormat, ServeArguments},
    login::open_browser,
    report::{self, Exit, Failure, Report},
    secret,
    settings::{ServeSettingArguments, SettingArguments},
    signals::{self, Hangups},
};

/// The port of the original program.
pub(crate) const USUAL_PORT: u16 = 17823;

/// Serves until it is stopped.
pub(crate) async fn run(
    arguments: ServeArguments,
    config: Option<PathBuf>,
    report: &Arc<Report>,
) -> Result<(), Failure> {
    let listen = addresses::sockets(&arguments)?;
    if arguments.print_env {
        let variables = addresses::variables(&arguments, &listen)?;
        if arguments.secret.is_some() || arguments.secret_file.is_some() {
            report.warning("NAIS applications send no secret, so a server with a secret rejects their requests");
        }
        return report::print(variables.as_bytes());
    }
    if let Some(script) = addresses::script(&arguments, &listen)? {
        return report::print(script.as_bytes());
    }
    if arguments.secret.is_some() {
        report.warning("--secret shows in the process list; pass --secret-file FILE instead");
    }
    let typed = arguments.secret.clone().map(secret::server_secret).transpose()?;
    let inherited = inherited::sockets(&arguments)?;
    let tls = arguments.tls_cert.zip(arguments.tls_key).map(|(certificate, key)| TlsFiles { certificate, key });
    let listen = if inherited.is_empty() { listen } else { Vec::new() };
    let credentials = CredentialFiles { secret_file: arguments.secret_file, tls };
    let options = ServerOptions {
        inherited,
        secret: credentials.secret()?.or(typed),
        tls: credentials.tls.clone(),
        insecure_plain_http: arguments.insecure_plain_http,
        allow_origins: arguments.allow_origin,
        ..ServerOptions::new(listen)
    };
    let ServeSettingArguments { profiles, settings } = arguments.settings;
    let profiles = if profiles.is_empty() { vec![None] } else { profiles.into_iter().map(Some).collect() };
    let loader = Loader::new(settings, profiles, config, addresses::allowed(&arguments.allow_scopes)?);
    start(loader, options, credentials, arguments.log_format, None, report).await
}

/// Serves like the original program; in its person mode the browser opens, so that the person logs in.
pub(crate) async fn run_original(
    settings: SettingArguments,
    port: u16,
    login: Option<OriginalLogin>,
    report: &Arc<Report>,
) -> Result<(), Failure> {
    let options = ServerOptions::new(vec![Listen::Loopback(port)]);
    let page = login.as_ref().map(|_| format!("http://localhost:{port}/"));
    start(Loader::legacy(settings, login), options, CredentialFiles::default(), LogFormat::Text, page, report).await
}

async fn start(
    loader: Loader,
    options: ServerOptions,
    credentials: CredentialFiles,
    format: LogFormat,
    page: Option<String>,
    report: &Arc<Report>,
) -> Result<(), Failure> {
    let mut stop = std::pin::pin!(signals::stop());
    raise_file_limit();
    let log = ServerLog::start(format, report);
    let reading = ServerLog::report_for(format, report);
    let read = tokio::select! {
        first = loader.load(&[], true, &reading) => first?,
        () = &mut stop => return Err(Failure::interrupted()),
    };
    loader.end_questions();
    log.log_warnings(&reading);
    let source = Arc::new(Served::new(read));
    let options = ServerOptions { observer: log.observer(), language: report.language(), ..options };
    let server = Server::bind(options, Arc::clone(&source)).map_err(|error| server_failure(&error))?;
    credentials.warn(report);
    // Before the log reports that it listens: without a handler, the signal would end the process.
    let hangups = Hangups::new();
    let watching = Watcher { loader, credentials, source, log: &log, report: reading };
    let seen = watching.look().await;
    log.listening(server.places(), &watching.source.names());
    let handle = server.handle();
    tokio::select! {
        () = server.serve(stop) => {}
        () = watching.reload(Some(&handle), hangups, seen) => {}
        () = show(page, report) => {}
    }
    log.end();
    Ok(())
}

/// Opens a page of the server in the browser, and never ends.
async fn show(page: Option<String>, report: &Report) {
    if let Some(page) = page
        && !open_browser(&page).await
    {
        report.note(&format!("open {page} in a browser, and log in"));
    }
    std::future::pending::<()>().await;
}

fn server_failure(error: &ServerError) -> Failure {
    let exit = match error {
        ServerError::NoSecret(_) | ServerError::OpenSocket(_) | ServerError::NoTls(_) | ServerError::Origin(_) => {
            Exit::Usage
        }
        _ => Exit::Configuration,
    };
    Failure::new(exit, error)
}

/// A thousand connections need more files than the usual limit of a shell.
fn raise_file_limit() {
    #[cfg(unix)]
    {
        use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
        const ENOUGH: u64 = 4096;
        let limit = getrlimit(Resource::Nofile);
        let wanted = limit.maximum.map_or(ENOUGH, |maximum| maximum.min(ENOUGH));
        if limit.current.is_some_and(|current| current < wanted) {
            let _ = setrlimit(Resource::Nofile, Rlimit { current: Some(wanted), ..limit });
        }
    }
}
