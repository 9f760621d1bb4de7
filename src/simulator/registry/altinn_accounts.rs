//! Altinn's users, API keys and service owners in `clients.json`.

use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;

use super::Orgno;

/// Altinn's accounts.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct AltinnAccounts {
    pub(crate) api_keys: Vec<StoredSecret>,
    pub(crate) users: Vec<AltinnUser>,
    pub(crate) service_owners: Vec<ServiceOwner>,
}

/// A user with a password.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct AltinnUser {
    pub(crate) user_name: String,
    pub(crate) password: StoredSecret,
    /// The organisation of an enterprise user.
    #[serde(default)]
    pub(crate) orgno: Option<Orgno>,
}

/// An organisation that owns services in Altinn.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ServiceOwner {
    /// The short name.
    pub(crate) org: String,
    pub(crate) orgno: Orgno,
}

/// A password or an API key.
#[derive(Debug, Clone, Deserialize)]
#[serde(from = "String")]
pub(crate) struct StoredSecret(SecretString);

impl StoredSecret {
    /// Whether the text is this secret, in a time that depends on its length only.
    pub(crate) fn is(&self, text: &str) -> bool {
        let own = self.0.expose_secret().as_bytes();
        own.len() == text.len() && openssl::memcmp::eq(own, text.as_bytes())
    }
}

impl From<String> for StoredSecret {
    fn from(text: String) -> Self {
        Self(text.into())
    }
}

impl AltinnAccounts {
    /// Returns the user with this name and password.
    pub(crate) fn user(&self, user_name: &str, password: &str) -> Option<&AltinnUser> {
        self.users.iter().find(|user| user.user_name == user_name && user.password.is(password))
    }
}
