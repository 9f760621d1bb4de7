//! The tests of this module, with a table of settings like that of the command line.

mod importing;
mod merging;
mod mutating;
mod reading;
mod searching;
mod writing;

use std::path::{Path, PathBuf};

use super::{ConfigFile, ConfigFileKind, KnownSetting, ProfileError, Profiles, SettingKind, SettingRole};
use crate::explain::Explain;

const ALTERNATIVES: &str = "keystore_password_file, or keystore_password_env";

pub(super) const KNOWN: &[KnownSetting] = &[
    KnownSetting::new("env", SettingKind::Text, "The installation of Maskinporten"),
    KnownSetting::new("audience", SettingKind::Text, "The issuer identifier").with(&[SettingRole::Address]),
    KnownSetting::new("token-endpoint", SettingKind::Text, "The token endpoint").with(&[SettingRole::Address]),
    KnownSetting::new("client-id", SettingKind::Text, "The client id"),
    KnownSetting::new("scope", SettingKind::List, "Scopes"),
    KnownSetting::new("resource", SettingKind::List, "Restrict the token to this resource"),
    KnownSetting::new("no-resource", SettingKind::Flag, "Leave `resource` out"),
    KnownSetting::new("consumer-org", SettingKind::Text, "The organisation that has delegated"),
    KnownSetting::new("ttl", SettingKind::Number, "The lifetime of the grant"),
    KnownSetting::new("authorization-details", SettingKind::Text, "A JSON array").with(&[SettingRole::PathAfterAt]),
    KnownSetting::new("keystore", SettingKind::Text, "The PKCS#12 keystore")
        .with(&[SettingRole::Path, SettingRole::KeySource]),
    KnownSetting::new("alias", SettingKind::Text, "The key to use"),
    KnownSetting::new("keystore-password-file", SettingKind::Text, "A file with the password")
        .with(&[SettingRole::Path]),
    KnownSetting::new("keystore-password-env", SettingKind::Text, "A variable with the password"),
    KnownSetting::new("keystore-password-command", SettingKind::Text, "A command").with(&[SettingRole::Command]),
    KnownSetting::new("keystore-password", SettingKind::Text, "The password")
        .with(&[SettingRole::Secret(ALTERNATIVES)]),
    KnownSetting::new("jwk", SettingKind::Text, "A JWK").with(&[SettingRole::Path, SettingRole::KeySource]),
    KnownSetting::new("certificate-thumbprint", SettingKind::Text, "A thumbprint").with(&[SettingRole::KeySource]),
    KnownSetting::new("kid", SettingKind::Text, "The key id"),
    KnownSetting::new("pid", SettingKind::Text, "The person"),
    KnownSetting::new("ca-file", SettingKind::Text, "Authorities to trust")
        .with(&[SettingRole::Path, SettingRole::Address]),
];

/// Parses a text as the user's file.
pub(super) fn user(text: &str) -> Result<ConfigFile, ProfileError> {
    ConfigFile::parse(text, Path::new("/home/ola/config.toml"), ConfigFileKind::User, KNOWN)
}

/// Parses a text as a project's file.
pub(super) fn project(text: &str) -> Result<ConfigFile, ProfileError> {
    ConfigFile::parse(text, Path::new("/project/maskinporten.toml"), ConfigFileKind::Project, KNOWN)
}

/// Returns the fault of a user's file, or of the first profile in it.
pub(super) fn fault(text: &str) -> ProfileError {
    let file = match user(text) {
        Err(error) => return error,
        Ok(file) => file,
    };
    let (name, _) = file.profiles().min_by_key(|(_, location)| location.line()).unwrap();
    let name = name.to_owned();
    Profiles::new(vec![file], KNOWN).profile(Some(&name)).unwrap_err()
}

/// Returns message and hint of an error, as they are shown.
pub(super) fn shown(error: &dyn Explain) -> String {
    format!("{error}\nhint: {}", error.hint().unwrap_or_default())
}

/// The samples in `testdata/config`.
pub(super) fn samples() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata").join("config")
}
