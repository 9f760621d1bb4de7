//! Common mistakes on the command line: `-env` for `--env`, characters of word processors, values without quotes.

use std::ffi::OsString;

use clap::{Arg, Command, error::ErrorKind};
use maskinporten::{
    environment::Environment,
    profile,
    text::{excerpt, is_deceptive, may_be_key},
};

use super::{command_in, command_line, with_program};
use crate::cli::{
    report::{Exit, Failure},
    settings,
};

/// A longer argument is not shown.
const LONGEST_SHOWN: usize = 60;

/// The dashes that word processors and web pages put in place of hyphens.
const DASHES: [char; 8] = ['‐', '‑', '‒', '–', '—', '―', '−', '－'];

/// The quotes of word processors.
const QUOTES: [char; 11] = ['“', '”', '„', '‟', '‘', '’', '‚', '‛', '«', '»', '´'];

/// The options whose values are not shown, nor what follows them. They are without hyphens, and some are beginnings, so that
/// misspelt ones are recognised too.
const PRIVATE: [&str; 9] =
    ["key", "jwk", "pid", "header", "claim", "claimjson", "authorizationdetails", "clientsecret", "tokenrequestparam"];
const PRIVATE_BEGINNINGS: [&str; 5] = ["keystorepassword", "pkcs11pin", "pass", "pin", "secret"];

/// Finds a long option with one hyphen, before clap takes it for a short one with a value: `-env` for `-e nv`.
pub(super) fn single_dash(typed: &[OsString]) -> Option<Failure> {
    let words = || typed.iter().take_while(|word| *word != "--").map(|word| word.to_str().unwrap_or_default());
    words().find_map(name_after_dash)?;
    let mut whole = command_line();
    whole.build();
    let mut command = &whole;
    let mut is_value = false;
    for word in words() {
        if std::mem::take(&mut is_value) {
            continue;
        }
        if let Some(option) = word.strip_prefix("--") {
            is_value = has_option(command, |own| has_long(own, option) && own.get_action().takes_values());
        } else if let Some(name) = name_after_dash(word).filter(|name| is_long(command, name)) {
            let hint = format!("write it with two hyphens: --{name}");
            return Some(usage(format!("`-{name}` is not an option"), hint));
        } else if let Some(short) = word.strip_prefix('-') {
            let is_short = |own: &Arg| own.get_short().is_some_and(|own| short.chars().eq([own]));
            is_value = has_option(command, |own| is_short(own) && own.get_action().takes_values());
        } else if let Some(inner) = command.find_subcommand(word) {
            command = inner;
        } else if has_option(command, Arg::is_trailing_var_arg_set) {
            return None;
        }
    }
    None
}

/// Returns the name in `-name` or `-name=value`, if it is longer than a short option.
fn name_after_dash(word: &str) -> Option<&str> {
    let name = word.strip_prefix('-')?.split('=').next()?;
    (name.len() > 2 && name.starts_with(|first: char| first.is_ascii_lowercase())).then_some(name)
}

fn is_long(command: &Command, name: &str) -> bool {
    // `-h` comes first in `-help`, and means the same.
    name != "help" && (has_option(command, |own| has_long(own, name)) || settings::is_option(name))
}

fn has_option(command: &Command, fits: impl Fn(&Arg) -> bool) -> bool {
    command.get_arguments().any(fits)
}

fn has_long(argument: &Arg, name: &str) -> bool {
    argument.get_long() == Some(name) || argument.get_visible_aliases().is_some_and(|all| all.contains(&name))
}

/// Describes an option that does not exist, if a word of another tool or an environment explains it.
pub(super) fn unknown_option(argument: &str) -> Option<Failure> {
    let name = argument.trim_start_matches('-').split('=').next()?;
    let meant = match Environment::parse(name) {
        Some(environment) => format!("--env {environment}"),
        None => settings::option(&profile::synonym(name)?.replace('_', "-")),
    };
    Some(usage(
        format!("`{}` is not an option", excerpt(argument.split('=').next()?, 40)),
        format!("did you mean {meant}?"),
    ))
}

/// Describes an argument that is neither an option nor a value: often the rest of a value with a space in it.
pub(super) fn stray(typed: &[OsString], argument: &str) -> Failure {
    let mut places = (0..typed.len()).filter(|at| typed[*at] == argument);
    let first = places.clone().next();
    let at = places.find(|at| is_refused(&typed[..=*at])).or(first);
    usage(unexpected(&typed[..at.unwrap_or(typed.len())], argument), hint(typed, argument))
}

