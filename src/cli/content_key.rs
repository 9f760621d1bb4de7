//! Opens a key whose content decides what kind of key it is.

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
        match &settings.from {
            ContentSource::Place(place) if !place.is_at_hand() => {
                let fetched = place.fetch(&self.settings.source.origin, MAXIMUM_BYTES, false, &self.report)?;
                self.open_fetched(settings, fetched, computing)
            }
            _ => self.open_bytes(settings, &self.content, computing),
        }
    }

    /// Opens a key that was fetched from its place.
    pub(crate) fn open_fetched(
        &self,
        settings: &ContentSettings,
        fetched: Fetched,
        computing: &dyn Fn(),
    ) -> Result<SigningKey, Failure> {
        match fetched {
            Fetched::Content(content) => self.open_bytes(settings, &content, computing),
            Fetched::Key(key) => {
                computing();
                self.certified(key)
            }
        }
    }

    fn open_bytes(
        &self,
        settings: &ContentSettings,
        content: &[u8],
        computing: &dyn Fn(),
    ) -> Result<SigningKey, Failure> {
        let origin = &self.settings.source.origin;
        let Some(material) = KeyMaterial::recognise(content) else {
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
