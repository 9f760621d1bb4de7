//! `config show`: prints every setting in effect and its origin; secrets are masked.

use std::{fmt::Write as _, path::PathBuf};

use maskinporten::{json, text::printable};
use serde_json::{Value, json};

use crate::cli::{
    args::{ReportFormat, ShowArguments},
    report::{self, Failure, Report},
    settings::{self, EffectiveSetting, MASK, SettingSources},
};

pub(super) fn run(arguments: ShowArguments, config: Option<PathBuf>, report: &Report) -> Result<(), Failure> {
    let mut sources = SettingSources::load(arguments.settings, config, report)?;
    settings::add_environment(&mut sources, report)?;
    let rows = settings::effective_settings(&sources);
    let headers: Vec<(String, String)> = sources
        .headers
        .iter()
        .map(|own| {
            let location = format!("{}, line {}", own.location.file().display(), own.location.line());
            (own.header.name().to_owned(), location)
        })
        .collect();
    let text = if arguments.format == ReportFormat::Json { as_json(&rows, &headers) } else { as_text(&rows, &headers) };
    report::print(text.as_bytes())
}

fn as_text(rows: &[EffectiveSetting], headers: &[(String, String)]) -> String {
    let all = rows.iter().map(|row| (row.name.clone(), row.value.clone(), row.from.clone()));
    let headers = headers.iter().map(|(name, from)| (format!("header {name}"), MASK.to_owned(), from.clone()));
    let clean = |(name, value, from): (String, String, String)| (printable(&name), printable(&value), printable(&from));
    let all: Vec<(String, String, String)> = all.chain(headers).map(clean).collect();
    let width = |of: fn(&(String, String, String)) -> &str| all.iter().map(|row| of(row).chars().count()).max();
    let (names, values) = (width(|row| &row.0).unwrap_or_default(), width(|row| &row.1).unwrap_or_default().min(60));
    all.iter().fold(String::new(), |mut text, (name, value, from)| {
        let _ = writeln!(text, "{name:names$}  {value:values$}  {from}");
        text
    })
}

fn as_json(rows: &[EffectiveSetting], headers: &[(String, String)]) -> String {
    let settings = rows.iter().map(|row| (row.name.clone(), json!({ "value": row.value, "from": row.from })));
    let headers = headers.iter().map(|(name, from)| (name.clone(), json!({ "value": MASK, "from": from })));
    let object = json!({
        "settings": settings.collect::<serde_json::Map<String, Value>>(),
        "headers": headers.collect::<serde_json::Map<String, Value>>(),
    });
    json::indented(&object) + "\n"
}