/// Describes what was typed in place of a command, if it has the characters of a word processor.
pub(super) fn no_command(typed: &[OsString], argument: &str) -> Option<Failure> {
    let is_foreign = |character| DASHES.contains(&character) || QUOTES.contains(&character) || is_invisible(character);
    argument.contains(is_foreign).then(|| stray(typed, argument))
}

/// Says that an argument is not expected after those before it. It is not shown if it may be part of a secret.
pub(crate) fn unexpected(before: &[OsString], argument: &str) -> String {
    let place = before.len() + 1;
    let has_secret = names_secret(argument) && argument.contains(['=', ':']) || is_short_secret(argument);
    let is_private = has_secret || before.iter().any(|word| names_secret(&word.to_string_lossy()));
    if is_private || may_be_key(argument) || argument.chars().nth(LONGEST_SHOWN).is_some() {
        return format!("argument {place} is not expected there; it is not shown, since it may be part of a secret");
    }
    format!("argument {place}, `{}`, is not expected there", excerpt(argument, LONGEST_SHOWN))
}

fn is_refused(typed: &[OsString]) -> bool {
    let refused = command_line().try_get_matches_from(with_program(typed));
    refused.is_err_and(|error| matches!(error.kind(), ErrorKind::UnknownArgument | ErrorKind::InvalidSubcommand))
}

fn is_invisible(character: char) -> bool {
    is_deceptive(character) || character == '\u{a0}'
}

/// Returns the name in `--name=value`, with whatever is typed in place of the hyphens, or in the name of a variable.
fn name_in(word: &str) -> &str {
    let bare = word.trim_start_matches(|first| DASHES.contains(&first) || "-/".contains(first));
    bare.split(['=', ':']).next().unwrap_or_default()
}

/// Whether a word names something whose value may be a secret.
fn names_secret(word: &str) -> bool {
    let name = name_in(word);
    let plain = name.replace(['-', '_'], "").to_lowercase();
    let plain = plain.strip_prefix("maskinporten").unwrap_or(&plain);
    is_short_secret(word) || PRIVATE.contains(&plain) || PRIVATE_BEGINNINGS.iter().any(|own| plain.starts_with(own))
}

/// Whether a word is the short option of the password or the JWK, which may have its value attached.
fn is_short_secret(word: &str) -> bool {
    let rest = word.strip_prefix(|first| first == '-' || DASHES.contains(&first));
    rest.is_some_and(|rest| rest.starts_with(['p', 'j'])) && !settings::is_option(name_in(word))
}

fn hint(typed: &[OsString], argument: &str) -> String {
    let first = argument.chars().next().unwrap_or_default();
    let name = name_in(argument);
    let quote = argument.chars().find(|character| QUOTES.contains(character));
    let known = settings::is_option(name).then(|| settings::option(name));
    if DASHES.contains(&first) {
        let hyphens = if name.chars().nth(1).is_some() { "--" } else { "-" };
        let meant = known.map(|option| format!(": {option}")).unwrap_or_default();
        format!("it begins with the dash {first} of a word processor; type {hyphens} there{meant}")
    } else if let Some(quote) = quote {
        format!("it has the quote {quote} of a word processor; type ' or \" there")
    } else if let Some(mark) = argument.chars().find(|character| is_invisible(*character)) {
        format!("it has the invisible character U+{:04X}, perhaps from a web page; type it again", u32::from(mark))
    } else if ["\\", "^", "`"].contains(&argument) {
        "it continues a line in another shell: \\ is for sh, ^ for cmd and ` for PowerShell".to_owned()
    } else if command_in(typed).as_deref() == Some("curl") {
        "put curl's arguments after --: maskinporten curl --env test -- https://api.example.no/".to_owned()
    } else if let Some(option) = known {
        format!("did you mean {option}?")
    } else if let Some(environment) = Environment::parse(argument) {
        format!("did you mean --env {environment}?")
    } else {
        "put a value with spaces in quotes; --help lists the options".to_owned()
    }
}

fn usage(message: String, hint: String) -> Failure {
    Failure::plain(Exit::Usage, "usage", message, Some(hint))
}
