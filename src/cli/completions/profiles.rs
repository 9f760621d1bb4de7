//! The question that completion scripts ask: `maskinporten __profiles [PREFIX]`.
//!
//! It is no command of the command line, so that no help text and no script offers it.

use std::ffi::OsString;

use maskinporten_token_generator::profile::Search;

use crate::cli::{report, settings};

const QUESTION: &str = "__profiles";

/// What the names are to begin with, when names are asked for.
pub(crate) fn asks_for_profiles(typed: &[OsString]) -> Option<&str> {
    match typed {
        [question] if question == QUESTION => Some(""),
        [question, prefix] if question == QUESTION => Some(prefix.to_str().unwrap_or("\0")),
        _ => None,
    }
}

/// Prints the names of the profiles in the project's and the user's config file, a line each. Where a file cannot be
/// read there is nothing to complete: the command that is being typed will say why.
pub(crate) fn print_profiles(prefix: &str) {
    let Ok(profiles) = Search::usual(None).read(&settings::known()) else { return };
    let names = profiles.names().into_iter().filter(|name| is_plain(name) && name.starts_with(prefix));
    let lines = names.fold(String::new(), |lines, name| lines + name + "\n");
    // A shell that has stopped listening needs no answer.
    let _ = report::print(lines.as_bytes());
}

/// Whether a name means itself to every shell. A project file comes from others, and the shell's line is where a name
/// such as `$(command)` would be run.
fn is_plain(name: &str) -> bool {
    let plain = |character: char| character.is_alphanumeric() || "-_.".contains(character);
    name.chars().all(plain) && !name.starts_with('-')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_a_shell_could_take_for_more_than_a_name_is_not_plain() {
        for name in ["test", "kunde-2", "a.b_c", "blåbær"] {
            assert!(is_plain(name), "{name}");
        }
        for name in ["-x", "a b", "$(id)", "`id`", "a;b", "*", "~", "a'b", "a\"b", "a\\b", "{a,b}", "a\u{a0}b"] {
            assert!(!is_plain(name), "{name}");
        }
    }
}
