//! The settings: options, variables, config files and defaults, parsed once into typed values.
//!
//! [`SettingSources`] reads the sources, [`Settings`] and [`KeySettings`] parse them. The table of settings is the single
//! source of options, variables, config keys, help texts and defaults.

mod admin;
mod altinn;
mod altinn_user;
mod arguments;
mod cleaning;
mod client_authentication;
mod config_files;
mod definition;
mod effective_settings;
mod file_reads;
mod grant;
mod key;
mod login;
mod named_place;
mod narrowed_arguments;
mod origin;
mod other_client;
mod person;
mod required;
mod secret;
mod secret_variables;
mod server;
mod sources;
mod table;
mod test_token;
mod variables;

use std::path::PathBuf;

use maskinporten::{
    altinn::AltinnExchange, client::RefusalFacts, environment::Environment, explain::Explain as _, grant::Grant,
    tokens::TokenEndpoint,
};

pub(crate) use self::{
    admin::{business_register, self_service},
    altinn::{headers as altinn_headers, is_exchanged, issuing_platform},
    altinn_user::{AltinnUserSettings, altinn2_headers, altinn2_portal},
    arguments::{ServeSettingArguments, SettingArguments},
    cleaning::clean,
    config_files::{ConfigFiles, client_of_profile},
    definition::{PROFILE, lenient_names, option, variable},
    effective_settings::{EffectiveSetting, MASK, Privacy, effective_settings},
    file_reads::limit_by_variable,
    grant::IdentitySettings,
    key::{ContentSettings, ContentSource, KeySettings, KeySource, certificate_file},
    login::PersonLoginSettings,
    named_place::NamedPlace,
    narrowed_arguments::{
        AdminSettingArguments, LoginSettingArguments, RegisterSettingArguments, VendorSettingArguments,
    },
    origin::{Layer, Origin, Setting},
    person::{PersonSettings, SessionClient, is_person, session_name},
    secret::{Secret, SecretKind, SecretSource, Unlock},
    server::{CacheSettings, GivenAddresses, NetworkSettings, named_issuer, named_platform},
    sources::SettingSources,
    table::{
        FOREIGN_VARIABLES, NAIS_VARIABLES, SETTINGS, is_command, is_option, is_path, known, leaves_grant_unchanged,
        paths,
    },
    test_token::TestTokenSettings,
};
use super::report::{Exit, Failure, Report};

/// The settings that the explanations of refusals name, by their options.
const NAMED_IN_REFUSALS: [(&str, &str); 11] = [
    ("--admin-url", "admin-url"),
    ("--altinn-env", "altinn-env"),
    ("--altinn-url", "altinn-url"),
    ("--client-id", "client-id"),
    ("--consumer-org", "consumer-org"),
    ("--env", "env"),
    ("--external-ref", "external-ref"),
    ("--kid", "kid"),
    ("--resource", "resource"),
    ("--system-user", "system-user"),
    ("--token-endpoint", "token-endpoint"),
];

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
    /// The exchange of every token at Altinn, if there is one.
    pub(crate) altinn: Option<AltinnExchange>,
    /// Where the values came from that a refusal may be about.
    pub(crate) origins: RefusalFacts,
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
    /// Reads and parses the settings of a request and its key.
    pub(crate) fn load(
        arguments: SettingArguments,
        config: Option<PathBuf>,
        report: &Report,
    ) -> Result<(Self, KeySettings), Failure> {
        Self::from_sources(&mut SettingSources::load(arguments, config, report)?, report)
    }

    /// Parses the settings of a request and its key; fails with everything that is missing, or else the first problem. The
    /// key's secrets are taken out of the sources, which commands keep while they wait for the server.
    pub(crate) fn from_sources(sources: &mut SettingSources, report: &Report) -> Result<(Self, KeySettings), Failure> {
        test_token::refuse(sources)?;
        person::refuse(sources)?;
        let settings = Self::parse(sources, report).into_result();
        let settings = settings.and_then(|settings| Ok((settings, KeySettings::parse(sources)?)));
        let settings = settings.map_err(|failure| {
            if failure.code() == "missing" { missing(sources).unwrap_or(failure) } else { failure }
        })?;
        sources.erase_secrets();
        Ok(settings)
    }

    /// Parses the settings of a request, and collects every problem. The values of the environment are added to the
    /// sources.
    pub(crate) fn parse(sources: &mut SettingSources, report: &Report) -> ParsedSettings {
        let identities = IdentitySettings::parse(sources);
        let mut problems = Problems::default();
        let settings = Self::collect(sources, &identities, report, &mut problems);
        if problems.0.iter().any(|failure| failure.code() == "missing") {
            problems.0.retain(|failure| failure.code() != "missing");
            problems.0.extend(server::missing(sources).into_iter().chain(grant::missing(sources)));
        }
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
        let altinn = addresses.as_ref().map(|(_, endpoint)| altinn::exchange(sources, name, endpoint));
        let altinn = altinn.map(|parsed| problems.keep(parsed));
        no_empty_options?;
        Some(Self {
            environment,
            endpoint: addresses?.1,
            grant: grant?,
            names_resource: grant::names_resource(sources),
            network: network?,
            cache: cache?,
            altinn: altinn??,
            origins: origins(sources),
        })
    }
}

/// Makes one failure of all settings that are missing.
fn missing(sources: &SettingSources) -> Option<Failure> {
    let missing = server::missing(sources).into_iter().chain(grant::missing(sources)).chain(key::missing(sources));
    let mut missing: Vec<Failure> = missing.collect();
    if missing.len() < 2 {
        return missing.pop();
    }
    let causes = missing.iter().map(|failure| {
        let (message, _, hint) = failure.parts();
        format!("{message}: {}", hint.unwrap_or_default())
    });
    let hint = match &sources.profile {
        _ if sources.is_legacy => "--help beside other options lists them all".to_owned(),
        Some(name) => format!("pass them as options, or add them to the profile `{name}`"),
        None if !sources.profiles.is_empty() => {
            format!("pass --profile NAME for one of the profiles: {}", sources.profiles.join(", "))
        }
        None => "answer questions about them, and write a profile: maskinporten config init".to_owned(),
    };
    let message = format!("{} settings are missing", missing.len());
    Some(Failure::plain(Exit::Configuration, "missing", message, Some(hint)).caused_by(causes))
}

/// Returns where the values came from that a refusal may be about, by option.
fn origins(sources: &SettingSources) -> RefusalFacts {
    let mut origins = RefusalFacts::default();
    for (option, name) in NAMED_IN_REFUSALS {
        let given = sources.find(name).filter(|found| found.origin.layer < Layer::Environment);
        origins.set(option, given.map(|found| found.origin.label).as_deref());
    }
    origins
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
