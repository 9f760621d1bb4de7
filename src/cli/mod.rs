//! The command line of the binary: options and settings, one file per command, and the rules of the terminal.

mod admin;
mod altinn;
mod args;
mod cache;
mod check;
mod child;
mod completions;
mod config;
mod content_key;
mod core_dumps;
mod curl;
mod demo;
mod dialogue;
mod erased_key;
mod exec;
mod explain;
mod github;
mod grant;
mod headers;
mod input;
mod inspect;
mod keys;
mod legacy_cli;
mod located_key;
mod login;
mod man;
mod new_key;
mod person_tokens;
mod places;
mod progress;
mod prompt;
mod proof;
mod report;
mod resources;
mod secret;
mod serve;
mod settings;
mod shell;
mod signals;
mod simulate;
mod test_tokens;
mod token;
mod tokens;
mod unlock;
mod unsafe_files;
mod usage;

use std::{
    env,
    ffi::OsString,
    io,
    io::IsTerminal as _,
    path::PathBuf,
    pin::{Pin, pin},
    process::ExitCode,
    sync::Arc,
    task::{Context, Poll, Waker},
    time::Duration,
};

use maskinporten::language::Language;

use self::{
    args::Command,
    core_dumps::CoreDumps,
    legacy_cli::LegacyCommandLine,
    report::{Color, Exit, Failure, Loudness, Report, wants_color, wants_color_on},
};

/// How long threads of the runtime may take to end.
const LAST_THREADS: Duration = Duration::from_millis(100);

/// Runs the command line and returns its exit code.
pub(crate) fn main() -> ExitCode {
    resources::on_usual_stack(run_command_line)
}

fn run_command_line() -> ExitCode {
    let cores = protect_secrets();
    settings::limit_by_variable();
    let typed: Vec<OsString> = env::args_os().skip(1).collect();
    if let Some(prefix) = completions::asks_for_profiles(&typed) {
        completions::print_profiles(prefix);
        return ExitCode::SUCCESS;
    }
    if legacy_cli::is_legacy(&typed) {
        let parsed = legacy_cli::parse(&typed);
        let report = LegacyCommandLine::report(parsed.as_ref(), wants_color(Color::Auto));
        let (report, language) = with_language(report, None);
        let ran = language.and(parsed).and_then(|command_line| wait(legacy_cli::run(command_line, &report)));
        return finish(&report, ran.map(|()| ExitCode::SUCCESS));
    }
    let arguments = match usage::parse(&typed) {
        Ok(arguments) => arguments,
        Err(code) => return code,
    };
    let globals = &arguments.globals;
    let loudness = match (globals.quiet, globals.verbose) {
        (true, _) => Loudness::Quiet,
        (false, 0) => Loudness::Usual,
        (false, _) => Loudness::Verbose,
    };
    let report = Report::new(globals.error_format, loudness, wants_color(globals.color))
        .painting_stdout(wants_color_on(globals.color, io::stdout().is_terminal()));
    let (report, language) = with_language(report, globals.lang.as_deref());
    let runs_program = matches!(arguments.command, Command::Exec(_) | Command::Curl(_));
    let may_end_at_once = arguments.command.may_end_at_once();
    let command = run(arguments.command, arguments.globals.config, &cores, &report);
    let ran = language.and_then(|()| if may_end_at_once { try_at_once(pin!(command)) } else { wait(command) });
    finish(&report, if runs_program { ran.map_err(Failure::before_the_program) } else { ran })
}

/// Sets the language in which refusals are explained: the option's, the variable's, else the locale's. An empty variable
/// counts as unset; an unknown language is an error, which is reported in English.
fn with_language(report: Report, option: Option<&str>) -> (Arc<Report>, Result<(), Failure>) {
    const VARIABLE: &str = "MASKINPORTEN_LANG";
    // A value that is not UTF-8 is unknown, but it is set.
    let variable = |name: &str| env::var_os(name).map(|value| value.to_string_lossy().into_owned());
    let language = match (option.and_then(Language::from_tag), variable(VARIABLE).filter(|value| !value.is_empty())) {
        (Some(language), _) => Some(language),
        (None, Some(value)) => Language::from_tag(settings::clean(&value)),
        (None, None) => Some(Language::from_locale(variable)),
    };
    let Some(language) = language else {
        let message = format!("{VARIABLE} is not a supported language");
        let hint = format!("set {VARIABLE} to en or nb, or pass --lang en or --lang nb");
        let failure = Failure::plain(Exit::Configuration, "language", message, Some(hint));
        return (Arc::new(report), Err(failure));
    };
    (Arc::new(report.in_language(language)), Ok(()))
}

