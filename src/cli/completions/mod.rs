//! `maskinporten completions`: prints the completion script of a shell.
//!
//! The scripts are clap's (`clap_complete`), which complete commands, options, named values, and files. They are extended
//! with the names of profiles, which the script gets from `maskinporten __profiles`. That reads the config files and
//! nothing else: it runs nothing, does not prompt, and fails silently.

use std::{any::TypeId, ffi::OsString, path::PathBuf, time::Duration};

use clap::{Arg, CommandFactory as _, ValueHint, builder::PossibleValuesParser};
use clap_complete::{Generator, Shell, generate};
use clap_complete_nushell::Nushell;
use maskinporten::{environment::Environment, file, profile::ConfigSearch};

use super::{
    args::{Arguments, CompletionShell, CompletionsArguments},
    report::{self, Failure},
    settings::{self, PROFILE},
};

const NAME: &str = "maskinporten";

/// The value in clap's scripts that is replaced by the names of profiles.
const PLACEHOLDER: &str = "NAMES_OF_PROFILES";

/// The command with which a script asks for the names of profiles.
const LIST_PROFILES: &str = "__profiles";

pub(crate) fn run(arguments: &CompletionsArguments) -> Result<(), Failure> {
    report::print(arguments.shell.script().as_bytes())
}

impl CompletionShell {
    fn script(self) -> String {
        let script = match self {
            Self::Bash => generated(Shell::Bash),
            Self::Zsh => generated(Shell::Zsh),
            Self::Fish => generated(Shell::Fish),
            Self::PowerShell => generated(Shell::PowerShell),
            Self::Elvish => generated(Shell::Elvish),
            Self::Nushell => generated(Nushell),
        };
        let (generated, replacement) = self.profile_query();
        script.replace(&generated, &replacement.replace("ENVIRONMENTS", &environments(self)).replace("FILES", &files()))
    }

