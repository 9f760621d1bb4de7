//! Which variables hold secrets, so that a program that is run does not get them.

use std::collections::BTreeSet;

use super::{
    arguments::RawValue,
    definition::SettingDefinition,
    sources::SettingSources,
    table::{self, FOREIGN_VARIABLES, SETTINGS},
    variables::named,
};

impl SettingSources {
    /// Returns the variables that hold secrets: those that are secrets themselves, and those that settings name.
    pub(crate) fn secret_variables(&self) -> BTreeSet<String> {
        let own = SETTINGS.iter().filter(|setting| setting.is_secret()).map(SettingDefinition::variable);
        let foreign =
            named(&FOREIGN_VARIABLES).filter(|(_, setting)| setting.is_secret()).map(|(variable, _)| variable);
        let naming = ["keystore-password-env", "pkcs11-pin-env", "altinn-password-env"];
        let raw = self.layers.iter().flat_map(|(_, raw)| raw);
        let texts =
            raw.filter_map(|raw| if let RawValue::Texts(texts) = &raw.value { Some((raw.name, texts)) } else { None });
        let texts = texts.flat_map(|(name, texts)| texts.iter().map(move |text| (name, text)));
        let named = texts.filter_map(|(name, text)| {
            if naming.contains(&name) {
                Some(text.as_str())
            } else {
                text.strip_prefix("env:").filter(|_| table::is_place(name))
            }
        });
        let named = named.filter(|name| !name.is_empty() && !name.contains(['=', '\0']));
        own.chain(foreign).chain(named.map(str::to_owned)).collect()
    }
}
