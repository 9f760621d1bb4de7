//! Reads the settings that are variables: our own, those of NAIS, and those of other programs.

use std::env;

use zeroize::Zeroizing;

use super::{
    arguments::{RawSetting, RawValue},
    definition::SettingDefinition,
    table::{self, NAIS_VARIABLES, SETTINGS},
};
use crate::cli::report::{Exit, Failure, Report};

/// Reads the variables of the settings.
pub(super) fn variables(is_used: fn(&SettingDefinition) -> bool, report: &Report) -> Result<Vec<RawSetting>, Failure> {
    let own = SETTINGS.iter().map(|setting| (setting.variable(), setting));
    read_variables(own.chain(named(&NAIS_VARIABLES)).filter(|(_, setting)| is_used(setting)), report)
}

/// Returns the settings that these variables stand for.
pub(super) fn named(variables: &'static [(&str, &str)]) -> impl Iterator<Item = (String, &'static SettingDefinition)> {
    variables.iter().filter_map(|(variable, name)| Some(((*variable).to_owned(), table::find(name)?)))
}

/// Reads variables. An empty variable counts as unset.
pub(super) fn read_variables(
    variables: impl Iterator<Item = (String, &'static SettingDefinition)>,
    report: &Report,
) -> Result<Vec<RawSetting>, Failure> {
    let set = variables.filter_map(|(variable, setting)| {
        let value = env::var_os(&variable).filter(|value| !value.is_empty())?;
        Some(match value.into_string().map(Zeroizing::new) {
            Ok(text) => Ok(RawSetting { name: setting.name, value: RawValue::new(setting, &text), label: variable }),
            Err(_) => Err(not_utf8(&variable)),
        })
    });
    let cleaned = set.map(|raw| raw.map(|raw| raw.cleaned(report)));
    cleaned.filter(|raw| raw.as_ref().is_ok_and(|raw| !raw.is_empty()) || raw.is_err()).collect()
}

/// A value that is not UTF-8 is an error, since a changed value would be another one.
fn not_utf8(variable: &str) -> Failure {
    let hint = "set it in a UTF-8 locale, or put the value in a UTF-8 file".to_owned();
    Failure::plain(Exit::Configuration, "variable", format!("the variable {variable} is not UTF-8"), Some(hint))
}
