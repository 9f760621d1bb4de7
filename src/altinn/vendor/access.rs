//! The resources and access packages of a system, as the system register writes them.

use serde_json::{Value, json};

use crate::{explain::Explain, text::excerpt};

/// The prefix of an access package.
const PACKAGE: &str = "urn:altinn:accesspackage:";

/// Why a resource or an access package was rejected.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not the id of a resource or of an access package of Altinn")]
pub struct AccessError(String);

impl Explain for AccessError {
    fn code(&self) -> &'static str {
        "altinn_access"
    }

    fn hint(&self) -> Option<String> {
        let hint = "write a resource as in Altinn's resource register (app_ORG_APP for an app), and an access package by the \
                    end of its URN";
        Some(hint.to_owned())
    }
}

/// Returns the right to a resource, which is named by its id in Altinn's resource register.
pub(super) fn right(resource: &str) -> Result<Value, AccessError> {
    let id = checked(resource)?;
    Ok(json!({ "resource": [{ "id": "urn:altinn:resource", "value": id }] }))
}

/// Returns an access package, which is named by its URN or the end of that.
pub(super) fn package(name: &str) -> Result<Value, AccessError> {
    let name = checked(name.strip_prefix(PACKAGE).unwrap_or(name))?;
    Ok(json!({ "urn": format!("{PACKAGE}{name}") }))
}

/// Refuses what is certainly another thing, such as a URL or a list.
fn checked(id: &str) -> Result<&str, AccessError> {
    let is_id = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    if (1..=200).contains(&id.len()) && id.bytes().all(is_id) { Ok(id) } else { Err(AccessError(excerpt(id, 60))) }
}
