//! What clap prints in place of a command's result: help, versions, and errors of usage.

use std::{env, ffi::OsString, io, io::IsTerminal as _, process::ExitCode};

use clap::{
    CommandFactory as _,
    error::{ContextKind, ContextValue, ErrorKind},
};
use maskinporten_token_generator::text::{printable, printable_lines};

use super::{
    args::Arguments,
    report::{self, Color, ErrorFormat, Exit, Failure, Loudness, Report, wants_color, wants_color_on},
};

/// Prints help and versions on stdout; everything else is an error of usage.
pub(super) fn print(error: &clap::Error) -> ExitCode {
    let color = wants_color(Color::Auto);
    if matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion) {
        let text = rendered(error, wants_color_on(Color::Auto, io::stdout().is_terminal()));
        let Err(failure) = report::print(text.as_bytes()) else { return ExitCode::SUCCESS };
        Report::new(ErrorFormat::Text, Loudness::Usual, color).failure(&failure);
        return ExitCode::from(failure.exit as u8);
    }
    let typed: Vec<OsString> = env::args_os().collect();
    let (json, runs_program) = (asks_for_json(&typed), names_command(&typed, &["exec", "curl"]));
    let usage = |failure: Failure| if runs_program { failure.before_the_program() } else { failure };
    if is_stray(error) {
        let format = if json { ErrorFormat::Json } else { ErrorFormat::Text };
        Report::new(format, Loudness::Usual, color).failure(&usage(stray(&typed)));
    } else if json {
        let text = error.render().to_string();
        let message = text.split("\n\n").next().unwrap_or_default().trim_start_matches("error: ");
        let message = message.split_whitespace().collect::<Vec<_>>().join(" ");
        let failure = Failure::plain(Exit::Usage, "usage", message, Some("run it with --help".to_owned()));
        Report::new(ErrorFormat::Json, Loudness::Quiet, false).failure(&usage(failure));
    } else {
        report::eprint(&rendered(error, color));
    }
    ExitCode::from(if runs_program { Exit::NotStarted } else { Exit::Usage } as u8)
}

/// Returns clap's text; what was typed appears in it without deceptive characters and line breaks.
fn rendered(error: &clap::Error, color: bool) -> String {
    let typed: Vec<String> = env::args_os().map(|argument| argument.to_string_lossy().into_owned()).collect();
    let clean: Vec<String> = typed.iter().map(|argument| printable(argument)).collect();
    let again = || Arguments::command().try_get_matches_from(&clean).err();
    let cleaned = if typed == clean { None } else { again() };
    let is_clean = typed == clean || cleaned.is_some();
    let text = cleaned.as_ref().unwrap_or(error).render();
    if color && is_clean { text.ansi().to_string() } else { printable_lines(&text.to_string()) }
}

/// Whether arguments that clap rejected name one of these commands.
fn names_command(arguments: &[OsString], commands: &[&str]) -> bool {
    let read = Arguments::command().ignore_errors(true).try_get_matches_from(arguments);
    read.is_ok_and(|matches| matches.subcommand_name().is_some_and(|name| commands.contains(&name)))
}

/// Whether clap rejected an argument that is not an option: often the rest of a value with a space in it, such as a
/// password.
fn is_stray(error: &clap::Error) -> bool {
    let Some(ContextValue::String(argument)) = error.get(ContextKind::InvalidArg) else { return false };
    error.kind() == ErrorKind::UnknownArgument && !argument.starts_with('-')
}

fn stray(typed: &[OsString]) -> Failure {
    let hint = if names_command(typed, &["curl"]) {
        "put curl's arguments after --: maskinporten curl --env test -- https://api.example.no/"
    } else {
        "put a value with spaces in quotes; --help lists the options"
    };
    let message = "unexpected argument, which is not shown in case it is part of a secret".to_owned();
    Failure::plain(Exit::Usage, "usage", message, Some(hint.to_owned()))
}

/// Whether arguments that clap rejected contain `--error-format json`.
fn asks_for_json(arguments: &[OsString]) -> bool {
    arguments.iter().any(|argument| argument == "--error-format=json")
        || arguments.windows(2).any(|pair| pair[0] == "--error-format" && pair[1] == "json")
}
