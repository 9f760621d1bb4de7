//! Where a value comes from: option, variable, the project's file, the user's file, then the environment's own
//! default. The first that has it counts.

use std::{env, fmt, path::PathBuf, sync::Arc};

use maskinporten_token_generator::{
    environment::{Environment, LocalEnvironment},
    profile::{ConfigFileKind as FileKind, ConfigSearch as Search, ProfileHeader as Header},
};

use super::{
    dropin,
    prompt::Answers,
    report::{Exit, Failure, Report},
    settings::{self, PROFILE, SETTINGS, Setting, Typed},
};

/// Variables that NAIS gives an application, beside those that are spelt as the settings are
/// (<https://docs.nais.io/auth/maskinporten/reference/>).
pub(crate) const NAIS_VARIABLES: [(&str, &str); 4] = [
    ("MASKINPORTEN_CLIENT_JWK", settings::CLIENT_JWK),
    ("MASKINPORTEN_SCOPES", "scope"),
    ("MASKINPORTEN_WELL_KNOWN_URL", "discover"),
    ("MASKINPORTEN_ISSUER", "audience"),
];

/// Where a value stood.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Origin {
    /// On the command line.
    Option,
    /// In a variable.
    Variable,
    /// In the project's config file, which came with the folder.
    Project,
    /// In the user's own config file.
    User,
    /// It belongs to the environment.
    Environment,
}

/// A value, and where it stood.
#[derive(Clone)]
pub(crate) struct Found {
    pub(crate) name: &'static str,
    pub(crate) values: Vec<String>,
    pub(crate) origin: Origin,
    /// The setting as its user knows it: `--ttl`, `MASKINPORTEN_TTL`.
    pub(crate) label: String,
    /// The layer it stood in; a lower number is stronger.
    pub(crate) rank: usize,
}

/// The values of one origin.
#[derive(Clone)]
struct Layer {
    origin: Origin,
    values: Vec<Value>,
}

#[derive(Clone)]
struct Value {
    name: &'static str,
    values: Vec<String>,
    label: String,
}

/// All layers, the strongest first.
#[derive(Clone)]
pub(crate) struct Layers {
    stack: Vec<Layer>,
    /// The headers of the profile, for requests to an API.
    pub(crate) headers: Vec<Header>,
    /// The profile, when there is one.
    pub(crate) profile: Option<String>,
    /// Answers that a person gave before.
    pub(crate) answers: Arc<Answers>,
}

impl Found {
    /// The only value, or the last one where a setting was given more than once.
    pub(crate) fn value(&self) -> &str {
        self.values.last().map(String::as_str).unwrap_or_default()
    }
}

impl fmt::Debug for Found {
    /// Shows no value: some are passwords.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Found({})", self.label)
    }
}

impl Layers {
    /// What was typed, the variables, and the profile that they or the config files name.
    ///
    /// A variable that is empty counts as none. One that is not UTF-8 is a failure: what it says cannot be what was
    /// meant.
    pub(crate) fn of(typed: Typed, config: Option<PathBuf>, report: &Report) -> Result<Self, Failure> {
        let own = vec![options(typed, settings::option), variables(|_| true)?];
        let mut layers = Self { stack: own, headers: Vec::new(), profile: None, answers: Arc::default() };
        layers.add_profile(config, report)?;
        Ok(layers)
    }

    /// What was typed to the original tool. It knows no variables, so none may shape its grant; only how a key is
    /// opened and a server reached may come from them.
    pub(crate) fn of_original(typed: Typed) -> Result<Self, Failure> {
        let stack = vec![options(typed, dropin::option), variables(Setting::shapes_no_grant)?];
        Ok(Self { stack, headers: Vec::new(), profile: None, answers: Arc::default() })
    }

    /// The same, with answers that are kept for another time.
    pub(crate) fn with_answers(self, answers: Arc<Answers>) -> Self {
        Self { answers, ..self }
    }

    /// Adds the profile, the project's values before the user's.
    ///
    /// The simulator brings everything itself, so with `--env local` a profile counts only when it is asked for.
    fn add_profile(&mut self, config: Option<PathBuf>, report: &Report) -> Result<(), Failure> {
        let asked = self.find(PROFILE);
        let local = self.find("env").is_some_and(|found| found.value() == Environment::Local.name());
        if local && asked.is_none() {
            return Ok(());
        }
        let profiles = Search::usual(config).read(&settings::known())?;
        report.warn_of(profiles.warnings());
        let Some(profile) = profiles.profile(asked.as_ref().map(Found::value))? else { return Ok(()) };
        report.warn_of(&profile.warnings);
        report.detail(&format!("using the profile {}", profile.name));
        for (kind, origin) in [(FileKind::Project, Origin::Project), (FileKind::User, Origin::User)] {
            let own = profile.values.iter().filter(|(_, value)| value.kind() == kind).map(|(name, value)| Value {
                name,
                values: value.values().to_vec(),
                label: format!("{} in {}", name.replace('-', "_"), value.location()),
            });
            self.stack.push(Layer { origin, values: own.collect() });
        }
        self.headers = profile.headers;
        self.profile = Some(profile.name);
        Ok(())
    }

