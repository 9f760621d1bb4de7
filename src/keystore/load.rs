//! Loads a [`SigningKey`] in one call, for services whose password is in their configuration.

use std::path::Path;

use secrecy::SecretString;

use super::{
    CertificateFile, DEFAULT_ITERATIONS, JwkFile, KeyChoice, KeystoreError, KeystoreFile, PemErrorKind, PemFile,
    SigningKey,
};

/// The name in errors of a key that was given as bytes.
const IN_MEMORY: &str = "(in memory)";

impl SigningKey {
    /// Loads the key and certificates of a PKCS#12 file (`.p12`, `.pfx`).
    ///
    /// Opening may take [`DEFAULT_ITERATIONS`] of key derivation. Use [`KeystoreFile`] for another limit, or to choose
    /// one of several keys.
    ///
    /// # Errors
    /// [`KeystoreError::Unreadable`] if the file cannot be read, [`KeystoreError::Unopened`] if it is not a keystore,
    /// the password is wrong, or it does not have exactly one key that may sign.
    ///
    /// # Examples
    /// ```
    /// use maskinporten::keystore::{SignatureAlgorithm, SigningKey};
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let key = SigningKey::from_pkcs12_file("testdata/modern.p12", &"secret".into())?;
    ///
    /// assert_eq!(key.kind(), "RSA with 2048 bits");
    /// assert_eq!(key.sign(SignatureAlgorithm::Rs256, b"message")?.len(), 256);
    /// # Ok(())
    /// # }
    /// ```
    pub fn from_pkcs12_file(path: impl AsRef<Path>, password: &SecretString) -> Result<Self, KeystoreError> {
        let file = KeystoreFile::read(path.as_ref(), DEFAULT_ITERATIONS)?;
        file.open_for(password, &KeyChoice::default())?.choose(None)
    }

    /// Loads the key and certificates of a PKCS#12 keystore in memory.
    ///
    /// # Errors
    /// As [`SigningKey::from_pkcs12_file`], but never [`KeystoreError::Unreadable`].
    ///
    /// # Examples
    /// ```
    /// use maskinporten::{explain::Explain, keystore::SigningKey};
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let bytes = std::fs::read("testdata/modern.p12")?;
    ///
    /// assert_eq!(SigningKey::from_pkcs12(&bytes, &"secret".into())?.certificates().len(), 3);
    /// assert_eq!(SigningKey::from_pkcs12(&bytes, &"wrong".into()).unwrap_err().code(), "keystore_password");
    /// # Ok(())
    /// # }
    /// ```
    pub fn from_pkcs12(bytes: impl AsRef<[u8]>, password: &SecretString) -> Result<Self, KeystoreError> {
        let file = KeystoreFile::parse(IN_MEMORY, bytes.as_ref(), DEFAULT_ITERATIONS)?;
        file.open_for(password, &KeyChoice::default())?.choose(None)
    }

    /// Loads the key of a private JWK (RFC 7517), with its `kid`, `alg` and `x5c`.
    ///
    /// A JWK set must have exactly one key that may sign. Use [`JwkFile`] to choose a key by its id.
    ///
    /// # Errors
    /// [`KeystoreError::Jwk`] if it is not a private JWK, or its members do not form a key that can sign.
    ///
    /// # Examples
    /// ```
    /// use maskinporten::keystore::SigningKey;
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let key = SigningKey::from_jwk(std::fs::read("testdata/jwk/rsa.json")?)?;
    ///
    /// assert!(key.key_id().is_some());
    /// # Ok(())
    /// # }
    /// ```
    pub fn from_jwk(json: impl AsRef<[u8]>) -> Result<Self, KeystoreError> {
        JwkFile::parse(IN_MEMORY, json)?.choose(None)
    }

    /// Loads an unencrypted private key in PEM, with certificates in the same or a separate text.
    ///
    /// The certificates may be in any order. Use [`PemFile`] for an encrypted key.
    ///
    /// # Errors
    /// [`KeystoreError::Pem`] if the text does not have exactly one private key, the key is encrypted or cannot sign, or
    /// no certificate beside it belongs to it; [`KeystoreError::Certificates`] if none of `certificates` does.
    ///
    /// # Examples
    /// ```
    /// use maskinporten::keystore::SigningKey;
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let (key, chain) = (std::fs::read("testdata/keys/enterprise-key.pem")?, std::fs::read("testdata/pem/shuffled.pem")?);
    ///
    /// assert_eq!(SigningKey::from_pem(&key, Some(&chain))?.certificates().len(), 3);
    /// assert!(SigningKey::from_pem(&key, None)?.certificates().is_empty());
    /// # Ok(())
    /// # }
    /// ```
    pub fn from_pem(key: impl AsRef<[u8]>, certificates: Option<&[u8]>) -> Result<Self, KeystoreError> {
        let file = PemFile::parse(IN_MEMORY, key.as_ref(), DEFAULT_ITERATIONS)?;
        if file.needs_password() {
            return Err(KeystoreError::Pem { name: IN_MEMORY.to_owned(), source: PemErrorKind::NeedsPassword });
        }
        let password = SecretString::default();
        match certificates {
            Some(certificates) => file.open_with(&password, &CertificateFile::parse(IN_MEMORY, certificates)?),
            None => file.open(&password),
        }
    }
}
