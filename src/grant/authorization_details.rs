//! Rich authorization requests (RFC 9396) as Maskinporten accepts them, with Altinn's system user and
//! consent.
//!
//! <https://docs.digdir.no/docs/Maskinporten/maskinporten_func_systembruker>: exactly one system user per request; the
//! vendor's own reference is optional and limited in length and characters.

use serde_json::{Value, json};
use uuid::Uuid;

use super::{GrantError, PersonIdentifier, values::shown};
use crate::organisation::OrganisationNumber;

const SYSTEM_USER: &str = "urn:altinn:systemuser";
const CONSENT: &str = "urn:altinn:consent";
const MAXIMUM_EXTERNAL_REFERENCE: usize = 255;

/// The value of `authorization_details`: an array of objects that each have a `type`.
#[derive(Debug, Clone, PartialEq)]
pub struct AuthorizationDetails(Vec<Value>);

/// The id of a consent in Altinn, a UUID.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConsentId(String);

/// The person or organisation that gave a consent, as Altinn's URN.
#[derive(Clone, PartialEq, Eq)]
pub struct ConsentGiver(String);

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

    /// Returns the details of a consent and the party that gave it
    /// (<https://docs.digdir.no/docs/Maskinporten/maskinporten_func_samtykke>).
    #[must_use]
    pub fn consent(id: &ConsentId, giver: &ConsentGiver) -> Self {
        Self(vec![json!({ "type": CONSENT, "id": id.0, "from": giver.0 })])
    }

    /// Returns the array as it is sent.
    #[must_use]
    pub fn to_value(&self) -> Value {
        Value::Array(self.0.clone())
    }
}

impl ConsentId {
    /// Parses a UUID.
    ///
    /// # Errors
    /// [`GrantError::ConsentId`] when it is not one.
    pub fn parse(text: &str) -> Result<Self, GrantError> {
        let id = Uuid::try_parse(text.trim()).map_err(|_| GrantError::ConsentId(shown(text)))?;
        Ok(Self(id.to_string()))
    }
}

impl ConsentGiver {
    const PERSON: &str = "urn:altinn:person:identifier-no:";
    const ORGANISATION: &str = "urn:altinn:organization:identifier-no:";

    /// Parses the number of an organisation or a person, alone or at the end of Altinn's URN.
    ///
    /// # Errors
    /// [`GrantError::ConsentGiver`] when it is neither.
    pub fn parse(text: &str) -> Result<Self, GrantError> {
        let text = text.trim();
        let number = |urn| text.strip_prefix(urn).or_else(|| Some(text).filter(|text| !text.starts_with("urn:")));
        let organisation = number(Self::ORGANISATION).and_then(|number| OrganisationNumber::parse(number).ok());
        let person = number(Self::PERSON).and_then(|number| PersonIdentifier::parse(number).ok());
        match (organisation, person) {
            (Some(organisation), _) => Ok(Self(format!("{}{}", Self::ORGANISATION, organisation.digits()))),
            (None, Some(person)) => Ok(Self(format!("{}{}", Self::PERSON, person.digits()))),
            (None, None) => Err(GrantError::ConsentGiver),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_consent_is_formatted_as_digdir_documents_it() {
        let id = ConsentId::parse("4C29CD60-B9A1-4BC4-B7E2-1D5CBF8C7E5B").unwrap();
        for (text, from) in [
            ("991825827", "urn:altinn:organization:identifier-no:991825827"),
            ("urn:altinn:organization:identifier-no:991825827", "urn:altinn:organization:identifier-no:991825827"),
            ("08069010000", "urn:altinn:person:identifier-no:08069010000"),
            ("urn:altinn:person:identifier-no:08069010000", "urn:altinn:person:identifier-no:08069010000"),
        ] {
            let details = AuthorizationDetails::consent(&id, &ConsentGiver::parse(text).unwrap());
            let expected = format!(
                r#"[{{"type":"urn:altinn:consent","id":"4c29cd60-b9a1-4bc4-b7e2-1d5cbf8c7e5b","from":"{from}"}}]"#
            );
            assert_eq!(details.to_value().to_string(), expected);
        }
    }

    #[test]
    fn the_giver_of_a_consent_is_not_shown_in_the_error_about_it() {
        for text in ["0806901000", "urn:altinn:person:identifier-no:991825827", "urn:x:08069010000", ""] {
            let error = ConsentGiver::parse(text).err().unwrap().to_string();
            assert!(text.is_empty() || !error.contains(text), "{error}");
        }
        for text in ["", "4c29cd60", "4c29cd60-b9a1-4bc4-b7e2-1d5cbf8c7e5g"] {
            assert!(ConsentId::parse(text).is_err(), "{text}");
        }
    }

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
