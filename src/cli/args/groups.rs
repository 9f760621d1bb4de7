//! The commands in groups, as the help of the program lists them.

use std::fmt::Write as _;

use clap::{Command, CommandFactory as _};

use super::Arguments;

/// The groups, and the commands in them.
const GROUPS: [(&str, &[&str]); 7] = [
    ("Tokens", &["token", "grant", "headers", "exec", "curl", "serve", "agent", "login"]),
    ("Altinn", &["altinn"]),
    ("Administration", &["init", "scope", "access", "client", "org"]),
    ("Problems", &["check", "explain", "inspect"]),
    ("Settings and keys", &["config", "keys", "cache"]),
    ("Without an account", &["demo", "simulate"]),
    ("This program", &["completions", "man", "version"]),
];

/// The commands that read no config file, so that their help does not list `--config`.
const WITHOUT_CONFIG: [&str; 7] = ["explain", "cache", "demo", "simulate", "completions", "man", "version"];

/// Returns the command line, whose help has the commands in groups.
pub(crate) fn command_line() -> Command {
    let command = without_config(Arguments::command());
    let header = *command.get_styles().get_header();
    let width = command.get_subcommands().map(|own| own.get_name().len()).max().unwrap_or_default();
    let mut listing = String::new();
    for (group, names) in GROUPS {
        let _ = writeln!(listing, "{header}{group}:{header:#}");
        for own in names.iter().filter_map(|name| command.find_subcommand(name)) {
            let about = own.get_about().map(ToString::to_string).unwrap_or_default();
            let _ = writeln!(listing, "  {:width$}  {about}", own.get_name());
        }
        listing.push('\n');
    }
    command.help_template(format!(
        "{{about-with-newline}}\n{{before-help}}{{usage-heading}} {{usage}}\n\n{listing}{header}Options:{header:#}\n\
         {{options}}{{after-help}}\n"
    ))
}

/// Hides `--config` where it has no effect. A command that has the option itself does not get that of the program.
fn without_config(command: Command) -> Command {
    let Some(option) = command.get_arguments().find(|option| option.get_id() == "config").cloned() else {
        return command;
    };
    let option = option.hide(true);
    WITHOUT_CONFIG.iter().fold(command, |command, name| command.mut_subcommand(name, |own| own.arg(option.clone())))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_command_is_in_one_group() {
        let grouped: Vec<&str> = GROUPS.iter().flat_map(|(_, names)| *names).copied().collect();
        let command = Arguments::command();

        let all: BTreeSet<&str> = command.get_subcommands().map(Command::get_name).collect();

        assert_eq!(grouped.len(), all.len());
        assert_eq!(grouped.into_iter().collect::<BTreeSet<_>>(), all);
    }
}
