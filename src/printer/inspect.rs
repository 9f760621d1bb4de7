//! Prints the inspection and verification of a token, for people and as JSON.
//!
//! Values of a token are untrusted: control characters and characters that change the direction of text are replaced
//! before they reach a terminal.

use std::io::{self, Write};

use chrono::{DateTime, FixedOffset, Utc};
use serde::Serialize;
use serde_json::Value;

use super::{
    lines::{Cells, aligned},
    paint::Painter,
};
use crate::{
    inspect::{
        Finding, FindingKind, FindingVerdict, InputFormat, Inspection, Organisation, TimeClaim, Verification, relative,
    },
    json,
    keystore::CertificateSummary,
    language::{Language, Words},
    text::printable,
};

const FROM_RESPONSE: Words = Words {
    en: "the `access_token` of a token endpoint's response",
    nb: "`access_token` fra svaret til et token-endepunkt",
};

/// The output form of an inspection.
#[derive(Clone, Copy)]
pub enum InspectionForm {
    /// Aligned lines.
    Text {
        /// Whether to use colours.
        colour: bool,
        /// The current time.
        now: DateTime<Utc>,
        /// The language of what is not from the token.
        language: Language,
        /// Converts a time to the reader's time zone.
        local: fn(DateTime<Utc>) -> DateTime<FixedOffset>,
    },
    /// One JSON object, with times in UTC.
    Json,
}

/// The members of the inspection, and the verification.
#[derive(Serialize)]
struct InspectionJson<'inspection> {
    #[serde(flatten)]
    inspection: &'inspection Inspection,
    signature: SignatureJson<'inspection>,
    verification: Option<&'inspection Verification>,
}

/// Whether the signature was verified.
#[derive(Serialize)]
struct SignatureJson<'inspection> {
    verified: bool,
    reason: &'inspection str,
}

impl<'inspection> SignatureJson<'inspection> {
    fn new(verification: Option<&'inspection Verification>) -> Self {
        match verification.and_then(|verification| verification.finding(FindingKind::Signature)) {
            Some(finding) => Self { verified: finding.verdict == FindingVerdict::Pass, reason: &finding.found },
            None => Self { verified: false, reason: "not verified: pass --verify, or --jwks with the keys" },
        }
    }
}

/// Writes an inspection, and the verification if there is one.
///
/// # Errors
/// Any error of `out`.
pub fn print_inspection(
    form: InspectionForm,
    inspection: &Inspection,
    verification: Option<&Verification>,
    out: &mut impl Write,
) -> io::Result<()> {
    match form {
        InspectionForm::Json => {
            let signature = SignatureJson::new(verification);
            json::write_indented(&mut *out, &InspectionJson { inspection, signature, verification })?;
            writeln!(out)
        }
        InspectionForm::Text { colour, now, language, local } => {
            let page = InspectionPage { colour, now, language, local };
            let findings = verification.map(|verification| page.findings(verification)).unwrap_or_default();
            let mut sections = vec![
                page.title(inspection),
                page.section("header", &page.header(inspection)),
                page.section("claims", &page.claims(inspection)),
                page.section("organisations", &page.organisations(inspection)),
                page.section("certificates", &page.certificates(inspection)),
                page.section("warnings", &page.warnings(inspection)),
                page.section("verification", &findings),
            ];
            sections.retain(|section| !section.is_empty());
            writeln!(out, "{}", sections.join("\n\n"))
        }
    }
}

/// The text form.
struct InspectionPage {
    colour: bool,
    now: DateTime<Utc>,
    language: Language,
    local: fn(DateTime<Utc>) -> DateTime<FixedOffset>,
}

impl InspectionPage {
    fn title(&self, inspection: &Inspection) -> String {
        let environment = inspection.issuer.as_ref().map(|issuer| format!(" ({})", issuer.environment));
        let title = format!("{}{}", self.words(&inspection.kind.to_string()), environment.unwrap_or_default());
        let from = inspection.wrapped_in.contains(&InputFormat::Answer);
        let from = if from { format!("\n{}", FROM_RESPONSE.in_language(self.language)) } else { String::new() };
        format!("{}{from}", self.paint(Painter::HEADING, &title))
    }

