//! The settings of other programs: `MaskinportenSettings` of Altinn's .NET libraries, in `maskinporten-settings.json` or
//! `appsettings.json`, and `.env` files of pymaskinporten and Wenche (<https://github.com/olefredrik/Wenche>).
//!
//! Keys and passwords in them are not copied: the profile names the variable that the program itself would read.

use super::statement::{NumberedStatement, Statement, ValuePart, plain};
use crate::json::{self, JsonObject, JsonValue};

/// The sections of `appsettings.json`, in lower case.
const SECTIONS: [&str; 2] = ["maskinportensettings", "maskinporten"];

/// The variable of a setting of .NET, up to the setting's name.
const PREFIX: &str = "MaskinportenSettings__";

/// The names of settings, in lower case, and their keys.
const NAMES: [(&str, &str); 14] = [
    ("authority", "audience"),
    ("clientid", "client_id"),
    ("scope", "scopes"),
    ("environment", "settings.environment"),
    ("resource", "resource"),
    ("consumerorgno", "consumer_org"),
    ("kid", "kid"),
    ("certificatepkcs12path", "keystore_path"),
    ("certificatepkcs12password", "keystore_password"),
    ("certificatestorethumbprint", "certificate_thumbprint"),
    ("encodedjwk", "settings.key"),
    ("jwkbase64", "settings.key"),
    ("encodedx509", "settings.key"),
    ("jwk", "settings.key"),
];

/// The variables of other programs in `.env` files, and their keys.
const VARIABLES: [(&str, &str); 9] = [
    ("MP_ENCODEDJWK", "settings.key"),
    ("MP_CLIENT_ID", "client_id"),
    ("MP_KID", "kid"),
    ("MP_SCOPE", "scopes"),
    ("MASKINPORTEN_CLIENT_ID", "client_id"),
    ("MASKINPORTEN_KID", "kid"),
    ("MASKINPORTEN_SCOPE", "scopes"),
    ("MASKINPORTEN_PRIVAT_NOKKEL", "settings.pem"),
    ("WENCHE_ENV", "settings.environment"),
];

/// The keys whose value is not copied.
const SECRETS: [&str; 2] = ["settings.key", "keystore_password"];

/// Finds the key of a name in these files.
pub(super) fn key(name: &str) -> Option<&'static str> {
    let setting = name.strip_prefix(PREFIX).unwrap_or(name).to_lowercase();
    let variable = VARIABLES.iter().find(|(own, _)| *own == name);
    variable.or_else(|| NAMES.iter().find(|(own, _)| *own == setting)).map(|(_, key)| *key)
}

/// Parses JSON; `None` if it is not, or has no settings of Maskinporten.
pub(super) fn parse_json(text: &str) -> Option<Vec<NumberedStatement>> {
    let JsonValue::Object(object) = json::parse(text.as_bytes()).ok()? else { return None };
    let mut statements = Vec::new();
    for (name, value) in object.iter() {
        let lower = name.to_lowercase();
        match (value, lower.split_once(':')) {
            (JsonValue::Object(section), _) if SECTIONS.contains(&lower.as_str()) => {
                statements.extend(section_statements(section, text));
            }
            (value, Some((section, _))) if SECTIONS.contains(&section) => {
                let own = name.split_once(':').map_or(name, |(_, own)| own);
                statements.extend(statement(own, value, line_of(text, name)));
            }
            _ => {}
        }
    }
    if statements.is_empty() && object.iter().any(|(name, _)| key(name) == Some("client_id")) {
        statements.extend(section_statements(&object, text));
    }
    (!statements.is_empty()).then_some(statements)
}

fn section_statements(section: &JsonObject, text: &str) -> Vec<NumberedStatement> {
    section.iter().filter_map(|(name, value)| statement(name, value, line_of(text, name))).collect()
}

/// Makes a statement of a member; `None` for one that says nothing about a grant.
fn statement(name: &str, value: &JsonValue, line: usize) -> Option<NumberedStatement> {
    let key = key(name)?;
    let value = match value {
        JsonValue::String(text) if text.is_empty() => return None,
        JsonValue::String(_) | JsonValue::Object(_) if key == "settings.key" => {
            Ok(vec![ValuePart::Environment(format!("{PREFIX}{name}"))])
        }
        JsonValue::String(text) => Ok(plain(text)),
        _ => return None,
    };
    Some((line, Statement::Set(name.to_owned(), value)))
}

/// Returns the number of the first line with a member of this name.
fn line_of(text: &str, name: &str) -> usize {
    let quoted = format!("\"{name}\"");
    text.lines().position(|line| line.contains(&quoted)).map_or(1, |at| at + 1)
}

/// Parses a `.env` file. Lines that set something else are not the subject of a profile.
pub(super) fn parse_env(text: &str) -> Vec<NumberedStatement> {
    let statements = text.lines().enumerate().filter_map(|(at, line)| {
        let (name, value) = assignment(line)?;
        let value = unquoted(value.trim());
        let key = key(name).filter(|_| !value.is_empty())?;
        let value = if SECRETS.contains(&key) { vec![ValuePart::Environment(name.to_owned())] } else { plain(value) };
        Some((at + 1, Statement::Set(name.to_owned(), Ok(value))))
    });
    statements.collect()
}

/// Returns whether a text has a variable of a `.env` file.
pub(super) fn is_env(text: &str) -> bool {
    text.lines()
        .filter_map(assignment)
        .any(|(name, _)| VARIABLES.iter().any(|(own, _)| *own == name) || name.starts_with(PREFIX))
}

/// Splits a line of a `.env` file into name and value.
fn assignment(line: &str) -> Option<(&str, &str)> {
    let line = line.trim();
    let (name, value) = line.strip_prefix("export ").unwrap_or(line).split_once('=')?;
    Some((name.trim(), value))
}

/// Removes quotes, or else a comment after the value.
fn unquoted(value: &str) -> &str {
    for quote in ['"', '\''] {
        if let Some((inner, _)) = value.strip_prefix(quote).and_then(|rest| rest.split_once(quote)) {
            return inner;
        }
    }
    value.split_once(" #").map_or(value, |(value, _)| value.trim_end())
}
