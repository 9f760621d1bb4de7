//! Prints the systems, the requests for system users and the system users of a vendor, as Altinn answers them.

use serde_json::Value;

use super::lines::{Cells, aligned};
use crate::{language::Language, text::printable};

/// Formats the systems of a vendor.
#[must_use]
pub fn print_systems(systems: &Value, language: Language) -> String {
    let columns = [("system", "systemId"), ("name", "name"), ("visible", "isVisible"), ("type", "userType")];
    table(systems, &columns, language)
}

/// Formats a system.
#[must_use]
pub fn print_system(system: &Value, language: Language) -> String {
    let facts = [
        ("system", "id"),
        ("vendor", "vendor"),
        ("name", "name"),
        ("description", "description"),
        ("clients", "clientId"),
        ("rights", "rights"),
        ("access packages", "accessPackages"),
        ("redirect URLs", "allowedRedirectUrls"),
        ("visible", "isVisible"),
    ];
    record(system, &facts, language)
}

/// Formats a request for a system user.
#[must_use]
pub fn print_system_user_request(request: &Value, language: Language) -> String {
    let facts = [
        ("request", "id"),
        ("system", "systemId"),
        ("organisation", "partyOrgNo"),
        ("external reference", "externalRef"),
        ("rights", "rights"),
        ("access packages", "accessPackages"),
        ("status", "status"),
        ("approval", "confirmUrl"),
    ];
    record(request, &facts, language)
}

/// Formats the requests for system users of a system.
#[must_use]
pub fn print_system_user_requests(requests: &Value, language: Language) -> String {
    let columns = [
        ("request", "id"),
        ("organisation", "partyOrgNo"),
        ("external reference", "externalRef"),
        ("status", "status"),
        ("approval", "confirmUrl"),
    ];
    table(requests, &columns, language)
}

/// Formats the system users of a system.
#[must_use]
pub fn print_system_users(users: &Value, language: Language) -> String {
    let columns = [
        ("system user", "id"),
        ("organisation", "reporteeOrgNo"),
        ("external reference", "externalRef"),
        ("title", "integrationTitle"),
        ("type", "userType"),
        ("created", "created"),
    ];
    table(users, &columns, language)
}

/// Formats a list with a line for each element, below a line of headings.
fn table(list: &Value, columns: &[(&str, &str)], language: Language) -> String {
    let headings: Cells = columns.iter().map(|(heading, _)| translated(heading, language)).collect();
    let elements = list.as_array().into_iter().flatten();
    let row = |element| columns.iter().map(|(_, name)| cell(element, name, language)).collect::<Cells>();
    lines(&[headings].into_iter().chain(elements.map(row)).collect::<Vec<_>>())
}

/// Formats an object with a line for each member that has a value.
fn record(object: &Value, facts: &[(&str, &str)], language: Language) -> String {
    let row = |(label, name): &(&str, &str)| {
        let value = cell(object, name, language);
        (!value.is_empty()).then(|| vec![translated(label, language), value])
    };
    lines(&facts.iter().filter_map(row).collect::<Vec<_>>())
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

/// Formats the values of Altinn's models: texts by language, organisations, rights and access packages.
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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_table_has_a_line_for_each_element_and_no_control_characters() {
        let systems = json!([
            { "systemId": "991825827_a", "name": { "nb": "Sky", "en": "Cloud" }, "isVisible": true },
            { "systemid": "991825827_longer", "name": { "nb": "\u{1b}[31m" }, "isVisible": false, "userType": "agent" },
        ]);
        assert_eq!(
            print_systems(&systems, Language::English),
            "system            name   visible  type\n\
             991825827_a       Cloud  true\n\
             991825827_longer  �[31m  false    agent\n"
        );
    }

    #[test]
    fn a_record_has_a_line_for_each_value() {
        let request = json!({
            "id": "1",
            "rights": [{ "resource": [{ "id": "urn:altinn:resource", "value": "app_ttd_a" }] }],
            "accessPackages": [{ "urn": "urn:altinn:accesspackage:skatt" }],
            "externalRef": null,
            "status": "New",
        });
        assert_eq!(
            print_system_user_request(&request, Language::English),
            "request          1\n\
             rights           app_ttd_a\n\
             access packages  urn:altinn:accesspackage:skatt\n\
             status           New\n"
        );
    }
}
