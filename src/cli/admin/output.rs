//! Prints what the self-service API has, in the form that was asked for.

use maskinporten::printer::{Column, print_csv, print_record, print_table};
use serde_json::Value;

use crate::cli::{
    args::ListFormat,
    report::{self, Failure, Report},
};

/// Prints a list of objects: these members of each as a table or as CSV, or all of them as JSON.
pub(super) fn print_list(format: ListFormat, list: &Value, columns: &[Column], report: &Report) -> Result<(), Failure> {
    let text = match format {
        ListFormat::Table => print_table(list, columns, report.language()),
        ListFormat::Csv => print_csv(list, columns),
        ListFormat::Json => return report::print_json(list),
    };
    report::print(text.as_bytes())
}

/// Prints an object: a line for each of these members that has a value, CSV with one row, or JSON.
pub(super) fn print_object(
    format: ListFormat,
    object: &Value,
    columns: &[Column],
    report: &Report,
) -> Result<(), Failure> {
    let text = match format {
        ListFormat::Table => print_record(object, columns, report.language()),
        ListFormat::Csv => print_csv(&Value::from(vec![object.clone()]), columns),
        ListFormat::Json => return report::print_json(object),
    };
    report::print(text.as_bytes())
}
