//! Where a value comes from: option, variable, then the environment's own default. The first that has it counts.

use std::{env, fmt};

use maskinporten_token_generator::environment::{Environment, LocalEnvironment};

use super::{
    dropin,
    settings::{self, SETTINGS, Setting, Typed},
};

/// Where a value stood.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Origin {
    /// On the command line.
    Option,
    /// On the command line of the original tool.
    Original,
    /// In a variable.
    Variable,
    /// It belongs to the environment.
    Environment(Environment),
}

/// A value, its name, and where it stood.
#[derive(Clone)]
pub(crate) struct Found {
    pub(crate) name: &'static str,
    pub(crate) values: Vec<String>,
    pub(crate) origin: Origin,
}

/// The values of one origin.
struct Layer {
    origin: Origin,
    values: Vec<(&'static str, Vec<String>)>,
}

/// All layers, the strongest first.
pub(crate) struct Layers(Vec<Layer>);

impl Found {
    /// The only value, or the last one where a setting was given more than once.
    pub(crate) fn value(&self) -> &str {
        self.values.last().map(String::as_str).unwrap_or_default()
    }

    /// The setting as its user knows it: `--ttl`, `MASKINPORTEN_TTL`.
    pub(crate) fn label(&self) -> String {
        label(self.name, self.origin)
    }
}

impl fmt::Debug for Found {
    /// Shows no value: some are passwords.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Found({})", self.label())
    }
}

impl Layers {
    /// What was typed, and the variables. A variable that is empty counts as none.
    pub(crate) fn of(typed: Typed) -> Self {
        Self::with_variables(Origin::Option, typed, |_| true)
    }

    /// What was typed to the original tool. It knows no variables, so none may shape its grant; only how a key is
    /// opened and a server reached may come from them.
    pub(crate) fn of_original(typed: Typed) -> Self {
        Self::with_variables(Origin::Original, typed, Setting::shapes_no_grant)
    }

    fn with_variables(origin: Origin, typed: Typed, counts: impl Fn(&Setting) -> bool) -> Self {
        let variables = SETTINGS.iter().filter(|setting| counts(setting)).filter_map(|setting| {
            let value = env::var(setting.variable()).ok().filter(|value| !value.is_empty())?;
            Some((setting.name, vec![value]))
        });
        Self(vec![Layer { origin, values: typed.0 }, Layer { origin: Origin::Variable, values: variables.collect() }])
    }

    /// Adds what belongs to an environment that is always in the same place.
    pub(crate) fn add_environment(&mut self, environment: Environment) {
        let values = environment.addresses().map(|addresses| {
            vec![("audience", vec![addresses.issuer]), ("token-endpoint", vec![addresses.token_endpoint])]
        });
        self.0.push(Layer { origin: Origin::Environment(environment), values: values.unwrap_or_default() });
    }

    /// Adds what the simulator offers.
    pub(crate) fn add_local(&mut self, local: LocalEnvironment) {
        let path = |path: std::path::PathBuf| vec![path.display().to_string()];
        let mut values = vec![
            ("audience", vec![local.issuer]),
            ("token-endpoint", vec![local.token_endpoint]),
            ("client-id", vec![local.client_id]),
            ("scope", vec![local.scope]),
            ("keystore", path(local.keystore)),
            ("keystore-password-file", path(local.keystore_password_file)),
        ];
        values.extend(local.ca_file.map(|file| ("ca-file", path(file))));
        self.0.push(Layer { origin: Origin::Environment(Environment::Local), values });
    }

    /// The strongest value of a setting.
    pub(crate) fn find(&self, name: &'static str) -> Option<Found> {
        self.0.iter().find_map(|layer| layer.find(name))
    }

    /// The values of settings that exclude each other: all that stand in the strongest layer that has any.
    pub(crate) fn find_group(&self, names: &[&'static str]) -> Vec<Found> {
        let in_layer = |layer: &Layer| names.iter().filter_map(|name| layer.find(name)).collect::<Vec<_>>();
        self.0.iter().map(in_layer).find(|found| !found.is_empty()).unwrap_or_default()
    }
}

impl Layer {
    fn find(&self, name: &'static str) -> Option<Found> {
        let (_, values) = self.values.iter().find(|(own, _)| *own == name)?;
        Some(Found { name, values: values.clone(), origin: self.origin })
    }
}

/// A setting as its user knows it, by where it was set.
fn label(name: &str, origin: Origin) -> String {
    match origin {
        Origin::Option => settings::option(name),
        Origin::Original => dropin::option(name),
        Origin::Variable => settings::variable(name),
        Origin::Environment(environment) => format!("{environment}'s {name}"),
    }
}
