//! Where a password or PIN is kept, and how it opens a file.

use maskinporten::keystore::MAXIMUM_ITERATIONS;
use secrecy::SecretString;

use super::{
    Setting, SettingSources, definition,
    definition::ALTINN_PASSWORD,
    named_place::NamedPlace,
    origin::{Layer, Origin},
    server,
    sources::Found,
};
use crate::cli::report::Failure;

/// How a file with an encrypted key is opened.
#[derive(Debug, Clone)]
pub(crate) struct Unlock {
    pub(crate) password: Secret,
    pub(crate) maximum_iterations: u64,
}

/// A password or PIN that may be needed.
#[derive(Debug, Clone)]
pub(crate) struct Secret {
    pub(crate) kind: SecretKind,
    pub(crate) source: Setting<SecretSource>,
    /// Whether stdin holds the key, so that nothing else can be read from it.
    pub(crate) stdin_is_taken: bool,
}

/// What a secret is, and what it opens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SecretKind {
    KeystorePassword,
    KeyPassword,
    Pin,
    AltinnPassword,
}

/// Where a secret is kept.
#[derive(Debug, Clone)]
pub(crate) enum SecretSource {
    File(String),
    Variable(String),
    Command(String),
    Place(Box<NamedPlace>),
    Literal(SecretString),
    /// Nowhere: the user is asked.
    Prompt,
}

impl Unlock {
    /// Parses how the files that `keys list` names are opened.
    pub(crate) fn for_file(sources: &SettingSources, kind: SecretKind, file: &str) -> Result<Self, Failure> {
        let origin = Origin::new(Layer::Option, file);
        let password = Secret { stdin_is_taken: file == "-", ..Secret::from_sources(sources, kind, &origin)? };
        Ok(Self { password, maximum_iterations: maximum_iterations(sources)? })
    }

    pub(super) fn parse(sources: &SettingSources, kind: SecretKind, key: &Found) -> Result<Self, Failure> {
        Ok(Self { password: Secret::parse(sources, kind, key)?, maximum_iterations: maximum_iterations(sources)? })
    }
}

/// Parses the most key derivation iterations that opening a key may take.
pub(crate) fn maximum_iterations(sources: &SettingSources) -> Result<u64, Failure> {
    server::number(sources, "max-iterations", 1..=MAXIMUM_ITERATIONS)
}

impl SecretKind {
    /// The settings that say where it is: file, variable, command, and the secret itself.
    const fn settings(self) -> [&'static str; 4] {
        match self {
            Self::KeystorePassword | Self::KeyPassword => {
                ["keystore-password-file", "keystore-password-env", "keystore-password-command", "keystore-password"]
            }
            Self::Pin => ["pkcs11-pin-file", "pkcs11-pin-env", "pkcs11-pin-command", "pkcs11-pin"],
            Self::AltinnPassword => {
                ["altinn-password-file", "altinn-password-env", "altinn-password-command", ALTINN_PASSWORD]
            }
        }
    }

    /// Returns the setting for the place of the secret.
    const fn place(self) -> Option<&'static str> {
        match self {
            Self::KeystorePassword | Self::KeyPassword => Some("keystore-password-from"),
            Self::Pin | Self::AltinnPassword => None,
        }
    }

    /// Returns the option for a file with the secret.
    pub(crate) fn file_option(self) -> String {
        definition::option(self.settings()[0])
    }

    /// Returns the variable for the secret itself.
    pub(crate) fn variable(self) -> String {
        definition::variable(self.settings()[3])
    }
}

impl Secret {
    pub(super) fn parse(sources: &SettingSources, kind: SecretKind, key: &Found) -> Result<Self, Failure> {
        Ok(Self { stdin_is_taken: key.text() == "-", ..Self::from_sources(sources, kind, &key.origin)? })
    }

    /// Finds where the password of a user at Altinn is kept.
    pub(super) fn of_altinn_user(sources: &SettingSources, user: &Origin) -> Result<Self, Failure> {
        Self::from_sources(sources, SecretKind::AltinnPassword, user)
    }

    /// Finds where the secret of a key is kept. The simulator's password belongs to the simulator's keystore alone.
    fn from_sources(sources: &SettingSources, kind: SecretKind, key: &Origin) -> Result<Self, Failure> {
        let [file, variable, command, _] = kind.settings();
        let names: Vec<_> = kind.settings().into_iter().chain(kind.place()).collect();
        let found = sources.find_one_of(&names)?;
        let belongs = |found: &Found| found.origin.layer != Layer::Environment || key.layer == Layer::Environment;
        let source = match found.filter(belongs) {
            None => Setting { value: SecretSource::Prompt, origin: Origin::new(Layer::Default, "default") },
            Some(found) => found.setting(match found.name {
                name if name == file => SecretSource::File(found.text().to_owned()),
                name if name == variable => SecretSource::Variable(found.text().to_owned()),
                name if name == command => SecretSource::Command(found.text().to_owned()),
                name if Some(name) == kind.place() => {
                    SecretSource::Place(Box::new(NamedPlace::parse_for_secret(sources, &found)?))
                }
                _ => SecretSource::Literal(found.secret()),
            }),
        };
        Ok(Self { kind, source, stdin_is_taken: false })
    }
}
