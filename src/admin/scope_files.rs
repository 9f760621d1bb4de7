//! Scopes as files: one JSON file for each scope, and one CSV file for all, as the scripts of the original write and read
//! them.
//!
//! PowerShell's `Export-Csv` quotes every value, writes `True` and `False`, and ends lines with CR LF; `-Encoding unicode` is
//! UTF-16 with a byte order mark. The scripts write `allowed_integration_types` as one value with commas, add four members
//! that a scope may lack as empty values, and drop those again when they read.

use std::{collections::BTreeSet, path::PathBuf};

use serde_json::{Map, Value};

use super::changes::{merged, without_times};
use crate::{
    explain::Explain,
    file,
    json::{self, JsonError, JsonValue},
    text::excerpt,
};

/// Members that a scope may lack, which become empty values in CSV.
const OPTIONAL: [&str; 4] = ["delegation_source", "authorization_max_lifetime", "at_max_age", "long_description"];
/// Members that are numbers.
const NUMBERS: [&str; 2] = ["authorization_max_lifetime", "at_max_age"];
const LIST: &str = "allowed_integration_types";
/// Members that are texts, even those with `True` in them.
const TEXTS: [&str; 3] = ["name", "prefix", "subscope"];

/// Why a file with scopes cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum ScopeFileError {
    /// It is neither UTF-8 nor UTF-16 with or without a byte order mark.
    #[error("it is neither UTF-8 nor UTF-16")]
    Encoding,
    /// It is not CSV.
    #[error("it is not CSV")]
    Csv(#[source] csv::Error),
    /// A column is missing.
    #[error("it has no column `{0}`")]
    NoColumn(&'static str),
    /// It is not a JSON object.
    #[error("it is not a JSON object")]
    NotAnObject,
    /// It is not JSON.
    #[error("it is not JSON")]
    Json(#[source] JsonError),
    /// A member occurs twice.
    #[error("it has the member `{0}` twice")]
    Duplicate(String),
    /// The name of the scope is missing, or has no colon.
    #[error("it does not have the name of the scope, such as `prefix:subscope`")]
    NoName,
    /// It is about another scope.
    #[error("it is about `{found}`, not `{expected}`")]
    OtherScope {
        /// The name in the file.
        found: String,
        /// The name that was given, or the one that prefix and subscope make.
        expected: String,
    },
    /// A value is not of the kind that its column has.
    #[error("line {line}: `{column}` must be a number")]
    NotANumber {
        /// The line, from 1.
        line: u64,
        /// The name of the column.
        column: String,
    },
}

impl Explain for ScopeFileError {
    fn code(&self) -> &'static str {
        "scope_file"
    }

    fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Encoding | Self::Csv(_) | Self::NoColumn(_) | Self::NotANumber { .. } => {
                "the first line has the names of the columns, as scope export --csv writes them".to_owned()
            }
            Self::NotAnObject | Self::Json(_) | Self::Duplicate(_) | Self::NoName | Self::OtherScope { .. } => {
                "the file has one scope, as scope export --dir writes it".to_owned()
            }
        })
    }
}

/// Returns where the JSON file of a scope is, below a folder: `scopes/<prefix>/<subscope>.json`; `None` if its names could
/// lead elsewhere.
#[must_use]
pub fn scope_path(scope: &Map<String, Value>) -> Option<PathBuf> {
    let name = |member: &str| scope.get(member).and_then(Value::as_str);
    let (prefix, subscope) = (name("prefix")?, name("subscope")?);
    let is_plain = |part: &str| !part.is_empty() && !part.starts_with('.') && !part.contains(['\\', ':', '\0']);
    let parts: Vec<&str> = subscope.split('/').collect();
    let is_safe = is_plain(prefix) && !prefix.contains('/') && parts.iter().all(|part| is_plain(part));
    is_safe.then(|| PathBuf::from("scopes").join(prefix).join(format!("{subscope}.json")))
}

/// Returns the contents of the JSON file of a scope, without the times of the API.
///
/// `ConvertTo-Json` of PowerShell 7 indents by two spaces and escapes three line separators that JSON allows in a text.
#[must_use]
pub fn scope_json(scope: &Map<String, Value>) -> String {
    let text = format!("{:#}\n", Value::Object(without_times(scope.clone())));
    ['\u{85}', '\u{2028}', '\u{2029}']
        .into_iter()
        .fold(text, |text, separator| text.replace(separator, &format!("\\u{:04x}", u32::from(separator))))
}

