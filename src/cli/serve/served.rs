//! The current profiles, which a reload replaces while requests are served.

use std::sync::{Arc, PoisonError, RwLock};

use maskinporten::server::{ProfileSource, ServedProfile};

use super::load::Loaded;

/// The current profiles.
pub(super) struct Served(RwLock<Current>);

struct Current {
    profiles: Arc<Vec<Arc<ServedProfile>>>,
    loaded: Arc<Loaded>,
}

impl Current {
    fn new(loaded: Loaded) -> Self {
        let profiles = loaded.prepared.iter().map(|prepared| Arc::new(prepared.profile.clone())).collect();
        Self { profiles: Arc::new(profiles), loaded: Arc::new(loaded) }
    }
}

impl Served {
    pub(super) fn new(loaded: Loaded) -> Self {
        Self(RwLock::new(Current::new(loaded)))
    }

    /// Replaces the profiles. Those that have not changed keep their tokens.
    pub(super) fn replace(&self, mut loaded: Loaded) {
        for before in &self.loaded().prepared {
            loaded.prepared.iter_mut().for_each(|prepared| prepared.profile.keep_tokens_of(&before.profile));
        }
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Current::new(loaded);
    }

    pub(super) fn loaded(&self) -> Arc<Loaded> {
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner).loaded)
    }

    pub(super) fn names(&self) -> Vec<String> {
        self.profiles().iter().map(|profile| profile.name.clone()).collect()
    }
}

impl ProfileSource for Served {
    fn profiles(&self) -> Arc<Vec<Arc<ServedProfile>>> {
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner).profiles)
    }
}