    /// Returns the code that clap generates, and the code that replaces it and runs `maskinporten __profiles`.
    ///
    /// For `PowerShell` and Elvish clap completes no values at all: the replacement completes profiles, environments
    /// and files. (`PowerShell` completes files itself if there is nothing else.)
    fn profile_query(self) -> (String, String) {
        match self {
            // Not `compgen -W`, which expands and so runs its words.
            Self::Bash => (
                format!(r#"$(compgen -W "{PLACEHOLDER}" -- "${{cur}}")"#),
                r#"$(command maskinporten __profiles "${cur}" 2>/dev/null)"#.to_owned(),
            ),
            Self::Zsh => (
                format!("({PLACEHOLDER})"),
                r#"{compadd -- ${(f)"$(command maskinporten __profiles 2>/dev/null)"}}"#.to_owned(),
            ),
            Self::Fish => {
                (format!(r#""{PLACEHOLDER}\t''""#), r#""(command maskinporten __profiles 2>/dev/null)\t''""#.to_owned())
            }
            Self::Nushell => (
                format!(r#"[ "{PLACEHOLDER}" ]"#),
                "^maskinporten __profiles | complete | get stdout | lines".to_owned(),
            ),
            Self::PowerShell => {
                let parameters = "    param($wordToComplete, $commandAst, $cursorPosition)\n";
                (parameters.to_owned(), format!("{parameters}{}", include_str!("values.ps1")))
            }
            Self::Elvish => {
                let last = "    $completions[$command]\n}\n";
                (last.to_owned(), format!("{last}{}", include_str!("values.elv")))
            }
        }
    }
}

/// Generates the script with the placeholder in it.
fn generated(generator: impl Generator) -> String {
    let mut script = Vec::new();
    let mut whole = Arguments::command();
    // The arguments of the settings are created when the command is built.
    whole.build();
    generate(generator, &mut completed(whole), NAME, &mut script);
    String::from_utf8_lossy(&script).into_owned()
}

/// Adds to each option the kind of value it is completed with. Doing it here costs the other commands nothing.
fn completed(command: clap::Command) -> clap::Command {
    command.mut_args(with_hint).mut_subcommands(completed)
}

fn with_hint(argument: Arg) -> Arg {
    if argument.get_id() == PROFILE {
        return argument.value_parser(PossibleValuesParser::new([PLACEHOLDER]));
    }
    if !argument.get_action().takes_values() || !argument.get_possible_values().is_empty() {
        return argument;
    }
    let hint = hint(&argument);
    argument.value_hint(hint)
}

fn hint(argument: &Arg) -> ValueHint {
    let name = argument.get_id().as_str();
    let is_path = argument.get_value_parser().type_id() == TypeId::of::<PathBuf>() || settings::is_path(name);
    let is_folder = argument.get_value_names().is_some_and(|names| names.iter().any(|name| name == "FOLDER"));
    match (is_path, is_folder, settings::is_command(name)) {
        (true, true, _) => ValueHint::DirPath,
        (true, false, _) => ValueHint::FilePath,
        (false, _, true) => ValueHint::CommandString,
        (false, _, false) => ValueHint::Other,
    }
}

/// Returns the names of the environments as a list in the syntax of the shell.
fn environments(shell: CompletionShell) -> String {
    let names = Environment::ALL.map(Environment::name);
    if shell == CompletionShell::PowerShell { format!("'{}'", names.join("', '")) } else { names.join(" ") }
}

/// Returns the options that take a file as a list in the syntax of Elvish.
fn files() -> String {
    settings::paths().map(settings::option).collect::<Vec<_>>().join(" ")
}

/// Returns the prefix of the names that `maskinporten __profiles [PREFIX]` asks for. Completion scripts run it; it is not a
/// command of the command line, so that neither help texts nor scripts show it.
pub(crate) fn asks_for_profiles(typed: &[OsString]) -> Option<&str> {
    match typed {
        [command] if command == LIST_PROFILES => Some(""),
        [command, prefix] if command == LIST_PROFILES => Some(prefix.to_str().unwrap_or("\0")),
        _ => None,
    }
}

/// Prints the names of the profiles in the project's and the user's config file, one per line. If a file cannot be read, it
/// prints nothing: the command that is being typed will report why.
pub(crate) fn print_profiles(prefix: &str) {
    // The shell waits for it at each key.
    file::set_time_limit(Duration::from_secs(1));
    let Ok(profiles) = ConfigSearch::usual(None).read(&settings::known()) else { return };
    let names = profiles.names().into_iter().filter(|name| is_plain(name) && name.starts_with(prefix));
    let lines = names.fold(String::new(), |lines, name| lines + name + "\n");
    // The shell may have closed the pipe already.
    let _ = report::print(lines.as_bytes());
}

/// Returns whether a name has no special meaning in any shell. A project file may come from another person, and a name such
/// as `$(command)` on the command line would be run.
fn is_plain(name: &str) -> bool {
    let plain = |character: char| character.is_alphanumeric() || "-_.".contains(character);
    name.chars().all(plain) && !name.starts_with('-')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_script_queries_the_names_of_profiles_and_has_no_placeholder_left() {
        for shell in <CompletionShell as clap::ValueEnum>::value_variants() {
            let script = shell.script();

            assert!(script.contains("maskinporten __profiles"), "{shell:?}");
            for left in [PLACEHOLDER, "ENVIRONMENTS", "FILES"] {
                assert!(!script.contains(left), "{shell:?}: {left}");
            }
        }
    }

    #[test]
    fn a_name_with_a_special_meaning_in_a_shell_is_not_plain() {
        for name in ["test", "kunde-2", "a.b_c", "blåbær"] {
            assert!(is_plain(name), "{name}");
        }
        for name in ["-x", "a b", "$(id)", "`id`", "a;b", "*", "~", "a'b", "a\"b", "a\\b", "{a,b}", "a\u{a0}b"] {
            assert!(!is_plain(name), "{name}");
        }
    }
}
