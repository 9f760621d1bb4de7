//! Prints the systems, the requests for system users and the system users of a vendor, as Altinn answers them.

use serde_json::Value;

use super::table::{print_record, print_table};
use crate::language::Language;

/// Formats the systems of a vendor.
#[must_use]
pub fn print_systems(systems: &Value, language: Language) -> String {
    let columns = [("system", "systemId"), ("name", "name"), ("visible", "isVisible"), ("type", "userType")];
    print_table(systems, &columns, language)
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
    print_record(system, &facts, language)
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
    print_record(request, &facts, language)
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
    print_table(requests, &columns, language)
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
    print_table(users, &columns, language)
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
