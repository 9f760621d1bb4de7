//! Whether a token is active, by its claims and by the keys that its issuer publishes, which are cached for a while.
//!
//! The issuer is the profile's: nothing is fetched from an address in a token. Any number of callers wait for one request
//! for the keys, which continues if they leave.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use chrono::{DateTime, Utc};
use serde_json::{Map, Value};
use tokio::sync::watch;

use super::profile::ServedProfile;
use crate::{
    client::{RetryPolicy, published_keys},
    inspect::{Expectations, Jwt, TokenKind, VerificationKeys, verify},
    keystore::KeySet,
};

/// How long keys are cached.
const MAXIMUM_AGE: Duration = Duration::from_mins(10);
/// The shortest time before they are fetched again for a token whose key is unknown.
const MINIMUM_AGE: Duration = Duration::from_secs(30);

/// The keys of issuers, by the issuer's identifier.
#[derive(Default)]
pub(super) struct Issuers(Mutex<HashMap<String, Arc<IssuerKeys>>>);

/// Why a token is not active.
#[derive(Debug)]
pub(super) struct Inactive {
    /// For the log; it contains nothing from the token.
    pub(super) what: &'static str,
    /// For the caller.
    pub(super) why: String,
}

/// One issuer's keys.
#[derive(Default)]
struct IssuerKeys(Mutex<KeyState>);

#[derive(Default)]
struct KeyState {
    keys: Option<Arc<KeySet>>,
    /// When the last request for them ended, successful or not.
    fetched: Option<Instant>,
    /// When the last request for them began.
    requested: Option<Instant>,
    /// The in-flight request; its channel closes when it ends.
    in_flight: Option<watch::Receiver<()>>,
}

/// The keys, or the request for them.
enum KeyLookup {
    Keys(Option<Arc<KeySet>>),
    InFlight(watch::Receiver<()>),
}

impl Issuers {
    /// Returns the claims of an active token, else why it is not active.
    pub(super) async fn introspect(
        &self,
        profile: &ServedProfile,
        token: &str,
        now: DateTime<Utc>,
    ) -> Result<Map<String, Value>, Inactive> {
        let inactive = |what, why| Inactive { what, why };
        let jwt = Jwt::parse(token.as_bytes())
            .map_err(|error| inactive("not active: malformed", format!("token is malformed: {error}")))?;
        let expected = Expectations { issuer: Some(profile.issuer.identifier.clone()), ..Expectations::default() };
        if jwt.issuer() != expected.issuer.as_deref() {
            return Err(inactive("not active: another issuer", "invalid issuer".to_owned()));
        }
        let no_keys = || inactive("not active: no keys", "could not fetch the issuer's keys".to_owned());
        let keys = self.issuer(profile).keys(profile, &jwt).await.ok_or_else(no_keys)?;
        let verification =
            verify(&jwt, TokenKind::MaskinportenAccessToken, &VerificationKeys::Set(&keys), &expected, now);
        match verification.faults().next() {
            None => Ok(jwt.claims().clone()),
            Some(fault) => Err(inactive("not active: invalid", format!("{}: {}", fault.kind, fault.found))),
        }
    }

    fn issuer(&self, profile: &ServedProfile) -> Arc<IssuerKeys> {
        let mut issuers = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(issuers.entry(profile.issuer.identifier.clone()).or_default())
    }
}

impl IssuerKeys {
    fn lock(&self) -> MutexGuard<'_, KeyState> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns the issuer's keys, or `None` if there are none.
    async fn keys(self: Arc<Self>, profile: &ServedProfile, jwt: &Jwt) -> Option<Arc<KeySet>> {
        let mut in_flight = match self.find(profile, jwt) {
            KeyLookup::Keys(keys) => return keys,
            KeyLookup::InFlight(in_flight) => in_flight,
        };
        while in_flight.changed().await.is_ok() {}
        self.lock().keys.clone()
    }

