//! Config files that are read once, for one profile or many.

use std::{path::PathBuf, sync::OnceLock};

use maskinporten::{
    environment::LocalEnvironment,
    profile::{ConfigFileKind, ConfigSearch, Profile, Profiles},
};

use super::{
    arguments::{RawSetting, RawValue},
    table,
};
use crate::cli::report::{Exit, Failure, Report};

/// The config files, which are read when the first profile is looked for.
pub(crate) struct ConfigFiles {
    named: Option<PathBuf>,
    profiles: OnceLock<Profiles>,
}

impl ConfigFiles {
    /// `named` is the file that the user named; no other file is read then.
    pub(crate) fn new(named: Option<PathBuf>) -> Self {
        Self { named, profiles: OnceLock::new() }
    }

    /// Returns the profiles in the files, and warns of problems of the files.
    pub(crate) fn profiles(&self, report: &Report) -> Result<&Profiles, Failure> {
        if let Some(profiles) = self.profiles.get() {
            return Ok(profiles);
        }
        let profiles = ConfigSearch::usual(self.named.clone()).read(&table::known())?;
        report.warn_of(profiles.warnings());
        Ok(self.profiles.get_or_init(|| profiles))
    }
}

/// Returns the client id in a profile; `None` if there is no profile with this name.
pub(crate) fn client_of_profile(
    name: &str,
    config: Option<PathBuf>,
    report: &Report,
) -> Result<Option<String>, Failure> {
    let files = ConfigFiles::new(config);
    let profiles = files.profiles(report)?;
    if !profiles.names().contains(name) {
        return Ok(None);
    }
    let profile = profiles.profile(Some(name))?;
    let id = profile.as_ref().and_then(|profile| profile.value("client-id")?.values().last().cloned());
    id.map(Some).ok_or_else(|| {
        let message = format!("the profile `{name}` has no client id");
        let hint = "pass the id of the client in place of the profile".to_owned();
        Failure::plain(Exit::Configuration, "profile", message, Some(hint))
    })
}

/// Returns the values of a profile that are from one of its files.
pub(super) fn values_in_file(profile: &Profile, kind: ConfigFileKind) -> Vec<RawSetting> {
    let own = profile.values.iter().filter(|(_, value)| value.kind() == kind);
    let raw = own.filter_map(|(name, value)| {
        let setting = table::find(name)?;
        let label = format!("{} in {}", name.replace('-', "_"), value.location());
        let value = match value.values() {
            [secret] if setting.is_secret() => RawValue::new(setting, secret),
            texts => RawValue::Texts(texts.to_vec()),
        };
        Some(RawSetting { name, value, label })
    });
    raw.collect()
}

/// Returns the settings that every client of the running simulator has.
pub(super) fn of_simulator(local: &LocalEnvironment) -> Vec<(&'static str, String)> {
    let mut values = vec![
        ("keystore", local.keystore.display().to_string()),
        ("keystore-password-file", local.keystore_password_file.display().to_string()),
    ];
    values.extend(local.admin_url.clone().map(|url| ("admin-url", url)));
    values.extend(local.business_register_url.clone().map(|url| ("register-url", url)));
    values.extend(local.altinn_url.clone().map(|url| ("altinn-url", url)));
    values.extend(local.ca_file.as_ref().map(|file| ("ca-file", file.display().to_string())));
    values
}
