//! The reports of Altinn's scripts so-admin and so-patch, with their headings and words.

use std::collections::{BTreeMap, BTreeSet};

use maskinporten::{
    admin::{Access, AccessDifference, DeclaredAccess},
    language::Language,
    printer::Column,
};
use serde_json::{Value, json};

use crate::cli::{
    admin::output::print_list,
    args::{ListFormat, ScriptReport},
    report::{self, Failure, Report},
};

/// How PowerShell prints a dictionary.
const DICTIONARY: [Column; 2] = [("Name", "Name"), ("Value", "Value")];
const MISSING: [Column; 2] = [("Org", "Org"), ("Scope", "Scope")];

pub(super) fn print(
    script: ScriptReport,
    scopes: &BTreeSet<String>,
    granted: &BTreeSet<Access>,
    difference: &AccessDifference,
    declared: &DeclaredAccess,
    format: ListFormat,
    report: &Report,
) -> Result<(), Failure> {
    let mut lists: BTreeMap<&String, Vec<&String>> = BTreeMap::new();
    match script {
        ScriptReport::Missing => return print_missing(difference, declared, format, report),
        ScriptReport::Granted => {
            lists.extend(scopes.iter().map(|scope| (scope, Vec::new())));
            for access in granted {
                lists.entry(&access.scope).or_default().push(&access.consumer);
            }
        }
        ScriptReport::Extra => {
            for access in &difference.extra {
                lists.entry(&access.consumer).or_default().push(&access.scope);
            }
        }
        ScriptReport::Scopes => {
            let lacking: BTreeSet<_> = difference.missing.iter().map(|access| &access.scope).collect();
            let has = scopes.iter().map(|scope| (scope, json!(!lacking.contains(scope))));
            return print_dictionary(has.collect(), format, report);
        }
    }
    print_dictionary(lists.into_iter().map(|(key, list)| (key, json!(list))).collect(), format, report)
}

fn print_dictionary(dictionary: Vec<(&String, Value)>, format: ListFormat, report: &Report) -> Result<(), Failure> {
    if format == ListFormat::Json {
        let object = dictionary.into_iter().map(|(key, value)| (key.clone(), value)).collect();
        return report::print_json(&Value::Object(object));
    }
    let row = |(key, value): (&String, Value)| match value {
        Value::Bool(has) => json!({ "Name": key, "Value": if has { "True" } else { "False" } }),
        list => json!({ "Name": key, "Value": list }),
    };
    print_list(format, &dictionary.into_iter().map(row).collect(), &DICTIONARY, report)
}

fn print_missing(
    difference: &AccessDifference,
    declared: &DeclaredAccess,
    format: ListFormat,
    report: &Report,
) -> Result<(), Failure> {
    if difference.missing.is_empty() && format == ListFormat::Table {
        let message = report.language().translate("No service owners are found missing scope access");
        return report::print(format!("{message}\n").as_bytes());
    }
    let organisation = |number: &String| match declared.name(number).and_then(|name| name_in(name, report.language())) {
        Some(name) => format!("{number} ({name})"),
        None => number.clone(),
    };
    let missing = difference.missing.iter().map(|access| (organisation(&access.consumer), &access.scope));
    let sorted: BTreeSet<_> = missing.collect();
    let rows = sorted.into_iter().map(|(organisation, scope)| json!({ "Org": organisation, "Scope": scope }));
    print_list(format, &rows.collect(), &MISSING, report)
}

/// Returns a name in a language.
fn name_in(name: &Value, language: Language) -> Option<&str> {
    name.as_str().or_else(|| name.get(language.name())?.as_str()).or_else(|| name.get("en")?.as_str())
}
