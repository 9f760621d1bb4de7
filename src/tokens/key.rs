//! The key of a token source, which is opened when the first assertion is signed.

use std::sync::Arc;

use tokio::sync::OnceCell;

use super::{KeyError, TokenError, blocking};
use crate::{cache::KeyIdentity, grant::Sign};

/// Provides the key of a [`TokenSource`](super::TokenSource) when it is needed.
///
/// Every key that implements [`Sign`] and [`Clone`] also implements this trait. Implement this trait for a key that needs a
/// password or a connection: as long as the disk cache has a token, [`open`](Self::open) is not called.
pub trait KeyProvider: Send + Sync + 'static {
    /// Identifies the key and its certificates without opening them.
    ///
    /// # Security
    /// Tokens in the disk cache are bound to it: it must differ for keys and certificates that differ.
    fn identity(&self) -> KeyIdentity;

    /// Opens the key. It is called at most once, on a thread where it may block and ask for a password.
    ///
    /// # Errors
    /// Any error; it is returned unchanged in [`TokenError::Key`], also from later requests.
    fn open(&self) -> Result<Arc<dyn Sign>, KeyError>;

    /// Opens the key as [`open`](Self::open) does, and calls `computing` when nothing is missing to open it and only
    /// computation is left: the source then connects to the server meanwhile.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    fn open_announcing(&self, computing: &dyn Fn()) -> Result<Arc<dyn Sign>, KeyError> {
        let _ = computing;
        self.open()
    }
}

impl<Key: Sign + Clone + 'static> KeyProvider for Key {
    fn identity(&self) -> KeyIdentity {
        KeyIdentity::from(self)
    }

    fn open(&self) -> Result<Arc<dyn Sign>, KeyError> {
        Ok(Arc::new(self.clone()))
    }
}

/// A key that is opened at most once.
pub(super) struct LazyKey {
    pub(super) provider: Arc<dyn KeyProvider>,
    opened: OnceCell<Result<Arc<dyn Sign>, KeyError>>,
}

impl LazyKey {
    pub(super) fn new(provider: impl KeyProvider) -> Self {
        Self { provider: Arc::new(provider), opened: OnceCell::new() }
    }

    /// Opens the key, and calls `computing` as [`KeyProvider::open_announcing`] does.
    pub(super) async fn open(&self, computing: impl Fn() + Send + 'static) -> Result<Arc<dyn Sign>, TokenError> {
        let open = || async {
            let provider = Arc::clone(&self.provider);
            blocking(move || provider.open_announcing(&computing)).await
        };
        self.opened.get_or_init(open).await.clone().map_err(TokenError::Key)
    }
}
