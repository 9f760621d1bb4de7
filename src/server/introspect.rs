//! Whether a token holds, by the keys that its issuer publishes; they are remembered for a while.
//!
//! The issuer is the profile's own: nothing is fetched from where a token points. As with tokens, any number of callers
//! wait for one request, which goes on when they leave.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use chrono::{DateTime, Utc};
use serde_json::{Map, Value};
use tokio::sync::watch;

use super::Profile;
use crate::{
    client::{RetryPolicy, published_keys},
    inspect::{Expectations, Jwt, Keys, Kind, Verdict, verify},
    keystore::KeySet,
};

/// How long keys are remembered.
const AGE: Duration = Duration::from_mins(10);
/// How soon they are fetched again for a token whose key is not among them.
const PAUSE: Duration = Duration::from_secs(30);

/// The keys of issuers.
#[derive(Default)]
pub(super) struct Issuers(Mutex<HashMap<String, Arc<Issuer>>>);

/// Why a token is not active.
#[derive(Debug)]
pub(super) struct Inactive {
    /// As the log has it: nothing of the token's own.
    pub(super) what: &'static str,
    /// As the caller is told.
    pub(super) why: String,
}

/// One issuer's keys.
#[derive(Default)]
struct Issuer(Mutex<State>);

#[derive(Default)]
struct State {
    keys: Option<Arc<KeySet>>,
    /// When they were last fetched, or found not to be had.
    checked: Option<Instant>,
    /// When the last request for them set out.
    asked: Option<Instant>,
    /// Closed when that request is over, however it ended.
    flight: Option<watch::Receiver<()>>,
}

/// What somebody who wants keys finds.
enum Found {
    Keys(Option<Arc<KeySet>>),
    Flight(watch::Receiver<()>),
}

impl Issuers {
    /// The claims of a token that holds now, else why it does not.
    pub(super) async fn introspect(
        &self,
        profile: &Profile,
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
        let no_keys = || inactive("not active: no keys", "the issuer's keys could not be fetched".to_owned());
        let keys = self.issuer(profile).keys(profile, &jwt).await.ok_or_else(no_keys)?;
        let verification = verify(&jwt, Kind::MaskinportenAccessToken, &Keys::Set(&keys), &expected, now);
        let fault = verification.findings.iter().find(|finding| finding.verdict == Verdict::Fault);
        match fault {
            None => Ok(jwt.claims().clone()),
            Some(fault) => Err(inactive("not active: it does not hold", format!("{}: {}", fault.check, fault.found))),
        }
    }

    fn issuer(&self, profile: &Profile) -> Arc<Issuer> {
        let mut issuers = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(issuers.entry(profile.issuer.identifier.clone()).or_default())
    }
}

impl Issuer {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The issuer's keys; `None` when they cannot be had.
    async fn keys(self: Arc<Self>, profile: &Profile, jwt: &Jwt) -> Option<Arc<KeySet>> {
        let mut flight = match self.find(profile, jwt) {
            Found::Keys(keys) => return keys,
            Found::Flight(flight) => flight,
        };
        while flight.changed().await.is_ok() {}
        self.lock().keys.clone()
    }

    /// Decides under one lock, so that nobody sets out while somebody else arrives. Whoever knows the key he needs waits
    /// for nobody.
    fn find(self: &Arc<Self>, profile: &Profile, jwt: &Jwt) -> Found {
        let mut state = self.lock();
        let is_within = |limit, since: Option<Instant>| since.is_some_and(|since| since.elapsed() < limit);
        let known = state.keys.as_ref().filter(|keys| keys.find(jwt.key_id(), jwt.algorithm()).next().is_some());
        if let Some(keys) = known.filter(|_| is_within(AGE, state.checked)) {
            return Found::Keys(Some(Arc::clone(keys)));
        }
        if let Some(flight) = state.flight.as_ref().filter(|flight| flight.has_changed().is_ok()) {
            return Found::Flight(flight.clone());
        }
        if is_within(PAUSE, state.asked) {
            return Found::Keys(state.keys.clone());
        }
        let (tell, told) = watch::channel(());
        (state.asked, state.flight) = (Some(Instant::now()), Some(told.clone()));
        // It goes on when the caller has left: others may have joined.
        tokio::spawn(Arc::clone(self).fly(profile.clone(), tell));
        Found::Flight(told)
    }

    async fn fly(self: Arc<Self>, profile: Profile, tell: watch::Sender<()>) {
        let once = RetryPolicy { timeout: profile.timeout, retries: 0 };
        let fetched = published_keys(&profile.issuer, &profile.http, once).await;
        let mut state = self.lock();
        state.checked = Some(Instant::now());
        // What was known before is better than nothing.
        if let Ok(Some(keys)) = fetched {
            state.keys = Some(Arc::new(keys));
        }
        drop((state, tell));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        client::MinimumLifetime, environment::KnownIssuer, grant::Scopes, http::HttpOptions, server::AllowedScopes,
    };

    #[test]
    fn a_key_that_is_known_is_found_while_others_are_being_fetched() {
        let profile = Profile {
            name: "default".to_owned(),
            environment: "test".to_owned(),
            issuer: KnownIssuer::find("https://test.maskinporten.no/").unwrap(),
            scopes: Scopes::parse("a:b").unwrap(),
            allowed: AllowedScopes::default(),
            minimum: MinimumLifetime::Usual,
            headers: Vec::new(),
            http: HttpOptions { connect_timeout: Duration::ZERO, ..HttpOptions::default() },
            timeout: Duration::ZERO,
            identity: String::new(),
        };
        let modulus = "n".repeat(341) + "w";
        let keys = format!(r#"{{"keys":[{{"kty":"RSA","kid":"known","alg":"RS256","e":"AQAB","n":"{modulus}"}}]}}"#);
        let keys = Some(Arc::new(KeySet::parse(keys.as_bytes()).unwrap()));
        let (_tell, told) = watch::channel(());
        let state = State { keys, checked: Some(Instant::now()), asked: None, flight: Some(told) };
        let issuer = Arc::new(Issuer(Mutex::new(state)));
        // {"alg":"RS256","kid":"known"} and {"alg":"RS256","kid":"other"}
        let known = Jwt::parse(b"eyJhbGciOiJSUzI1NiIsImtpZCI6Imtub3duIn0.e30.AAAA").unwrap();
        let other = Jwt::parse(b"eyJhbGciOiJSUzI1NiIsImtpZCI6Im90aGVyIn0.e30.AAAA").unwrap();

        assert!(matches!(issuer.find(&profile, &known), Found::Keys(Some(_))));
        assert!(matches!(issuer.find(&profile, &other), Found::Flight(_)));
    }
}
