//! Every setting that shapes a grant, in one table: option, variable and config key are one word.
//!
//! The command line, the variables, the config files and `--help` are all made from this table, so a setting cannot
//! exist in one of them alone. What a value means is decided in `resolve`; here it is text.

mod table;

use clap::{Arg, ArgAction, ArgMatches, Args, Command, FromArgMatches, builder::PossibleValuesParser};

use maskinporten_token_generator::{
    environment::Environment,
    profile::{KnownSetting, SettingKind as Kind, SettingRole as Role},
};

pub(crate) use table::SETTINGS;

/// One setting.
pub(crate) struct Setting {
    /// The word: `client-id` is `--client-id` and `MASKINPORTEN_CLIENT_ID`.
    pub(crate) name: &'static str,
    short: Option<char>,
    also: Option<&'static str>,
    takes: Takes,
    heading: &'static str,
    help: &'static str,
    roles: &'static [Role],
}

/// What a setting takes on the command line.
#[derive(Clone, Copy)]
enum Takes {
    /// Nothing: it is there or not.
    Nothing,
    /// One value, shown by this name.
    One(&'static str),
    /// A number, or a time such as `2m`, shown by this name.
    Number(&'static str),
    /// Any number of values, shown by this name.
    Many(&'static str),
    /// Nothing: only a variable may hold it.
    Variable,
}

/// The profile itself, which no profile names.
pub(crate) const PROFILE: &str = "profile";

/// A JWK's JSON itself, which only a variable may hold: everyone could see it on the command line.
pub(crate) const CLIENT_JWK: &str = "client-jwk";

impl Setting {
    const fn roles(self, roles: &'static [Role]) -> Self {
        Self { roles, ..self }
    }

    /// The setting as config files know it; `None` when it stands in none.
    fn known(&self) -> Option<KnownSetting> {
        let kind = match self.takes {
            Takes::Nothing => Kind::Flag,
            Takes::One(_) => Kind::Text,
            Takes::Number(_) => Kind::Number,
            Takes::Many(_) => Kind::List,
            Takes::Variable => return None,
        };
        (self.name != PROFILE).then(|| KnownSetting::new(self.name, kind, self.help).with(self.roles))
    }

    const fn short(self, short: char) -> Self {
        Self { short: Some(short), ..self }
    }

    const fn also(self, also: &'static str) -> Self {
        Self { also: Some(also), ..self }
    }

    fn is_typed(&self) -> bool {
        !matches!(self.takes, Takes::Variable)
    }

    /// The variable, `MASKINPORTEN_CLIENT_ID`.
    pub(crate) fn variable(&self) -> String {
        variable(self.name)
    }

    /// What the variable is, in one sentence.
    pub(crate) fn as_variable(&self) -> String {
        if self.is_typed() { format!("In place of {}", option(self.name)) } else { self.help.to_owned() }
    }

    /// Whether the setting says how to open a key or reach a server, and not what is asked for.
    pub(crate) fn shapes_no_grant(&self) -> bool {
        let opens = ["alias", "max-iterations"].contains(&self.name) || self.name.contains("password");
        opens || self.name.starts_with("pkcs11-pin") || self.heading == table::NETWORK
    }

    fn argument(&self) -> Arg {
        let argument = Arg::new(self.name).long(self.name).help(self.help).help_heading(self.heading);
        let argument = match self.takes {
            Takes::Nothing | Takes::Variable => argument.action(ArgAction::SetTrue),
            Takes::One(value) | Takes::Number(value) => {
                argument.action(ArgAction::Set).value_name(value).allow_hyphen_values(true)
            }
            Takes::Many(value) => argument.action(ArgAction::Append).value_name(value).allow_hyphen_values(true),
        };
        let argument = if self.name == "env" {
            argument.value_parser(PossibleValuesParser::new(Environment::ALL.map(Environment::name)))
        } else {
            argument
        };
        let argument = self.short.map_or(argument.clone(), |short| argument.short(short));
        self.also.map_or(argument.clone(), |also| argument.visible_alias(also))
    }
}

/// The settings that a config file may hold.
pub(crate) fn known() -> Vec<KnownSetting> {
    SETTINGS.iter().filter_map(Setting::known).collect()
}

/// The settings that name a file.
pub(crate) fn paths() -> impl Iterator<Item = &'static str> {
    SETTINGS.iter().map(|setting| setting.name).filter(|name| is_path(name))
}

/// Whether a setting names a file.
pub(crate) fn is_path(name: &str) -> bool {
    has_role(name, |role| role == Role::Path)
}

/// Whether a setting names a command.
pub(crate) fn is_command(name: &str) -> bool {
    has_role(name, |role| role == Role::Command)
}

/// Whether a setting is a secret itself.
pub(crate) fn is_secret(name: &str) -> bool {
    name == CLIENT_JWK || has_role(name, |role| matches!(role, Role::Secret(_)))
}

fn has_role(name: &str, wanted: impl Fn(Role) -> bool) -> bool {
    SETTINGS.iter().any(|setting| setting.name == name && setting.roles.iter().any(|role| wanted(*role)))
}

/// The option that a setting is typed as.
pub(crate) fn option(name: &str) -> String {
    format!("--{name}")
}

/// The variable that a setting is read from.
pub(crate) fn variable(name: &str) -> String {
    format!("MASKINPORTEN_{}", name.to_uppercase().replace('-', "_"))
}

/// What was typed of the settings: names and values, as text.
#[derive(Debug, Clone, Default)]
pub(crate) struct Typed(pub(crate) Vec<(&'static str, Vec<String>)>);

impl Args for Typed {
    /// Every command has its own copy of these arguments; they are made for the one that is run alone.
    fn augment_args(command: Command) -> Command {
        command.defer(with_settings)
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

fn with_settings(command: Command) -> Command {
    command.args(SETTINGS.iter().filter(|setting| setting.is_typed()).map(Setting::argument))
}

/// What was typed for a command that takes any number of profiles.
#[derive(Debug, Clone, Default)]
pub(crate) struct TypedWithProfiles(pub(crate) Typed);

impl Args for TypedWithProfiles {
    fn augment_args(command: Command) -> Command {
        command.defer(|command| {
            let help = "Serve this profile of the config file; repeatable, the first is the default [default: default_profile]";
            let command = with_settings(command);
            let command = command.mut_arg(PROFILE, |profile| profile.action(ArgAction::Append).help(help));
            // Whoever serves stores nothing.
            command.mut_arg("no-cache", |switch| switch.hide(true)).mut_arg("refresh", |switch| switch.hide(true))
        })
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl FromArgMatches for TypedWithProfiles {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        Typed::from_arg_matches(matches).map(Self)
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        self.0.update_from_arg_matches(matches)
    }
}

impl FromArgMatches for Typed {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let typed = SETTINGS.iter().filter(|setting| setting.is_typed()).filter_map(|setting| {
            let values: Vec<String> = match setting.takes {
                Takes::Nothing => matches.get_flag(setting.name).then(|| "true".to_owned()).into_iter().collect(),
                _ => matches.get_many::<String>(setting.name).unwrap_or_default().cloned().collect(),
            };
            (!values.is_empty()).then_some((setting.name, values))
        });
        Ok(Self(typed.collect()))
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}
