//! The options of the settings, as clap parses them.

use clap::{ArgAction, ArgMatches, Args, Command, FromArgMatches};
use secrecy::{ExposeSecret as _, SecretString};

use super::{
    definition::{self, PROFILE, SettingDefinition, ValueForm},
    file_reads::{self, TIMEOUT},
    table::{self, SETTINGS},
};

/// The value of a setting before it is parsed.
#[derive(Clone)]
pub(crate) enum RawValue {
    /// One text, or several where the setting is repeatable.
    Texts(Vec<String>),
    Secret(SecretString),
}

/// A setting that one source has a value for.
#[derive(Clone)]
pub(super) struct RawSetting {
    pub(super) name: &'static str,
    pub(super) value: RawValue,
    /// What the user calls it: `--ttl`, `MASKINPORTEN_TTL`.
    pub(super) label: String,
}

/// The settings that were given as options.
#[derive(Clone, Default)]
pub(crate) struct SettingArguments(pub(super) Vec<RawSetting>);

/// The options that `inspect` compares a token with, as text.
pub(crate) struct GivenExpectations {
    pub(crate) environment: Option<String>,
    pub(crate) audience: Option<String>,
    pub(crate) scopes: Option<String>,
}

impl RawValue {
    /// Makes a value from text, and a secret where the setting holds one.
    pub(super) fn new(setting: &SettingDefinition, text: &str) -> Self {
        if setting.is_secret() { Self::Secret(text.into()) } else { Self::Texts(vec![text.to_owned()]) }
    }
}

impl SettingArguments {
    /// Sets a setting, in place of an earlier value; messages call it by the option `label`.
    pub(crate) fn set(&mut self, name: &'static str, text: &str, label: String) {
        self.remove(name);
        if let Some(setting) = table::find(name) {
            self.0.push(RawSetting { name, value: RawValue::new(setting, text), label });
        }
    }

    /// Sets the profile.
    pub(crate) fn set_profile(&mut self, name: &str) {
        self.set(PROFILE, name, definition::option(PROFILE));
    }

    /// Removes a setting.
    pub(crate) fn remove(&mut self, name: &str) {
        self.0.retain(|raw| raw.name != name);
    }

    /// Whether an option was given.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.0.iter().any(|raw| raw.name == name)
    }

    /// Returns the text of an option, the last one if it was given more than once; `None` for a secret.
    pub(crate) fn text(&self, name: &str) -> Option<String> {
        match &self.0.iter().find(|raw| raw.name == name)?.value {
            RawValue::Texts(texts) => texts.last().cloned(),
            RawValue::Secret(_) => None,
        }
    }

    /// Returns the options that `inspect` compares a token with.
    ///
    /// # Errors
    /// The first option that a token cannot be compared with.
    pub(crate) fn expectations(&self) -> Result<GivenExpectations, String> {
        const ALLOWED: [&str; 11] = [
            PROFILE,
            "env",
            "audience",
            "discover",
            "altinn-url",
            "register-url",
            "scope",
            "timeout",
            "connect-timeout",
            "retries",
            "ca-file",
        ];
        if let Some(raw) = self.0.iter().find(|raw| !ALLOWED.contains(&raw.name)) {
            return Err(raw.label.clone());
        }
        let text = |name: &str| match &self.0.iter().find(|raw| raw.name == name)?.value {
            RawValue::Texts(texts) => Some(texts.join(" ")),
            RawValue::Secret(_) => None,
        };
        Ok(GivenExpectations { environment: text("env"), audience: text("audience"), scopes: text("scope") })
    }

    /// Adds scopes to those that were given.
    pub(crate) fn add_scopes(&mut self, scopes: Vec<String>) {
        self.add("scope", scopes);
    }

    /// Adds texts after those that a repeatable option was given.
    pub(crate) fn add(&mut self, name: &'static str, texts: Vec<String>) {
        let given = self.0.iter_mut().find(|raw| raw.name == name);
        if let Some(RawSetting { value: RawValue::Texts(own), .. }) = given {
            own.extend(texts);
        } else {
            self.0.push(RawSetting { name, value: RawValue::Texts(texts), label: definition::option(name) });
        }
    }

    /// Returns names and texts, for a config file that is written; it will hold the secrets as they are.
    pub(crate) fn into_texts(self) -> Vec<(&'static str, Vec<String>)> {
        let texts = |value| match value {
            RawValue::Texts(texts) => texts,
            RawValue::Secret(secret) => vec![secret.expose_secret().to_owned()],
        };
        self.0.into_iter().map(|raw| (raw.name, texts(raw.value))).collect()
    }
}

impl std::fmt::Debug for SettingArguments {
    /// Shows no values: some are passwords.
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_list().entries(self.0.iter().map(|raw| &raw.label)).finish()
    }
}

impl Args for SettingArguments {
    /// Every command has these options; clap builds them only for the command that is run.
    fn augment_args(command: Command) -> Command {
        command.defer(with_settings)
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

/// Adds the options of the settings. `-h` lists the usual ones, and leaves out the text that follows them in `--help`.
fn with_settings(command: Command) -> Command {
    let name = command.get_name().to_owned();
    with_settings_for(command, &name)
}

/// Adds the options of the settings, of which the help lists those that matter to the command of this name.
pub(super) fn with_settings_for(command: Command, name: &str) -> Command {
    let text = command.get_after_help().cloned().unwrap_or_default();
    let options = SETTINGS.iter().filter(|setting| setting.is_option());
    command
        .args(options.map(|setting| setting.argument().hide(!setting.matters_to(name))))
        .after_help("These are the usual options; --help lists all of them.")
        .after_long_help(text)
}

impl FromArgMatches for SettingArguments {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let options = SETTINGS.iter().filter(|setting| setting.is_option());
        let given = options.filter_map(|setting| {
            let value = match setting.form {
                ValueForm::Secret(_) => RawValue::Secret(matches.get_one::<SecretString>(setting.name)?.clone()),
                ValueForm::Flag => RawValue::Texts(matches.get_flag(setting.name).then(|| vec!["true".to_owned()])?),
                _ => RawValue::Texts(matches.get_many::<String>(setting.name)?.cloned().collect()),
            };
            Some(RawSetting { name: setting.name, value, label: definition::option(setting.name) })
        });
        let given = Self(given.collect());
        let timeout = given.0.iter().find(|raw| raw.name == TIMEOUT);
        if let Some(RawSetting { value: RawValue::Texts(texts), .. }) = timeout
            && let Some(text) = texts.last()
        {
            file_reads::limit_by(text);
        }
        Ok(given)
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

/// The settings of `serve`, which takes any number of profiles.
#[derive(Debug, Clone, Default)]
pub(crate) struct ServeSettingArguments {
    /// The profiles that were named, each once.
    pub(crate) profiles: Vec<String>,
    /// Every other setting.
    pub(crate) settings: SettingArguments,
}

impl Args for ServeSettingArguments {
    fn augment_args(command: Command) -> Command {
        command.defer(|command| {
            let help = "Serve this profile of the config file; repeatable, the first is the default [default: default_profile]";
            let command = with_settings(command);
            command.mut_arg(PROFILE, |profile| profile.action(ArgAction::Append).help(help))
        })
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl FromArgMatches for ServeSettingArguments {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let mut profiles: Vec<String> = Vec::new();
        for name in matches.get_many::<String>(PROFILE).unwrap_or_default() {
            if !profiles.contains(name) {
                profiles.push(name.clone());
            }
        }
        let mut settings = SettingArguments::from_arg_matches(matches)?;
        settings.0.retain(|raw| raw.name != PROFILE);
        Ok(Self { profiles, settings })
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}
