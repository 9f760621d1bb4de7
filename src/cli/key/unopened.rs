//! A key that has been found and not opened: nobody was asked for a password yet.

use maskinporten_token_generator::{
    cache::KeyIdentity,
    keystore::{KeyFileKind, SigningKey, read_key_file},
};
use zeroize::Zeroizing;

use super::{check_certificate, refuse_key_itself, source, the_source};
use crate::cli::{
    layers::{Found, Layers},
    report::{Failure, Report},
    settings::CLIENT_JWK,
};

/// Settings that say which key is taken out of what is there.
const CHOICES: [&str; 4] = ["alias", "kid", "pkcs11-token", "pkcs11-key"];

/// Where the key is, and what was read there.
pub(crate) struct Unopened {
    pub(crate) source: Found,
    /// The file's octets; empty when there is no file.
    pub(super) content: Zeroizing<Vec<u8>>,
}

impl Unopened {
    /// Finds the one place where the key is, and reads the file if it is in one.
    pub(crate) fn read(layers: &Layers) -> Result<Self, Failure> {
        let source = the_source(layers)?;
        refuse_key_itself(layers, &source)?;
        check_certificate(layers, &source)?;
        let content = match source.name {
            "keystore" => read_key_file(KeyFileKind::Keystore, source.value())?,
            "key" => read_key_file(KeyFileKind::Pem, source.value())?,
            "jwk" => read_key_file(KeyFileKind::Jwk, source.value())?,
            CLIENT_JWK => Zeroizing::new(source.value().as_bytes().to_vec()),
            _ => Zeroizing::default(),
        };
        Ok(Self { source, content })
    }

    /// What messages call it.
    pub(super) fn name(&self) -> &str {
        match self.source.value() {
            _ if self.source.name == CLIENT_JWK => &self.source.label,
            "-" => "stdin",
            path => path,
        }
    }

    /// What decides which key this is, without opening it.
    pub(crate) fn identity(&self, layers: &Layers) -> Result<KeyIdentity, Failure> {
        let identity = KeyIdentity::new(self.source.name);
        let identity = if self.content.is_empty() {
            identity.label(self.source.name, self.source.value())
        } else {
            identity.file(&self.content)
        };
        let chosen = CHOICES.into_iter().filter_map(|name| Some((name, layers.find(name)?)));
        let identity = chosen.fold(identity, |identity, (name, found)| identity.label(name, found.value()));
        // By its content: another certificate under the same name is that of another token.
        let Some(certificate) = layers.find("certificate") else { return Ok(identity) };
        Ok(identity.file(&read_key_file(KeyFileKind::Certificates, certificate.value())?))
    }

    /// Opens the key.
    pub(crate) fn open(&self, layers: &Layers, report: &Report) -> Result<SigningKey, Failure> {
        match self.source.name {
            "keystore" => {
                let alias = layers.find("alias");
                Ok(source::open_keystore(layers, self, report)?.choose(alias.as_ref().map(Found::value))?)
            }
            "key" => source::pem(layers, self, report),
            "certificate-thumbprint" => source::dotnet_store(&self.source),
            "pkcs11-module" => source::hardware(layers, &self.source, report),
            _ => source::jwk(layers, self),
        }
    }
}
