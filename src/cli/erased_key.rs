//! The key of a token source, which is erased as soon as it is open.

use std::sync::{Arc, Mutex, PoisonError};

use maskinporten::{
    cache::KeyIdentity,
    grant::Sign,
    tokens::{KeyError, KeyProvider},
};

use super::located_key::LocatedKey;

/// The key of a token source. Once it is open, its file and its password are erased: a request can take long.
pub(crate) struct ErasedOnceOpen {
    identity: KeyIdentity,
    located: Mutex<Option<LocatedKey>>,
}

impl From<LocatedKey> for ErasedOnceOpen {
    fn from(located: LocatedKey) -> Self {
        Self { identity: located.key_identity(), located: Mutex::new(Some(located)) }
    }
}

impl KeyProvider for ErasedOnceOpen {
    fn identity(&self) -> KeyIdentity {
        self.identity.clone()
    }

    fn open(&self) -> Result<Arc<dyn Sign>, KeyError> {
        self.open_announcing(&|| ())
    }

    fn open_announcing(&self, computing: &dyn Fn()) -> Result<Arc<dyn Sign>, KeyError> {
        let located = self.located.lock().unwrap_or_else(PoisonError::into_inner).take();
        let opened = located.expect("a token source opens its key once").open_key_announcing(computing);
        opened.map(|key| Arc::new(key) as _).map_err(|failure| Arc::new(failure) as _)
    }
}
