//! Whether a token holds, by the keys that its issuer publishes; they are remembered for a while.
//!
//! The issuer is the profile's own: nothing is fetched from where a token points.

use std::{
    collections::HashMap,
    sync::Arc,
    time::{Duration, Instant},
};

use chrono::{DateTime, Utc};
use serde_json::{Map, Value};
use tokio::sync::Mutex;

use super::Profile;
use crate::{
    client::published_keys,
    inspect::{Expectations, Jwt, Keys, Kind, Verdict, verify},
    keystore::KeySet,
};

/// How long keys are remembered.
const AGE: Duration = Duration::from_mins(10);
/// How soon they are fetched again for a token whose key is not among them.
const PAUSE: Duration = Duration::from_secs(30);

/// The keys of issuers.
#[derive(Default)]
pub(super) struct Issuers(Mutex<HashMap<String, Known>>);

struct Known {
    keys: Option<Arc<KeySet>>,
    fetched: Instant,
}

impl Issuers {
    /// The claims of a token that holds now, else why it does not.
    pub(super) async fn introspect(
        &self,
        profile: &Profile,
        token: &str,
        now: DateTime<Utc>,
    ) -> Result<Map<String, Value>, String> {
        let jwt = Jwt::parse(token.as_bytes()).map_err(|error| format!("token is malformed: {error}"))?;
        let expected = Expectations { issuer: Some(profile.issuer.identifier.clone()), ..Expectations::default() };
        if jwt.issuer() != expected.issuer.as_deref() {
            return Err("invalid issuer".to_owned());
        }
        let keys = self.keys(profile, &jwt).await?;
        let verification = verify(&jwt, Kind::MaskinportenAccessToken, &Keys::Set(&keys), &expected, now);
        let fault = verification.findings.iter().find(|finding| finding.verdict == Verdict::Fault);
        match fault {
            None => Ok(jwt.claims().clone()),
            Some(fault) => Err(format!("{}: {}", fault.check, fault.found)),
        }
    }

    /// The issuer's keys; whoever else wants them waits for the same answer.
    async fn keys(&self, profile: &Profile, jwt: &Jwt) -> Result<Arc<KeySet>, String> {
        let mut issuers = self.0.lock().await;
        let issuer = &profile.issuer.identifier;
        if let Some(known) = issuers.get(issuer) {
            let age = known.fetched.elapsed();
            let has_key =
                known.keys.as_ref().is_some_and(|keys| keys.find(jwt.key_id(), jwt.algorithm()).next().is_some());
            if age < PAUSE || has_key && age < AGE {
                return known.keys.clone().ok_or_else(unreachable);
            }
        }
        let fetched = published_keys(&profile.issuer, &profile.http, Instant::now() + profile.timeout).await;
        let keys = match fetched {
            Ok(Some(keys)) => Some(Arc::new(keys)),
            // What was known before is better than nothing.
            Ok(None) | Err(_) => issuers.get(issuer).and_then(|known| known.keys.clone()),
        };
        issuers.insert(issuer.clone(), Known { keys: keys.clone(), fetched: Instant::now() });
        keys.ok_or_else(unreachable)
    }
}

fn unreachable() -> String {
    "the issuer's keys could not be fetched".to_owned()
}
