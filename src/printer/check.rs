//! Prints the report of `check`, for people and as JSON.
//!
//! For people, each check has one aligned line; warnings and faults have more. Checks that were skipped for the same
//! reason share a line. In JSON, each check has its id, which is stable between versions.

use std::io::{self, Write};

use chrono::{DateTime, Utc};
use serde_json::{Map, Value, json};

use super::paint::Painter;
use crate::{
    check::{Check, Verdict},
    language::Language,
};

/// The content of a report.
#[derive(Debug)]
pub struct CheckReport<'report> {
    /// The time of the report.
    pub at: DateTime<Utc>,
    /// The effective settings, without secrets: name, value and origin.
    pub settings: &'report [(String, String, String)],
    /// The checks, in order.
    pub checks: &'report [Check],
    /// The language of explanations of refusals.
    pub language: Language,
}

/// Longer titles do not widen the column.
const MAXIMUM_WIDTH: usize = 44;

/// Writes the report for people.
///
/// # Errors
/// Any error of `out`.
pub fn print_check_text(report: &CheckReport, colour: bool, out: &mut impl Write) -> io::Result<()> {
    let at = report.at.format("%Y-%m-%d %H:%M:%S UTC");
    writeln!(
        out,
        "maskinporten {} on {} {}, {at}",
        env!("CARGO_PKG_VERSION"),
        std::env::consts::OS,
        std::env::consts::ARCH
    )?;
    settings(report.settings, out)?;
    let titles = report.checks.iter().map(|check| title(check).chars().count());
    let width = titles.filter(|width| *width <= MAXIMUM_WIDTH).max().unwrap_or_default();
    let mut section = "";
    let mut rest = report.checks;
    while let Some(check) = rest.first() {
        let own = check.section();
        if own != section {
            section = own;
            writeln!(out, "\n{}", own.replace('_', " "))?;
        }
        let together = skipped_together(rest);
        let names = rest[..together].iter().map(title).collect::<Vec<_>>();
        rest = &rest[together..];
        if together > 1 {
            writeln!(out, "  {}  {}: {}", painted(Verdict::Skipped, colour), names.join(", "), check.found)?;
            continue;
        }
        line(check, width, colour, out)?;
        let before = report.checks.iter().take_while(|other| !std::ptr::eq(*other, check));
        if let Some(same) = before.into_iter().find(|other| has_same_explanation(check, other)) {
            writeln!(out, "           do:  as for {}", title(same))?;
        } else {
            explanation(check, report.language, out)?;
        }
    }
    writeln!(out, "\n{}", summary(report.checks))
}

fn settings(settings: &[(String, String, String)], out: &mut impl Write) -> io::Result<()> {
    if settings.is_empty() {
        return Ok(());
    }
    let width = |column: fn(&(String, String, String)) -> &String| {
        let widths = settings.iter().map(|row| column(row).chars().count()).filter(|width| *width <= MAXIMUM_WIDTH);
        widths.max().unwrap_or_default()
    };
    let (names, values) = (width(|row| &row.0), width(|row| &row.1));
    writeln!(out, "\nsettings")?;
    settings.iter().try_for_each(|(name, value, from)| writeln!(out, "  {name:names$}  {value:values$}  {from}"))
}

/// Returns how many of the first checks were skipped for the same reason; one if the first was not skipped.
fn skipped_together(checks: &[Check]) -> usize {
    let Some(first) = checks.first().filter(|check| check.verdict == Verdict::Skipped) else { return 1 };
    let same = |check: &&Check| {
        check.verdict == Verdict::Skipped && check.found == first.found && check.section() == first.section()
    };
    checks.iter().take_while(same).count()
}

/// Writes the line of a check, with details below it.
fn line(check: &Check, width: usize, colour: bool, out: &mut impl Write) -> io::Result<()> {
    let word = painted(check.verdict, colour);
    let mut found = check.found.lines();
    writeln!(out, "  {word}  {:width$}  {}", title(check), found.next().unwrap_or_default())?;
    found.try_for_each(|line| writeln!(out, "           {line}"))?;
    let mut details = check.details.iter().filter(|_| check.verdict >= Verdict::Warning);
    details.try_for_each(|detail| writeln!(out, "           {detail}"))
}

/// Returns whether another check has the same id and explanation, as for hundreds of refused scopes.
fn has_same_explanation(check: &Check, other: &Check) -> bool {
    let known = |check: &Check| check.refusal.as_ref().and_then(|refusal| refusal.explanation);
    check.topic == other.topic && known(check).is_some() && known(check) == known(other)
}

/// Writes why a warning or a fault matters, and what to do.
fn explanation(check: &Check, language: Language, out: &mut impl Write) -> io::Result<()> {
    if check.verdict < Verdict::Warning {
        return Ok(());
    }
    if let Some(meaning) = check.refusal.as_ref().and_then(|refusal| refusal.meaning(language)) {
        writeln!(out, "           {meaning}")?;
    }
    writeln!(out, "           why: {}", check.topic.why)?;
    match remedy(check, language) {
        Some(remedy) => writeln!(out, "           do:  {remedy}"),
        None => Ok(()),
    }
}

/// Returns the remedy of a check, or of its refusal.
fn remedy(check: &Check, language: Language) -> Option<String> {
    let refusal = check.refusal.as_ref();
    check.remedy.clone().or_else(|| refusal.map(|refusal| refusal.remedy(language)))
}

fn title(check: &Check) -> &str {
    check.subject.as_deref().unwrap_or(check.topic.title)
}

fn painted(verdict: Verdict, colour: bool) -> String {
    let (word, style) = match verdict {
        Verdict::Pass => ("ok", Painter::GOOD),
        Verdict::Warning => ("warning", Painter::WARNING),
        Verdict::Fail => ("FAULT", Painter::FAULT),
        Verdict::Skipped => ("skipped", Painter::SKIPPED),
    };
    Painter::new(colour).paint(style, &format!("{word:7}"))
}

fn summary(checks: &[Check]) -> String {
    let count = |verdict: Verdict| checks.iter().filter(|check| check.verdict == verdict).count();
    let plural = |number: usize, word: &str| format!("{number} {word}{}", if number == 1 { "" } else { "s" });
    format!(
        "{}, {}, {} ok, {} skipped",
        plural(count(Verdict::Fail), "fault"),
        plural(count(Verdict::Warning), "warning"),
        count(Verdict::Pass),
        count(Verdict::Skipped)
    )
}

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
    let object = json!({
        "version": env!("CARGO_PKG_VERSION"),
        "at": report.at.to_rfc3339_opts(chrono::SecondsFormat::Secs, true),
        "verdict": name(worst),
        "settings": settings,
        "checks": report.checks.iter().map(|check| as_json(check, report.language)).collect::<Vec<_>>(),
    });
    writeln!(out, "{object:#}")
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
        "found": check.found,
        "details": check.details,
        "why": check.topic.why,
        "remedy": remedy(check, language),
        "refusal": refusal,
    })
}
