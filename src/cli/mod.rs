//! The binary's own rooms: what was typed, what is wanted, one file per command, and the terminal's rules.

mod args;
mod cache;
mod cached;
mod check;
mod completions;
mod config;
mod demo;
mod dropin;
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
    Parser as _,
    error::{ContextKind, ContextValue, ErrorKind},
};

use self::{
    args::{Arguments, Color, Command, ErrorFormat},
    report::{Exit, Failure, Loudness, Report},
};

/// Runs the command line and says with which code it ends.
pub(crate) fn main() -> ExitCode {
    protect_secrets();
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
        return finish(&report, parsed.and_then(|drop_in| wait(dropin::run(drop_in, &report))));
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
    finish(&report, understood.and_then(|()| wait(run(arguments.command, arguments.globals.config, &report))))
}

/// A report in the language that is wanted, or in English with what is wrong with that.
fn in_wanted_language(report: Report, typed: Option<&str>) -> (Report, Result<(), Failure>) {
    match language::wanted(typed) {
        Ok(language) => (report.in_language(language), Ok(())),
        Err(failure) => (report, Err(failure)),
    }
}

/// Runs a command on this thread.
fn wait(command: impl Future<Output = Result<(), Failure>>) -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let failed = |error| Failure::plain(Exit::Other, "runtime", format!("could not start: {error}"), None);
    let runtime = runtime.map_err(failed)?;
    let result = runtime.block_on(command);
    // A name that is still being looked up would keep the process until the resolver gives up.
    runtime.shutdown_background();
    result
}

/// Says how it went, with the exit code that belongs to it.
fn finish(report: &Report, result: Result<(), Failure>) -> ExitCode {
    match result {
        Ok(()) => {
            report.finish();
            ExitCode::SUCCESS
        }
        Err(failure) => {
            report.failure(&failure);
            ExitCode::from(failure.exit as u8)
        }
    }
}

async fn run(command: Command, config: Option<PathBuf>, report: &Arc<Report>) -> Result<(), Failure> {
    match command {
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
    }
}

/// Keeps keys out of core dumps, and whatever a fault in this program was working on out of its message.
fn protect_secrets() {
    #[cfg(unix)]
    {
        use rustix::process::{Resource, Rlimit, setrlimit};
        let _ = setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) });
    }
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(|place| format!(" at {}:{}", place.file(), place.line()));
        report::eprint(&format!(
            "error: a fault in maskinporten{}\nhint: please report it with this line and the command, without secrets\n",
            place.unwrap_or_default()
        ));
    }));
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
    let json = asks_for_json(&env::args_os().collect::<Vec<_>>());
    if is_stray(error) {
        let format = if json { ErrorFormat::Json } else { ErrorFormat::Text };
        Report::new(format, Loudness::Usual, wants_color(Color::Auto)).failure(&stray());
    } else if json {
        let text = error.render().to_string();
        let message = text.split("\n\n").next().unwrap_or_default().trim_start_matches("error: ");
        let message = message.split_whitespace().collect::<Vec<_>>().join(" ");
        let hint = Some("run it with --help".to_owned());
        Report::new(ErrorFormat::Json, Loudness::Quiet, false).failure(&Failure::plain(
            Exit::Usage,
            "usage",
            message,
            hint,
        ));
    } else {
        let text = error.render();
        let color = wants_color(Color::Auto);
        report::eprint(&if color { text.ansi().to_string() } else { text.to_string() });
    }
    ExitCode::from(Exit::Usage as u8)
}

/// Whether an argument is none of the options: often the rest of a value with a blank in it, such as a password.
fn is_stray(error: &clap::Error) -> bool {
    let Some(ContextValue::String(argument)) = error.get(ContextKind::InvalidArg) else { return false };
    error.kind() == ErrorKind::UnknownArgument && !argument.starts_with('-')
}

fn stray() -> Failure {
    let hint = "put a value with blanks in quotes; --help shows what can be given".to_owned();
    let message = "an argument is none of the options, and is not shown in case it is part of a secret".to_owned();
    Failure::plain(Exit::Usage, "usage", message, Some(hint))
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
