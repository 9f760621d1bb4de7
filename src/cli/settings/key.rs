//! The key: where it is, and which of several it is.

use std::path::Path;

use maskinporten::{
    key_services::{KeyPlace, Pkcs11Place},
    keystore::CertificateThumbprint,
    text::may_be_key,
};
use secrecy::SecretString;

use super::{
    Setting, SettingSources,
    definition::CLIENT_JWK,
    named_place::NamedPlace,
    origin::Layer,
    secret::{Secret, SecretKind, SecretSource, Unlock},
    sources::Found,
};
use crate::cli::report::Failure;

/// The key that signs.
#[derive(Debug, Clone)]
pub(crate) struct KeySettings {
    pub(crate) source: Setting<KeySource>,
    /// The key id that chooses a key from a JWK set.
    pub(crate) key_id: Option<String>,
    /// Whether the certificates of the key are used; with a key id they are not.
    pub(crate) uses_certificates: bool,
}

/// Where the key is. A file named `-` is stdin.
#[derive(Debug, Clone)]
pub(crate) enum KeySource {
    Pkcs12 {
        file: String,
        alias: Option<Setting<String>>,
        /// The certificate that chooses the key.
        thumbprint: Option<Setting<CertificateThumbprint>>,
        unlock: Unlock,
    },
    Jwk {
        file: String,
    },
    /// The JSON of a JWK, from a variable.
    ClientJwk(SecretString),
    Pem {
        file: String,
        certificate: Option<String>,
        unlock: Unlock,
    },
    /// A certificate in .NET's store of this user.
    DotnetStore {
        thumbprint: CertificateThumbprint,
        text: String,
    },
    Pkcs11 {
        module: String,
        token: String,
        key: String,
        certificate: Option<String>,
        pin: Secret,
    },
    /// A key in a variable or at a place, whose content decides what it is.
    Content(ContentSettings),
}

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

/// The settings that name a key; they exclude each other, except that a thumbprint chooses from a keystore.
const SOURCES: [&str; 9] =
    ["keystore", "jwk", CLIENT_JWK, "key", THUMBPRINT, "pkcs11-module", "key-from", "keystore-base64", "key-pem"];

const THUMBPRINT: &str = "certificate-thumbprint";

impl KeySettings {
    /// Parses the settings of the key. Nothing is read or asked for yet.
    pub(crate) fn parse(sources: &SettingSources) -> Result<Self, Failure> {
        let chosen = keystore_with_thumbprint(sources);
        let (found, thumbprint) = match chosen {
            Some((keystore, thumbprint)) => (Some(keystore), Some(thumbprint)),
            None => (sources.find_one_of(&SOURCES)?, None),
        };
        let Some(found) = found else { return Err(no_key(sources)) };
        refuse_key_itself(sources, &found)?;
        refuse_certificate(sources, &found)?;
        let file = || found.text().to_owned();
        let source = match found.name {
            "keystore" => {
                let unlock = Unlock::parse(sources, SecretKind::KeystorePassword, &found)?;
                let thumbprint = thumbprint.map(|found| found.parse(CertificateThumbprint::parse)).transpose()?;
                KeySource::Pkcs12 { file: file(), alias: alias(sources), thumbprint, unlock }
            }
            "key" => {
                let unlock = Unlock::parse(sources, SecretKind::KeyPassword, &found)?;
                KeySource::Pem { file: file(), certificate: certificate_file(sources), unlock }
            }
            "jwk" => KeySource::Jwk { file: file() },
            THUMBPRINT => {
                let thumbprint = found.parse(CertificateThumbprint::parse)?.value;
                KeySource::DotnetStore { thumbprint, text: file() }
            }
            "pkcs11-module" => KeySource::Pkcs11 {
                module: file(),
                token: sources.require("pkcs11-token", "pass --pkcs11-token LABEL")?.text().to_owned(),
                key: sources.require("pkcs11-key", "pass --pkcs11-key LABEL")?.text().to_owned(),
                certificate: certificate_file(sources),
                pin: Secret::parse(sources, SecretKind::Pin, &found)?,
            },
            "key-from" => key_from(sources, &found)?,
            "keystore-base64" | "key-pem" => {
                KeySource::Content(ContentSettings::parse(sources, &found, ContentSource::Variable(found.secret()))?)
            }
            CLIENT_JWK => KeySource::ClientJwk(found.secret()),
            name => unreachable!("{name} is not in SOURCES"),
        };
        let is_id = |found: &Found| found.name == "kid" && found.text() != "thumbprint";
        let uses_certificates = !sources.find_group(&["kid", "x5c"]).iter().any(is_id);
        let key_id = sources.find("kid").map(|found| found.text().to_owned()).filter(|id| id != "thumbprint");
        Ok(Self { source: found.setting(source), key_id, uses_certificates })
    }
}

