//! HashiCorp Vault and OpenBao: secrets of KV version 2, and keys of Transit, which sign there.

use super::{
    Fetched, PlaceError, PlaceFacts, Service, ServiceAccess,
    part::{PartFault, WrongPart, segment, segments},
};

/// The variables that decide which Vault is meant.
pub(super) const DECIDING_VARIABLES: &[&str] = &["VAULT_ADDR", "VAULT_NAMESPACE"];

/// A secret or key in Vault.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum VaultPlace {
    /// A field of a secret.
    Secret {
        /// Where the secrets engine is mounted.
        mount: String,
        /// The path of the secret below it.
        path: String,
        /// The field.
        field: String,
    },
    /// A key that signs in Vault.
    Key {
        /// Where the secrets engine is mounted.
        mount: String,
        /// The name of the key.
        name: String,
    },
}

impl VaultPlace {
    /// Parses `MOUNT/PATH#FIELD`.
    pub(super) fn parse_secret(text: &str) -> Result<Self, WrongPart> {
        let (place, field) = text.split_once('#').ok_or(("field", PartFault::Missing))?;
        let (mount, path) = place.split_once('/').ok_or(("path", PartFault::Missing))?;
        let (mount, path) = (segment("mount", mount, "")?, segments("path", path, "")?);
        if field.is_empty() {
            return Err(("field", PartFault::Missing));
        }
        Ok(Self::Secret { mount: mount.to_owned(), path: path.to_owned(), field: field.to_owned() })
    }

    /// Parses `MOUNT/KEY`; the mount may have slashes.
    pub(super) fn parse_key(text: &str) -> Result<Self, WrongPart> {
        let (mount, name) = text.rsplit_once('/').ok_or(("key", PartFault::Missing))?;
        let (mount, name) = (segments("mount", mount, "")?, segment("key", name, "")?);
        Ok(Self::Key { mount: mount.to_owned(), name: name.to_owned() })
    }
}

/// Fetches the content, or prepares the key to sign there.
pub(super) async fn fetch(_: &VaultPlace, _: &ServiceAccess) -> Result<Fetched, PlaceError> {
    Err(PlaceError::NotBuilt(Service::Vault))
}

/// Asks where the key is, who we are, what we may do, and when the key expires.
pub(super) async fn facts(_: &VaultPlace, _: &ServiceAccess) -> Result<PlaceFacts, PlaceError> {
    Err(PlaceError::NotBuilt(Service::Vault))
}
