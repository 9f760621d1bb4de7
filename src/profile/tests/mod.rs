//! What is tried of this room, with a table of settings like the command line's.

mod importing;
mod merging;
mod mutating;
mod reading;
mod searching;
mod writing;

use std::path::{Path, PathBuf};

use super::{ConfigFile, FileKind, Kind, KnownSetting, ProfileError, Role};
use crate::explain::Explain;

const FILE: &str = "keystore_password_file, or keystore_password_env";

pub(super) const KNOWN: &[KnownSetting] = &[
    KnownSetting::new("env", Kind::Text, "The installation of Maskinporten"),
    KnownSetting::new("audience", Kind::Text, "The issuer identifier").with(&[Role::Address]),
    KnownSetting::new("token-endpoint", Kind::Text, "The token endpoint").with(&[Role::Address]),
    KnownSetting::new("client-id", Kind::Text, "The client id"),
    KnownSetting::new("scope", Kind::List, "Scopes"),
    KnownSetting::new("resource", Kind::List, "Restrict the token to this resource"),
    KnownSetting::new("no-resource", Kind::Flag, "Leave `resource` out"),
    KnownSetting::new("consumer-org", Kind::Text, "The organisation that has delegated"),
    KnownSetting::new("ttl", Kind::Number, "How long the grant is good"),
    KnownSetting::new("authorization-details", Kind::Text, "A JSON array").with(&[Role::PathAfterAt]),
    KnownSetting::new("keystore", Kind::Text, "The PKCS#12 keystore").with(&[Role::Path, Role::KeySource]),
    KnownSetting::new("alias", Kind::Text, "The key to use"),
    KnownSetting::new("keystore-password-file", Kind::Text, "A file with the password").with(&[Role::Path]),
    KnownSetting::new("keystore-password-env", Kind::Text, "A variable with the password"),
    KnownSetting::new("keystore-password-command", Kind::Text, "A command").with(&[Role::Command]),
    KnownSetting::new("keystore-password", Kind::Text, "The password").with(&[Role::Secret(FILE)]),
    KnownSetting::new("jwk", Kind::Text, "A JWK").with(&[Role::Path, Role::KeySource]),
    KnownSetting::new("certificate-thumbprint", Kind::Text, "A thumbprint").with(&[Role::KeySource]),
    KnownSetting::new("kid", Kind::Text, "The key id"),
    KnownSetting::new("ca-file", Kind::Text, "Authorities to trust").with(&[Role::Path, Role::Address]),
];

/// Reads a text as the user's file in `/etc/mp`.
pub(super) fn user(text: &str) -> Result<ConfigFile, ProfileError> {
    ConfigFile::parse(text, Path::new("/home/ola/config.toml"), FileKind::User, KNOWN)
}

/// Reads a text as a project's file.
pub(super) fn project(text: &str) -> Result<ConfigFile, ProfileError> {
    ConfigFile::parse(text, Path::new("/project/maskinporten.toml"), FileKind::Project, KNOWN)
}

/// Message and hint of an error, as they are shown.
pub(super) fn said(error: &dyn Explain) -> String {
    format!("{error}\nhint: {}", error.hint().unwrap_or_default())
}

/// The samples in `testdata/config`.
pub(super) fn samples() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata").join("config")
}