/// Reads the JSON file of a scope, or of what is to be changed in one.
///
/// # Errors
/// [`ScopeFileError`].
pub fn scope_from_json(bytes: &[u8]) -> Result<Map<String, Value>, ScopeFileError> {
    let text = file::decode_text(bytes).ok_or(ScopeFileError::Encoding)?;
    match json::parse(text.as_bytes()).map_err(ScopeFileError::Json)? {
        JsonValue::Object(object) => object.into_map().map_err(ScopeFileError::Duplicate),
        _ => Err(ScopeFileError::NotAnObject),
    }
}

/// Returns the name of a scope, and the scope with its name, prefix and subscope, which may be missing where the name is
/// given or one of them follows from the others.
///
/// # Errors
/// [`ScopeFileError::NoName`] and [`ScopeFileError::OtherScope`].
pub fn with_name(
    mut scope: Map<String, Value>,
    given: Option<&str>,
) -> Result<(String, Map<String, Value>), ScopeFileError> {
    let text = |member: &str| scope.get(member).and_then(Value::as_str).map(str::to_owned);
    let parts = text("prefix").zip(text("subscope")).map(|(prefix, subscope)| format!("{prefix}:{subscope}"));
    let names: Vec<String> = [given.map(str::to_owned), parts, text("name")].into_iter().flatten().collect();
    let expected = names.first().ok_or(ScopeFileError::NoName)?.clone();
    if let Some(found) = names.into_iter().find(|name| *name != expected) {
        return Err(ScopeFileError::OtherScope { found: excerpt(&found, 100), expected: excerpt(&expected, 100) });
    }
    let Some((prefix, subscope)) = expected.split_once(':').filter(|(prefix, rest)| ![*prefix, rest].contains(&""))
    else {
        return Err(ScopeFileError::NoName);
    };
    for (member, value) in [("name", expected.as_str()), ("prefix", prefix), ("subscope", subscope)] {
        scope.insert(member.to_owned(), value.into());
    }
    Ok((expected, scope))
}

/// Returns what a scope becomes when a file with all of it is imported. Members that the file does not have stay, except
/// the ones that the scripts drop when they are empty.
#[must_use]
pub fn imported(current: &Map<String, Value>, file: &Map<String, Value>) -> Map<String, Value> {
    let mut wanted = file.clone();
    for name in OPTIONAL {
        wanted.entry(name).or_insert(Value::Null);
    }
    merged(current, &wanted)
}

