//! Prints the report of `check` for people.
//!
//! Each check has one aligned line, and the faults with their remedies are the end of the report. Checks that
//! were skipped for the same reason share a line, and so do many scopes with the same result.

use std::{
    borrow::Cow,
    collections::BTreeMap,
    io::{self, Write},
};

use chrono::{DateTime, Utc};

use super::paint::Painter;
use crate::{
    check::{Check, Verdict, check_ids, faults},
    client::Refusal,
    language::{Language, Words},
    text::printable,
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
    /// The names of organisations that were looked up, by their numbers.
    pub names: &'report BTreeMap<String, String>,
    /// The language of the report.
    pub language: Language,
}

/// Longer titles do not widen the column.
const MAXIMUM_WIDTH: usize = 44;

/// More scopes with the same result share a line.
const MAXIMUM_SCOPES: usize = 10;

const INDENT_OF_FAULTS: &str = "     ";

const SETTINGS: Words = Words { en: "settings", nb: "innstillinger" };
const ORGANISATIONS: Words = Words { en: "organisations", nb: "virksomheter" };
const WHY: Words = Words { en: "why:", nb: "hvorfor:" };
const DO: Words = Words { en: "do: ", nb: "gjør:   " };

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
    let language = report.language;
    settings(report.settings, language, out)?;
    let groups = groups(report.checks);
    let unfolded = groups.iter().filter(|group| !is_folded(group)).flatten();
    let widths = unfolded.map(|check| title(check, language).chars().count());
    let width = widths.filter(|width| *width <= MAXIMUM_WIDTH).max().unwrap_or_default();
    let mut section = "";
    for group in groups {
        let check = group[0];
        let own = check.section();
        if own != section {
            section = own;
            writeln!(out, "\n{}", section_name(own, language))?;
        }
        if check.verdict == Verdict::Skipped && group.len() > 1 {
            let (word, found) = (painted(Verdict::Skipped, language, colour), language.translate(&check.found));
            writeln!(out, "  {word}  {}: {found}", titles(&group, language))?;
            continue;
        }
        line(&group, width, language, colour, out)?;
        if check.verdict == Verdict::Warning {
            explanation(&group, language, &indent(language), out)?;
        }
    }
    if !report.names.is_empty() {
        writeln!(out, "\n{}", ORGANISATIONS.in_language(language))?;
        for (number, name) in report.names {
            writeln!(out, "  {number}  {}", printable(name))?;
        }
    }
    writeln!(out, "\n{}", summary(report.checks, language))?;
    for (index, fault) in faults(report.checks).iter().enumerate() {
        let (number, section) = (index + 1, section_name(fault[0].section(), language));
        let found = language.translate(&fault[0].found).replace('\n', " ");
        writeln!(out, "\n{number:3}. {section}, {}: {found}", titles(fault, language))?;
        explanation(fault, language, INDENT_OF_FAULTS, out)?;
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

/// Returns the headline of a section.
fn section_name(section: &str, language: Language) -> String {
    language.translate(&section.replace('_', " ")).into_owned()
}

fn settings(settings: &[(String, String, String)], language: Language, out: &mut impl Write) -> io::Result<()> {
    if settings.is_empty() {
        return Ok(());
    }
    let width = |column: fn(&(String, String, String)) -> &String| {
        let widths = settings.iter().map(|row| column(row).chars().count()).filter(|width| *width <= MAXIMUM_WIDTH);
        widths.max().unwrap_or_default()
    };
    let (names, values) = (width(|row| &row.0), width(|row| &row.1));
    writeln!(out, "\n{}", SETTINGS.in_language(language))?;
    settings.iter().try_for_each(|(name, value, from)| {
        writeln!(out, "  {name:names$}  {value:values$}  {}", language.translate(from))
    })
}

/// Writes the line of a check, or of many scopes.
fn line(group: &[&Check], width: usize, language: Language, colour: bool, out: &mut impl Write) -> io::Result<()> {
    let check = group[0];
    let word = painted(check.verdict, language, colour);
    let (found, indent) = (language.translate(&check.found), indent(language));
    let mut found = found.lines();
    writeln!(out, "  {word}  {:width$}  {}", titles(group, language), found.next().unwrap_or_default())?;
    found.try_for_each(|line| writeln!(out, "{indent}{line}"))
}

/// Writes the details of a warning or a fault, why it matters, and what to do.
fn explanation(group: &[&Check], language: Language, indent: &str, out: &mut impl Write) -> io::Result<()> {
    let check = group[0];
    if is_folded(group) {
        let names = group.iter().take(MAXIMUM_SCOPES).map(|check| title(check, language));
        let more = format!("{}, and {} more", names.collect::<Vec<_>>().join(", "), group.len() - MAXIMUM_SCOPES);
        writeln!(out, "{indent}{}", language.translate(&more))?;
    }
    check.details.iter().try_for_each(|detail| writeln!(out, "{indent}{}", language.translate(detail)))?;
    let refusal = refusal(group);
    if let Some(meaning) = refusal.as_ref().and_then(|refusal| refusal.meaning(language)) {
        writeln!(out, "{indent}{meaning}")?;
    }
    writeln!(out, "{indent}{} {}", WHY.in_language(language), language.translate(check.topic.why))?;
    match remedy(check, refusal.as_ref(), language) {
        Some(remedy) => writeln!(out, "{indent}{} {remedy}", DO.in_language(language)),
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
pub(super) fn remedy(check: &Check, refusal: Option<&Refusal>, language: Language) -> Option<String> {
    let own = check.remedy.as_deref().map(|remedy| language.translate(remedy).into_owned());
    own.or_else(|| refusal.map(|refusal| refusal.remedy(language)))
}

/// Returns the titles of checks that share a line; many scopes are counted.
fn titles(group: &[&Check], language: Language) -> String {
    if is_folded(group) {
        return language.translate(&format!("{} scopes", group.len())).into_owned();
    }
    group.iter().map(|check| title(check, language)).collect::<Vec<_>>().join(", ")
}

fn title(check: &Check, language: Language) -> Cow<'_, str> {
    check.subject.as_deref().map_or_else(|| language.translate(check.topic.title), Cow::Borrowed)
}

/// Returns the width of the words for verdicts.
fn verdict_width(language: Language) -> usize {
    match language {
        Language::English => "skipped".len(),
        Language::Norwegian => "advarsel".len(),
    }
}

/// Returns what is before the text of a line that continues another one.
fn indent(language: Language) -> String {
    " ".repeat(verdict_width(language) + 4)
}

fn painted(verdict: Verdict, language: Language, colour: bool) -> String {
    let (word, style) = match verdict {
        Verdict::Pass => (Words { en: "ok", nb: "ok" }, Painter::GOOD),
        Verdict::Warning => (Words { en: "warning", nb: "advarsel" }, Painter::WARNING),
        Verdict::Fail => (Words { en: "FAULT", nb: "FEIL" }, Painter::FAULT),
        Verdict::Skipped => (Words { en: "skipped", nb: "utelatt" }, Painter::SKIPPED),
    };
    let width = verdict_width(language);
    Painter::new(colour).paint(style, &format!("{:width$}", word.in_language(language)))
}

fn summary(checks: &[Check], language: Language) -> String {
    let count = |verdict: Verdict| checks.iter().filter(|check| check.verdict == verdict).count();
    let plural = |number: usize, one: Words, more: Words| {
        format!("{number} {}", if number == 1 { one } else { more }.in_language(language))
    };
    let fault = (Words { en: "fault", nb: "feil" }, Words { en: "faults", nb: "feil" });
    let warning = (Words { en: "warning", nb: "advarsel" }, Words { en: "warnings", nb: "advarsler" });
    format!(
        "{}, {}, {} ok, {} {}",
        plural(faults(checks).len(), fault.0, fault.1),
        plural(count(Verdict::Warning), warning.0, warning.1),
        count(Verdict::Pass),
        count(Verdict::Skipped),
        Words { en: "skipped", nb: "utelatt" }.in_language(language)
    )
}
