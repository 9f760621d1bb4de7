//! The Secret Service (<https://specifications.freedesktop.org/secret-service/>), over the session's D-Bus. Secrets are
//! encrypted on the bus.

use std::collections::HashMap;

use secret_service::{EncryptionType, Error, Item, SecretService};
use zeroize::Zeroizing;

use super::{SecretEntry, SecretStoreError};

const MEDIA_TYPE: &str = "application/octet-stream";

pub(super) async fn read(entry: SecretEntry<'_>) -> Result<Option<Zeroizing<Vec<u8>>>, SecretStoreError> {
    let service = connect().await?;
    match find(&service, entry).await? {
        Some(item) => Ok(Some(Zeroizing::new(item.get_secret().await?))),
        None => Ok(None),
    }
}

pub(super) async fn write(entry: SecretEntry<'_>, label: &str, secret: &[u8]) -> Result<(), SecretStoreError> {
    let service = connect().await?;
    if let Some(item) = find(&service, entry).await? {
        return Ok(item.set_secret(secret, MEDIA_TYPE).await?);
    }
    let collection = service.get_any_collection().await.map_err(|error| match error {
        Error::NoResult => SecretStoreError::Unavailable(error.into()),
        error => error.into(),
    })?;
    collection.unlock().await?;
    collection.create_item(label, attributes(entry), secret, true, MEDIA_TYPE).await?;
    Ok(())
}

pub(super) async fn remove(entry: SecretEntry<'_>) -> Result<bool, SecretStoreError> {
    let service = connect().await?;
    match find(&service, entry).await? {
        Some(item) => Ok(item.delete().await.map(|()| true)?),
        None => Ok(false),
    }
}

async fn connect() -> Result<SecretService<'static>, SecretStoreError> {
    let connected = SecretService::connect(EncryptionType::Dh).await;
    connected.map_err(|error| SecretStoreError::Unavailable(error.into()))
}

/// Finds an entry, and unlocks it; its owner may be asked for a password.
async fn find<'service>(
    service: &'service SecretService<'_>,
    entry: SecretEntry<'_>,
) -> Result<Option<Item<'service>>, SecretStoreError> {
    let found = service.search_items(attributes(entry)).await?;
    let item = found.unlocked.into_iter().chain(found.locked).next();
    if let Some(item) = &item {
        item.unlock().await?;
    }
    Ok(item)
}

fn attributes(entry: SecretEntry<'_>) -> HashMap<&str, &str> {
    HashMap::from([("service", entry.service), ("username", entry.username)])
}

impl From<Error> for SecretStoreError {
    fn from(error: Error) -> Self {
        match error {
            Error::Locked | Error::Prompt | Error::PromptDisconnected => Self::Locked,
            error => Self::Failed(error.into()),
        }
    }
}
