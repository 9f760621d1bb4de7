//! The settings that a profile may hold, as the caller describes them: name, type, and roles.

use crate::text::may_be_key;

/// A setting that a profile may hold.
#[derive(Debug, Clone, Copy)]
pub struct KnownSetting {
    /// Its name as an option, with hyphens: `client-id`.
    pub name: &'static str,
    /// The type of its value.
    pub kind: SettingKind,
    /// Its roles.
    pub roles: &'static [SettingRole],
    /// Its description in one sentence, which becomes the comment above it in a file that is written.
    pub help: &'static str,
}

/// The type of a setting's value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SettingKind {
    /// A string.
    Text,
    /// An array of strings, or one string.
    List,
    /// True or false.
    Flag,
    /// An integer, or a string such as `2m`.
    Number,
}

/// A role of a setting, which implies rules for its value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SettingRole {
    /// It names a file: relative to the config file, `~/` is the home folder, `-` is stdin.
    Path,
    /// It names a file when it starts with `@`.
    PathAfterAt,
    /// It is the URI of a place where a key or password is. A project file may only name a variable or a file.
    Place,
    /// It names a command to run. A project file may not set it.
    Command,
    /// It locates the signing key. A profile has one of these.
    KeySource,
    /// It is a secret, which does not belong in a config file. The text names the alternatives.
    Secret(&'static str),
    /// It decides where a signed grant is sent, or which servers are trusted.
    Address,
}

impl KnownSetting {
    /// Creates a setting without roles.
    #[must_use]
    pub const fn new(name: &'static str, kind: SettingKind, help: &'static str) -> Self {
        Self { name, kind, roles: &[], help }
    }

    /// Returns the same setting with these roles.
    #[must_use]
    pub const fn with(self, roles: &'static [SettingRole]) -> Self {
        Self { roles, ..self }
    }

    /// Returns its name as a key of a config file, with underscores: `client_id`.
    #[must_use]
    pub fn key(&self) -> String {
        key(self.name)
    }

    /// Whether it has a role.
    #[must_use]
    pub fn has(&self, role: SettingRole) -> bool {
        self.roles.contains(&role)
    }

    /// Returns what to use instead of a setting that is a secret.
    pub(super) fn alternative(&self) -> Option<&'static str> {
        self.roles.iter().find_map(|role| if let SettingRole::Secret(other) = role { Some(*other) } else { None })
    }

    /// Returns whether a value is a private key instead of the name of a file: PEM in any setting; JSON, base64 and the
    /// like in one that locates a key.
    pub(super) fn is_private_key(&self, value: &str) -> bool {
        let value = value.trim_start();
        (value.contains("-----BEGIN") && value.contains("PRIVATE KEY"))
            || (self.has(SettingRole::KeySource) && may_be_key(value))
    }
}

/// Returns the key of a config file for a setting's name.
pub(super) fn key(name: &str) -> String {
    name.replace('-', "_")
}

/// Finds a setting by its name, with hyphens.
pub(super) fn find<'a>(known: &'a [KnownSetting], name: &str) -> Option<&'a KnownSetting> {
    known.iter().find(|setting| setting.name == name)
}
