//! The sources of settings: options, variables, the project file, the user file, the environment's own values.
//!
//! The first source that has a value wins. Here values are texts and secrets; the other files of this module parse them,
//! and nothing outside of it looks a setting up by its name.

use std::{borrow::Cow, path::PathBuf};

use maskinporten::{
    environment::{Environment, IdentityProvider, LocalEnvironment},
    explain::Explain,
    profile::{ConfigFileKind, ProfileHeader, ProfileWarning},
};
use secrecy::{ExposeSecret as _, SecretString};

use super::{
    arguments::{RawSetting, RawValue, SettingArguments},
    config_files::{ConfigFiles, of_simulator, values_in_file},
    definition::{PROFILE, SettingDefinition},
    file_reads::{self, TIMEOUT},
    origin::{Layer, Origin, Setting},
    table::{self, FOREIGN_VARIABLES},
    variables::{named, read_variables, variables},
};
use crate::cli::report::{Exit, Failure, Report};

/// The settings in place of which an environment has values of its own.
const ADDRESSES: [&str; 7] =
    ["audience", "token-endpoint", "discover", "idp-issuer", "admin-url", "altinn-url", "altinn-env"];

/// The strongest value of a setting, not parsed yet.
pub(super) struct Found<'sources> {
    pub(super) name: &'static str,
    value: Cow<'sources, RawValue>,
    pub(super) origin: Origin,
}

/// Every source of settings, in order of precedence.
#[derive(Default)]
pub(crate) struct SettingSources {
    pub(super) layers: Vec<(Layer, Vec<RawSetting>)>,
    /// The headers of the profile, for requests to an API.
    pub(crate) headers: Vec<ProfileHeader>,
    /// The name of the profile, if one is used.
    pub(crate) profile: Option<String>,
    /// The names of all profiles, if none is used.
    pub(super) profiles: Vec<String>,
    /// Whether a project file decides which of the user's addresses are used together.
    pub(super) project_combines_addresses: bool,
    /// Whether the options are those of the original tool, which has no variables and no profiles.
    pub(super) is_legacy: bool,
}

impl Found<'_> {
    /// Returns the value, or the last one where a setting was given more than once; empty for a secret.
    pub(super) fn text(&self) -> &str {
        self.texts().last().map(String::as_str).unwrap_or_default()
    }

    pub(super) fn texts(&self) -> &[String] {
        if let RawValue::Texts(texts) = &*self.value { texts } else { &[] }
    }

    pub(super) fn secret(&self) -> SecretString {
        if let RawValue::Secret(secret) = &*self.value { secret.clone() } else { SecretString::default() }
    }

    pub(super) fn setting<T>(&self, value: T) -> Setting<T> {
        Setting { value, origin: self.origin.clone() }
    }

    /// Parses the value.
    pub(super) fn parse<T, E: Explain>(&self, parse: impl FnOnce(&str) -> Result<T, E>) -> Result<Setting<T>, Failure> {
        parse(self.text()).map(|value| self.setting(value)).map_err(|error| self.origin.unusable(&error))
    }

    /// Makes a failure about the value.
    pub(super) fn failure(&self, code: &'static str, message: String, hint: impl Into<String>) -> Failure {
        self.origin.failure(code, message, hint)
    }
}

impl SettingSources {
    /// Reads the options, the variables, and the profile that they or the config files name.
    pub(crate) fn load(arguments: SettingArguments, config: Option<PathBuf>, report: &Report) -> Result<Self, Failure> {
        Self::load_from(arguments, &ConfigFiles::new(config), report)
    }

    /// Loads with config files that other profiles are read from too.
    pub(crate) fn load_from(arguments: SettingArguments, from: &ConfigFiles, report: &Report) -> Result<Self, Failure> {
        let mut sources = Self::without_profile(arguments, |_| true, report)?;
        sources.add_profile(from, report)?;
        sources.layers.push((Layer::ForeignVariable, read_variables(named(&FOREIGN_VARIABLES), report)?));
        sources.find(TIMEOUT).iter().for_each(|found| file_reads::limit_by(found.text()));
        Ok(sources)
    }