/// Returns the failure that there is no key.
pub(super) fn missing(sources: &SettingSources) -> Option<Failure> {
    sources.find_group(&SOURCES).is_empty().then(|| no_key(sources))
}

fn no_key(sources: &SettingSources) -> Failure {
    if sources.is_legacy {
        return sources.missing(&SOURCES, "key", "pass --keystore FILE, --jwk FILE or --certificate-thumbprint HEX");
    }
    let failure = sources.missing(&SOURCES, "keystore", "pass --keystore FILE");
    let others = "--jwk, --key, --certificate-thumbprint and --pkcs11-module name other kinds of keys";
    let hint = format!("{}; {others}", failure.parts().2.unwrap_or_default());
    failure.advising(hint)
}

/// Finds a keystore and the thumbprint of the certificate to use from it.
///
/// A thumbprint names a certificate in .NET's store only if no keystore is given. One that is overridden by a keystore
/// in a stronger layer has no effect, and the keystore of an environment belongs to that environment alone.
fn keystore_with_thumbprint(sources: &SettingSources) -> Option<(Found<'_>, Found<'_>)> {
    let thumbprint = sources.find(THUMBPRINT)?;
    let others: Vec<_> = SOURCES.into_iter().filter(|name| *name != THUMBPRINT).collect();
    let mut files = sources.find_group(&others);
    let keystore = files.pop().filter(|found| files.is_empty() && found.name == "keystore")?;
    let applies = thumbprint.origin.layer <= keystore.origin.layer && keystore.origin.layer != Layer::Environment;
    applies.then_some((keystore, thumbprint))
}

/// Refuses a key where a file name belongs: it would be printed in the error that there is no such file.
fn refuse_key_itself(sources: &SettingSources, source: &Found) -> Result<(), Failure> {
    let certificate = sources.find("certificate");
    let is_key = |text: &str| may_be_key(text) && !Path::new(text).exists();
    let Some(found) = [source].into_iter().chain(&certificate).find(|found| is_key(found.text())) else {
        return Ok(());
    };
    let message = format!("{} holds a key or certificate itself, not the name of a file", found.origin.label);
    let hint = "put it in a file that only you may read, and name that; a JWK can be in MASKINPORTEN_CLIENT_JWK";
    Err(found.failure("plain_key", message, hint))
}

/// Refuses a certificate beside a key that has its own: only PEM keys and hardware tokens take one.
fn refuse_certificate(sources: &SettingSources, source: &Found) -> Result<(), Failure> {
    let Some(certificate) = sources.find("certificate") else { return Ok(()) };
    if ["key", "key-from", "key-pem", "pkcs11-module"].contains(&source.name)
        || certificate.origin.layer > source.origin.layer
    {
        return Ok(());
    }
    let (own, other) = (&certificate.origin.label, &source.origin.label);
    let message = format!("{own} goes with --key, --key-from or --pkcs11-module, not with {other}");
    Err(certificate.failure("conflict", message, "leave it out"))
}

impl ContentSettings {
    fn parse(sources: &SettingSources, found: &Found, from: ContentSource) -> Result<Self, Failure> {
        Ok(Self {
            from,
            alias: alias(sources),
            certificate: certificate_file(sources),
            unlock: Unlock::parse(sources, SecretKind::KeystorePassword, found)?,
        })
    }
}

/// Parses `key_from`.
fn key_from(sources: &SettingSources, found: &Found) -> Result<KeySource, Failure> {
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
        certificate: certificate_file(sources),
        pin,
    })
}

/// Finds the alias that chooses a key from a keystore.
fn alias(sources: &SettingSources) -> Option<Setting<String>> {
    sources.find("alias").map(|found| found.setting(found.text().to_owned()))
}

/// Finds the certificate file that goes with a key.
pub(crate) fn certificate_file(sources: &SettingSources) -> Option<String> {
    sources.find("certificate").map(|found| found.text().to_owned())
}
