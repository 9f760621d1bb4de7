//! The token cache, as the settings ask for it: a stored token costs no request, no key and no password.

use maskinporten_token_generator::{
    cache::{Cache, CacheError, FetchOptions},
    client::{AccessToken, MinimumLifetime},
    clock::{Clock as _, SystemClock},
};

use super::{
    fetch::{Asking, Freshness},
    key::Unopened,
    layers::Layers,
    report::{Exit, Failure, Report, with_cause},
    resolve::{self, Asked},
};

/// A day; no token lives longer.
const MAXIMUM_SECONDS: u64 = 24 * 60 * 60;

impl From<CacheError> for Failure {
    fn from(error: CacheError) -> Self {
        Self::new(Exit::Other, &error)
    }
}

/// Opens the cache, unless it is not wanted or not to be had.
pub(super) fn open(layers: &Layers, report: &Report) -> Result<Option<Cache>, Failure> {
    // Wrong values are told, also when they do not count.
    minimum(layers)?;
    if is_on(layers, "no-cache") {
        return Ok(None);
    }
    match Cache::usual_folder().and_then(|folder| Cache::open(&folder)) {
        Ok(cache) => Ok(Some(cache)),
        Err(error) if error.is_unavailable() => {
            report.detail(&format!("going on without the token cache: {}", with_cause(&error)));
            Ok(None)
        }
        Err(error) => Err(error.into()),
    }
}

/// Takes a token from the cache, or asks for one and stores it.
pub(super) async fn access_token(
    cache: &Cache,
    asking: Asking<'_>,
    freshness: Freshness<'_>,
) -> Result<AccessToken, Failure> {
    let (layers, report) = (asking.layers, asking.report);
    let stored_under = asking.asked.cache_key(layers, &asking.unopened.identity(layers)?);
    if let Freshness::InsteadOf(refused) = freshness {
        cache.forget(&stored_under, refused)?;
    }
    let options = FetchOptions {
        minimum: minimum(layers)?,
        refresh: is_on(layers, "refresh"),
        wait: asking.asked.retry_policy.timeout,
    };
    let fetched = cache.fetch(&stored_under, options, &SystemClock, asking.ask()).await?;
    for warning in &fetched.warnings {
        report.detail(&warning.to_string());
    }
    if !fetched.from_cache {
        return Ok(fetched.token);
    }
    let token = fetched.token.as_of(SystemClock.now());
    let left = token.expires_in_seconds.unwrap_or_default();
    report.detail(&format!("taking the token from the cache, where it is good for another {left} s"));
    Ok(token)
}

/// Forgets a token that was refused where it was used.
pub(super) fn forget(
    cache: &Cache,
    asked: &Asked,
    unopened: &Unopened,
    layers: &Layers,
    refused: &AccessToken,
) -> Result<(), Failure> {
    cache.forget(&asked.cache_key(layers, &unopened.identity(layers)?), refused)?;
    Ok(())
}

/// How long a token that is kept must still be good.
pub(super) fn minimum(layers: &Layers) -> Result<MinimumLifetime, Failure> {
    let seconds = resolve::seconds(layers, "min-ttl", 0..=MAXIMUM_SECONDS, "up to a day")?;
    Ok(seconds.map_or(MinimumLifetime::Usual, MinimumLifetime::Seconds))
}

/// Whether a switch is on; a variable can turn it off too.
fn is_on(layers: &Layers, name: &'static str) -> bool {
    let off = ["0", "false", "no", "off"];
    layers.find(name).is_some_and(|found| !off.iter().any(|word| found.value().eq_ignore_ascii_case(word)))
}
