//! Reads keys and secrets from the places that URIs name.

use std::{env, path::Path};

use maskinporten::{
    cache::KeyIdentity,
    file,
    key_services::{Fetched, KeyPlace, PlaceError, PlaceFacts},
    keystore::{KeyEncoding, KeyMaterial},
    secret_store::SecretEntry,
    text::shown_path,
};
use secrecy::ExposeSecret as _;
use zeroize::Zeroizing;

use super::{
    progress::Progress,
    report::{Exit, Failure, Report},
    settings::{ContentSettings, ContentSource, NamedPlace, Origin},
    shell,
};

/// The size limit of a key: that of a keystore with hundreds of certificates, in base64.
pub(super) const MAXIMUM_BYTES: u64 = 10 * 1024 * 1024;

/// The name of the program in the operating system's store of secrets.
const STORE_SERVICE: &str = "maskinporten";

impl NamedPlace {
    /// Whether reading the place runs nothing, asks nothing and sends nothing.
    pub(super) fn is_at_hand(&self) -> bool {
        matches!(self.place, KeyPlace::Variable(_) | KeyPlace::File(_))
    }

    /// Reads what the place holds.
    pub(crate) fn content(
        &self,
        origin: &Origin,
        limit: u64,
        stdin_is_taken: bool,
        report: &Report,
    ) -> Result<Zeroizing<Vec<u8>>, Failure> {
        match self.fetch(origin, limit, stdin_is_taken, report)? {
            Fetched::Content(content) if content.len() as u64 <= limit => Ok(content),
            Fetched::Content(_) => {
                Err(failure(origin, &format!("is longer than {limit} bytes"), "check what it names"))
            }
            Fetched::Key(_) => Err(failure(origin, "is a key that signs, not a secret", "name a secret")),
        }
    }

    pub(super) fn fetch(
        &self,
        origin: &Origin,
        limit: u64,
        stdin_is_taken: bool,
        report: &Report,
    ) -> Result<Fetched, Failure> {
        let content = match &self.place {
            KeyPlace::Variable(name) => variable(name, origin)?,
            KeyPlace::File(path) => {
                report.warn_of_unsafe_file("key file", path);
                file::read_or_stdin(Path::new(path), limit).map_err(|error| {
                    let why = format!("could not be read from `{}`: {error}", shown_path(path));
                    failure(origin, &why, "check the path and its permissions")
                })?
            }
            KeyPlace::Command(line) => shell::run(line, "key", stdin_is_taken, limit)
                .map_err(|why| failure(origin, &format!("runs a command that {why}"), "run the command by itself"))?,
            KeyPlace::Keyring(name) => keyring(name, origin)?,
            place => {
                let _progress = Progress::start(&format!("waiting for {}", self.shown()), report);
                return place.fetch_blocking(&self.access).map_err(|error| Failure::from(&error));
            }
        };
        Ok(Fetched::Content(content))
    }

    /// Whether the key is in a service or an agent, which can be asked about it.
    pub(crate) fn is_service(&self) -> bool {
        self.place.is_remote() || matches!(self.place, KeyPlace::SshAgent(_))
    }

    /// Fetches the key from a service, and asks about it and its caller.
    pub(crate) fn examine(&self) -> Result<(Fetched, Result<PlaceFacts, PlaceError>), Failure> {
        self.place.examine_blocking(&self.access).map_err(|error| Failure::from(&error))
    }
}

impl ContentSettings {
    /// Reads the key if that runs nothing, asks nothing and sends nothing, so that it can identify the key.
    pub(crate) fn at_hand(&self, origin: &Origin, report: &Report) -> Result<Zeroizing<Vec<u8>>, Failure> {
        match &self.from {
            ContentSource::Variable(text) => Ok(Zeroizing::new(text.expose_secret().as_bytes().to_vec())),
            ContentSource::Place(place) if place.is_at_hand() => place.content(origin, MAXIMUM_BYTES, false, report),
            ContentSource::Place(_) => Ok(Zeroizing::default()),
        }
    }

    /// Identifies the key: by its content, or by its place and what decides which service that is.
    pub(crate) fn identity(&self, content: &[u8]) -> KeyIdentity {
        let identity = match &self.from {
            ContentSource::Place(place) if !place.is_at_hand() => {
                let identity = KeyIdentity::new("key-from").label("place", &place.uri);
                let variables = place.place.deciding_variables().iter();
                let set = variables.filter_map(|name| Some((name, env::var(name).ok()?)));
                set.fold(identity, |identity, (name, value)| identity.label(name, &value))
            }
            _ => KeyIdentity::new("key-content").file(content),
        };
        self.alias.iter().fold(identity, |identity, alias| identity.label("alias", &alias.value))
    }
}

/// Reports with `-v` what was decoded; nothing of the content is shown.
pub(super) fn describe(material: &KeyMaterial, label: &str, report: &Report) {
    if material.decoded.is_empty() {
        return;
    }
    let layers = material.decoded.iter().map(|encoding| match encoding {
        KeyEncoding::Quotes => "quotes",
        KeyEncoding::Base64 => "base64",
        KeyEncoding::Der => "DER",
    });
    let layers = layers.collect::<Vec<_>>().join(", ");
    report.detail(&format!("{label}: found {} in {layers}", material.form));
}

fn variable(name: &str, origin: &Origin) -> Result<Zeroizing<Vec<u8>>, Failure> {
    match env::var(name).map(Zeroizing::new) {
        Ok(text) if !text.trim().is_empty() => Ok(Zeroizing::new(text.as_bytes().to_vec())),
        // The name is not shown: it may be the secret itself, given by mistake.
        Ok(_) | Err(env::VarError::NotPresent) => {
            Err(failure(origin, "names a variable that is not set", "set the variable, and export it"))
        }
        Err(env::VarError::NotUnicode(_)) => {
            Err(failure(origin, "names a variable that is not UTF-8", "store the key in base64"))
        }
    }
}

/// Reads `NAME` or `SERVICE/NAME` from the operating system's store of secrets.
fn keyring(name: &str, origin: &Origin) -> Result<Zeroizing<Vec<u8>>, Failure> {
    let (service, username) = name.split_once('/').unwrap_or((STORE_SERVICE, name));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| failure(origin, &format!("could not be read: {error}"), "try again"))?;
    let read = runtime.block_on(SecretEntry { service, username }.read());
    let hint = format!("store it: secret-tool store --label=key service {service} username {username} < FILE");
    read.map_err(|error| Failure::new(Exit::Key, &error))?
        .ok_or_else(|| failure(origin, "names an entry that the store of secrets does not have", &hint))
}

pub(super) fn failure(origin: &Origin, why: &str, hint: &str) -> Failure {
    Failure::plain(Exit::Key, "key_place", format!("{} {why}", origin.label), Some(hint.to_owned()))
}
