//! A config file of a user or a project, and the profiles in it.

use std::path::Path;

use maskinporten::profile::{ConfigFile, ConfigFileKind, KnownSetting, Profiles, SettingKind, SettingRole};

use super::properties::{Secrets, check_error, check_text};

/// Settings like those of the command line, with each type and role.
pub const KNOWN: &[KnownSetting] = &[
    KnownSetting::new("env", SettingKind::Text, "The environment"),
    KnownSetting::new("audience", SettingKind::Text, "The issuer").with(&[SettingRole::Address]),
    KnownSetting::new("token-endpoint", SettingKind::Text, "The token endpoint").with(&[SettingRole::Address]),
    KnownSetting::new("client-id", SettingKind::Text, "The client id"),
    KnownSetting::new("scope", SettingKind::List, "Scopes"),
    KnownSetting::new("resource", SettingKind::List, "Resources"),
    KnownSetting::new("no-resource", SettingKind::Flag, "No resource"),
    KnownSetting::new("consumer-org", SettingKind::Text, "The consumer"),
    KnownSetting::new("ttl", SettingKind::Number, "The lifetime"),
    KnownSetting::new("authorization-details", SettingKind::Text, "JSON").with(&[SettingRole::PathAfterAt]),
    KnownSetting::new("keystore", SettingKind::Text, "A keystore").with(&[SettingRole::Path, SettingRole::KeySource]),
    KnownSetting::new("alias", SettingKind::Text, "An alias"),
    KnownSetting::new("keystore-password-file", SettingKind::Text, "A file").with(&[SettingRole::Path]),
    KnownSetting::new("keystore-password-env", SettingKind::Text, "A variable"),
    KnownSetting::new(COMMAND, SettingKind::Text, "A command").with(&[SettingRole::Command]),
    KnownSetting::new("keystore-password", SettingKind::Text, "The password")
        .with(&[SettingRole::Secret("keystore_password_file")]),
    KnownSetting::new("jwk", SettingKind::Text, "A JWK").with(&[SettingRole::Path, SettingRole::KeySource]),
    KnownSetting::new("certificate-thumbprint", SettingKind::Text, "A thumbprint").with(&[SettingRole::KeySource]),
    KnownSetting::new("kid", SettingKind::Text, "The key id"),
    KnownSetting::new("ca-file", SettingKind::Text, "Authorities").with(&[SettingRole::Path, SettingRole::Address]),
];

const COMMAND: &str = "keystore-password-command";

pub fn run(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    // As the lines of a correct file have it; elsewhere the same text need not be a secret.
    let secret = text.lines().filter_map(|line| line.split_once('='));
    let secret = secret.filter(|(key, _)| key.trim() == "keystore_password").map(|(_, value)| value.trim());
    let secrets = Secrets::new(&text, secret.map(|value| value.trim_matches(['"', '\''])));
    for (path, kind) in
        [("/home/ola/config.toml", ConfigFileKind::User), ("/project/maskinporten.toml", ConfigFileKind::Project)]
    {
        match ConfigFile::parse(&text, Path::new(path), kind, KNOWN) {
            Ok(file) => check_profiles(&Profiles::new(vec![file], KNOWN), kind, &secrets),
            Err(error) => check_error(&error, &secrets),
        }
    }
}

fn check_profiles(profiles: &Profiles, kind: ConfigFileKind, secrets: &Secrets) {
    secrets.are_not_in(&format!("{profiles:?}"));
    for warning in profiles.warnings() {
        check_text(&format!("{warning}; {}", warning.hint()), secrets);
    }
    let names = profiles.names().into_iter().map(Some).chain([None, Some("absent")]);
    for name in names {
        match profiles.profile(name) {
            Ok(None) => {}
            Ok(Some(profile)) => {
                secrets.are_not_in(&format!("{profile:?}"));
                let has_command = profile.value(COMMAND).is_some();
                assert!(kind == ConfigFileKind::User || !has_command, "a project file names a command");
            }
            Err(error) => check_error(&error, secrets),
        }
    }
}