/// Runs a command without a runtime until it waits for the first time. A token in the cache is printed before that, and
/// starting a runtime would take as long as finding it. Ctrl-C ends the process in the system's way meanwhile.
fn try_at_once<T>(mut command: Pin<&mut impl Future<Output = Result<T, Failure>>>) -> Result<T, Failure> {
    resources::check()?;
    // The signal of a file that grows too large is handled by the runtime.
    if !resources::limits_file_sizes()
        && let Poll::Ready(result) = command.as_mut().poll(&mut Context::from_waker(Waker::noop()))
    {
        return result;
    }
    wait(command)
}

/// Runs a command on this thread, until it ends or Ctrl-C is pressed.
fn wait<T>(command: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    resources::check()?;
    resources::check_threads()?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let failed = |error| Failure::plain(Exit::Other, "runtime", format!("could not start: {error}"), None);
    let runtime = runtime.map_err(failed)?;
    let result = runtime.block_on(async {
        signals::survive_file_size_limit();
        signals::unless_interrupted(command).await
    });
    let result = result.unwrap_or_else(|| Err(Failure::interrupted()));
    if result.as_ref().is_err_and(|failure| failure.exit == Exit::Interrupted) {
        prompt::end_prompt();
        progress::clear();
        // A key that is still being opened must not keep the process.
        runtime.shutdown_background();
    } else {
        // A thread that has used OpenSSL must not end while the process does: both would free the same memory. A name
        // that is still being looked up does not keep the process for longer.
        runtime.shutdown_timeout(LAST_THREADS);
    }
    result
}

/// Reports the result and returns its exit code.
fn finish(report: &Report, result: Result<ExitCode, Failure>) -> ExitCode {
    match result {
        Ok(code) => {
            report.finish();
            code
        }
        Err(failure) => {
            report.failure(&failure);
            ExitCode::from(failure.exit as u8)
        }
    }
}

/// Runs a command; those that run another program return that program's exit code.
async fn run(
    command: Command,
    config: Option<PathBuf>,
    cores: &CoreDumps,
    report: &Arc<Report>,
) -> Result<ExitCode, Failure> {
    let ran = match command {
        Command::Exec(arguments) => return exec::run(arguments, config, cores, report).await,
        Command::Curl(arguments) => return curl::run(arguments, config, report).await,
        Command::Token(arguments) => token::run(arguments, config, report).await,
        Command::Grant(arguments) => grant::run(arguments, config, report).await,
        Command::Headers(arguments) => headers::run(arguments, config, report).await,
        Command::Cache { command } => cache::run(&command, report),
        Command::Check(arguments) => check::run(arguments, config, report).await,
        Command::Explain(arguments) => blocking(report, move |report| explain::run(&arguments, report)).await,
        Command::Inspect(arguments) => inspect::run(*arguments, config, report).await,
        Command::Serve(arguments) => serve::run(*arguments, config, report).await,
        Command::Agent(arguments) => serve::run_agent(*arguments, config, report).await,
        Command::Login(arguments) => login::run(*arguments, config, report).await,
        Command::Altinn { command } => altinn::run(command, config, report).await,
        Command::Scope { command } => Box::pin(admin::run_scope(*command, config, report)).await,
        Command::Org { command } => admin::run_org(command, config, report).await,
        Command::Access { command } => admin::access::run(command, config, report).await,
        Command::Simulate(arguments) => simulate::run(arguments, report).await,
        Command::Config { command } => blocking(report, move |report| config::run(command, config, report)).await,
        Command::Client { command } => Box::pin(admin::run_client(command, config, report)).await,
        Command::Init(arguments) => Box::pin(admin::run_init(*arguments, config, report)).await,
        Command::Keys { command } => keys::run(command, config, report).await,
        Command::Demo => demo::run(report).await,
        Command::Completions(arguments) => completions::run(&arguments),
        Command::Man(arguments) => man::run(&arguments),
        Command::Version => report::print(usage::long_version().as_bytes()),
    };
    ran.map(|()| ExitCode::SUCCESS)
}

/// Runs a command that reads, asks or computes for long, so that Ctrl-C is handled meanwhile.
async fn blocking(
    report: &Arc<Report>,
    command: impl FnOnce(&Arc<Report>) -> Result<(), Failure> + Send + 'static,
) -> Result<(), Failure> {
    let report = Arc::clone(report);
    signals::blocking(move || command(&report)).await
}

/// Keeps keys out of core dumps, and the data that a panic was about out of its message.
fn protect_secrets() -> CoreDumps {
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(|place| format!(" at {}:{}", place.file(), place.line()));
        report::eprint(&format!(
            "error: internal error in maskinporten{}\nhint: please report it with this line and the command, without secrets\n",
            place.unwrap_or_default()
        ));
    }));
    CoreDumps::off()
}
