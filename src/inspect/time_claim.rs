//! The times in a token: `NumericDate`s (RFC 7519 §2), whole or fractional, and their distance from now.

use std::{fmt::Write as _, time::Duration};

use chrono::{DateTime, Datelike as _, SecondsFormat, TimeDelta, Utc};
use serde::{Serialize, Serializer};
use serde_json::{Map, Value};

/// How far the issuer's clock may be ahead of ours, as Maskinporten and Altinn allow. Expiry has no leeway.
pub const LEEWAY: TimeDelta = TimeDelta::seconds(10);

/// The claims that hold a time.
const TIMES: [&str; 4] = ["iat", "nbf", "exp", "auth_time"];

/// A claim that holds a time.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TimeClaim {
    /// The name of the claim.
    pub claim: &'static str,
    /// The time; `None` when the value is not a number of seconds, or is outside the calendar.
    #[serde(serialize_with = "rfc3339")]
    pub at: Option<DateTime<Utc>>,
    /// The whole seconds until then: negative when it has passed.
    pub seconds_from_now: Option<i64>,
}

impl TimeClaim {
    /// Returns every time among the claims, in a fixed order.
    pub(super) fn all(claims: &Map<String, Value>, now: DateTime<Utc>) -> Vec<Self> {
        let time_claim = |claim: &'static str| {
            let at = numeric_date(claims.get(claim)?);
            Some(Self { claim, at, seconds_from_now: at.map(|at| (at - now).num_seconds()) })
        };
        TIMES.into_iter().filter_map(time_claim).collect()
    }
}

/// Reads seconds since 1970; `None` when it is not a number, or outside the years 1 to 9999.
pub(super) fn numeric_date(value: &Value) -> Option<DateTime<Utc>> {
    let at = if let Some(seconds) = value.as_i64() {
        DateTime::from_timestamp(seconds, 0)?
    } else {
        let seconds = value.as_f64()?;
        let span = TimeDelta::from_std(Duration::try_from_secs_f64(seconds.abs()).ok()?).ok()?;
        let span = if seconds < 0.0 { -span } else { span };
        DateTime::UNIX_EPOCH.checked_add_signed(span)?
    };
    (1..=9999).contains(&at.year()).then_some(at)
}

/// Formats the distance of a time from now in its two largest units: `in 1 min 58 s`, `3 min ago`, `now`.
#[must_use]
pub fn relative(at: DateTime<Utc>, now: DateTime<Utc>) -> String {
    let seconds = (at - now).num_seconds();
    match seconds {
        0 => "now".to_owned(),
        1.. => format!("in {}", span(seconds.unsigned_abs())),
        _ => format!("{} ago", span(seconds.unsigned_abs())),
    }
}

/// Formats a time with its distance from now.
pub(super) fn time(at: DateTime<Utc>, now: DateTime<Utc>) -> String {
    format!("{} ({})", at.to_rfc3339_opts(SecondsFormat::Secs, true), relative(at, now))
}

/// Formats a duration: in two units below two days, then in days, then in years.
pub(super) fn span(seconds: u64) -> String {
    let (minutes, hours, days) = (seconds / 60, seconds / 3600, seconds / 86_400);
    let two = |large: u64, unit: &str, small: u64, smaller: &str| {
        let mut text = format!("{large} {unit}");
        if small > 0 {
            let _ = write!(text, " {small} {smaller}");
        }
        text
    };
    match seconds {
        0..60 => format!("{seconds} s"),
        60..3600 => two(minutes, "min", seconds % 60, "s"),
        3600..172_800 => two(hours, "h", minutes % 60, "min"),
        _ if days < 730 => format!("{days} days"),
        _ => format!("{} years", days / 365),
    }
}

#[allow(clippy::ref_option)] // the signature that serde calls
fn rfc3339<S: Serializer>(at: &Option<DateTime<Utc>>, serializer: S) -> Result<S::Ok, S::Error> {
    at.map(|at| at.to_rfc3339_opts(SecondsFormat::AutoSi, true)).serialize(serializer)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn whole_and_fractional_seconds_within_the_calendar_are_read() {
        for (value, wanted) in [
            (json!(1_764_627_201), Some("2025-12-01T22:13:21Z")),
            (json!(1_764_627_201.5), Some("2025-12-01T22:13:21.500Z")),
            (json!(0), Some("1970-01-01T00:00:00Z")),
            (json!(-0.5), Some("1969-12-31T23:59:59.500Z")),
            (json!(-62_135_596_800_i64), Some("0001-01-01T00:00:00Z")),
            (json!(253_402_300_799_i64), Some("9999-12-31T23:59:59Z")),
            (json!(253_402_300_800_i64), None),
            (json!(1_764_627_201_000_i64), None),
            (json!(i64::MAX), None),
            (json!(u64::MAX), None),
            (json!(i64::MIN), None),
            (json!(1e308), None),
            (json!(-1e308), None),
            (json!("1764627201"), None),
            (json!(null), None),
        ] {
            let at = numeric_date(&value).map(|at| at.to_rfc3339_opts(SecondsFormat::AutoSi, true));
            assert_eq!(at.as_deref(), wanted, "{value}");
        }
    }

    #[test]
    fn a_distance_is_shown_in_its_two_largest_units() {
        let now = DateTime::from_timestamp(1_764_627_201, 0).unwrap();
        for (seconds, wanted) in [
            (0, "now"),
            (1, "in 1 s"),
            (118, "in 1 min 58 s"),
            (-180, "3 min ago"),
            (-59, "59 s ago"),
            (3600, "in 1 h"),
            (90_061, "in 25 h 1 min"),
            (-172_800, "2 days ago"),
            (-63_072_000, "2 years ago"),
        ] {
            assert_eq!(relative(now + TimeDelta::seconds(seconds), now), wanted);
        }
    }
}