/// Returns the CSV file of scopes, as the scripts write it, in UTF-16 with a byte order mark.
#[must_use]
pub fn scopes_csv_file(scopes: &[Map<String, Value>]) -> Vec<u8> {
    let text = format!("\u{feff}{}", scopes_to_csv(scopes));
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

/// Returns members that no column of the CSV file has, because the first scope does not have them.
#[must_use]
pub fn members_without_column(scopes: &[Map<String, Value>]) -> BTreeSet<&str> {
    let Some(first) = scopes.first() else { return BTreeSet::new() };
    let names = scopes.iter().flat_map(Map::keys).map(String::as_str);
    names.filter(|name| !first.contains_key(*name) && !OPTIONAL.contains(name)).collect()
}

/// Returns scopes as CSV, in UTF-8. The columns are the members of the first scope, then the optional ones.
fn scopes_to_csv(scopes: &[Map<String, Value>]) -> String {
    let rows: Vec<Map<String, Value>> =
        scopes.iter().map(|scope| with_optional_members(without_times(scope.clone()))).collect();
    let Some(first) = rows.first() else { return String::new() };
    let columns: Vec<&String> = first.keys().collect();
    let line = |values: Vec<Option<String>>| {
        let quoted = |value: String| format!("\"{}\"", value.replace('"', "\"\""));
        let values: Vec<String> = values.into_iter().map(|value| value.map(quoted).unwrap_or_default()).collect();
        values.join(",") + "\r\n"
    };
    let head = line(columns.iter().map(|name| Some((*name).clone())).collect());
    let body = rows.iter().map(|row| line(columns.iter().map(|name| row.get(*name).and_then(cell)).collect()));
    std::iter::once(head).chain(body).collect()
}

fn with_optional_members(mut scope: Map<String, Value>) -> Map<String, Value> {
    for name in OPTIONAL {
        scope.entry(name).or_insert_with(|| "".into());
    }
    scope
}

/// Returns a value as PowerShell writes it; `None` for `null`, which it does not quote.
fn cell(value: &Value) -> Option<String> {
    Some(match value {
        Value::Null => return None,
        Value::Bool(true) => "True".to_owned(),
        Value::Bool(false) => "False".to_owned(),
        Value::String(text) => text.clone(),
        Value::Array(list) => list.iter().filter_map(cell).collect::<Vec<_>>().join(","),
        Value::Number(_) | Value::Object(_) => value.to_string(),
    })
}

/// Reads scopes from CSV, in UTF-8 or UTF-16, with commas or, as Norwegian spreadsheets write it, semicolons.
///
/// # Errors
/// [`ScopeFileError`].
pub fn scopes_from_csv(bytes: &[u8]) -> Result<Vec<Map<String, Value>>, ScopeFileError> {
    let text = file::decode_text(bytes).ok_or(ScopeFileError::Encoding)?;
    let head = text.lines().next().unwrap_or_default();
    let delimiter = if head.contains(';') && !head.contains(',') { b';' } else { b',' };
    let mut reader = csv::ReaderBuilder::new().delimiter(delimiter).from_reader(text.as_bytes());
    let columns = reader.headers().map_err(ScopeFileError::Csv)?.clone();
    for name in ["name", LIST] {
        if !columns.iter().any(|column| column == name) {
            return Err(ScopeFileError::NoColumn(name));
        }
    }
    let mut scopes = Vec::new();
    for record in reader.records() {
        let record = record.map_err(ScopeFileError::Csv)?;
        let line = record.position().map_or(0, csv::Position::line);
        let mut scope = Map::new();
        for (column, value) in columns.iter().zip(&record) {
            if let Some(value) = member(column, value, line)? {
                scope.insert(column.to_owned(), value);
            }
        }
        scopes.push(scope);
    }
    Ok(scopes)
}

/// Returns the value of a member; `None` if the scope lacks it.
fn member(column: &str, text: &str, line: u64) -> Result<Option<Value>, ScopeFileError> {
    if text.is_empty() && OPTIONAL.contains(&column) {
        return Ok(None);
    }
    if NUMBERS.contains(&column) {
        let number = text.parse::<u64>();
        return number
            .map(|number| Some(number.into()))
            .map_err(|_| ScopeFileError::NotANumber { line, column: column.to_owned() });
    }
    Ok(Some(match text {
        _ if column == LIST => text.split(',').filter(|part| !part.is_empty()).map(Value::from).collect(),
        // The scripts' way to write a line break inside a value.
        _ if column == "long_description" => text.replace("\\n", "\n").into(),
        _ if TEXTS.contains(&column) || column.contains("description") => text.into(),
        // Spreadsheets write them in capitals.
        _ if text.eq_ignore_ascii_case("true") => true.into(),
        _ if text.eq_ignore_ascii_case("false") => false.into(),
        _ => text.into(),
    }))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const CSV: &str = "\"name\",\"prefix\",\"subscope\",\"description\",\"active\",\"allowed_integration_types\",\
        \"authorization_max_lifetime\",\"delegation_source\",\"at_max_age\",\"long_description\"\r\n\
        \"altinn:a\",\"altinn\",\"a\",\"Says \"\"hi\"\", twice\",\"True\",\"maskinporten,krr\",\"0\",\"\",\"\",\"\"\r\n\
        \"altinn:b/c\",\"altinn\",\"b/c\",\"Ærlig\",\"False\",\"maskinporten\",\"\",\"https://a.example/\",\"120\",\"more\"\r\n";

    fn utf16(text: &str) -> Vec<u8> {
        [0xfeff].into_iter().chain(text.encode_utf16()).flat_map(u16::to_le_bytes).collect()
    }

    #[test]
    fn a_csv_file_of_the_scripts_survives_a_round_trip() {
        let scopes = scopes_from_csv(CSV.as_bytes()).unwrap();
        assert_eq!(
            Value::from(scopes[0].clone()),
            json!({
                "name": "altinn:a", "prefix": "altinn", "subscope": "a", "description": "Says \"hi\", twice",
                "active": true, "allowed_integration_types": ["maskinporten", "krr"], "authorization_max_lifetime": 0,
            })
        );
        assert_eq!((&scopes[1]["at_max_age"], &scopes[1]["active"]), (&json!(120), &json!(false)));
        let again = scopes_from_csv(scopes_to_csv(&scopes).as_bytes()).unwrap();
        assert_eq!(again, scopes);
        assert_eq!(scopes_from_csv(&utf16(CSV)).unwrap(), scopes);
        let semicolons = CSV.replace("\",\"", "\";\"");
        assert_eq!(scopes_from_csv(semicolons.as_bytes()).unwrap(), scopes);
    }

    #[test]
    fn a_csv_file_of_the_scripts_is_written_as_it_was_read() {
        let file = include_bytes!("../../testdata/admin/export-test-simulator-2026-11-29_120000.csv");
        let scopes = scopes_from_csv(file).unwrap();
        assert_eq!(scopes_csv_file(&scopes), file);
        assert_eq!((&scopes[1]["description"], &scopes[2][LIST]), (&json!("True"), &json!([])));
        assert_eq!(members_without_column(&scopes), BTreeSet::new());
        let more = [scopes[0].clone(), scope_from_json(br#"{"long_description":"a","x":1}"#).unwrap()];
        assert_eq!(members_without_column(&more), BTreeSet::from(["x"]));
        assert_eq!(scopes_csv_file(&[]), [0xff, 0xfe]);
    }

    #[test]
    fn the_name_of_a_scope_follows_from_its_parts_or_they_from_it() {
        let scope = |text: &str| scope_from_json(text.as_bytes()).unwrap();
        let all = json!({ "prefix": "a", "subscope": "b:c", "name": "a:b:c" });
        for (text, given) in [
            (r#"{"prefix":"a","subscope":"b:c"}"#, None),
            (r#"{"name":"a:b:c"}"#, None),
            ("{}", Some("a:b:c")),
            (r#"{"name":"a:b:c","prefix":"a","subscope":"b:c"}"#, Some("a:b:c")),
        ] {
            let (name, scope) = with_name(scope(text), given).unwrap();
            assert_eq!((name.as_str(), Value::from(scope)), ("a:b:c", all.clone()));
        }
        for text in ["{}", r#"{"name":"a:"}"#, r#"{"name":":b"}"#, r#"{"name":"ab"}"#, r#"{"name":1}"#] {
            assert!(matches!(with_name(scope(text), None), Err(ScopeFileError::NoName)), "{text}");
        }
        let other = with_name(scope(r#"{"name":"a:c"}"#), Some("a:b")).unwrap_err();
        assert_eq!(other.to_string(), "it is about `a:c`, not `a:b`");
    }

    #[test]
    fn an_import_removes_only_what_the_scripts_leave_out_when_it_is_empty() {
        let scope = |value: Value| value.as_object().unwrap().clone();
        let current = scope(json!({ "name": "a:b", "at_max_age": 120, "visibility": "PRIVATE", "active": true }));
        let file = scope(json!({ "name": "a:b", "active": false, "long_description": "more" }));
        let expected = json!({ "name": "a:b", "visibility": "PRIVATE", "active": false, "long_description": "more" });
        assert_eq!(Value::from(imported(&current, &file)), expected);
    }

    #[test]
    fn a_csv_file_that_is_damaged_is_refused() {
        for (bytes, message) in [
            (&[0xff, 0xfe, 0, 0xd8][..], "it is neither UTF-8 nor UTF-16"),
            (b"\xff", "it is neither UTF-8 nor UTF-16"),
            (b"a,b\n1,2\n", "it has no column `name`"),
            (b"name,allowed_integration_types\n1\n", "it is not CSV"),
            (b"name,allowed_integration_types,at_max_age\nx,y,z\n", "line 2: `at_max_age` must be a number"),
        ] {
            assert_eq!(scopes_from_csv(bytes).unwrap_err().to_string(), message);
        }
    }

    #[test]
    fn the_file_of_a_scope_stays_below_its_folder() {
        let path = |prefix: &str, subscope: &str| {
            let scope = json!({ "prefix": prefix, "subscope": subscope });
            scope_path(scope.as_object().unwrap()).map(|path| path.display().to_string())
        };
        assert_eq!(path("altinn", "a/b.read").as_deref(), Some("scopes/altinn/a/b.read.json"));
        for (prefix, subscope) in [("..", "a"), ("a/b", "c"), ("a", "../b"), ("a", "/b"), ("a", ""), ("a", "b\\c")] {
            assert_eq!(path(prefix, subscope), None, "{prefix} {subscope}");
        }
    }

    #[test]
    fn the_json_of_a_scope_has_no_times_and_ends_with_a_line_break() {
        let scope = json!({ "name": "a:b", "created": "1", "active": true, "last_updated": "2", "allowed_integration_types": [] });
        let expected = "{\n  \"name\": \"a:b\",\n  \"active\": true,\n  \"allowed_integration_types\": []\n}\n";
        assert_eq!(scope_json(scope.as_object().unwrap()), expected);
    }
}