    /// Adds what belongs to an environment that is always in the same place.
    pub(crate) fn add_environment(&mut self, environment: Environment) {
        let values = environment
            .addresses()
            .map(|addresses| vec![("audience", addresses.issuer), ("token-endpoint", addresses.token_endpoint)]);
        self.add_defaults(environment, values.unwrap_or_default());
    }

    /// Adds what the simulator offers.
    pub(crate) fn add_local(&mut self, local: LocalEnvironment) {
        let mut values = vec![
            ("audience", local.issuer),
            ("token-endpoint", local.token_endpoint),
            ("client-id", local.client_id),
            ("scope", local.scope),
            ("keystore", local.keystore.display().to_string()),
            ("keystore-password-file", local.keystore_password_file.display().to_string()),
        ];
        values.extend(local.ca_file.map(|file| ("ca-file", file.display().to_string())));
        self.add_defaults(Environment::Local, values);
    }

    fn add_defaults(&mut self, environment: Environment, values: Vec<(&'static str, String)>) {
        let values = values.into_iter().map(|(name, value)| Value {
            name,
            values: vec![value],
            label: format!("{environment}'s {name}"),
        });
        self.stack.push(Layer { origin: Origin::Environment, values: values.collect() });
    }

    /// An option that was typed without a value, other than a password.
    pub(crate) fn empty_option(&self) -> Option<&str> {
        let typed = self.stack.iter().filter(|layer| layer.origin == Origin::Option).flat_map(|layer| &layer.values);
        let empty = |value: &&Value| value.values.iter().any(|text| text.trim().is_empty());
        typed.filter(empty).find(|value| value.name != "keystore-password").map(|value| value.label.as_str())
    }

    /// The strongest value of a setting.
    pub(crate) fn find(&self, name: &'static str) -> Option<Found> {
        self.find_group(&[name]).into_iter().next()
    }

    /// Every value of a setting, also of layers that do not count.
    pub(crate) fn find_all(&self, name: &str) -> impl Iterator<Item = String> {
        let values = self.stack.iter().flat_map(|layer| &layer.values).filter(move |value| value.name == name);
        values.flat_map(|value| value.values.iter().cloned())
    }

    /// Whether a setting that counts reads stdin.
    pub(crate) fn takes_stdin(&self) -> bool {
        let files = SETTINGS.iter().filter(|setting| settings::is_path(setting.name));
        files.filter_map(|setting| self.find(setting.name)).any(|found| found.value() == "-")
    }

    /// The values of settings that exclude each other: all that stand in the strongest layer that has any.
    pub(crate) fn find_group(&self, names: &[&'static str]) -> Vec<Found> {
        let in_layer =
            |(rank, layer): (usize, &Layer)| names.iter().filter_map(|name| layer.find(name, rank)).collect::<Vec<_>>();
        self.stack.iter().enumerate().map(in_layer).find(|found| !found.is_empty()).unwrap_or_default()
    }
}

impl Layer {
    fn find(&self, name: &'static str, rank: usize) -> Option<Found> {
        let Value { values, label, .. } = self.values.iter().find(|value| value.name == name)?;
        Some(Found { name, values: values.clone(), origin: self.origin, label: label.clone(), rank })
    }
}

fn options(typed: Typed, label: fn(&str) -> String) -> Layer {
    let values = typed.0.into_iter().map(|(name, values)| Value { name, values, label: label(name) });
    Layer { origin: Origin::Option, values: values.collect() }
}

fn variables(counts: impl Fn(&Setting) -> bool) -> Result<Layer, Failure> {
    let own = SETTINGS.iter().map(|setting| (setting.variable(), setting));
    let nais = NAIS_VARIABLES.iter().filter_map(|(variable, name)| {
        Some(((*variable).to_owned(), SETTINGS.iter().find(|setting| setting.name == *name)?))
    });
    let set = own.chain(nais).filter(|(_, setting)| counts(setting)).filter_map(|(variable, setting)| {
        let value = env::var_os(&variable).filter(|value| !value.is_empty())?;
        let value = value.into_string().map_err(|_| not_utf8(&variable));
        Some(value.map(|value| Value { name: setting.name, values: vec![value], label: variable }))
    });
    Ok(Layer { origin: Origin::Variable, values: set.collect::<Result<_, _>>()? })
}

fn not_utf8(variable: &str) -> Failure {
    let hint = "set it in a UTF-8 locale, or put the value in a UTF-8 file".to_owned();
    Failure::plain(Exit::Configuration, "variable", format!("the variable {variable} is not UTF-8"), Some(hint))
}
