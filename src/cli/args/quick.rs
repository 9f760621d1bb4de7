//! The commands that scripts run again and again, parsed without the rest of the command line.

use std::ffi::OsString;

use clap::{Args, FromArgMatches as _};

use super::{Arguments, Command, Globals};

/// Parses arguments that begin with one of these commands, if nothing is wrong with them. Only its own options are built:
/// the whole command line takes longer than everything else before a cached token is read.
///
/// `None` for other commands, help and errors, whose texts need the [whole command line](super::command_line).
pub(crate) fn parse_quickly(typed: &[OsString]) -> Option<Arguments> {
    let (name, own) = typed.split_first()?;
    if own.iter().any(|word| word == "-h" || word == "--help") {
        return None;
    }
    match name.to_str()? {
        "token" => parse(own, Command::Token),
        "grant" => parse(own, Command::Grant),
        "headers" => parse(own, Command::Headers),
        "exec" => parse(own, Command::Exec),
        "curl" => parse(own, Command::Curl),
        "check" => parse(own, Command::Check),
        _ => None,
    }
}

fn parse<Own: Args>(typed: &[OsString], command: fn(Own) -> Command) -> Option<Arguments> {
    let line = Own::augment_args(Globals::augment_args(clap::Command::new("maskinporten").no_binary_name(true)));
    let matches = line.try_get_matches_from(typed).ok()?;
    let globals = Globals::from_arg_matches(&matches).ok()?;
    Some(Arguments { globals, command: command(Own::from_arg_matches(&matches).ok()?) })
}

#[cfg(test)]
mod tests {
    use clap::FromArgMatches as _;

    use super::*;
    use crate::cli::args::command_line;

    fn words(line: &str) -> Vec<OsString> {
        line.split_whitespace().map(OsString::from).collect()
    }

    #[test]
    fn what_is_parsed_quickly_is_what_the_whole_command_line_parses() {
        for line in [
            "token",
            "token -v -v --env test -c ID -s a:b --scope c:d --format json",
            "token --color never --lang NB --config file --error-format json --no-cache",
            "grant -q --decode --ttl 2m",
            "headers --header ApiKey:x --header Accept:a/b -k k.p12",
            "exec --env local --env-name TOKEN -- sh -c true",
            "curl --env local -- -sS -v http://127.0.0.1/",
            "check --offline --profile test",
        ] {
            let typed = words(line);
            let matches = command_line().no_binary_name(true).try_get_matches_from(&typed).unwrap();
            let whole = Arguments::from_arg_matches(&matches).unwrap();

            let quick = parse_quickly(&typed).unwrap();

            assert_eq!(format!("{quick:?}"), format!("{whole:?}"), "{line}");
        }
    }

    #[test]
    fn help_mistakes_and_other_commands_are_left_to_the_whole_command_line() {
        for line in ["", "token -h", "check --help", "token --no-such", "token stray", "-v token", "config show", "man"]
        {
            assert!(parse_quickly(&words(line)).is_none(), "{line}");
        }
    }
}
