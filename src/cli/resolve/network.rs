//! How patiently: time-outs, attempts, and whom to trust.

use std::{ops::RangeInclusive, path::PathBuf, time::Duration};

use maskinporten_token_generator::{client::RetryPolicy, clock, http::HttpOptions};

use super::exit_of;
use crate::cli::{layers::Layers, report::Failure, settings};

pub(crate) fn http_options(layers: &Layers) -> Result<HttpOptions, Failure> {
    Ok(HttpOptions {
        connect_timeout: duration(layers, "connect-timeout", Duration::from_secs(5))?,
        ca_file: layers.find("ca-file").map(|found| PathBuf::from(found.value())),
        client: None,
    })
}

pub(crate) fn retry_policy(layers: &Layers) -> Result<RetryPolicy, Failure> {
    Ok(RetryPolicy {
        timeout: duration(layers, "timeout", Duration::from_secs(30))?,
        retries: usize::try_from(number(layers, "retries", 0..=100, 2)?).unwrap_or_default(),
    })
}

/// A time in seconds (`30`, `30s`) or minutes (`2m`), up to an hour.
fn duration(layers: &Layers, name: &'static str, default: Duration) -> Result<Duration, Failure> {
    Ok(seconds(layers, name, 1..=3600, "between 1 second and 1 hour")?.map_or(default, Duration::from_secs))
}

/// A number of seconds within a range, which `words` name.
pub(crate) fn seconds(
    layers: &Layers,
    name: &'static str,
    range: RangeInclusive<u64>,
    words: &str,
) -> Result<Option<u64>, Failure> {
    let Some(found) = layers.find(name) else { return Ok(None) };
    if let Some(seconds) = clock::parse_seconds(found.value()).filter(|seconds| range.contains(seconds)) {
        return Ok(Some(seconds));
    }
    let message = format!("{} is no time {words}", found.label);
    let hint = format!("pass {} 30s or 2m", settings::option(name));
    Err(Failure::plain(exit_of(found.origin), name, message, Some(hint)))
}

/// A whole number within a range.
pub(crate) fn number(
    layers: &Layers,
    name: &'static str,
    range: RangeInclusive<u64>,
    default: u64,
) -> Result<u64, Failure> {
    let Some(found) = layers.find(name) else { return Ok(default) };
    found.value().trim().parse().ok().filter(|number| range.contains(number)).ok_or_else(|| {
        let (from, to) = (range.start(), range.end());
        let message = format!("{} is no whole number from {from} to {to}", found.label);
        let hint = format!("pass {} {default}", settings::option(name));
        Failure::plain(exit_of(found.origin), name, message, Some(hint))
    })
}
