//! `config show`: every value that counts, and where it came from; secrets are masked.

use std::{fmt::Write as _, path::PathBuf};

use serde_json::{Value, json};

use crate::cli::{
    args::ShowArguments,
    layers::{Found, Layers},
    report::{self, Failure, Report},
    resolve,
    settings::{self, SETTINGS},
};

/// What is shown in place of a secret.
const MASK: &str = "********";

/// The values that count when nobody says anything.
const DEFAULTS: [(&str, &str); 6] = [
    ("ttl", "120"),
    ("max-iterations", "10000000"),
    ("x5c", "chain"),
    ("timeout", "30s"),
    ("connect-timeout", "5s"),
    ("retries", "2"),
];

/// A setting that has a value.
struct Row {
    name: &'static str,
    value: String,
    from: String,
}

pub(super) fn run(arguments: ShowArguments, config: Option<PathBuf>, report: &Report) -> Result<(), Failure> {
    let mut layers = Layers::of(arguments.settings, config, report)?;
    // Without an environment there is still something to show.
    if layers.find("env").is_some() {
        resolve::add_environment(&mut layers, report)?;
    }
    let rows: Vec<Row> = SETTINGS.iter().filter_map(|setting| row(&layers, setting.name)).collect();
    let headers: Vec<(String, String)> = layers
        .headers
        .iter()
        .map(|header| (header.name.clone(), format!("{}, line {}", header.place.file().display(), header.place.line())))
        .collect();
    let text =
        if arguments.format == "json" { as_json(&rows, &headers) } else { report::harmless(&as_text(&rows, &headers)) };
    report::print(text.as_bytes())
}

fn row(layers: &Layers, name: &'static str) -> Option<Row> {
    if let Some(found) = layers.find(name) {
        return Some(Row { name, value: shown(&found), from: found.label });
    }
    let (_, value) = DEFAULTS.iter().find(|(own, _)| *own == name)?;
    Some(Row { name, value: (*value).to_owned(), from: "default".to_owned() })
}

fn shown(found: &Found) -> String {
    if settings::is_secret(found.name) { MASK.to_owned() } else { found.values.join(" ") }
}

fn as_text(rows: &[Row], headers: &[(String, String)]) -> String {
    let all = rows.iter().map(|row| (row.name.replace('-', "_"), row.value.clone(), row.from.clone()));
    let headers = headers.iter().map(|(name, from)| (format!("header {name}"), MASK.to_owned(), from.clone()));
    let all: Vec<(String, String, String)> = all.chain(headers).collect();
    let width = |of: fn(&(String, String, String)) -> &str| all.iter().map(|row| of(row).chars().count()).max();
    let (names, values) = (width(|row| &row.0).unwrap_or_default(), width(|row| &row.1).unwrap_or_default().min(60));
    all.iter().fold(String::new(), |mut text, (name, value, from)| {
        let _ = writeln!(text, "{name:names$}  {value:values$}  {from}");
        text
    })
}

fn as_json(rows: &[Row], headers: &[(String, String)]) -> String {
    let settings = rows.iter().map(|row| (row.name.replace('-', "_"), json!({ "value": row.value, "from": row.from })));
    let headers = headers.iter().map(|(name, from)| (name.clone(), json!({ "value": MASK, "from": from })));
    let object = json!({
        "settings": settings.collect::<serde_json::Map<String, Value>>(),
        "headers": headers.collect::<serde_json::Map<String, Value>>(),
    });
    format!("{object:#}\n")
}
