//! The binary's own rooms: what was typed, what is wanted, one file per command, and the terminal's rules.

mod args;
mod cache;
mod cached;
mod check;
mod child;
mod completions;
mod config;
mod core_dumps;
#[cfg(unix)]
mod curl;
#[cfg(not(unix))]
#[path = "curl/absent.rs"]
mod curl;
mod demo;
mod dropin;
mod exec;
mod explain;
mod fetch;
mod github;
mod grant;
mod headers;
mod inspect;
mod key;
mod keys;
mod language;
mod layers;
mod man;
mod progress;
mod prompt;
mod report;
mod resolve;
mod secret;
mod serve;
mod settings;
mod signals;
mod simulate;
mod token;
mod values;

use std::{env, ffi::OsString, io, io::IsTerminal as _, path::PathBuf, process::ExitCode, sync::Arc};

use clap::{
    CommandFactory as _, Parser as _,
    error::{ContextKind, ContextValue, ErrorKind},
};

use self::{
    args::{Arguments, Color, Command, ErrorFormat},
    core_dumps::CoreDumps,
    report::{Exit, Failure, Loudness, Report},
};

/// Runs the command line and says with which code it ends.
pub(crate) fn main() -> ExitCode {
    let cores = protect_secrets();
    let typed: Vec<OsString> = env::args_os().skip(1).collect();
    if let Some(prefix) = completions::asks_for_profiles(&typed) {
        completions::print_profiles(prefix);
        return ExitCode::SUCCESS;
    }
    if dropin::is_meant(&typed) {
        let report = Report::new(ErrorFormat::Text, Loudness::Usual, wants_color(Color::Auto));
        let (report, understood) = in_wanted_language(report, None);
        let report = Arc::new(report);
        let parsed = understood.and_then(|()| dropin::parse(&typed));
        let ran = parsed.and_then(|drop_in| wait(dropin::run(drop_in, &report)));
        return finish(&report, ran.map(|()| ExitCode::SUCCESS));
    }
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => return unparsed(&error),
    };
    let globals = &arguments.globals;
    let loudness = match (globals.quiet, globals.verbose) {
        (true, _) => Loudness::Quiet,
        (false, true) => Loudness::Verbose,
        (false, false) => Loudness::Usual,
    };
    let report = Report::new(globals.error_format, loudness, wants_color(globals.color))
        .painting_stdout(wants_color_on(globals.color, io::stdout().is_terminal()));
    let (report, understood) = in_wanted_language(report, globals.lang.as_deref());
    let report = Arc::new(report);
    let runs_another = matches!(arguments.command, Command::Exec(_) | Command::Curl(_));
    let ran = understood.and_then(|()| wait(run(arguments.command, arguments.globals.config, &cores, &report)));
    finish(&report, if runs_another { ran.map_err(Failure::before_the_program) } else { ran })
}

/// A report in the language that is wanted, or in English with what is wrong with that.
fn in_wanted_language(report: Report, typed: Option<&str>) -> (Report, Result<(), Failure>) {
    match language::wanted(typed) {
        Ok(language) => (report.in_language(language), Ok(())),
        Err(failure) => (report, Err(failure)),
    }
}

/// Runs a command on this thread.
fn wait<T>(command: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let failed = |error| Failure::plain(Exit::Other, "runtime", format!("could not start: {error}"), None);
    let runtime = runtime.map_err(failed)?;
    let result = runtime.block_on(command);
    // A name that is still being looked up would keep the process until the resolver gives up.
    runtime.shutdown_background();
    result
}

/// Says how it went, with the exit code that belongs to it.
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

/// Runs a command; those that run another program end with that one's exit code.
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
        Command::Explain(arguments) => explain::run(&arguments, report),
        Command::Inspect(arguments) => inspect::run(*arguments, config, report).await,
        Command::Serve(arguments) => serve::run(*arguments, config, report).await,
        Command::Simulate(arguments) => simulate::run(arguments, report).await,
        Command::Config { command } => config::run(command, config, report),
        Command::Keys { command } => keys::run(command, config, report),
        Command::Demo => demo::run(report).await,
        Command::Completions(arguments) => completions::run(&arguments),
        Command::Man(arguments) => man::run(&arguments),
    };
    ran.map(|()| ExitCode::SUCCESS)
}

