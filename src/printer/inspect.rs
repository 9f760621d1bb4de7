//! What a token says and whether it holds, for people and for programs.
//!
//! A token's own words are other people's: control characters, and signs that turn the direction of text around, are
//! replaced before they reach a terminal.

use std::io::{self, Write};

use chrono::{DateTime, FixedOffset, Utc};
use serde::Serialize;
use serde_json::Value;

use super::paint::Painter;
use crate::{
    inspect::{Finding, InputFormat, Inspection, Organisation, TimeClaim, Verdict, Verification, relative},
    keystore::CertificateSummary,
    text::printable,
};

/// How an inspected token is written.
#[derive(Clone, Copy)]
pub enum InspectionForm {
    /// Aligned lines.
    Text {
        /// Whether with colours.
        colour: bool,
        /// The moment at which it was read.
        now: DateTime<Utc>,
        /// The clock on the reader's wall.
        local: fn(DateTime<Utc>) -> DateTime<FixedOffset>,
    },
    /// One JSON object; times are in UTC.
    Json,
}

/// The reading's members, and the verification beside them.
#[derive(Serialize)]
struct Json<'inspection> {
    #[serde(flatten)]
    reading: &'inspection Inspection,
    verification: Option<&'inspection Verification>,
}

/// Writes what a token says, and whether it holds if that was asked.
///
/// # Errors
/// Whatever `out` says.
pub fn print_inspection(
    form: InspectionForm,
    reading: &Inspection,
    verification: Option<&Verification>,
    out: &mut impl Write,
) -> io::Result<()> {
    match form {
        InspectionForm::Json => {
            serde_json::to_writer_pretty(&mut *out, &Json { reading, verification })?;
            writeln!(out)
        }
        InspectionForm::Text { colour, now, local } => {
            let page = Page { colour, now, local };
            let findings = verification.map(|verification| page.findings(verification)).unwrap_or_default();
            let mut sections = vec![
                page.title(reading),
                page.section("header", &header(reading)),
                page.section("claims", &page.claims(reading)),
                page.section("organisations", &organisations(reading)),
                page.section("certificates", &certificates(reading)),
                page.section("warnings", &page.warnings(reading)),
                page.section("verification", &findings),
            ];
            sections.retain(|section| !section.is_empty());
            writeln!(out, "{}", sections.join("\n\n"))
        }
    }
}

/// The terminal's side of it.
struct Page {
    colour: bool,
    now: DateTime<Utc>,
    local: fn(DateTime<Utc>) -> DateTime<FixedOffset>,
}

/// The cells of a line; the last one is not padded.
type Row = Vec<String>;

impl Page {
    fn title(&self, reading: &Inspection) -> String {
        let environment = reading.issuer.as_ref().map(|issuer| format!(" ({})", issuer.environment));
        let title = format!("{}{}", reading.kind, environment.unwrap_or_default());
        let from = reading.wrapped_in.contains(&InputFormat::Answer);
        let from = if from { "\nthe `access_token` of a token endpoint's answer" } else { "" };
        format!("{}{from}", self.paint(Painter::HEADING, &title))
    }

    /// A headline and its lines, aligned; nothing when there are no lines.
    fn section(&self, headline: &str, rows: &[Row]) -> String {
        if rows.is_empty() {
            return String::new();
        }
        let columns = rows.iter().map(Vec::len).max().unwrap_or_default();
        let width = |column: usize| {
            let cells = rows.iter().filter(|row| row.len() > column + 1).map(|row| visible(&row[column]));
            cells.max().unwrap_or_default()
        };
        let widths: Vec<usize> = (0..columns).map(width).collect();
        let lines = rows.iter().map(|row| {
            let cells = row.iter().enumerate().map(|(column, cell)| match row.len() - column {
                1 => cell.clone(),
                _ => format!("{cell}{}", " ".repeat(widths[column].saturating_sub(visible(cell)))),
            });
            format!("  {}", cells.collect::<Vec<_>>().join("  "))
        });
        let lines: Vec<String> = lines.map(|line| line.trim_end().to_owned()).collect();
        format!("{}\n{}", self.paint(Painter::HEADING, headline), lines.join("\n"))
    }