    /// Reads the options of the original tool. It knows no variables, so none may change its grant: variables only
    /// decide how its key is opened and a server is reached.
    pub(crate) fn load_legacy(arguments: SettingArguments, report: &Report) -> Result<Self, Failure> {
        Ok(Self { is_legacy: true, ..Self::without_files(arguments, report)? })
    }

    /// Reads the options alone, as those of a profile that does not exist yet, and the variables that open its key.
    pub(crate) fn without_files(arguments: SettingArguments, report: &Report) -> Result<Self, Failure> {
        Self::without_profile(arguments, SettingDefinition::leaves_grant_unchanged, report)
    }

    fn without_profile(
        arguments: SettingArguments,
        uses_variable: fn(&SettingDefinition) -> bool,
        report: &Report,
    ) -> Result<Self, Failure> {
        let given = arguments.0.into_iter().map(|raw| raw.cleaned(report)).collect();
        let layers = vec![(Layer::Option, given), (Layer::Variable, variables(uses_variable, report)?)];
        Ok(Self { layers, ..Self::default() })
    }

    /// Adds the profile, the project file's values before the user file's.
    ///
    /// The simulator needs no settings, so with `--env local` a profile is used only if it was named. An environment that
    /// was named outside of the files has addresses of its own, so those in the files are not used.
    pub(super) fn add_profile(&mut self, files: &ConfigFiles, report: &Report) -> Result<(), Failure> {
        let named = self.find(PROFILE).map(|found| found.text().to_owned());
        let environment = self.find("env").and_then(|found| Environment::parse(found.text()));
        if named.is_none() && environment == Some(Environment::Local) {
            return Ok(());
        }
        let profiles = files.profiles(report)?;
        let Some(profile) = profiles.profile(named.as_deref())? else {
            self.profiles = profiles.names().into_iter().map(str::to_owned).collect();
            return Ok(());
        };
        let has_environment = self.find("env").is_some();
        let is_used = |name: &str| !(has_environment && ADDRESSES.contains(&name));
        let warnings = profile.warnings.iter().filter(|warning| match warning {
            ProfileWarning::ProjectAddress { name, .. } => is_used(name),
            ProfileWarning::PlainSecret { .. }
            | ProfileWarning::ForeignFile { .. }
            | ProfileWarning::UnsafeFile { .. } => true,
        });
        report.warn_of(&warnings.cloned().collect::<Vec<_>>());
        report.detail(&format!("using the profile {}", profile.name));
        for (kind, layer) in [(ConfigFileKind::Project, Layer::ProjectFile), (ConfigFileKind::User, Layer::UserFile)] {
            let mut values = values_in_file(&profile, kind);
            values.retain(|value| is_used(value.name));
            self.layers.push((layer, values));
        }
        self.project_combines_addresses = profile.project_combines_addresses && !has_environment;
        self.headers = profile.headers;
        self.profile = Some(profile.name);
        Ok(())
    }

    /// Adds what the running simulator offers for the login of a person, and returns its addresses.
    pub(super) fn add_local_login(&mut self, provider: IdentityProvider) -> Result<LocalEnvironment, Failure> {
        let local = LocalEnvironment::read(&LocalEnvironment::path()?)?;
        let mut values = of_simulator(&local);
        let client_id = match provider {
            IdentityProvider::Idporten => &local.idporten_client_id,
            IdentityProvider::Ansattporten => &local.ansattporten_client_id,
        };
        values.extend(client_id.clone().map(|id| ("client-id", id)));
        self.add_layer(Environment::Local, values);
        Ok(local)
    }

    /// Adds the addresses of an environment, or what the running simulator offers.
    pub(super) fn add_environment(&mut self, environment: Environment) -> Result<(), Failure> {
        let values = if environment == Environment::Local {
            let local = LocalEnvironment::read(&LocalEnvironment::path()?)?;
            let mut values = of_simulator(&local);
            values.extend([
                ("audience", local.issuer),
                ("token-endpoint", local.token_endpoint),
                ("client-id", local.client_id),
                ("scope", local.scope),
            ]);
            values
        } else {
            let addresses = environment.addresses();
            let values = addresses
                .map(|addresses| vec![("audience", addresses.issuer), ("token-endpoint", addresses.token_endpoint)]);
            values.unwrap_or_default()
        };
        self.add_layer(environment, values);
        Ok(())
    }

