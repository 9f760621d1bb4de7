//! A report of checks, for people and for programs.
//!
//! For people: a line a check, aligned, and more only where something is not as it should be. Checks that were skipped
//! for the same reason share a line. As JSON each has its id, which stays the same between versions.

use std::io::{self, Write};

use chrono::{DateTime, Utc};
use serde_json::{Map, Value, json};

use super::paint::Painter;
use crate::{
    check::{Check, Verdict},
    language::Language,
};

/// Everything that a report says.
#[derive(Debug)]
pub struct CheckReport<'report> {
    /// When it was made.
    pub at: DateTime<Utc>,
    /// The settings that counted, as they may be shown: name, value, and where it came from.
    pub settings: &'report [(String, String, String)],
    /// The checks, in the order in which they were made.
    pub checks: &'report [Check],
    /// The language in which refusals are explained.
    pub language: Language,
}

/// Longer names are not lined up with.
const MAXIMUM_WIDTH: usize = 44;

/// Writes the report for people; `colour` is for terminals.
///
/// # Errors
/// Whatever `out` says.
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
    let mut subject = "";
    let mut rest = report.checks;
    while let Some(check) = rest.first() {
        let own = check.section();
        if own != subject {
            subject = own;
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
        if let Some(same) = before.into_iter().find(|other| is_explained_by(check, other)) {
            writeln!(out, "           do:  the same as for {}", title(same))?;
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
    let width = |of: fn(&(String, String, String)) -> &String| {
        let widths = settings.iter().map(|row| of(row).chars().count()).filter(|width| *width <= MAXIMUM_WIDTH);
        widths.max().unwrap_or_default()
    };
    let (names, values) = (width(|row| &row.0), width(|row| &row.1));
    writeln!(out, "\nsettings")?;
    settings.iter().try_for_each(|(name, value, from)| writeln!(out, "  {name:names$}  {value:values$}  {from}"))
}

/// How many checks from the first on were skipped for the same reason; one, when it was not skipped.
fn skipped_together(checks: &[Check]) -> usize {
    let Some(first) = checks.first().filter(|check| check.verdict == Verdict::Skipped) else { return 1 };
    let same = |check: &&Check| {
        check.verdict == Verdict::Skipped && check.found == first.found && check.section() == first.section()
    };
    checks.iter().take_while(same).count()
}

/// The line of a check, and below it whatever else was found.
fn line(check: &Check, width: usize, colour: bool, out: &mut impl Write) -> io::Result<()> {
    let word = painted(check.verdict, colour);
    let mut found = check.found.lines();
    writeln!(out, "  {word}  {:width$}  {}", title(check), found.next().unwrap_or_default())?;
    found.try_for_each(|line| writeln!(out, "           {line}"))?;
    let mut details = check.details.iter().filter(|_| check.verdict >= Verdict::Warning);
    details.try_for_each(|detail| writeln!(out, "           {detail}"))
}

/// Whether another check of the same thing ended in a refusal that means the same: one of hundreds of scopes.
fn is_explained_by(check: &Check, other: &Check) -> bool {
    let known = |check: &Check| check.refusal.as_ref().and_then(|refusal| refusal.explanation);
    check.topic == other.topic && known(check).is_some() && known(check) == known(other)
}

/// Why it matters that something is not as it should be, and what to do.
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

/// What to do: of a refusal, what its explanation says.
fn remedy(check: &Check, language: Language) -> Option<String> {
    let refusal = check.refusal.as_ref();
    check.remedy.clone().or_else(|| refusal.map(|refusal| refusal.remedy(language)))
}

fn title(check: &Check) -> &str {
    check.subject.as_deref().unwrap_or(check.topic.title)
}

fn word(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Right => "ok",
        Verdict::Warning => "warning",
        Verdict::Wrong => "FAULT",
        Verdict::Skipped => "skipped",
    }
}

fn painted(verdict: Verdict, colour: bool) -> String {
    let padded = format!("{:7}", word(verdict));
    let style = match verdict {
        Verdict::Right => Painter::GOOD,
        Verdict::Warning => Painter::WARNING,
        Verdict::Wrong => Painter::FAULT,
        Verdict::Skipped => Painter::SKIPPED,
    };
    Painter::new(colour).paint(style, &padded)
}

fn summary(checks: &[Check]) -> String {
    let count = |verdict: Verdict| checks.iter().filter(|check| check.verdict == verdict).count();
    let plural = |number: usize, word: &str| format!("{number} {word}{}", if number == 1 { "" } else { "s" });
    format!(
        "{}, {}, {} ok, {} skipped",
        plural(count(Verdict::Wrong), "fault"),
        plural(count(Verdict::Warning), "warning"),
        count(Verdict::Right),
        count(Verdict::Skipped)
    )
}

/// Writes the report for programs.
///
/// # Errors
/// Whatever `out` says.
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

/// A verdict as programs read it.
fn name(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Right => "ok",
        Verdict::Warning => "warning",
        Verdict::Wrong => "fault",
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
            "meaning": refusal.explanation.map(|known| known.meaning.in_language(language)),
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
