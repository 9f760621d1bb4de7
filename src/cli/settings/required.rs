//! The failure that a setting is missing, which names the ways to give it.

use std::env;

use super::{SettingSources, definition, sources::Found, table::NAIS_VARIABLES};
use crate::cli::report::{Exit, Failure};

impl SettingSources {
    /// Finds a setting that a request needs; `hint` is how to pass it as an option.
    pub(super) fn require(&self, name: &'static str, hint: &str) -> Result<Found<'_>, Failure> {
        self.find(name).ok_or_else(|| self.missing(&[name], &name.replace('-', " "), hint))
    }

    /// Makes the failure that none of these settings was given. `hint` is how to pass the first as an option.
    pub(super) fn missing(&self, names: &[&'static str], noun: &str, hint: &str) -> Failure {
        let failure = |empty: &str, hint: String| {
            Failure::plain(Exit::Configuration, "missing", format!("no {noun} was given{empty}"), Some(hint))
        };
        if self.is_legacy {
            return failure("", hint.to_owned());
        }
        let empty = empty_variable(names).map(|variable| format!(": {variable} is set but empty")).unwrap_or_default();
        failure(&empty, format!("{hint}, or set {}", definition::variable(names[0])))
    }
}

/// Finds a variable of these settings that is set and has no value, as a CI system sets it for a secret that the job may
/// not see.
fn empty_variable(names: &[&'static str]) -> Option<String> {
    let nais = NAIS_VARIABLES.iter().filter(|(_, name)| names.contains(name));
    let nais = nais.map(|(variable, _)| (*variable).to_owned());
    let mut variables = names.iter().map(|name| definition::variable(name)).chain(nais);
    let is_blank = |character: char| character.is_whitespace() || "\"'".contains(character);
    variables.find(|variable| env::var(variable).is_ok_and(|value| value.trim_matches(is_blank).is_empty()))
}
