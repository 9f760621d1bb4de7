//! Opens a key whose content decides what kind of key it is.

use std::borrow::Cow;

use maskinporten::{
    key_services::Fetched,
    keystore::{JwkFile, KeyChoice, KeyForm, KeyMaterial, PemFile, SigningKey},
};

use super::{
    located_key::LocatedKey,
    places::{MAXIMUM_BYTES, describe, failure},
    report::Failure,
    settings::{ContentSettings, ContentSource},
    unlock::unlock_pem,
};

impl LocatedKey {
    /// Opens a key whose content decides what kind of key it is.
    pub(super) fn open_content(&self, settings: &ContentSettings, computing: &dyn Fn()) -> Result<SigningKey, Failure> {
        let origin = &self.settings.source.origin;
        let content = match &settings.from {
            ContentSource::Place(place) if !place.is_at_hand() => {
                match place.fetch(origin, MAXIMUM_BYTES, false, &self.report)? {
                    Fetched::Content(content) => Cow::Owned(content),
                    Fetched::Key(key) => {
                        computing();
                        return self.certified(key);
                    }
                }
            }
            _ => Cow::Borrowed(&self.content),
        };
        let Some(material) = KeyMaterial::recognise(&content) else {
            let hint = "store a JWK, a PEM key or a PKCS#12 keystore there, as it is or in base64";
            return Err(failure(origin, "does not hold a key in a known format", hint));
        };
        describe(&material, self.name(), &self.report);
        match material.form {
            KeyForm::Pkcs12 => {
                let alias = settings.alias.as_ref().map(|alias| alias.value.as_str());
                let choice = KeyChoice { alias, certificate: None, uses_certificates: self.settings.uses_certificates };
                let keystore = self.open_keystore_in(&material.content, &settings.unlock, Some(&choice), computing)?;
                Ok(keystore.choose(alias)?)
            }
            KeyForm::Jwk => {
                let file = JwkFile::parse(self.name(), &*material.content)?;
                computing();
                self.certified(file.choose(self.settings.key_id.as_deref())?)
            }
            KeyForm::Pem | KeyForm::Certificate => {
                let pem = PemFile::parse(self.name(), &material.content, settings.unlock.maximum_iterations)?;
                let certificates = self.certificates()?;
                unlock_pem(
                    &pem,
                    certificates.as_ref(),
                    &settings.unlock,
                    self.name(),
                    &self.answers,
                    &self.report,
                    computing,
                )
            }
        }
    }
}
