//! `maskinporten serve`: tokens over HTTP for programs on this machine.
//!
//! The library's `server` does the serving; here it is decided where it listens, what it serves and what it says. Keys are
//! opened once, before the first request.

mod addresses;
mod credentials;
mod load;
mod log;
mod passed;
mod served;
mod watch;

use std::{path::PathBuf, sync::Arc};

use maskinporten_token_generator::server::{Listen, Options, Server, ServerError, TlsFiles};

use self::{credentials::Credentials, load::Loader, log::Log, served::Served, watch::Watcher};
use super::{
    args::{LogFormat, ServeArguments},
    report::{self, Exit, Failure, Report},
    secret,
    settings::{ServeSettingArguments, SettingArguments},
    signals::{self, Hangups},
};

/// The original's port.
pub(crate) const USUAL_PORT: u16 = 17823;

/// Serves until it is told to stop.
pub(crate) async fn run(
    arguments: ServeArguments,
    config: Option<PathBuf>,
    report: &Arc<Report>,
) -> Result<(), Failure> {
    let listen = addresses::wanted(&arguments)?;
    if arguments.print_env {
        let variables = addresses::variables(&arguments, &listen)?;
        if arguments.secret.is_some() || arguments.secret_file.is_some() {
            report.warning("applications of NAIS' send no secret: a server that wants one refuses them");
        }
        return report::print(variables.as_bytes());
    }
    if arguments.print_postman {
        return report::print(addresses::postman_script(&arguments, &listen)?.as_bytes());
    }
    if arguments.secret.is_some() {
        report.warning("--secret shows in the process list; pass --secret-file FILE instead");
    }
    let typed = arguments.secret.clone().map(secret::server_secret).transpose()?;
    let passed = passed::sockets(&arguments)?;
    let tls = arguments.tls_cert.zip(arguments.tls_key).map(|(certificate, key)| TlsFiles { certificate, key });
    let listen = if passed.is_empty() { listen } else { Vec::new() };
    let credentials = Credentials { secret_file: arguments.secret_file, tls };
    let options = Options {
        passed,
        secret: credentials.secret()?.or(typed),
        tls: credentials.tls.clone(),
        insecure_plain_http: arguments.insecure_plain_http,
        allow_origins: arguments.allow_origin,
        ..Options::new(listen)
    };
    let ServeSettingArguments { profiles, settings } = arguments.settings;
    let loader = Loader::new(settings, profiles, config, addresses::allowed(&arguments.allow_scopes)?);
    start(loader, options, credentials, arguments.log_format, report).await
}

/// Serves as the original does.
pub(crate) async fn run_original(settings: SettingArguments, port: u16, report: &Arc<Report>) -> Result<(), Failure> {
    let options = Options::new(vec![Listen::Loopback(port)]);
    start(Loader::legacy(settings), options, Credentials::default(), LogFormat::Text, report).await
}

async fn start(
    loader: Loader,
    options: Options,
    credentials: Credentials,
    format: LogFormat,
    report: &Arc<Report>,
) -> Result<(), Failure> {
    let mut stop = std::pin::pin!(signals::stop());
    raise_file_limit();
    let log = Log::start(format, report);
    let reading = Log::report_of(format, report);
    let read = tokio::select! {
        first = loader.load(&[], true, &reading) => first?,
        () = &mut stop => return Err(Failure::interrupted()),
    };
    loader.end_questions();
    log.warnings_of(&reading);
    let source = Arc::new(Served::new(read, report.language()));
    let options = Options { observer: log.observer(), ..options };
    let server = Server::bind(options, Arc::clone(&source)).map_err(|error| of_server(&error))?;
    credentials.warn(report);
    // Before anybody can know that it runs: who is not listening is ended by this signal.
    let hangups = Hangups::new();
    let watching = Watcher { loader, credentials, source, log: &log, report: reading };
    let seen = watching.look().await;
    log.listening(server.places(), &watching.source.names());
    let handle = server.handle();
    tokio::select! {
        () = server.serve(stop) => {}
        () = watching.reload(&handle, hangups, seen) => {}
    }
    log.end();
    Ok(())
}

fn of_server(error: &ServerError) -> Failure {
    let exit = match error {
        ServerError::NoSecret(_) | ServerError::OpenSocket(_) | ServerError::NoTls(_) | ServerError::Origin(_) => {
            Exit::Usage
        }
        _ => Exit::Configuration,
    };
    Failure::new(exit, error)
}

/// A thousand callers at once take more files than a shell's usual limit.
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
