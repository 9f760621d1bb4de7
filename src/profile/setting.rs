//! What the caller says of each setting: its name, what it holds, and what is special about it.

/// A setting that a profile may hold.
#[derive(Debug, Clone, Copy)]
pub struct KnownSetting {
    /// The name as an option has it, with hyphens: `client-id`.
    pub name: &'static str,
    /// What it holds.
    pub kind: Kind,
    /// What is special about it.
    pub roles: &'static [Role],
    /// What it is, in one sentence: the comment beside it in a file that is written.
    pub help: &'static str,
}

/// What a setting holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// One text.
    Text,
    /// Texts: an array, or one text.
    List,
    /// Yes or no.
    Flag,
    /// A whole number, or a text such as `2m`.
    Number,
}

/// What is special about a setting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// It names a file: relative to the config file, `~/` is the home folder, `-` is stdin.
    Path,
    /// It names a file when it starts with `@`.
    PathAfterAt,
    /// It names a command to run. A project file may not.
    Command,
    /// It says where the signing key is. A profile has one of these.
    KeySource,
    /// It is a secret, which does not belong in a config file. The text says what to use instead.
    Secret(&'static str),
    /// It decides where a signed grant is sent, or whom the connection trusts.
    Address,
}

impl KnownSetting {
    /// A setting that has nothing special about it.
    #[must_use]
    pub const fn new(name: &'static str, kind: Kind, help: &'static str) -> Self {
        Self { name, kind, roles: &[], help }
    }

    /// The same setting, with these roles.
    #[must_use]
    pub const fn with(self, roles: &'static [Role]) -> Self {
        Self { roles, ..self }
    }

    /// The name as a config file has it, with underscores: `client_id`.
    #[must_use]
    pub fn key(&self) -> String {
        key(self.name)
    }

    pub(super) fn is(&self, role: Role) -> bool {
        self.roles.contains(&role)
    }

    /// What to use instead of it, when it is a secret.
    pub(super) fn instead(&self) -> Option<&'static str> {
        self.roles.iter().find_map(|role| if let Role::Secret(instead) = role { Some(*instead) } else { None })
    }
}

/// A setting's name as a config file has it.
pub(super) fn key(name: &str) -> String {
    name.replace('-', "_")
}

/// Finds a setting by its name, with hyphens.
pub(super) fn find<'a>(known: &'a [KnownSetting], name: &str) -> Option<&'a KnownSetting> {
    known.iter().find(|setting| setting.name == name)
}
