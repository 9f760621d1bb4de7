//! Parses the command line, and prints what clap has in place of a command's result: help, versions, and errors of usage.

mod mistakes;

use std::{env, ffi::OsString, io, io::IsTerminal as _, process::ExitCode};

use clap::{
    CommandFactory as _, FromArgMatches as _,
    error::{ContextKind, ContextValue, ErrorKind},
};
use maskinporten::text::{printable, printable_lines};

pub(super) use self::mistakes::unexpected;
use super::{
    args::{Arguments, LONG_VERSION, command_line, parse_quickly},
    report::{self, Color, ErrorFormat, Exit, Failure, Loudness, Report, wants_color, wants_color_on},
};

/// What `-V` prints.
const VERSION: &str = concat!("maskinporten ", env!("CARGO_PKG_VERSION"), "\n");

/// Returns what `--version` prints.
pub(super) fn long_version() -> String {
    format!("maskinporten {LONG_VERSION}\n")
}

/// Parses the arguments. Otherwise help, versions and errors have been printed, and the exit code is returned.
pub(super) fn parse(typed: &[OsString]) -> Result<Arguments, ExitCode> {
    if let Some(failure) = mistakes::single_dash(typed) {
        return Err(fail(typed, failure));
    }
    match typed {
        [option] if option == "--version" => return Err(print(&long_version().into())),
        [option] if option == "-V" => return Err(print(&VERSION.into())),
        _ => {}
    }
    if let Some(arguments) = parse_quickly(typed) {
        return Ok(arguments);
    }
    let matches = command_line().try_get_matches_from(env::args_os());
    let parsed = matches.and_then(|matches| Arguments::from_arg_matches(&matches));
    parsed.map_err(|error| match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => print(&error.render()),
        // Without any command the program explains itself.
        ErrorKind::MissingSubcommand if command_in(typed).is_none() => print(&command_line().render_help()),
        _ => fail_with(typed, &error),
    })
}

/// Prints a text on stdout.
fn print(text: &clap::builder::StyledStr) -> ExitCode {
    let color = wants_color_on(Color::Auto, io::stdout().is_terminal());
    let Err(failure) = report::print(rendered(text, color).as_bytes()) else { return ExitCode::SUCCESS };
    Report::new(ErrorFormat::Text, Loudness::Usual, wants_color(Color::Auto)).failure(&failure);
    ExitCode::from(failure.exit as u8)
}

/// Reports an error of usage that clap found.
fn fail_with(typed: &[OsString], error: &clap::Error) -> ExitCode {
    if let Some(failure) = understood(typed, error) {
        return fail(typed, failure);
    }
    if asks_for_json(typed) {
        let text = error.render().to_string();
        let message = text.split("\n\n").next().unwrap_or_default().trim_start_matches("error: ");
        let message = message.split_whitespace().collect::<Vec<_>>().join(" ");
        return fail(typed, Failure::plain(Exit::Usage, "usage", message, Some("run it with --help".to_owned())));
    }
    report::eprint(&rendered_error(typed, error, wants_color(Color::Auto)));
    ExitCode::from(if runs_program(typed) { Exit::NotStarted } else { Exit::Usage } as u8)
}

/// Describes an error better than clap does, if its cause can be seen.
fn understood(typed: &[OsString], error: &clap::Error) -> Option<Failure> {
    let text = |kind| match error.get(kind) {
        Some(ContextValue::String(text)) => Some(text.as_str()),
        _ => None,
    };
    match error.kind() {
        ErrorKind::InvalidSubcommand => mistakes::no_command(typed, text(ContextKind::InvalidSubcommand)?),
        ErrorKind::UnknownArgument => match text(ContextKind::InvalidArg)? {
            option if option.starts_with('-') => mistakes::unknown_option(option),
            argument => Some(mistakes::stray(typed, argument)),
        },
        _ => None,
    }
}

/// Reports an error of usage.
fn fail(typed: &[OsString], failure: Failure) -> ExitCode {
    let format = if asks_for_json(typed) { ErrorFormat::Json } else { ErrorFormat::Text };
    let failure = if runs_program(typed) { failure.before_the_program() } else { failure };
    Report::new(format, Loudness::Usual, wants_color(Color::Auto)).failure(&failure);
    ExitCode::from(failure.exit as u8)
}

/// Returns clap's text; what was typed appears in it without deceptive characters and line breaks.
fn rendered_error(typed: &[OsString], error: &clap::Error, color: bool) -> String {
    let clean: Vec<OsString> = typed.iter().map(|word| printable(&word.to_string_lossy()).into()).collect();
    if clean == typed {
        return rendered(&error.render(), color);
    }
    let again = command_line().try_get_matches_from(with_program(&clean)).err();
    again.map_or_else(|| printable_lines(&error.render().to_string()), |error| rendered(&error.render(), color))
}

fn rendered(text: &clap::builder::StyledStr, color: bool) -> String {
    if color { text.ansi().to_string() } else { text.to_string() }
}

/// Whether arguments that clap rejected name a command that runs another program.
fn runs_program(typed: &[OsString]) -> bool {
    command_in(typed).is_some_and(|name| ["exec", "curl"].contains(&name.as_str()))
}

/// Returns the command that arguments which clap rejected name.
fn command_in(typed: &[OsString]) -> Option<String> {
    let read = Arguments::command().ignore_errors(true).try_get_matches_from(with_program(typed));
    read.ok()?.subcommand_name().map(str::to_owned)
}

/// Adds the name of the program, which clap expects first.
fn with_program(typed: &[OsString]) -> impl Iterator<Item = OsString> {
    std::iter::once(OsString::from("maskinporten")).chain(typed.iter().cloned())
}

/// Whether arguments that clap rejected contain `--error-format json`.
fn asks_for_json(arguments: &[OsString]) -> bool {
    arguments.iter().any(|argument| argument == "--error-format=json")
        || arguments.windows(2).any(|pair| pair[0] == "--error-format" && pair[1] == "json")
}