    fn add_layer(&mut self, environment: Environment, values: Vec<(&'static str, String)>) {
        let raw = values.into_iter().map(|(name, value)| RawSetting {
            name,
            value: RawValue::Texts(vec![value]),
            label: format!("{environment}'s {name}"),
        });
        self.layers.push((Layer::Environment, raw.collect()));
    }

    /// Refuses an option with an empty value, which is most often an unset variable of a script. A password may be
    /// empty.
    pub(crate) fn refuse_empty_options(&self) -> Result<(), Failure> {
        let options = self.layers.iter().filter(|(layer, _)| *layer == Layer::Option).flat_map(|(_, raw)| raw);
        let is_empty = |raw: &&RawSetting| match &raw.value {
            RawValue::Texts(texts) => texts.iter().any(|text| text.trim().is_empty()),
            RawValue::Secret(secret) => raw.name != "keystore-password" && secret.expose_secret().trim().is_empty(),
        };
        options.clone().find(is_empty).map_or(Ok(()), |raw| {
            let hint = Some("give it a value, or leave it out".to_owned());
            Err(Failure::plain(Exit::Usage, "empty", format!("{} is empty", raw.label), hint))
        })
    }

    /// Sets a setting that the command decides itself, in place of every value that it has.
    pub(crate) fn decide(&mut self, name: &'static str, text: &str, label: &str) {
        let raw = RawSetting { name, value: RawValue::Texts(vec![text.to_owned()]), label: label.to_owned() };
        if let Some((_, options)) = self.layers.first_mut() {
            options.retain(|given| given.name != name);
            options.push(raw);
        }
    }

    /// Finds the value of a setting with the highest precedence.
    pub(super) fn find(&self, name: &'static str) -> Option<Found<'_>> {
        self.find_group(&[name]).into_iter().next()
    }

    /// Finds the values of these settings in the layer with the highest precedence that has any of them.
    pub(super) fn find_group(&self, names: &[&'static str]) -> Vec<Found<'_>> {
        for (layer, raw) in &self.layers {
            let own = names.iter().filter_map(|name| raw.iter().find(|raw| raw.name == *name));
            let found = own.map(|raw| Found {
                name: raw.name,
                value: Cow::Borrowed(&raw.value),
                origin: Origin::new(*layer, raw.label.clone()),
            });
            let found: Vec<_> = found.collect();
            if !found.is_empty() {
                return found;
            }
        }
        Vec::new()
    }

    /// Finds the one of these settings that is given; they exclude each other in one layer.
    pub(super) fn find_one_of(&self, names: &[&'static str]) -> Result<Option<Found<'_>>, Failure> {
        let mut found = self.find_group(names);
        if let [first, second, ..] = found.as_slice() {
            let message = format!("{} and {} exclude each other", first.origin.label, second.origin.label);
            return Err(first.failure("conflict", message, "give one of them"));
        }
        Ok(found.pop())
    }

    /// Finds a setting, or else the default that the table of settings has for it.
    pub(super) fn find_or_default(&self, name: &'static str) -> Found<'_> {
        let default = || table::find(name).and_then(|setting| setting.default).unwrap_or_default().to_owned();
        self.find(name).unwrap_or_else(|| Found {
            name,
            value: Cow::Owned(RawValue::Texts(vec![default()])),
            origin: Origin::new(Layer::Default, "default"),
        })
    }

    /// Erases passwords and keys, which are in the parsed settings now; where they came from remains known.
    pub(crate) fn erase_secrets(&mut self) {
        for raw in self.layers.iter_mut().flat_map(|(_, raw)| raw) {
            if let RawValue::Secret(secret) = &mut raw.value {
                *secret = SecretString::default();
            }
        }
    }

    /// Whether a setting that is used reads stdin.
    pub(crate) fn takes_stdin(&self) -> bool {
        self.paths().any(|path| path == "-")
    }

    /// Returns the files that the settings name.
    pub(crate) fn files(&self) -> Vec<PathBuf> {
        self.paths().map(PathBuf::from).collect()
    }

    fn paths(&self) -> impl Iterator<Item = String> {
        table::paths().filter_map(|name| self.find(name)).map(|found| found.text().to_owned())
    }
}
