//! Prints the report of `check` as JSON. Each check has its id, which is stable between versions.

use std::io::{self, Write};

use serde_json::{Map, Value, json};

use super::check::{CheckReport, remedy};
use crate::{
    check::{Check, Verdict},
    language::Language,
};

/// Writes the report as JSON.
///
/// # Errors
/// Any error of `out`.
pub fn print_check_json(report: &CheckReport, out: &mut impl Write) -> io::Result<()> {
    let settings: Map<String, Value> = report
        .settings
        .iter()
        .map(|(name, value, from)| (name.clone(), json!({ "value": value, "from": from })))
        .collect();
    let worst = report.checks.iter().map(|check| check.verdict).max().unwrap_or(Verdict::Skipped);
    let mut object = json!({
        "version": env!("CARGO_PKG_VERSION"),
        "at": report.at.to_rfc3339_opts(chrono::SecondsFormat::Secs, true),
        "verdict": name(worst),
        "settings": settings,
        "checks": report.checks.iter().map(|check| as_json(check, report.language)).collect::<Vec<_>>(),
    });
    if !report.names.is_empty() {
        object["organisations"] = json!(report.names);
    }
    crate::json::write_indented(&mut *out, &object)?;
    writeln!(out)
}

/// Returns the name of a verdict in JSON.
fn name(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Pass => "ok",
        Verdict::Warning => "warning",
        Verdict::Fail => "fault",
        Verdict::Skipped => "skipped",
    }
}

fn as_json(check: &Check, language: Language) -> Value {
    let refusal = check.refusal.as_deref().map(|refusal| {
        json!({
            "http_status": refusal.status,
            "oauth_error": refusal.error,
            "mp_code": refusal.mp_code,
            "trace_id": refusal.trace_id,
            "description": refusal.description,
            "meaning": refusal.known_meaning(language),
        })
    });
    json!({
        "id": check.topic.id,
        "subject": check.subject,
        "verdict": name(check.verdict),
        "found": language.translate(&check.found),
        "details": check.details.iter().map(|detail| language.translate(detail)).collect::<Vec<_>>(),
        "why": language.translate(check.topic.why),
        "remedy": remedy(check, check.refusal.as_deref(), language),
        "refusal": refusal,
    })
}