/// Keeps keys out of core dumps, and whatever a fault in this program was working on out of its message.
fn protect_secrets() -> CoreDumps {
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(|place| format!(" at {}:{}", place.file(), place.line()));
        report::eprint(&format!(
            "error: a fault in maskinporten{}\nhint: please report it with this line and the command, without secrets\n",
            place.unwrap_or_default()
        ));
    }));
    CoreDumps::off()
}

/// Help and version go to stdout and are no failure; everything else is one of usage.
fn unparsed(error: &clap::Error) -> ExitCode {
    if matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion) {
        let color = wants_color_on(Color::Auto, io::stdout().is_terminal());
        let text = error.render();
        let text = if color { text.ansi().to_string() } else { text.to_string() };
        let Err(failure) = report::print(text.as_bytes()) else { return ExitCode::SUCCESS };
        Report::new(ErrorFormat::Text, Loudness::Usual, wants_color(Color::Auto)).failure(&failure);
        return ExitCode::from(failure.exit as u8);
    }
    let typed: Vec<OsString> = env::args_os().collect();
    let (json, runs_another) = (asks_for_json(&typed), runs(&typed, &["exec", "curl"]));
    let usage = |failure: Failure| if runs_another { failure.before_the_program() } else { failure };
    if is_stray(error) {
        let format = if json { ErrorFormat::Json } else { ErrorFormat::Text };
        Report::new(format, Loudness::Usual, wants_color(Color::Auto)).failure(&usage(stray(&typed)));
    } else if json {
        let text = error.render().to_string();
        let message = text.split("\n\n").next().unwrap_or_default().trim_start_matches("error: ");
        let message = message.split_whitespace().collect::<Vec<_>>().join(" ");
        let hint = Some("run it with --help".to_owned());
        let failure = Failure::plain(Exit::Usage, "usage", message, hint);
        Report::new(ErrorFormat::Json, Loudness::Quiet, false).failure(&usage(failure));
    } else {
        let text = error.render();
        let color = wants_color(Color::Auto);
        report::eprint(&if color { text.ansi().to_string() } else { text.to_string() });
    }
    ExitCode::from(if runs_another { Exit::NotStarted } else { Exit::Usage } as u8)
}

/// Whether arguments that could not be parsed are those of one of these commands.
fn runs(arguments: &[OsString], commands: &[&str]) -> bool {
    let read = Arguments::command().ignore_errors(true).try_get_matches_from(arguments);
    read.is_ok_and(|matches| matches.subcommand_name().is_some_and(|name| commands.contains(&name)))
}

/// Whether an argument is none of the options: often the rest of a value with a blank in it, such as a password.
fn is_stray(error: &clap::Error) -> bool {
    let Some(ContextValue::String(argument)) = error.get(ContextKind::InvalidArg) else { return false };
    error.kind() == ErrorKind::UnknownArgument && !argument.starts_with('-')
}

fn stray(typed: &[OsString]) -> Failure {
    let hint = if runs(typed, &["curl"]) {
        "put curl's arguments after --: maskinporten curl --env test -- https://api.example.no/"
    } else {
        "put a value with blanks in quotes; --help shows what can be given"
    };
    let message = "an argument is none of the options, and is not shown in case it is part of a secret".to_owned();
    Failure::plain(Exit::Usage, "usage", message, Some(hint.to_owned()))
}

/// Whether `--error-format json` stands among arguments that could not be parsed.
fn asks_for_json(arguments: &[OsString]) -> bool {
    arguments.iter().any(|argument| argument == "--error-format=json")
        || arguments.windows(2).any(|pair| pair[0] == "--error-format" && pair[1] == "json")
}

fn wants_color(color: Color) -> bool {
    wants_color_on(color, io::stderr().is_terminal())
}

/// <https://no-color.org>: any value that is not empty turns colour off.
fn wants_color_on(color: Color, terminal: bool) -> bool {
    let set = |name| env::var_os(name).is_some_and(|value| !value.is_empty());
    match color {
        Color::Always => true,
        Color::Never => false,
        Color::Auto => terminal && !set("NO_COLOR") && env::var_os("TERM").is_none_or(|term| term != "dumb"),
    }
}
