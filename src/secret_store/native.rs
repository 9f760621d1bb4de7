//! The keychain of macOS and the credential manager of Windows, whose functions block.

use std::sync::Arc;

#[cfg(target_os = "macos")]
use apple_native_keyring_store::keychain::Store;
use keyring_core::{CredentialStore, Entry, Error};
#[cfg(windows)]
use windows_native_keyring_store::store::Store;
use zeroize::Zeroizing;

use super::{SecretEntry, SecretStoreError};

pub(super) async fn read(entry: SecretEntry<'_>) -> Result<Option<Zeroizing<Vec<u8>>>, SecretStoreError> {
    with_entry(entry, |entry| match entry.get_secret() {
        Ok(secret) => Ok(Some(Zeroizing::new(secret))),
        Err(Error::NoEntry) => Ok(None),
        Err(error) => Err(error.into()),
    })
    .await
}

pub(super) async fn write(entry: SecretEntry<'_>, _: &str, secret: &[u8]) -> Result<(), SecretStoreError> {
    let secret = Zeroizing::new(secret.to_vec());
    with_entry(entry, move |entry| Ok(entry.set_secret(&secret)?)).await
}

pub(super) async fn remove(entry: SecretEntry<'_>) -> Result<bool, SecretStoreError> {
    with_entry(entry, |entry| match entry.delete_credential() {
        Ok(()) => Ok(true),
        Err(Error::NoEntry) => Ok(false),
        Err(error) => Err(error.into()),
    })
    .await
}

async fn with_entry<T: Send + 'static>(
    entry: SecretEntry<'_>,
    action: impl FnOnce(&Entry) -> Result<T, SecretStoreError> + Send + 'static,
) -> Result<T, SecretStoreError> {
    let (service, username) = (entry.service.to_owned(), entry.username.to_owned());
    let run = move || {
        let store: Arc<CredentialStore> = Store::new()?;
        action(&store.build(&service, &username, None)?)
    };
    tokio::task::spawn_blocking(run).await.map_err(|lost| SecretStoreError::Failed(lost.into()))?
}

impl From<Error> for SecretStoreError {
    fn from(error: Error) -> Self {
        match error {
            Error::NoStorageAccess(source) => Self::Unavailable(source),
            Error::NoDefaultStore => Self::Unavailable(error.into()),
            error => Self::Failed(error.into()),
        }
    }
}
