//! The settings that count, as a person may see them: what each is, and where it came from.

use super::{
    layers::{Found, Layers},
    settings::{self, SETTINGS},
};

/// What is shown in place of a secret.
pub(crate) const MASK: &str = "********";

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
pub(crate) struct Row {
    pub(crate) name: &'static str,
    pub(crate) value: String,
    pub(crate) from: String,
}

/// Every setting that has a value, in the order of `--help`.
pub(crate) fn rows(layers: &Layers) -> impl Iterator<Item = Row> {
    SETTINGS.iter().filter_map(|setting| row(layers, setting.name))
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
