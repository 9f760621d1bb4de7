//! Counters and gauges in the Prometheus text format
//! (<https://prometheus.io/docs/instrumenting/exposition_formats/#text-based-format>).

use std::{
    collections::BTreeMap,
    fmt::Write as _,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use chrono::{DateTime, Utc};

use super::{
    profile::{RequestedToken, ServedProfile},
    response::seconds_left,
};
use crate::client::AccessToken;

/// The number of error codes that are counted separately; the token endpoint may make up any number of them.
const MAXIMUM_ERROR_CODES: usize = 100;

/// The server's metrics. Paths that are not served count as one, so the number of series is limited.
#[derive(Debug, Default)]
pub(super) struct Metrics(Mutex<Counters>);

#[derive(Debug, Default)]
struct Counters {
    requests: BTreeMap<(String, u16), u64>,
    upstream: BTreeMap<String, u64>,
    errors: BTreeMap<(String, String), u64>,
    exchanges: BTreeMap<String, u64>,
    exchange_errors: BTreeMap<(String, String), u64>,
}

impl Metrics {
    fn lock(&self) -> MutexGuard<'_, Counters> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn count_request(&self, path: &str, status: u16) {
        *self.lock().requests.entry((path.to_owned(), status)).or_default() += 1;
    }

    pub(super) fn count_upstream(&self, profile: &str, error: Option<&str>) {
        let mut counters = self.lock();
        *counters.upstream.entry(profile.to_owned()).or_default() += 1;
        count_error(&mut counters.errors, profile, error);
    }

    /// Counts a request to Altinn's exchange.
    pub(super) fn count_exchange(&self, profile: &str, error: Option<&str>) {
        let mut counters = self.lock();
        *counters.exchanges.entry(profile.to_owned()).or_default() += 1;
        count_error(&mut counters.exchange_errors, profile, error);
    }

    /// Returns all metrics as text.
    pub(super) fn text(
        &self,
        profiles: &[Arc<ServedProfile>],
        tokens: &[(RequestedToken, AccessToken)],
        now: DateTime<Utc>,
    ) -> String {
        let counters = self.lock();
        let mut text = String::new();
        family(&mut text, "maskinporten_requests_total", "counter", "Answered requests.");
        for ((path, status), count) in &counters.requests {
            let _ = writeln!(text, "maskinporten_requests_total{{path=\"{path}\",status=\"{status}\"}} {count}");
        }
        requests(&mut text, "upstream", "the token endpoint", &counters.upstream, &counters.errors);
        // Only where a profile exchanges its tokens.
        if !counters.exchanges.is_empty() {
            requests(&mut text, "exchange", "Altinn's exchange", &counters.exchanges, &counters.exchange_errors);
        }
        keys(&mut text, profiles, now);
        let received = "maskinporten_token_received_timestamp_seconds";
        family(&mut text, received, "gauge", "When a token in memory was received, in seconds since 1970.");
        let mut times: Vec<_> =
            tokens.iter().map(|(wanted, token)| (labels(wanted), token.received_at.timestamp())).collect();
        times.sort();
        for (labels, seconds) in times {
            let _ = writeln!(text, "{received}{{{labels}}} {seconds}");
        }
        family(&mut text, "maskinporten_token_expires_in_seconds", "gauge", "Seconds until a token in memory expires.");
        let mut expiries: Vec<_> =
            tokens.iter().map(|(wanted, token)| (labels(wanted), seconds_left(token, now))).collect();
        expiries.sort();
        for (labels, seconds) in expiries {
            let _ = writeln!(text, "maskinporten_token_expires_in_seconds{{{labels}}} {seconds}");
        }
        text
    }
}

/// Writes when the certificates of the profiles expire; how long a key is registered for is known to Digdir alone.
fn keys(text: &mut String, profiles: &[Arc<ServedProfile>], now: DateTime<Utc>) {
    let name = "maskinporten_key_expires_in_seconds";
    let expiry =
        |profile: &Arc<ServedProfile>| Some((escaped(&profile.name), (profile.key_expires_at? - now).num_seconds()));
    let expiries: Vec<_> = profiles.iter().filter_map(expiry).collect();
    if !expiries.is_empty() {
        family(text, name, "gauge", "Seconds until the certificate of a profile's key expires.");
    }
    for (profile, seconds) in expiries {
        let _ = writeln!(text, "{name}{{profile=\"{profile}\"}} {seconds}");
    }
}

/// Writes how many requests a server has had, and which of them failed.
fn requests(
    text: &mut String,
    name: &str,
    server: &str,
    counts: &BTreeMap<String, u64>,
    errors: &BTreeMap<(String, String), u64>,
) {
    let total = format!("maskinporten_{name}_requests_total");
    family(text, &total, "counter", &format!("Requests to {server}."));
    for (profile, count) in counts {
        let _ = writeln!(text, "{total}{{profile=\"{}\"}} {count}", escaped(profile));
    }
    let failed = format!("maskinporten_{name}_errors_total");
    family(text, &failed, "counter", &format!("Failed requests to {server}, by MP code or error."));
    for ((profile, code), count) in errors {
        let _ = writeln!(text, "{failed}{{profile=\"{}\",code=\"{}\"}} {count}", escaped(profile), escaped(code));
    }
}

fn count_error(errors: &mut BTreeMap<(String, String), u64>, profile: &str, error: Option<&str>) {
    if let Some(code) = error {
        let code = if errors.len() < MAXIMUM_ERROR_CODES { code } else { "other" };
        *errors.entry((profile.to_owned(), code.to_owned())).or_default() += 1;
    }
}

fn family(text: &mut String, name: &str, metric_type: &str, help: &str) {
    let _ = writeln!(text, "# HELP {name} {help}\n# TYPE {name} {metric_type}");
}

fn labels(wanted: &RequestedToken) -> String {
    let resource = wanted.resource().map(|resource| format!(",resource=\"{}\"", escaped(resource)));
    let (profile, scope) = (escaped(&wanted.profile.name), escaped(&wanted.scopes().to_string()));
    format!("profile=\"{profile}\",scope=\"{scope}\"{}", resource.unwrap_or_default())
}

fn escaped(value: &str) -> String {
    value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}
