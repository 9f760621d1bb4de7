//! The settings: options, variables, config files and defaults, parsed once into typed values.
//!
//! [`SettingSources`] reads the sources, [`Settings`] and [`KeySettings`] parse them. The table of settings is the single
//! source of options, variables, config keys, help texts and defaults.

mod arguments;
mod definition;
mod effective_settings;
mod grant;
mod key;
mod origin;
mod server;
mod sources;
mod table;

use std::path::PathBuf;

use maskinporten_token_generator::{environment::Environment, grant::Grant, tokens::TokenEndpoint};

pub(crate) use self::{
    arguments::{ServeSettingArguments, SettingArguments},
    definition::{PROFILE, option, variable},
    effective_settings::{EffectiveSetting, MASK, Privacy, effective_settings},
    grant::IdentitySettings,
    key::{KeySettings, KeySource, Secret, SecretKind, SecretSource, Unlock, certificate_file},
    origin::{Layer, Origin, Setting},
    server::{CacheSettings, GivenAddresses, NetworkSettings},
    sources::SettingSources,
    table::{NAIS_VARIABLES, SETTINGS, is_command, is_path, known, paths},
};
use super::report::{Failure, Report};

/// The settings of a request for a token, except for the key.
#[derive(Debug, Clone)]
pub(crate) struct Settings {
    pub(crate) environment: Option<Setting<Environment>>,
    pub(crate) endpoint: TokenEndpoint,
    /// The grant. The metadata may replace its audience; the key decides what it leaves open.
    pub(crate) grant: Grant,
    /// Whether the settings name resources; otherwise they are the default of the scopes.
    pub(crate) names_resource: bool,
    pub(crate) network: NetworkSettings,
    pub(crate) cache: CacheSettings,
}

/// The settings of a request as far as they could be parsed.
pub(crate) struct ParsedSettings {
    pub(crate) identities: IdentitySettings,
    /// `None` if there is a failure, here or among the identities.
    pub(crate) settings: Option<Settings>,
    /// The failures of all other settings.
    pub(crate) failures: Vec<Failure>,
}

/// The failures of the settings that are parsed together.
#[derive(Default)]
struct Problems(Vec<Failure>);

impl Settings {
    /// Reads and parses the settings of a request and its key; fails with the first problem.
    pub(crate) fn load(
        arguments: SettingArguments,
        config: Option<PathBuf>,
        report: &Report,
    ) -> Result<(Self, KeySettings), Failure> {
        Self::from_sources(&mut SettingSources::load(arguments, config, report)?, report)
    }

    /// Parses the settings of a request and its key; fails with the first problem. The key's secrets are taken out of
    /// the sources, which commands keep while they wait for the server.
    pub(crate) fn from_sources(sources: &mut SettingSources, report: &Report) -> Result<(Self, KeySettings), Failure> {
        let settings = Self::parse(sources, report).into_result()?;
        let key = KeySettings::parse(sources)?;
        sources.erase_secrets();
        Ok((settings, key))
    }

    /// Parses the settings of a request, and collects every problem. The values of the environment are added to the
    /// sources.
    pub(crate) fn parse(sources: &mut SettingSources, report: &Report) -> ParsedSettings {
        let identities = IdentitySettings::parse(sources);
        let mut problems = Problems::default();
        let settings = Self::collect(sources, &identities, report, &mut problems);
        ParsedSettings { identities, settings, failures: problems.0 }
    }

    fn collect(
        sources: &mut SettingSources,
        identities: &IdentitySettings,
        report: &Report,
        problems: &mut Problems,
    ) -> Option<Self> {
        let no_empty_options = problems.keep(sources.refuse_empty_options());
        // It has values of its own: without it, what is missing is unknown.
        let environment = problems.keep(server::environment(sources, report))?;
        let network = NetworkSettings::collect(sources, problems);
        let name = environment.as_ref().map(|setting| setting.value);
        let addresses = server::addresses(sources);
        let audience = addresses.as_ref().map(|(audience, _)| audience.clone()).unwrap_or_default();
        let grant = grant::grant(sources, audience, name, identities, problems);
        let addresses = problems.keep(addresses);
        let cache = problems.keep(CacheSettings::parse(sources));
        no_empty_options?;
        Some(Self {
            environment,
            endpoint: addresses?.1,
            grant: grant?,
            names_resource: grant::names_resource(sources),
            network: network?,
            cache: cache?,
        })
    }
}

/// Adds the values of the environment to the sources, if one was given.
pub(crate) fn add_environment(sources: &mut SettingSources, report: &Report) -> Result<(), Failure> {
    if sources.find("env").is_some() {
        server::environment(sources, report)?;
    }
    Ok(())
}

impl ParsedSettings {
    /// Returns the settings, or the failure that a command ends with.
    fn into_result(self) -> Result<Settings, Failure> {
        self.settings.ok_or_else(|| {
            let mut failures = self.failures.into_iter().chain(self.identities.into_failures());
            failures.next().expect("settings are missing only if one of them could not be parsed")
        })
    }
}

impl Problems {
    /// Returns what was parsed, or keeps the failure.
    fn keep<T>(&mut self, parsed: Result<T, Failure>) -> Option<T> {
        parsed.map_err(|failure| self.0.push(failure)).ok()
    }

    /// Returns the failure that a command ends with.
    fn first(mut self) -> Failure {
        self.0.swap_remove(0)
    }
}
