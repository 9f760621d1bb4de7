//! Counters and gauges in Prometheus' text format
//! (<https://prometheus.io/docs/instrumenting/exposition_formats/#text-based-format>).

use std::{
    collections::BTreeMap,
    fmt::Write as _,
    sync::{Mutex, MutexGuard, PoisonError},
};

use chrono::{DateTime, Utc};

use super::tokens::{Held, Slot};

/// What is counted. Paths are those that are known, so the number of series has an end.
#[derive(Debug, Default)]
pub(super) struct Metrics(Mutex<Counted>);

#[derive(Debug, Default)]
struct Counted {
    requests: BTreeMap<(&'static str, u16), u64>,
    upstream: BTreeMap<String, u64>,
    errors: BTreeMap<(String, String), u64>,
}

impl Metrics {
    fn lock(&self) -> MutexGuard<'_, Counted> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn count_request(&self, path: &'static str, status: u16) {
        *self.lock().requests.entry((path, status)).or_default() += 1;
    }

    pub(super) fn count_upstream(&self, profile: &str, error: Option<&str>) {
        let mut counted = self.lock();
        *counted.upstream.entry(profile.to_owned()).or_default() += 1;
        if let Some(code) = error {
            // A server may name its errors as it likes: no more than a hundred of them are told apart.
            let known = counted.errors.len() < 100;
            let code = if known { code } else { "other" };
            *counted.errors.entry((profile.to_owned(), code.to_owned())).or_default() += 1;
        }
    }

    /// Everything as text.
    pub(super) fn text(&self, tokens: &[(std::sync::Arc<Slot>, std::sync::Arc<Held>)], now: DateTime<Utc>) -> String {
        let counted = self.lock();
        let mut text = String::new();
        family(&mut text, "maskinporten_requests_total", "counter", "Requests that were answered.");
        for ((path, status), count) in &counted.requests {
            let _ = writeln!(text, "maskinporten_requests_total{{path=\"{path}\",status=\"{status}\"}} {count}");
        }
        family(
            &mut text,
            "maskinporten_upstream_requests_total",
            "counter",
            "Tokens that the token endpoint was asked for.",
        );
        for (profile, count) in &counted.upstream {
            let _ = writeln!(text, "maskinporten_upstream_requests_total{{profile=\"{}\"}} {count}", escaped(profile));
        }
        family(
            &mut text,
            "maskinporten_upstream_errors_total",
            "counter",
            "Those that came to nothing, by MP code or error.",
        );
        for ((profile, code), count) in &counted.errors {
            let (profile, code) = (escaped(profile), escaped(code));
            let _ =
                writeln!(text, "maskinporten_upstream_errors_total{{profile=\"{profile}\",code=\"{code}\"}} {count}");
        }
        family(
            &mut text,
            "maskinporten_token_expires_in_seconds",
            "gauge",
            "Seconds until a remembered token expires.",
        );
        let mut left: Vec<_> = tokens.iter().map(|(slot, held)| (labels(slot), held.seconds_left(now))).collect();
        left.sort();
        for (labels, seconds) in left {
            let _ = writeln!(text, "maskinporten_token_expires_in_seconds{{{labels}}} {seconds}");
        }
        text
    }
}

fn family(text: &mut String, name: &str, kind: &str, help: &str) {
    let _ = writeln!(text, "# HELP {name} {help}\n# TYPE {name} {kind}");
}

fn labels(slot: &Slot) -> String {
    let wanted = &slot.wanted;
    let resource = wanted.resource.as_ref().map(|resource| format!(",resource=\"{}\"", escaped(resource.as_str())));
    let (profile, scope) = (escaped(&wanted.profile.name), escaped(&wanted.scopes().to_string()));
    format!("profile=\"{profile}\",scope=\"{scope}\"{}", resource.unwrap_or_default())
}

fn escaped(value: &str) -> String {
    value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}
