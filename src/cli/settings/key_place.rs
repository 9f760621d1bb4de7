//! A key or password that is not in a file: in a variable, or at the place that a URI names.

use maskinporten_token_generator::key_services::{KeyPlace, Pkcs11Place, ServiceAccess};
use secrecy::SecretString;

use super::{
    SettingSources,
    key::{KeySource, Secret, SecretKind, SecretSource, Unlock},
    origin::Setting,
    server::NetworkSettings,
    sources::Found,
};
use crate::cli::report::Failure;

/// A key whose content decides what kind of key it is.
#[derive(Debug, Clone)]
pub(crate) struct ContentSettings {
    pub(crate) from: ContentSource,
    pub(crate) alias: Option<Setting<String>>,
    pub(crate) certificate: Option<String>,
    pub(crate) unlock: Unlock,
}

/// Where such a key is.
#[derive(Debug, Clone)]
pub(crate) enum ContentSource {
    Variable(SecretString),
    Place(NamedPlace),
}

/// A place, and how its service is reached.
#[derive(Debug, Clone)]
pub(crate) struct NamedPlace {
    pub(crate) place: KeyPlace,
    /// The URI as it was given.
    pub(crate) uri: String,
    pub(crate) access: ServiceAccess,
}

impl ContentSettings {
    pub(super) fn parse(sources: &SettingSources, found: &Found, from: ContentSource) -> Result<Self, Failure> {
        Ok(Self {
            from,
            alias: sources.find("alias").map(|found| found.setting(found.text().to_owned())),
            certificate: super::certificate_file(sources),
            unlock: Unlock::parse(sources, SecretKind::KeystorePassword, found)?,
        })
    }
}

impl NamedPlace {
    /// Parses a URI. A command may hold a secret, so messages name the setting and not the URI.
    pub(super) fn parse(sources: &SettingSources, found: &Found) -> Result<Self, Failure> {
        let place = found.parse(str::parse::<KeyPlace>)?.value;
        let NetworkSettings { http, retry_policy } = NetworkSettings::parse(sources)?;
        let access = ServiceAccess { http, timeout: retry_policy.timeout };
        Ok(Self { place, uri: found.text().to_owned(), access })
    }

    /// Parses the URI of a secret, which a key that signs elsewhere is not.
    pub(super) fn parse_for_secret(sources: &SettingSources, found: &Found) -> Result<Self, Failure> {
        let named = Self::parse(sources, found)?;
        if named.place.signs() {
            let message = format!("{} names a key that signs, not a secret", found.origin.label);
            return Err(found.failure(
                "key_place",
                message,
                "name a secret, such as env:NAME or vault://MOUNT/PATH#FIELD",
            ));
        }
        Ok(named)
    }

    /// Returns what messages call the place: the URI, unless it holds a command.
    pub(crate) fn shown(&self) -> &str {
        if let KeyPlace::Command(_) = self.place { "command:…" } else { &self.uri }
    }
}

/// Parses `key_from`.
pub(super) fn key_from(sources: &SettingSources, found: &Found) -> Result<KeySource, Failure> {
    let named = NamedPlace::parse(sources, found)?;
    match named.place {
        KeyPlace::Pkcs11(place) => hardware(sources, found, place),
        _ => Ok(KeySource::Content(ContentSettings::parse(sources, found, ContentSource::Place(named))?)),
    }
}

/// Makes the settings of a hardware token from a `pkcs11:` URI; the options fill what it leaves out.
fn hardware(sources: &SettingSources, found: &Found, place: Pkcs11Place) -> Result<KeySource, Failure> {
    let or = |part: Option<String>, name, hint| match part {
        Some(text) => Ok(text),
        None => sources.require(name, hint).map(|found| found.text().to_owned()),
    };
    let mut pin = Secret::parse(sources, SecretKind::Pin, found)?;
    if let (Some(file), SecretSource::Prompt) = (place.pin_file, &pin.source.value) {
        pin.source = found.setting(SecretSource::File(file));
    }
    Ok(KeySource::Pkcs11 {
        module: or(place.module, "pkcs11-module", "add ?module-path=FILE to the URI, or pass --pkcs11-module FILE")?,
        token: or(place.token, "pkcs11-token", "add token=LABEL to the URI, or pass --pkcs11-token LABEL")?,
        key: or(place.object, "pkcs11-key", "add object=LABEL to the URI, or pass --pkcs11-key LABEL")?,
        certificate: super::certificate_file(sources),
        pin,
    })
}
