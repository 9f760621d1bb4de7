//! `maskinporten completions`: the script with which a shell completes what is typed.
//!
//! The scripts are clap's (`clap_complete`), which completes commands, options, values with a name, and files. To
//! these come the names of profiles: the script asks the program for them when they are wanted. That question is
//! answered from the config files alone; it runs nothing, asks nobody and fails without a word.

mod profiles;

use std::{any::TypeId, path::PathBuf};

use clap::{Arg, CommandFactory as _, ValueHint, builder::PossibleValuesParser};
use clap_complete::{Generator, Shell, generate};
use clap_complete_nushell::Nushell;
use maskinporten_token_generator::environment::Environment;

pub(super) use self::profiles::{asks_for_profiles, print_profiles};
use super::{
    args::{Arguments, CompletionsArguments},
    report::{self, Failure},
    settings::{self, PROFILE},
};

const NAME: &str = "maskinporten";

/// The value that stands in clap's scripts where the names of profiles belong.
const PLACEHOLDER: &str = "NAMES_OF_PROFILES";

/// A shell that a script is made for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ScriptFor {
    Bash,
    Zsh,
    Fish,
    PowerShell,
    Elvish,
    Nushell,
}

pub(crate) fn run(arguments: &CompletionsArguments) -> Result<(), Failure> {
    let shell = ScriptFor::parse(&arguments.shell).unwrap_or(ScriptFor::Bash);
    report::print(shell.script().as_bytes())
}

impl ScriptFor {
    const ALL: [Self; 6] = [Self::Bash, Self::Zsh, Self::Fish, Self::PowerShell, Self::Elvish, Self::Nushell];

    /// The names of the shells.
    pub(crate) const NAMES: [&str; 6] = ["bash", "zsh", "fish", "powershell", "elvish", "nushell"];

    fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().zip(Self::NAMES).find(|(_, own)| *own == name).map(|(shell, _)| shell)
    }

    fn script(self) -> String {
        let script = match self {
            Self::Bash => generated(Shell::Bash),
            Self::Zsh => generated(Shell::Zsh),
            Self::Fish => generated(Shell::Fish),
            Self::PowerShell => generated(Shell::PowerShell),
            Self::Elvish => generated(Shell::Elvish),
            Self::Nushell => generated(Nushell),
        };
        let (theirs, ours) = self.question();
        script.replace(&theirs, &ours.replace("ENVIRONMENTS", &environments(self)).replace("FILES", &files()))
    }

    /// What clap wrote, and what takes its place so that the program is asked for the names of profiles.
    ///
    /// For `PowerShell` and Elvish clap completes no values at all: what is put there does so for profiles,
    /// environments and files. (`PowerShell` completes files where nothing else is offered.)
    fn question(self) -> (String, String) {
        match self {
            // Not `compgen -W`, which runs what stands in its words.
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

/// The script as clap makes it, with the placeholder in it.
fn generated(generator: impl Generator) -> String {
    let mut script = Vec::new();
    let mut whole = Arguments::command();
    // The settings' arguments are made when a command is.
    whole.build();
    generate(generator, &mut completed(whole), NAME, &mut script);
    String::from_utf8_lossy(&script).into_owned()
}

/// The command line, with what each value is completed with. Said here, it costs the other commands nothing.
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

/// The names of the environments, as the shell writes a list.
fn environments(shell: ScriptFor) -> String {
    let names = Environment::ALL.map(Environment::name);
    if shell == ScriptFor::PowerShell { format!("'{}'", names.join("', '")) } else { names.join(" ") }
}

/// The options that take a file, as Elvish writes a list.
fn files() -> String {
    settings::paths().map(settings::option).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_script_asks_for_the_names_of_profiles_and_has_no_placeholder_left() {
        for shell in ScriptFor::ALL {
            let script = shell.script();

            assert!(script.contains("maskinporten __profiles"), "{shell:?}");
            for left in [PLACEHOLDER, "ENVIRONMENTS", "FILES"] {
                assert!(!script.contains(left), "{shell:?}: {left}");
            }
        }
    }
}
