//! Rich authorization requests (RFC 9396) as Maskinporten accepts them, with Altinn's system user.
//!
//! <https://docs.digdir.no/docs/Maskinporten/maskinporten_func_systembruker>: exactly one system user per request; the
//! vendor's own reference is optional and limited in length and characters.

use serde_json::{Value, json};

use super::{GrantError, values::shown};
use crate::organisation::OrganisationNumber;

const SYSTEM_USER: &str = "urn:altinn:systemuser";
const MAXIMUM_EXTERNAL_REFERENCE: usize = 255;

/// The value of `authorization_details`: an array of objects that each have a `type`.
#[derive(Debug, Clone, PartialEq)]
pub struct AuthorizationDetails(Vec<Value>);

impl AuthorizationDetails {
    /// Parses a JSON array.
    ///
    /// # Errors
    /// [`GrantError::AuthorizationDetails`] when it is not an array of objects with a `type`.
    pub fn parse(text: &str) -> Result<Self, GrantError> {
        let wrong = |what: &str| GrantError::AuthorizationDetails(what.to_owned());
        let value: Value = serde_json::from_str(text).map_err(|error| wrong(&format!("not JSON: {error}")))?;
        let Value::Array(details) = value else { return Err(wrong("not an array (put it in [ ])")) };
        if details.is_empty() {
            return Err(wrong("an empty array"));
        }
        if !details.iter().all(|detail| detail.get("type").is_some_and(Value::is_string)) {
            return Err(wrong("not an array of objects that each have a `type`"));
        }
        Ok(Self(details))
    }

    /// Returns the details of a system user of an organisation, with the vendor's own reference if there is one.
    ///
    /// # Errors
    /// [`GrantError::ExternalReference`] when the reference is too long or has characters that Altinn does not accept.
    pub fn system_user(
        organisation: &OrganisationNumber,
        external_reference: Option<&str>,
    ) -> Result<Self, GrantError> {
        let mut detail = json!({
            "type": SYSTEM_USER,
            "systemuser_org": { "authority": "iso6523-actorid-upis", "ID": organisation.iso6523() },
        });
        if let Some(reference) = external_reference {
            let allowed = |character: char| character.is_ascii_alphanumeric() || "øØæÆåÅ_-".contains(character);
            if reference.chars().count() > MAXIMUM_EXTERNAL_REFERENCE || !reference.chars().all(allowed) {
                return Err(GrantError::ExternalReference(shown(reference)));
            }
            detail["externalRef"] = Value::from(reference);
        }
        Ok(Self(vec![detail]))
    }

    /// Returns the array as it is sent.
    #[must_use]
    pub fn to_value(&self) -> Value {
        Value::Array(self.0.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_system_user_is_formatted_as_digdir_documents_it() {
        let organisation = OrganisationNumber::parse("991825827").unwrap();
        let details = AuthorizationDetails::system_user(&organisation, Some("kunde_1-Ø")).unwrap();
        assert_eq!(
            details.to_value().to_string(),
            r#"[{"type":"urn:altinn:systemuser","systemuser_org":{"authority":"iso6523-actorid-upis","ID":"0192:991825827"},"externalRef":"kunde_1-Ø"}]"#
        );
    }

    #[test]
    fn rejects_anything_but_an_array_of_objects_with_a_type() {
        for text in ["", "{}", r#"{"type":"a"}"#, "[]", "[1]", "[{}]", r#"[{"type":1}]"#] {
            assert!(AuthorizationDetails::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn rejects_references_that_altinn_rejects() {
        let organisation = OrganisationNumber::parse("991825827").unwrap();
        for reference in ["a b".to_owned(), "a.b".to_owned(), "ü".to_owned(), "a".repeat(256)] {
            assert!(AuthorizationDetails::system_user(&organisation, Some(&reference)).is_err(), "{reference}");
        }
    }
}
