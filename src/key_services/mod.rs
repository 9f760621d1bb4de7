//! Keys that are not in a file: where they are, how they are fetched, and how they sign there.
//!
//! A [`KeyPlace`] is parsed from a URI such as `vault://secret/maskinporten#jwk`. Fetching it gives the content of a key
//! file, or a key that signs in the service. Each service is in a file of its own, and needs the feature
//! `key-services`.
//!
//! # Security
//! A private key that was fetched is erased like one from a file, and is never stored. Of a key that signs in the service,
//! only digests are sent, and every signature is verified with its public key ([`SigningKey::remote`]).

mod access;
mod agent_error;
mod answer;
mod aws;
mod azure;
mod error;
mod google;
mod oauth;
mod part;
mod pkcs11_uri;
mod place;
mod program;
mod service;
mod ssh_agent;
mod vault;

use chrono::{DateTime, Utc};
use zeroize::Zeroizing;

pub use self::{
    access::ServiceAccess,
    agent_error::AgentError,
    aws::{AwsKind, AwsPlace},
    azure::{AzureKind, AzurePlace},
    error::{FaultKind, PlaceError, Reason},
    google::GooglePlace,
    part::PartFault,
    pkcs11_uri::Pkcs11Place,
    place::{KeyPlace, PlaceSyntaxError},
    service::KeyService,
    vault::VaultPlace,
};
use crate::keystore::SigningKey;

/// What a place gives.
#[derive(Debug)]
pub enum Fetched {
    /// A key as a file holds it: JSON, PEM, DER, or base64 of one of them.
    Content(Zeroizing<Vec<u8>>),
    /// A key that signs in the service, with the certificates that the service has for it.
    Key(SigningKey),
}

/// What a service reports about a key and its caller, for `check`.
#[derive(Debug, Clone, Default)]
pub struct PlaceFacts {
    /// Where the key is: the address, and the version in use.
    pub location: String,
    /// Our identity in the service, and how we authenticated.
    pub identity: Option<String>,
    /// Our permissions for the key.
    pub permissions: Vec<String>,
    /// When the service will no longer return the key or sign with it.
    pub expires_at: Option<DateTime<Utc>>,
}

/// A key, and what its service reports about it.
pub type Examined = (Fetched, Result<PlaceFacts, PlaceError>);

impl KeyPlace {
    /// Fetches the key, or prepares it to sign there.
    ///
    /// # Errors
    /// [`PlaceError`] with the service's own reason; [`PlaceError::NotAService`] for a place on this machine.
    pub async fn fetch(&self, access: &ServiceAccess) -> Result<Fetched, PlaceError> {
        match self {
            Self::Azure(place) => azure::read(place, access).await.map(|(fetched, _)| fetched),
            Self::Vault(place) => vault::fetch(place, access).await,
            Self::Aws(place) => aws::fetch(place, access).await,
            Self::Google(place) => google::read(place, access).await.map(|(fetched, _)| fetched),
            Self::SshAgent(key) => Ok(Fetched::Key(ssh_agent::key(key, access.retry_policy.timeout)?)),
            Self::Variable(_) | Self::File(_) | Self::Command(_) | Self::Keyring(_) | Self::Pkcs11(_) => {
                Err(PlaceError::NotAService)
            }
        }
    }

    /// Fetches the key as [`KeyPlace::fetch`] does, and asks the service where the key is, and for our identity, our
    /// permissions and the expiry of the key.
    ///
    /// # Errors
    /// As [`KeyPlace::fetch`]; the inner error is why the service did not give the facts.
    pub async fn examine(&self, access: &ServiceAccess) -> Result<Examined, PlaceError> {
        match self {
            Self::Azure(place) => azure::read(place, access).await.map(|(fetched, facts)| (fetched, Ok(facts))),
            Self::Vault(place) => vault::examine(place, access).await.map(|(fetched, facts)| (fetched, Ok(facts))),
            Self::Aws(place) => aws::examine(place, access).await,
            Self::Google(place) => google::read(place, access).await.map(|(fetched, facts)| (fetched, Ok(facts))),
            Self::SshAgent(_) => Ok((self.fetch(access).await?, Ok(ssh_agent::facts()))),
            Self::Variable(_) | Self::File(_) | Self::Command(_) | Self::Keyring(_) | Self::Pkcs11(_) => {
                Err(PlaceError::NotAService)
            }
        }
    }

    /// Fetches the key as [`KeyPlace::fetch`] does, and blocks the thread meanwhile.
    ///
    /// # Errors
    /// As [`KeyPlace::fetch`].
    pub fn fetch_blocking(&self, access: &ServiceAccess) -> Result<Fetched, PlaceError> {
        access::run(self.fetch(access))?
    }

    /// Asks as [`KeyPlace::examine`] does, and blocks the thread meanwhile.
    ///
    /// # Errors
    /// As [`KeyPlace::examine`].
    pub fn examine_blocking(&self, access: &ServiceAccess) -> Result<Examined, PlaceError> {
        access::run(self.examine(access))?
    }

    /// Returns the variables that decide which service the place is in, such as `VAULT_ADDR`.
    ///
    /// # Security
    /// Their values identify the key in the token cache, together with the place.
    #[must_use]
    pub fn deciding_variables(&self) -> &'static [&'static str] {
        match self {
            Self::Azure(_) => azure::DECIDING_VARIABLES,
            Self::Vault(_) => vault::DECIDING_VARIABLES,
            Self::Aws(_) => aws::DECIDING_VARIABLES,
            Self::Google(_) => google::DECIDING_VARIABLES,
            Self::SshAgent(_)
            | Self::Variable(_)
            | Self::File(_)
            | Self::Command(_)
            | Self::Keyring(_)
            | Self::Pkcs11(_) => &[],
        }
    }
}
