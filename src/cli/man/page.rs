//! One manual page: the sections of clap, followed by those that are the same for every command.

use clap::{Arg, Command, builder::Resettable};
use clap_mangen::Man;

use super::sections::{self, ManSection};

/// A manual page.
pub(super) struct ManPage {
    name: String,
    command: Command,
}

impl ManPage {
    /// Creates the page of a command that has been built.
    pub(super) fn new(command: Command) -> Self {
        let name = command.get_display_name().unwrap_or_else(|| command.get_name()).to_owned();
        Self { name, command }
    }

    /// Returns the name of its file: `maskinporten-token.1`.
    pub(super) fn file_name(&self) -> String {
        format!("{}.1", self.name)
    }

    /// Returns the page in roff (man(7)).
    pub(super) fn text(&self) -> String {
        let mut text = Vec::new();
        let source = concat!("maskinporten ", env!("CARGO_PKG_VERSION"));
        let man = Man::new(for_page(self.command.clone())).title(self.name.to_uppercase()).source(source);
        // An empty date: roff's library would leave out the argument, and the ones after it would move up.
        let man = man.date("\"\"").manual("Maskinporten");
        // Writing to a Vec cannot fail.
        let _ = man.render(&mut text);
        let clap = String::from_utf8_lossy(&text).into_owned();
        self.sections().iter().fold(clap, |page, section| page + &section.roff())
    }

    fn sections(&self) -> Vec<ManSection> {
        let examples = self.command.get_before_help().map(ToString::to_string).unwrap_or_default();
        vec![
            sections::exit_status(),
            sections::environment(|option| {
                self.command.get_arguments().any(|own| own.get_id() == option && !own.is_hide_set())
            }),
            sections::files(),
            sections::examples(&examples),
            sections::see_also(&self.name),
        ]
    }
}

/// Adapts the help text of a command to a page: the texts before and after the options of `--help` have sections of their
/// own there, and each option has one line as in `--help`.
fn for_page(command: Command) -> Command {
    let paragraphs = command.get_about().map(|about| format!("{about}.")).into_iter();
    let paragraphs: Vec<String> = paragraphs.chain(text_after_options(&command)).collect();
    let usage = command.clone().render_usage().to_string();
    let usage = usage.trim_start_matches("Usage: ").to_owned();
    command
        .long_about(paragraphs.join("\n\n"))
        .after_help(Resettable::Reset)
        .after_long_help(Resettable::Reset)
        .version(Resettable::Reset)
        .override_usage(usage)
        .mut_args(option_for_page)
}

/// Returns the text that follows the options in `--help`.
fn text_after_options(command: &Command) -> Option<String> {
    let text = command.get_after_long_help().or(command.get_after_help()).map(ToString::to_string);
    text.filter(|text| !text.is_empty())
}

/// Adds the aliases and possible values of an option to its help, as `--help` writes them.
fn option_for_page(option: Arg) -> Arg {
    let help = option.get_help().map(ToString::to_string).unwrap_or_default();
    let aliases = option.get_visible_aliases().unwrap_or_default();
    let hidden = option.is_hide_possible_values_set() || !option.get_action().takes_values();
    let values = if hidden { Vec::new() } else { option.get_possible_values() };
    let values = values.iter().filter(|value| !value.is_hide_set()).map(|value| value.get_name().to_owned());
    let noun = if aliases.len() == 1 { "alias" } else { "aliases" };
    let aliases = listed(noun, aliases.iter().map(|alias| format!("--{alias}")));
    let values = listed("possible values", values);
    option.help(help + &aliases + &values).hide_possible_values(true).hide_short_help(false)
}

fn listed(what: &str, words: impl Iterator<Item = String>) -> String {
    let words: Vec<String> = words.collect();
    if words.is_empty() { String::new() } else { format!(" [{what}: {}]", words.join(", ")) }
}
