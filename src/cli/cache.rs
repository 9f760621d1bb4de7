//! `maskinporten cache`: lists and clears the cached tokens; the tokens themselves are never printed.

use std::{fmt::Write as _, fs};

use chrono::{DateTime, SecondsFormat, Utc};
use maskinporten::{
    business_register::KnownNames,
    cache::{Cache, CacheError, Clear, StoredToken},
    clock::{Clock as _, SystemClock},
    json,
    text::printable_lines,
};
use serde_json::json;

use super::{
    args::{CacheClearArguments, CacheCommand, CacheListArguments, ReportFormat},
    report::{self, Exit, Failure, Report},
};

pub(crate) fn run(command: &CacheCommand, report: &Report) -> Result<(), Failure> {
    match command {
        CacheCommand::List(arguments) => list(arguments, report),
        CacheCommand::Clear(arguments) => clear(arguments, report),
    }
}

fn list(arguments: &CacheListArguments, report: &Report) -> Result<(), Failure> {
    let listed = existing().and_then(|cache| cache.map_or_else(|| Ok(Vec::new()), |cache| cache.list()));
    let listed = listed.map_err(|error| unusable(&error))?;
    if arguments.format == ReportFormat::Json {
        return report::print(as_json(&listed).as_bytes());
    }
    if listed.is_empty() {
        report.note("no token is cached");
    }
    report::print(printable_lines(&as_text(&listed, SystemClock.now())).as_bytes())
}

fn clear(arguments: &CacheClearArguments, report: &Report) -> Result<(), Failure> {
    let what = if arguments.expired { Clear::Expired } else { Clear::Everything };
    let removed = existing().and_then(|cache| cache.map_or(Ok(0), |cache| cache.clear(what, SystemClock.now())));
    let removed = removed.map_err(|error| unusable(&error))?;
    if what == Clear::Everything
        && let Ok(folder) = Cache::usual_folder()
    {
        // There may be none.
        let _ = fs::remove_file(KnownNames::path(&folder));
    }
    report.note(&match removed {
        0 => "no token to remove".to_owned(),
        1 => "1 token removed".to_owned(),
        several => format!("{several} tokens removed"),
    });
    Ok(())
}

fn existing() -> Result<Option<Cache>, CacheError> {
    Cache::existing(&Cache::usual_folder()?)
}

/// Makes the failure of a cache that cannot be used; these commands cannot do without it.
fn unusable(error: &CacheError) -> Failure {
    Failure::new(Exit::Other, error).advising(error.remedy())
}

fn as_text(listed: &[StoredToken], now: DateTime<Utc>) -> String {
    listed.iter().fold(String::new(), |mut text, stored| {
        let about = &stored.info;
        let left = (stored.expires_at - now).num_seconds();
        let until = stored.expires_at.format("%Y-%m-%d %H:%M:%S UTC");
        let state = if left > 0 { format!("{left} s left") } else { "expired".to_owned() };
        let _ = writeln!(text, "{}", about.scopes.join(" "));
        let mut line = |label: &str, value: &str| {
            if !value.is_empty() {
                let _ = writeln!(text, "  {label:13} {value}");
            }
        };
        line("until", &format!("{until}, {state}"));
        line("environment", &about.environment);
        line("server", about.audience_host.as_deref().unwrap_or_default());
        line("client", &about.client_id);
        line("resource", &about.resources.join(" "));
        line("consumer", about.consumer_org.as_deref().unwrap_or_default());
        line("system user", about.system_user_org.as_deref().unwrap_or_default());
        line("exchanged for", about.exchange.as_deref().unwrap_or_default());
        text
    })
}

fn as_json(listed: &[StoredToken]) -> String {
    let time = |at: DateTime<Utc>| at.to_rfc3339_opts(SecondsFormat::Secs, true);
    let tokens = listed.iter().map(|stored| {
        let about = &stored.info;
        json!({
            "environment": about.environment,
            "audience_host": about.audience_host,
            "client_id": about.client_id,
            "scopes": about.scopes,
            "resources": about.resources,
            "consumer_org": about.consumer_org,
            "system_user_org": about.system_user_org,
            "exchange": about.exchange,
            "stored_at": time(stored.stored_at),
            "expires_at": time(stored.expires_at),
            "bytes": stored.bytes,
        })
    });
    json::indented(&json!({ "tokens": tokens.collect::<Vec<_>>() })) + "\n"
}