    /// Decides under one lock, so that two requests never start at once. A token with a known key waits for no request.
    fn find(self: &Arc<Self>, profile: &ServedProfile, jwt: &Jwt) -> KeyLookup {
        let mut state = self.lock();
        let is_within = |limit, since: Option<Instant>| since.is_some_and(|since| since.elapsed() < limit);
        let has_key =
            |keys: &&Arc<KeySet>| jwt.algorithm().is_some_and(|own| keys.find(jwt.key_id(), own).next().is_some());
        let known = state.keys.as_ref().filter(has_key);
        if let Some(keys) = known.filter(|_| is_within(MAXIMUM_AGE, state.fetched)) {
            return KeyLookup::Keys(Some(Arc::clone(keys)));
        }
        if let Some(in_flight) = state.in_flight.as_ref().filter(|in_flight| in_flight.has_changed().is_ok()) {
            return KeyLookup::InFlight(in_flight.clone());
        }
        if is_within(MINIMUM_AGE, state.requested) {
            return KeyLookup::Keys(state.keys.clone());
        }
        let (sender, receiver) = watch::channel(());
        (state.requested, state.in_flight) = (Some(Instant::now()), Some(receiver.clone()));
        // A separate task: it must continue when the caller leaves, because others may wait for it.
        tokio::spawn(Arc::clone(self).fetch(profile.clone(), sender));
        KeyLookup::InFlight(receiver)
    }

    async fn fetch(self: Arc<Self>, profile: ServedProfile, sender: watch::Sender<()>) {
        let once = RetryPolicy { timeout: profile.timeout, retries: 0 };
        let fetched = published_keys(&profile.issuer, &profile.http, once).await;
        let mut state = self.lock();
        state.fetched = Some(Instant::now());
        // After a failure the previous keys stay in use.
        if let Ok(Some(keys)) = fetched {
            state.keys = Some(Arc::new(keys));
        }
        drop((state, sender));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        cache::KeyIdentity,
        environment::{Environment, KnownIssuer},
        grant::{Scopes, Sign},
        http::{EndpointError, HttpOptions},
        server::profile::AllowedScopes,
        tokens::{KeyError, KeyProvider, TokenSource},
    };

    struct NoKey;

    impl KeyProvider for NoKey {
        fn identity(&self) -> KeyIdentity {
            KeyIdentity::new("none")
        }

        fn open(&self) -> Result<Arc<dyn Sign>, KeyError> {
            Err(Arc::new(EndpointError::NotAUrl(String::new())))
        }
    }

    #[test]
    fn a_known_key_is_found_while_a_request_for_others_is_in_flight() {
        let profile = ServedProfile {
            name: "default".to_owned(),
            environment: "test".to_owned(),
            issuer: KnownIssuer::find("https://test.maskinporten.no/").unwrap(),
            scopes: Scopes::parse("a:b").unwrap(),
            allowed: AllowedScopes::default(),
            tokens: TokenSource::builder(Environment::Test, "client", NoKey).scope("a:b").build().unwrap(),
            headers: Vec::new(),
            http: HttpOptions { connect_timeout: Duration::ZERO, ..HttpOptions::default() },
            timeout: Duration::ZERO,
            key_expires_at: None,
            identity: String::new(),
        };
        let modulus = "n".repeat(341) + "w";
        let keys = format!(r#"{{"keys":[{{"kty":"RSA","kid":"known","alg":"RS256","e":"AQAB","n":"{modulus}"}}]}}"#);
        let keys = Some(Arc::new(KeySet::parse(keys.as_bytes()).unwrap()));
        let (_sender, receiver) = watch::channel(());
        let state = KeyState { keys, fetched: Some(Instant::now()), requested: None, in_flight: Some(receiver) };
        let issuer = Arc::new(IssuerKeys(Mutex::new(state)));
        // {"alg":"RS256","kid":"known"} and {"alg":"RS256","kid":"other"}
        let known = Jwt::parse(b"eyJhbGciOiJSUzI1NiIsImtpZCI6Imtub3duIn0.e30.AAAA").unwrap();
        let other = Jwt::parse(b"eyJhbGciOiJSUzI1NiIsImtpZCI6Im90aGVyIn0.e30.AAAA").unwrap();

        assert!(matches!(issuer.find(&profile, &known), KeyLookup::Keys(Some(_))));
        assert!(matches!(issuer.find(&profile, &other), KeyLookup::InFlight(_)));
    }
}
