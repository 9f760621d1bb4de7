//! The state that every handler shares.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use super::{
    api_error::{ApiError, NoToken},
    event::{Event, Observer},
    introspect::Issuers,
    metrics::Metrics,
    profile::{ProfileSource, RequestedToken, ServedProfile},
};
use crate::{
    client::AccessToken,
    clock::Clock,
    language::Language,
    tokens::{Freshness, ObtainedToken, TokenError, TokenEvent, TokenSource},
};

/// The number of tokens in memory that are not a profile's own.
const MAXIMUM_OTHERS: usize = 256;

/// The delay for a caller when all of these are being requested.
const ALL_REQUESTED: Duration = Duration::from_secs(1);

/// The state that every handler shares.
pub(super) struct App<S> {
    pub(super) source: Arc<S>,
    pub(super) others: OtherTokens,
    pub(super) issuers: Issuers,
    pub(super) metrics: Arc<Metrics>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) observer: Option<Observer>,
    /// The language of explanations.
    pub(super) language: Language,
}

/// Tokens that callers have asked for besides the profiles' own. When there are too many, the least recently used one is
/// dropped, so that callers with ever more resources do not displace a profile's own.
#[derive(Default)]
pub(super) struct OtherTokens(Mutex<UsedTokens>);

#[derive(Default)]
struct UsedTokens {
    /// By [`RequestedToken::key`].
    tokens: HashMap<String, OtherToken>,
    /// The number of requests so far.
    requests: u64,
}

struct OtherToken {
    wanted: RequestedToken,
    source: TokenSource,
    /// The number of the last request.
    last_used: u64,
}

impl<S: ProfileSource> App<S> {
    /// Returns a token, from memory if `remembered` allows it.
    pub(super) async fn take(&self, wanted: &RequestedToken, remembered: bool) -> Result<ObtainedToken, NoToken> {
        let source = if wanted.is_own() { Some(wanted.profile.tokens.clone()) } else { self.others.source(wanted) };
        let Some(source) = source else {
            let error = ApiError::new(503, "too_many_tokens", "too many tokens are being requested at a time");
            return Err(NoToken { error, is_paused: true, retry_after: Some(ALL_REQUESTED) });
        };
        let freshness = if remembered { Freshness::Cached } else { Freshness::Fresh };
        source.obtain(freshness).await.map_err(|error| NoToken {
            error: ApiError::from_token_error(&error, self.language),
            is_paused: matches!(error, TokenError::Paused { .. }),
            retry_after: source.backoff(),
        })
    }

    /// Returns every token in memory.
    pub(super) fn tokens_in_memory(&self) -> Vec<(RequestedToken, AccessToken)> {
        let profiles = self.source.profiles();
        let own = profiles.iter().map(|profile| (RequestedToken::own(Arc::clone(profile)), profile.tokens.clone()));
        let others = self.others.lock();
        let others = others.tokens.values().map(|other| (other.wanted.clone(), other.source.clone()));
        own.chain(others).filter_map(|(wanted, source)| Some((wanted, source.in_memory()?))).collect()
    }

    /// Applies changed profiles: observes their tokens, and drops tokens of profiles that are no longer served.
    pub(super) fn apply_profiles(&self) {
        let profiles = self.source.profiles();
        profiles.iter().for_each(|profile| self.observe(profile));
        self.others.lock().tokens.retain(|_, other| {
            other.source.end_backoff();
            profiles.iter().any(|profile| profile.identity == other.wanted.profile.identity)
        });
    }

    /// Counts the token requests of a profile, and reports its renewals to the log.
    fn observe(&self, profile: &ServedProfile) {
        let (metrics, observer) = (Arc::clone(&self.metrics), self.observer.clone());
        let profile_name = profile.name.clone();
        let code = |error: &TokenError| ApiError::from_token_error(error, Language::English).code().to_owned();
        profile.tokens.set_observer(Arc::new(move |event: &TokenEvent<'_>| match event {
            TokenEvent::Requested { error, .. } => {
                metrics.count_upstream(&profile_name, error.map(code).as_deref());
            }
            TokenEvent::Exchanged { error } => metrics.count_exchange(&profile_name, error.map(code).as_deref()),
            TokenEvent::Renewed { scopes, error } => {
                if let Some(observer) = &observer {
                    observer(&Event::renewal(&profile_name, scopes, *error));
                }
            }
            _ => {}
        }));
    }
}

impl OtherTokens {
    /// Returns the source of this token; `None` when there are too many and all of them are being requested.
    fn source(&self, wanted: &RequestedToken) -> Option<TokenSource> {
        let mut used = self.lock();
        used.requests += 1;
        let last_used = used.requests;
        let key = wanted.key();
        if let Some(other) = used.tokens.get_mut(&key) {
            other.last_used = last_used;
            return Some(other.source.clone());
        }
        if used.tokens.len() >= MAXIMUM_OTHERS {
            let idle = used.tokens.iter().filter(|(_, other)| !other.source.is_in_flight());
            let oldest = idle.min_by_key(|(_, other)| other.last_used).map(|(key, _)| key.clone())?;
            used.tokens.remove(&oldest);
        }
        let source = wanted.profile.tokens.derive(wanted.overrides.clone());
        used.tokens.insert(key, OtherToken { wanted: wanted.clone(), source: source.clone(), last_used });
        Some(source)
    }

    fn lock(&self) -> MutexGuard<'_, UsedTokens> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
