//! The profiles that are served now, from which the server gets its tokens.

use std::sync::{Arc, PoisonError, RwLock};

use maskinporten_token_generator::{
    client::AccessToken,
    clock::SystemClock,
    grant::{Grant, default_resource},
    language::Language,
    server::{ApiError, Profile, TokenSource, Wanted},
};

use super::load::{Loaded, Prepared};

/// The profiles that are served now; they may be replaced while requests are handled.
pub(super) struct Served {
    current: RwLock<CurrentProfiles>,
    language: Language,
}

struct CurrentProfiles {
    profiles: Arc<Vec<Arc<Profile>>>,
    loaded: Arc<Loaded>,
}

impl CurrentProfiles {
    fn new(loaded: Loaded) -> Self {
        let profiles = loaded.prepared.iter().map(|prepared| Arc::clone(&prepared.profile)).collect();
        Self { profiles: Arc::new(profiles), loaded: Arc::new(loaded) }
    }
}

impl Served {
    pub(super) fn new(loaded: Loaded, language: Language) -> Self {
        Self { current: RwLock::new(CurrentProfiles::new(loaded)), language }
    }

    /// Replaces the profiles.
    pub(super) fn replace(&self, loaded: Loaded) {
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = CurrentProfiles::new(loaded);
    }

    pub(super) fn loaded(&self) -> Arc<Loaded> {
        Arc::clone(&self.current.read().unwrap_or_else(PoisonError::into_inner).loaded)
    }

    pub(super) fn names(&self) -> Vec<String> {
        self.profiles().iter().map(|profile| profile.name.clone()).collect()
    }

    /// Finds the profile of a request; it may have been replaced since the request came.
    fn prepared(&self, wanted: &Wanted) -> Option<Arc<Prepared>> {
        let loaded = self.loaded();
        let same = |prepared: &&Arc<Prepared>| prepared.profile.identity == wanted.profile.identity;
        loaded.prepared.iter().find(same).cloned()
    }
}

impl TokenSource for Served {
    fn profiles(&self) -> Arc<Vec<Arc<Profile>>> {
        Arc::clone(&self.current.read().unwrap_or_else(PoisonError::into_inner).profiles)
    }

    async fn fetch(&self, wanted: &Wanted) -> Result<AccessToken, ApiError> {
        let Some(prepared) = self.prepared(wanted) else {
            return Err(
                ApiError::new(503, "reloaded", "the profile was changed during the request").hint("repeat the request")
            );
        };
        let grant = Arc::new(grant(&prepared, wanted));
        let sign = || {
            let (grant, prepared) = (Arc::clone(&grant), Arc::clone(&prepared));
            async move {
                // A hardware token or a large key is slow, and other requests must not wait for it.
                match tokio::task::spawn_blocking(move || grant.sign(&prepared.key, &SystemClock)).await {
                    Ok(signed) => signed,
                    Err(lost) if lost.is_panic() => std::panic::resume_unwind(lost.into_panic()),
                    // The program is ending.
                    Err(_) => std::future::pending().await,
                }
            }
        };
        let fetched = prepared.client.fetch(sign, &SystemClock, |_, _| ()).await;
        fetched.map_err(|error| ApiError::of_client(&error, self.language))
    }
}

/// Returns the profile's grant, with the scopes and the resource of the request.
fn grant(prepared: &Prepared, wanted: &Wanted) -> Grant {
    let mut grant = prepared.grant.clone();
    if let Some(scopes) = &wanted.scopes {
        grant.scopes = scopes.clone();
        if let Some(environment) = prepared.default_resource {
            grant.resources = default_resource(environment, scopes).into_iter().collect();
        }
    }
    if let Some(resource) = &wanted.resource {
        grant.resources = vec![resource.clone()];
    }
    grant
}
