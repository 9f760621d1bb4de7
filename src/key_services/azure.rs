//! Azure Key Vault: secrets, certificates, and keys that sign there.

use super::{
    Fetched, PlaceError, PlaceFacts, Service, ServiceAccess,
    place::{PartFault, WrongPart, segment},
};

/// The variables that decide which vault is meant: none, since a place names it.
pub(super) const DECIDING_VARIABLES: &[&str] = &[];

/// A secret, certificate or key in a vault.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AzurePlace {
    /// The name of the vault, or its host.
    pub vault: String,
    /// What it is.
    pub kind: AzureKind,
    /// Its name.
    pub name: String,
    /// Its version; the current one without.
    pub version: Option<String>,
}

/// What a vault keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AzureKind {
    /// A secret: the content of a key file.
    Secret,
    /// A certificate with its private key.
    Certificate,
    /// A key that signs in the vault.
    Key,
}

impl AzurePlace {
    /// Parses `VAULT/KIND/NAME` or `VAULT/KIND/NAME/VERSION`.
    pub(super) fn parse(text: &str) -> Result<Self, WrongPart> {
        let mut parts = text.splitn(4, '/');
        let vault = segment("vault", parts.next().unwrap_or_default(), ":")?;
        let kind = match parts.next().unwrap_or_default() {
            "secrets" => AzureKind::Secret,
            "certificates" => AzureKind::Certificate,
            "keys" => AzureKind::Key,
            "" => return Err(("kind", PartFault::Missing)),
            _ => return Err(("kind", PartFault::Unknown)),
        };
        let name = segment("name", parts.next().unwrap_or_default(), "")?;
        let version = parts.next().map(|version| segment("version", version, "")).transpose()?;
        Ok(Self { vault: vault.to_owned(), kind, name: name.to_owned(), version: version.map(str::to_owned) })
    }
}

/// Fetches the content, or prepares the key to sign there.
pub(super) async fn fetch(_: &AzurePlace, _: &ServiceAccess) -> Result<Fetched, PlaceError> {
    Err(PlaceError::NotBuilt(Service::AzureKeyVault))
}

/// Asks where the key is, who we are, what we may do, and when the key expires.
pub(super) async fn facts(_: &AzurePlace, _: &ServiceAccess) -> Result<PlaceFacts, PlaceError> {
    Err(PlaceError::NotBuilt(Service::AzureKeyVault))
}
