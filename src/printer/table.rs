//! Prints lists of objects, as the APIs answer them, as tables.

use serde_json::Value;

use super::lines::{Cells, aligned};
use crate::{language::Language, text::printable};

/// The heading of a column, and the name of the member that it shows.
pub type Column = (&'static str, &'static str);

/// Formats a list with a line for each element, below a line of headings.
#[must_use]
pub fn print_table(list: &Value, columns: &[Column], language: Language) -> String {
    let headings: Cells = columns.iter().map(|(heading, _)| translated(heading, language)).collect();
    let elements = list.as_array().into_iter().flatten();
    let row = |element| columns.iter().map(|(_, name)| cell(element, name, language)).collect::<Cells>();
    lines(&[headings].into_iter().chain(elements.map(row)).collect::<Vec<_>>())
}

/// Formats an object with a line for each member that has a value.
#[must_use]
pub fn print_record(object: &Value, columns: &[Column], language: Language) -> String {
    let row = |(label, name): &Column| {
        let value = cell(object, name, language);
        (!value.is_empty()).then(|| vec![translated(label, language), value])
    };
    lines(&columns.iter().filter_map(row).collect::<Vec<_>>())
}

fn lines(rows: &[Cells]) -> String {
    let aligned = aligned(rows);
    aligned.iter().flat_map(|line| [line.strip_prefix("  ").unwrap_or(line), "\n"]).collect()
}

fn translated(text: &str, language: Language) -> String {
    language.translate(text).into_owned()
}

/// Formats a member, whose name may be spelt in any case.
fn cell(object: &Value, name: &str, language: Language) -> String {
    let members = object.as_object().into_iter().flatten();
    let value = members.filter(|(own, _)| own.eq_ignore_ascii_case(name)).map(|(_, value)| value).next();
    printable(&value.map(|value| text_of(value, language)).unwrap_or_default())
}

/// Formats a value; of an object, as Altinn's models have it, the text in this language, or the id.
fn text_of(value: &Value, language: Language) -> String {
    let member = |name: &str| value.get(name).map(|value| text_of(value, language));
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Array(list) => list.iter().map(|element| text_of(element, language)).collect::<Vec<_>>().join(", "),
        Value::Object(_) => {
            let own = if language == Language::Norwegian { "nb" } else { "en" };
            let known = [own, "nb", "en", "nn", "ID", "resource", "urn", "value"];
            known.into_iter().find_map(member).unwrap_or_else(|| value.to_string())
        }
        other => other.to_string(),
    }
}

/// Formats a list as CSV (RFC 4180), below a line with the names of the members.
#[cfg(feature = "cli")]
#[must_use]
pub fn print_csv(list: &Value, columns: &[Column]) -> String {
    let mut writer = csv::Writer::from_writer(Vec::new());
    // Writing to memory does not fail.
    let _ = writer.write_record(columns.iter().map(|(_, name)| name));
    for row in list.as_array().into_iter().flatten() {
        let _ = writer.write_record(columns.iter().map(|(_, name)| cell(row, name, Language::English)));
    }
    String::from_utf8(writer.into_inner().unwrap_or_default()).unwrap_or_default()
}
