//! The profiles as they are now: what the server's tokens come from.

use std::sync::{Arc, PoisonError, RwLock};

use maskinporten_token_generator::{
    client::AccessToken,
    clock::SystemClock,
    grant::{Grant, default_resource},
    language::Language,
    server::{ApiError, RequestedToken, ServedProfile, TokenSource},
};

use super::load::{Loaded, Prepared};

/// The profiles as they are now; they may be replaced while requests are served.
pub(super) struct Served {
    now: RwLock<Now>,
    language: Language,
}

struct Now {
    profiles: Arc<Vec<Arc<ServedProfile>>>,
    loaded: Arc<Loaded>,
}

impl Now {
    fn of(loaded: Loaded) -> Self {
        let profiles = loaded.prepared.iter().map(|prepared| Arc::clone(&prepared.profile)).collect();
        Self { profiles: Arc::new(profiles), loaded: Arc::new(loaded) }
    }
}

impl Served {
    pub(super) fn new(loaded: Loaded, language: Language) -> Self {
        Self { now: RwLock::new(Now::of(loaded)), language }
    }

    /// Puts others in their place.
    pub(super) fn replace(&self, loaded: Loaded) {
        *self.now.write().unwrap_or_else(PoisonError::into_inner) = Now::of(loaded);
    }

    pub(super) fn loaded(&self) -> Arc<Loaded> {
        Arc::clone(&self.now.read().unwrap_or_else(PoisonError::into_inner).loaded)
    }

    pub(super) fn names(&self) -> Vec<String> {
        self.profiles().iter().map(|profile| profile.name.clone()).collect()
    }

    /// What was prepared for this very profile; it may have been replaced since the request came.
    fn prepared(&self, wanted: &RequestedToken) -> Option<Arc<Prepared>> {
        let loaded = self.loaded();
        let same = |prepared: &&Arc<Prepared>| prepared.profile.identity == wanted.profile.identity;
        loaded.prepared.iter().find(same).cloned()
    }
}

impl TokenSource for Served {
    fn profiles(&self) -> Arc<Vec<Arc<ServedProfile>>> {
        Arc::clone(&self.now.read().unwrap_or_else(PoisonError::into_inner).profiles)
    }

    async fn fetch(&self, wanted: &RequestedToken) -> Result<AccessToken, ApiError> {
        let Some(prepared) = self.prepared(wanted) else {
            return Err(ApiError::new(503, "reloaded", "the profile has just been changed").hint("ask again"));
        };
        let grant = Arc::new(grant(&prepared, wanted));
        let sign = || {
            let (grant, prepared) = (Arc::clone(&grant), Arc::clone(&prepared));
            async move {
                // A hardware token, or a large key, takes its time: others are served meanwhile.
                match tokio::task::spawn_blocking(move || grant.sign(&prepared.key, &SystemClock)).await {
                    Ok(signed) => signed,
                    Err(lost) if lost.is_panic() => std::panic::resume_unwind(lost.into_panic()),
                    // The program is ending.
                    Err(_) => std::future::pending().await,
                }
            }
        };
        let fetched = prepared.client.fetch(sign, &SystemClock, |_, _| ()).await;
        fetched.map_err(|error| ApiError::from_client_error(&error, self.language))
    }
}

/// The profile's grant, with the scopes and the resource that are wanted.
fn grant(prepared: &Prepared, wanted: &RequestedToken) -> Grant {
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
