//! The settings in effect, as `config show` and `check` print them.

use maskinporten::{profile::SettingRole, text::may_be_key};

use super::{SettingSources, definition::SettingDefinition, sources::Found, table::SETTINGS};

/// Replaces a secret.
pub(crate) const MASK: &str = "********";

/// A setting that has a value.
pub(crate) struct EffectiveSetting {
    /// The name as config files spell it: `client_id`.
    pub(crate) name: String,
    /// The value; a secret is masked.
    pub(crate) value: String,
    /// Where it came from.
    pub(crate) from: String,
    pub(crate) privacy: Privacy,
}

/// How much of a value a report shows that may be pasted where help is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Privacy {
    Public,
    /// Identifies a person, or is a command, which may hold anything.
    Masked,
    /// A claim or a parameter, which may hold anything.
    Omitted,
}

/// Lists every setting that has a value, in the order of `--help`.
pub(crate) fn effective_settings(sources: &SettingSources) -> Vec<EffectiveSetting> {
    let rows = SETTINGS.iter().filter_map(|setting| {
        let (value, from) = match sources.find(setting.name) {
            Some(found) if setting.is_secret() => (MASK.to_owned(), found.origin.label),
            // It would be a key on the screen, or in a report that is pasted where help is asked for.
            Some(found) if is_key_in_place_of_path(setting, &found) => (MASK.to_owned(), found.origin.label),
            Some(found) => (found.texts().join(" "), found.origin.label),
            None => (setting.default?.to_owned(), "default".to_owned()),
        };
        // A command may hold anything.
        let is_command_place = setting.is(SettingRole::Place) && value.starts_with("command:");
        let privacy = match setting.name {
            "pid"
            | "consent-from"
            | "altinn-user"
            | "keystore-password-command"
            | "pkcs11-pin-command"
            | "altinn-password-command" => Privacy::Masked,
            _ if is_command_place => Privacy::Masked,
            "claim" | "claim-json" | "token-request-param" => Privacy::Omitted,
            _ => Privacy::Public,
        };
        Some(EffectiveSetting { name: setting.name.replace('-', "_"), value, from, privacy })
    });
    rows.collect()
}

fn is_key_in_place_of_path(setting: &SettingDefinition, found: &Found<'_>) -> bool {
    let is_path = setting.is(SettingRole::Path) || setting.is(SettingRole::PathAfterAt);
    let is_details = |text: &str| !text.starts_with('@') && setting.is(SettingRole::PathAfterAt);
    is_path && found.texts().iter().any(|text| !is_details(text) && may_be_key(text.trim_start_matches('@')))
}