    fn claims(&self, reading: &Inspection) -> Vec<Row> {
        let time = |name: &str| reading.times.iter().find(|moment| moment.claim == name);
        let row = |(name, value): (&String, &Value)| {
            let mut text = text_of(value);
            if let Some(moment) = time(name) {
                text = format!("{text}  {}", self.time(moment));
            }
            vec![printable(name), text]
        };
        reading.claims.iter().map(row).collect()
    }

    fn time(&self, moment: &TimeClaim) -> String {
        let Some(at) = moment.at else { return "no time".to_owned() };
        format!("{}, {}", (self.local)(at).format("%Y-%m-%d %H:%M:%S %:z"), relative(at, self.now))
    }

    fn warnings(&self, reading: &Inspection) -> Vec<Row> {
        reading
            .warnings
            .iter()
            .map(|warning| vec![self.paint(Painter::WARNING, &printable(&warning.message))])
            .collect()
    }

    fn findings(&self, verification: &Verification) -> Vec<Row> {
        let row = |finding: &Finding| {
            let (verdict, said) = match finding.verdict {
                Verdict::Good => (self.paint(Painter::GOOD, "ok"), finding.found.clone()),
                Verdict::Fault => {
                    (self.paint(Painter::FAULT, "FAULT"), format!("{}; expected {}", finding.found, finding.expected))
                }
                Verdict::NotChecked => ("not checked".to_owned(), format!("{}; {}", finding.found, finding.expected)),
            };
            vec![verdict, finding.check.to_string(), printable(&said)]
        };
        verification.findings.iter().map(row).collect()
    }

    fn paint(&self, style: anstyle::Style, text: &str) -> String {
        Painter::new(self.colour).paint(style, text)
    }
}

fn header(reading: &Inspection) -> Vec<Row> {
    let value = |name: &str, value: &Value| match value.as_array() {
        Some(list) if name == "x5c" => format!("{} certificate(s)", list.len()),
        _ => text_of(value),
    };
    reading.header.iter().map(|(name, own)| vec![printable(name), value(name, own)]).collect()
}

fn organisations(reading: &Inspection) -> Vec<Row> {
    let row = |organisation: &Organisation| {
        let id = organisation.organisation_number.clone().unwrap_or_else(|| printable(&organisation.id));
        vec![organisation.role.to_string(), id, printable(&organisation.claim)]
    };
    reading.organisations.iter().map(row).collect()
}

fn certificates(reading: &Inspection) -> Vec<Row> {
    let date = |at: Option<DateTime<Utc>>| at.map_or_else(|| "?".to_owned(), |at| at.format("%Y-%m-%d").to_string());
    let row = |(number, certificate): (usize, &CertificateSummary)| {
        let organisation = certificate.organisation_number.as_ref();
        let organisation = organisation.map(|number| format!(", organisation {number}")).unwrap_or_default();
        let (from, until) = (date(certificate.not_before), date(certificate.not_after));
        vec![number.to_string(), format!("{}{organisation}, {from} to {until}", printable(&certificate.subject))]
    };
    (1..).zip(&reading.certificates).map(row).collect()
}

/// A text as it is, anything else as JSON.
fn text_of(value: &Value) -> String {
    printable(&value.as_str().map_or_else(|| value.to_string(), str::to_owned))
}

/// How many columns a text takes, without its colours.
fn visible(text: &str) -> usize {
    let coloured = |part: &str| part.split_once('m').map_or(0, |(_, rest)| rest.chars().count());
    let mut parts = text.split('\u{1b}');
    parts.next().map_or(0, |plain| plain.chars().count()) + parts.map(coloured).sum::<usize>()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_take_no_columns() {
        assert_eq!(visible("\u{1b}[1;31mFAULT\u{1b}[0m"), 5);
        assert_eq!(visible("blåbær"), 6);
    }
}