    /// Formats a headline with its lines, aligned; empty when there are no lines.
    fn section(&self, headline: &str, rows: &[Cells]) -> String {
        if rows.is_empty() {
            return String::new();
        }
        format!("{}\n{}", self.paint(Painter::HEADING, &self.words(headline)), aligned(rows).join("\n"))
    }

    fn claims(&self, inspection: &Inspection) -> Vec<Cells> {
        let time = |name: &str| inspection.times.iter().find(|time| time.claim == name);
        let row = |(name, value): (&String, &Value)| {
            let mut text = text_of(value);
            if let Some(claim) = time(name) {
                text = format!("{text}  {}", self.time(claim));
            }
            vec![printable(name), text]
        };
        inspection.claims.iter().map(row).collect()
    }

    fn time(&self, claim: &TimeClaim) -> String {
        let Some(at) = claim.at else { return self.words("invalid time") };
        let relative = self.words(&relative(at, self.now));
        format!("{}, {relative}", (self.local)(at).format("%Y-%m-%d %H:%M:%S %:z"))
    }

    fn warnings(&self, inspection: &Inspection) -> Vec<Cells> {
        let row = |message: &str| vec![self.paint(Painter::WARNING, &printable(&self.words(message)))];
        inspection.warnings.iter().map(|warning| row(&warning.message)).collect()
    }

    fn findings(&self, verification: &Verification) -> Vec<Cells> {
        let row = |finding: &Finding| {
            let (verdict, text) = match finding.verdict {
                FindingVerdict::Pass => (self.paint(Painter::GOOD, "ok"), finding.found.clone()),
                FindingVerdict::Fail => (self.paint(Painter::FAULT, &self.words("FAULT")), finding.to_string()),
                FindingVerdict::NotChecked => (self.words("not checked"), finding.to_string()),
            };
            vec![verdict, self.words(&finding.kind.to_string()), printable(&self.words(&text))]
        };
        verification.findings.iter().map(row).collect()
    }

    fn header(&self, inspection: &Inspection) -> Vec<Cells> {
        let value = |name: &str, value: &Value| match value.as_array() {
            Some(list) if name == "x5c" => self.words(&format!("{} certificate(s)", list.len())),
            _ => text_of(value),
        };
        inspection.header.iter().map(|(name, own)| vec![printable(name), value(name, own)]).collect()
    }

    fn organisations(&self, inspection: &Inspection) -> Vec<Cells> {
        let row = |organisation: &Organisation| {
            let id = organisation.organisation_number.clone().unwrap_or_else(|| printable(&organisation.id));
            let name = organisation.name.as_deref().map(printable);
            [self.words(&organisation.role.to_string()), id]
                .into_iter()
                .chain(name)
                .chain([printable(&organisation.claim)])
                .collect()
        };
        inspection.organisations.iter().map(row).collect()
    }

    fn certificates(&self, inspection: &Inspection) -> Vec<Cells> {
        let date =
            |at: Option<DateTime<Utc>>| at.map_or_else(|| "?".to_owned(), |at| at.format("%Y-%m-%d").to_string());
        let row = |(number, certificate): (usize, &CertificateSummary)| {
            let organisation = certificate.organisation_number.as_ref();
            let organisation = organisation.map(|number| format!(", organisation {number}")).unwrap_or_default();
            let (from, until) = (date(certificate.not_before), date(certificate.not_after));
            let validity = self.words(&format!("{organisation}, {from} to {until}"));
            vec![number.to_string(), format!("{}{validity}", printable(&certificate.subject))]
        };
        (1..).zip(&inspection.certificates).map(row).collect()
    }

    /// Returns a text of this program in the reader's language.
    fn words(&self, text: &str) -> String {
        self.language.translate(text).into_owned()
    }

    fn paint(&self, style: anstyle::Style, text: &str) -> String {
        Painter::new(self.colour).paint(style, text)
    }
}

/// Formats a string as it is, and any other value as JSON.
fn text_of(value: &Value) -> String {
    printable(&value.as_str().map_or_else(|| value.to_string(), str::to_owned))
}
