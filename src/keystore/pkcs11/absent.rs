//! Replaces hardware tokens in a build without the feature `pkcs11`: the same names, but connecting is always an error.

use std::path::Path;

use secrecy::SecretString;

use crate::keystore::{HardwareErrorKind, KeystoreError, PinTries, SigningKey};

/// A hardware token, which this build does not support.
#[derive(Debug)]
pub struct HardwareToken(Never);

#[derive(Debug)]
enum Never {}

impl HardwareToken {
    /// Returns an error: this build does not support tokens.
    ///
    /// # Errors
    /// [`HardwareErrorKind::NotBuilt`], always.
    pub fn connect(_module: &Path, label: &str) -> Result<Self, KeystoreError> {
        Err(KeystoreError::Hardware { name: label.to_owned(), source: HardwareErrorKind::NotBuilt })
    }

    /// Cannot be called, because there is no token.
    #[must_use]
    pub fn needs_pin(&self) -> bool {
        match self.0 {}
    }

    /// Cannot be called, because there is no token.
    #[must_use]
    pub fn tries(&self) -> PinTries {
        match self.0 {}
    }

    /// Cannot be called, because there is no token.
    ///
    /// # Errors
    /// None, because it cannot be called.
    pub fn open(self, _key: &str, _pin: Option<&SecretString>) -> Result<SigningKey, KeystoreError> {
        match self.0 {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::explain::Explain as _;

    #[test]
    fn a_build_without_tokens_names_the_feature_to_build_with() {
        let error = HardwareToken::connect(Path::new("/usr/lib/softhsm/libsofthsm2.so"), "token").unwrap_err();

        assert_eq!(error.to_string(), "could not use a key in the hardware token `token`");
        assert_eq!(error.code(), "hardware_not_built");
        assert!(error.hint().unwrap().ends_with("cargo install --path ."));
    }
}
