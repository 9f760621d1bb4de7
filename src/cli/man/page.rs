//! One manual page: clap's sections, and after them those that are the same for every command.

use clap::{Arg, Command, builder::Resettable};
use clap_mangen::Man;

use super::sections::{self, Section};

/// A manual page.
pub(super) struct Page {
    name: String,
    command: Command,
}

impl Page {
    /// Makes the page of a command that has been built.
    pub(super) fn of(command: Command) -> Self {
        let name = command.get_display_name().unwrap_or_else(|| command.get_name()).to_owned();
        Self { name, command }
    }

    /// `maskinporten-token.1`
    pub(super) fn file_name(&self) -> String {
        format!("{}.1", self.name)
    }

    /// The page in roff (man(7)).
    pub(super) fn text(&self) -> String {
        let mut text = Vec::new();
        let source = concat!("maskinporten ", env!("CARGO_PKG_VERSION"));
        let man = Man::new(retold(self.command.clone())).title(self.name.to_uppercase()).source(source);
        // A page without a date: roff's library would leave the argument out, and the others would move up.
        let man = man.date("\"\"").manual("Maskinporten");
        // A Vec takes whatever is written to it.
        let _ = man.render(&mut text);
        let clap = String::from_utf8_lossy(&text).into_owned();
        self.sections().iter().fold(clap, |page, section| page + &section.roff())
    }

    fn sections(&self) -> Vec<Section> {
        let examples = self.command.get_before_help().map(ToString::to_string).unwrap_or_default();
        let has_settings = self.command.get_arguments().any(|argument| argument.get_id() == "client-id");
        vec![
            sections::exit_status(),
            sections::environment(has_settings),
            sections::files(),
            sections::examples(&examples),
            sections::see_also(&self.name),
        ]
    }
}

/// The command with its help text as a page tells it: what stands before the options and after them in `--help` has
/// sections of its own here, and one line says of an option what `--help` says in one.
fn retold(command: Command) -> Command {
    let paragraphs = command.get_about().map(|about| format!("{about}.")).into_iter();
    let paragraphs: Vec<String> = paragraphs.chain(command.get_after_help().map(ToString::to_string)).collect();
    let usage = command.clone().render_usage().to_string();
    let usage = usage.trim_start_matches("Usage: ").to_owned();
    command
        .long_about(paragraphs.join("\n\n"))
        .after_help(Resettable::Reset)
        .version(Resettable::Reset)
        .override_usage(usage)
        .mut_args(option)
}

/// The option with its other names and its possible values in its help, in the words of `--help`.
fn option(option: Arg) -> Arg {
    let help = option.get_help().map(ToString::to_string).unwrap_or_default();
    let aliases = option.get_visible_aliases().unwrap_or_default();
    let hidden = option.is_hide_possible_values_set() || !option.get_action().takes_values();
    let values = if hidden { Vec::new() } else { option.get_possible_values() };
    let values = values.iter().filter(|value| !value.is_hide_set()).map(|value| value.get_name().to_owned());
    let aliases = listed("aliases", aliases.iter().map(|alias| format!("--{alias}")));
    let values = listed("possible values", values);
    option.help(help + &aliases + &values).hide_possible_values(true)
}

fn listed(what: &str, words: impl Iterator<Item = String>) -> String {
    let words: Vec<String> = words.collect();
    if words.is_empty() { String::new() } else { format!(" [{what}: {}]", words.join(", ")) }
}
