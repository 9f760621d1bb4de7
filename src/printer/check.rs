//! Prints the report of `check`, for people and as JSON.
//!
//! For people, each check has one aligned line, and the faults with their remedies are the end of the report. Checks that
//! were skipped for the same reason share a line, and so do many scopes with the same result. In JSON, each check has its
//! id, which is stable between versions.

use std::io::{self, Write};

use chrono::{DateTime, Utc};
use serde_json::{Map, Value, json};

use super::paint::Painter;
use crate::{
    check::{Check, Verdict, check_ids, faults},
    client::Refusal,
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

/// More scopes with the same result share a line.
const MAXIMUM_SCOPES: usize = 10;

/// Under the text of a line.
const INDENT: &str = "           ";
const INDENT_OF_FAULTS: &str = "     ";

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
    let groups = groups(report.checks);
    let unfolded = groups.iter().filter(|group| !is_folded(group)).flatten();
    let widths = unfolded.map(|check| title(check).chars().count());
    let width = widths.filter(|width| *width <= MAXIMUM_WIDTH).max().unwrap_or_default();
    let mut section = "";
    for group in groups {
        let check = group[0];
        let own = check.section();
        if own != section {
            section = own;
            writeln!(out, "\n{}", own.replace('_', " "))?;
        }
        if check.verdict == Verdict::Skipped && group.len() > 1 {
            writeln!(out, "  {}  {}: {}", painted(Verdict::Skipped, colour), titles(&group), check.found)?;
            continue;
        }
        line(&group, width, colour, out)?;
        if check.verdict == Verdict::Warning {
            explanation(&group, report.language, INDENT, out)?;
        }
    }
    writeln!(out, "\n{}", summary(report.checks))?;
    for (index, fault) in faults(report.checks).iter().enumerate() {
        let (number, section) = (index + 1, fault[0].section().replace('_', " "));
        let found = fault[0].found.replace('\n', " ");
        writeln!(out, "\n{number:3}. {section}, {}: {found}", titles(fault))?;
        explanation(fault, report.language, INDENT_OF_FAULTS, out)?;
    }
    Ok(())
}

/// Joins the checks that share a line: those that were skipped for the same reason, and many scopes with the same result.
fn groups(checks: &[Check]) -> Vec<Vec<&Check>> {
    let mut scopes: Vec<Vec<&Check>> = Vec::new();
    for check in checks.iter().filter(|check| is_scope(check)) {
        match scopes.iter_mut().find(|group| has_result_of(group[0], check)) {
            Some(group) => group.push(check),
            None => scopes.push(vec![check]),
        }
    }
    scopes.retain(|group| group.len() > MAXIMUM_SCOPES);
    let mut groups: Vec<Vec<&Check>> = Vec::new();
    for check in checks {
        let many = scopes.iter().find(|group| is_scope(check) && has_result_of(group[0], check));
        match (many, groups.last_mut()) {
            (Some(many), _) if std::ptr::eq(many[0], check) => groups.push(many.clone()),
            // It is in a group that began with another scope.
            (Some(_), _) => {}
            (None, Some(last)) if is_skipped_like(last[0], check) => last.push(check),
            (None, _) => groups.push(vec![check]),
        }
    }
    groups
}

/// Whether a group is shown as a number of scopes.
fn is_folded(group: &[&Check]) -> bool {
    group.len() > MAXIMUM_SCOPES && is_scope(group[0])
}

fn is_scope(check: &Check) -> bool {
    *check.topic == check_ids::SCOPE && check.subject.is_some()
}

fn has_result_of(scope: &Check, other: &Check) -> bool {
    let is_same = match scope.verdict {
        Verdict::Pass => true,
        Verdict::Skipped => scope.found == other.found,
        Verdict::Warning | Verdict::Fail => scope.is_explained_like(other),
    };
    scope.verdict == other.verdict && is_same
}

fn is_skipped_like(check: &Check, other: &Check) -> bool {
    let both = [check, other].iter().all(|check| check.verdict == Verdict::Skipped);
    both && check.found == other.found && check.section() == other.section()
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

/// Writes the line of a check, or of many scopes.
fn line(group: &[&Check], width: usize, colour: bool, out: &mut impl Write) -> io::Result<()> {
    let check = group[0];
    let word = painted(check.verdict, colour);
    let mut found = check.found.lines();
    writeln!(out, "  {word}  {:width$}  {}", titles(group), found.next().unwrap_or_default())?;
    found.try_for_each(|line| writeln!(out, "{INDENT}{line}"))?;
    Ok(())
}

/// Writes the details of a warning or a fault, why it matters, and what to do.
fn explanation(group: &[&Check], language: Language, indent: &str, out: &mut impl Write) -> io::Result<()> {
    let check = group[0];
    if is_folded(group) {
        let names: Vec<&str> = group.iter().take(MAXIMUM_SCOPES).map(|check| title(check)).collect();
        writeln!(out, "{indent}{}, and {} more", names.join(", "), group.len() - MAXIMUM_SCOPES)?;
    }
    check.details.iter().try_for_each(|detail| writeln!(out, "{indent}{detail}"))?;
    let refusal = refusal(group);
    if let Some(meaning) = refusal.as_ref().and_then(|refusal| refusal.meaning(language)) {
        writeln!(out, "{indent}{meaning}")?;
    }
    writeln!(out, "{indent}why: {}", check.topic.why)?;
    match check.remedy.clone().or_else(|| Some(refusal?.remedy(language))) {
        Some(remedy) => writeln!(out, "{indent}do:  {remedy}"),
        None => Ok(()),
    }
}

/// Returns the refusal of a group. Its explanation names every scope of the group.
fn refusal(group: &[&Check]) -> Option<Refusal> {
    let mut refusal = Refusal::clone(group[0].refusal.as_deref()?);
    if group.len() > 1 {
        refusal.facts.replace_scopes(group.iter().filter_map(|check| check.subject.clone()));
    }
    Some(refusal)
}

/// Returns the remedy of a check, or of its refusal.
fn remedy(check: &Check, language: Language) -> Option<String> {
    let refusal = check.refusal.as_ref();
    check.remedy.clone().or_else(|| refusal.map(|refusal| refusal.remedy(language)))
}

/// Returns the titles of checks that share a line; many scopes are counted.
fn titles(group: &[&Check]) -> String {
    if is_folded(group) {
        return format!("{} scopes", group.len());
    }
    group.iter().map(|check| title(check)).collect::<Vec<_>>().join(", ")
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
        plural(faults(checks).len(), "fault"),
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
