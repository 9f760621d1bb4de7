//! Applies `--timeout` to reading files: as soon as it is known, since config files are read before the settings are parsed.

use std::{env, ops::RangeInclusive, time::Duration};

use maskinporten::{clock, file};

use super::definition;

/// An hour at most.
pub(super) const TIME_LIMIT_SECONDS: RangeInclusive<u64> = 1..=3600;

/// The setting.
pub(super) const TIMEOUT: &str = "timeout";

/// Limits reading files by the variable of `--timeout`. What comes after it is stronger: the option, or weaker and not used.
pub(crate) fn limit_by_variable() {
    if let Ok(text) = env::var(definition::variable(TIMEOUT)) {
        limit_by(&text);
    }
}

/// Limits reading files by this value. One that cannot be parsed is reported with the other settings.
pub(super) fn limit_by(text: &str) {
    if let Some(seconds) = clock::parse_seconds(text).filter(|seconds| TIME_LIMIT_SECONDS.contains(seconds)) {
        file::set_time_limit(Duration::from_secs(seconds));
    }
}
