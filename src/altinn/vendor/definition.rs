//! A system for the system register, and a request for a system user: from a file, from options, or from both.
//!
//! Altinn reads member names in any case, and has members that this crate does not know, so a definition is JSON whose known
//! members can be set. What a definition may contain is Altinn's to say: its error codes are explained.

use serde_json::{Map, Value, json};

use super::access::{self, AccessError};
use crate::{
    explain::Explain,
    organisation::{OrganisationNumber, OrganisationNumberError},
    text::excerpt,
};

/// The languages of names and descriptions; Altinn requires all of them.
const LANGUAGES: [&str; 3] = ["nb", "nn", "en"];

/// A system for the system register.
#[derive(Debug, Clone, PartialEq)]
pub struct SystemDefinition(Definition);

/// A request for a system user of a customer.
#[derive(Debug, Clone, PartialEq)]
pub struct SystemUserDefinition(Definition);

/// A JSON object.
#[derive(Debug, Clone, PartialEq, Default)]
struct Definition(Map<String, Value>);

/// Why a system or a request for a system user cannot be made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DefinitionError {
    /// It is not a JSON object.
    #[error("it is not a JSON object{0}")]
    NotAnObject(String),
    /// The id of the system does not have the form that Altinn requires.
    #[error(
        "`{0}` is not the id of a system: it must be the vendor's organisation number, `_` and a name without spaces"
    )]
    SystemId(String, #[source] Option<OrganisationNumberError>),
    /// The file is about another system.
    #[error("the file is for the system `{0}`")]
    OtherSystem(String),
    /// A resource or access package is not valid.
    #[error(transparent)]
    Access(#[from] AccessError),
}

impl Explain for DefinitionError {
    fn code(&self) -> &'static str {
        match self {
            Self::NotAnObject(_) => "definition",
            Self::SystemId(..) | Self::OtherSystem(_) => "system_id",
            Self::Access(error) => error.code(),
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::NotAnObject(_) => Some("see https://docs.altinn.studio/api/authentication/systemuserapi/".to_owned()),
            Self::SystemId(..) => Some("write it as 991825827_smartcloud".to_owned()),
            Self::OtherSystem(_) => Some("pass the id that is in the file, or change the file".to_owned()),
            Self::Access(error) => error.hint(),
        }
    }
}

impl Definition {
    fn parse(json: &[u8]) -> Result<Self, DefinitionError> {
        match serde_json::from_slice(json) {
            Ok(Value::Object(members)) => Ok(Self(members)),
            Ok(_) => Err(DefinitionError::NotAnObject(String::new())),
            Err(error) => {
                Err(DefinitionError::NotAnObject(format!(" (line {}, column {})", error.line(), error.column())))
            }
        }
    }

    fn get(&self, name: &str) -> Option<&Value> {
        self.0.iter().find(|(own, _)| own.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }

    /// Sets a member, however its name was spelt before.
    fn set(&mut self, name: &str, value: impl Into<Value>) {
        self.0.retain(|own, _| own == name || !own.eq_ignore_ascii_case(name));
        self.0.insert(name.to_owned(), value.into());
    }

    /// Sets a member that has no value yet.
    fn set_default(&mut self, name: &str, value: impl Into<Value>) {
        if self.get(name).is_none() {
            self.set(name, value);
        }
    }

    fn set_rights(&mut self, resources: &[String]) -> Result<(), AccessError> {
        let rights: Vec<Value> = resources.iter().map(|resource| access::right(resource)).collect::<Result<_, _>>()?;
        if !rights.is_empty() {
            self.set("rights", rights);
        }
        Ok(())
    }

    fn set_packages(&mut self, packages: &[String]) -> Result<(), AccessError> {
        let packages: Vec<Value> = packages.iter().map(|name| access::package(name)).collect::<Result<_, _>>()?;
        if !packages.is_empty() {
            self.set("accessPackages", packages);
        }
        Ok(())
    }
}

impl SystemDefinition {
    /// Starts a system with this id, which begins with the organisation number of its vendor.
    ///
    /// # Errors
    /// [`DefinitionError::SystemId`] when it does not.
    pub fn new(id: &str) -> Result<Self, DefinitionError> {
        let wrong = |cause| DefinitionError::SystemId(excerpt(id, 100), cause);
        let (vendor, name) = id.split_once('_').ok_or_else(|| wrong(None))?;
        let vendor = OrganisationNumber::parse(vendor).map_err(|error| wrong(Some(error)))?;
        if name.is_empty() || id.contains(char::is_whitespace) {
            return Err(wrong(None));
        }
        let mut definition = Definition::default();
        definition.set("id", id);
        definition.set("vendor", json!({ "authority": "iso6523-actorid-upis", "ID": vendor.iso6523() }));
        Ok(Self(definition))
    }

    /// Adds the members of a JSON object, which is what Altinn's API takes or returns.
    ///
    /// # Errors
    /// [`DefinitionError::NotAnObject`]; [`DefinitionError::OtherSystem`] when it has another id.
    pub fn with_json(mut self, json: &[u8]) -> Result<Self, DefinitionError> {
        let given = Definition::parse(json)?;
        if let Some(id) = given.get("id").filter(|id| Some(*id) != self.0.get("id")) {
            return Err(DefinitionError::OtherSystem(excerpt(id.as_str().unwrap_or_default(), 100)));
        }
        for (name, value) in given.0 {
            self.0.set(&name, value);
        }
        Ok(self)
    }

    /// Sets the name that customers see, in every language or, as `nb=TEXT`, in one.
    pub fn set_name(&mut self, texts: &[String]) {
        self.set_words("name", texts);
    }

    /// Sets the description that customers see, as [`SystemDefinition::set_name`] does.
    pub fn set_description(&mut self, texts: &[String]) {
        self.set_words("description", texts);
    }

    fn set_words(&mut self, name: &str, texts: &[String]) {
        let mut words = self.0.get(name).and_then(Value::as_object).cloned().unwrap_or_default();
        for text in texts {
            match text.split_once('=').filter(|(language, _)| LANGUAGES.contains(language)) {
                Some((language, text)) => {
                    words.insert(language.to_owned(), text.into());
                }
                None => words.extend(LANGUAGES.map(|language| (language.to_owned(), Value::from(text.as_str())))),
            }
        }
        if !texts.is_empty() {
            self.0.set(name, words);
        }
    }

    /// Sets the resources that system users may get access to, by their ids in Altinn's resource register.
    ///
    /// # Errors
    /// [`AccessError`] for what is not such an id.
    pub fn set_rights(&mut self, resources: &[String]) -> Result<(), AccessError> {
        self.0.set_rights(resources)
    }

    /// Sets the access packages that system users may get, by their URNs or the ends of those.
    ///
    /// # Errors
    /// [`AccessError`] for what is not such a name.
    pub fn set_access_packages(&mut self, packages: &[String]) -> Result<(), AccessError> {
        self.0.set_packages(packages)
    }

    /// Sets the clients in Maskinporten that may request tokens for system users; none leaves them as they are.
    pub fn set_clients(&mut self, ids: &[String]) {
        if !ids.is_empty() {
            self.0.set("clientId", ids);
        }
    }

    /// Sets the clients, if the definition has none.
    pub fn set_default_client(&mut self, id: &str) {
        self.0.set_default("clientId", vec![id]);
    }

    /// Sets the URLs that a customer may be sent to after approval; none leaves them as they are.
    pub fn set_redirect_urls(&mut self, urls: &[String]) {
        if !urls.is_empty() {
            self.0.set("allowedRedirectUrls", urls);
        }
    }

    /// Sets whether customers see the system in Altinn, and can make a system user for it themselves.
    pub fn set_visible(&mut self, visible: bool) {
        self.0.set("isVisible", visible);
    }

    /// Returns the body of the request.
    pub(super) fn into_json(self) -> Value {
        Value::Object(self.0.0)
    }
}

impl SystemUserDefinition {
    /// Starts a request for a system user of this organisation for this system.
    #[must_use]
    pub fn new(system: &str, organisation: &OrganisationNumber) -> Self {
        let mut definition = Definition::default();
        definition.set("systemId", system);
        definition.set("partyOrgNo", organisation.digits());
        Self(definition)
    }

    /// Adds the members of a JSON object; the system and the organisation stay.
    ///
    /// # Errors
    /// [`DefinitionError::NotAnObject`].
    pub fn with_json(mut self, json: &[u8]) -> Result<Self, DefinitionError> {
        for (name, value) in Definition::parse(json)?.0 {
            self.0.set_default(&name, value);
        }
        Ok(self)
    }

    /// Sets the reference that distinguishes system users of one customer for one system.
    pub fn set_external_ref(&mut self, reference: &str) {
        self.0.set("externalRef", reference);
    }

    /// Sets the resources, by their ids in Altinn's resource register.
    ///
    /// # Errors
    /// [`AccessError`] for what is not such an id.
    pub fn set_rights(&mut self, resources: &[String]) -> Result<(), AccessError> {
        self.0.set_rights(resources)
    }

    /// Sets the access packages, by their URNs or the ends of those.
    ///
    /// # Errors
    /// [`AccessError`] for what is not such a name.
    pub fn set_access_packages(&mut self, packages: &[String]) -> Result<(), AccessError> {
        self.0.set_packages(packages)
    }

    /// Sets the URL that the customer is sent to after approval.
    pub fn set_redirect_url(&mut self, url: &str) {
        self.0.set("redirectUrl", url);
    }

    /// Returns the body of the request.
    pub(super) fn into_json(self) -> Value {
        Value::Object(self.0.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_and_options_make_one_system_whose_members_are_spelt_in_one_way() {
        let file = br#"{"id":"991825827_a","allowedredirecturls":["https://old.example"],"NAME":{"nb":"Gammel","en":"Old"},"new":1}"#;
        let mut system = SystemDefinition::new("991825827_a").unwrap().with_json(file).unwrap();
        system.set_name(&["nb=Ny".to_owned()]);
        system.set_redirect_urls(&["https://new.example".to_owned()]);
        system.set_rights(&["app_ttd_a".to_owned()]).unwrap();
        system.set_access_packages(&["skatt".to_owned(), "urn:altinn:accesspackage:lonn".to_owned()]).unwrap();
        system.set_default_client("client");
        system.set_visible(false);

        assert_eq!(
            system.into_json(),
            json!({
                "id": "991825827_a",
                "vendor": { "authority": "iso6523-actorid-upis", "ID": "0192:991825827" },
                "name": { "nb": "Ny", "en": "Old" },
                "new": 1,
                "allowedRedirectUrls": ["https://new.example"],
                "rights": [{ "resource": [{ "id": "urn:altinn:resource", "value": "app_ttd_a" }] }],
                "accessPackages": [{ "urn": "urn:altinn:accesspackage:skatt" }, { "urn": "urn:altinn:accesspackage:lonn" }],
                "clientId": ["client"],
                "isVisible": false,
            })
        );
    }

    #[test]
    fn an_id_must_begin_with_the_organisation_number_of_the_vendor() {
        for id in ["smartcloud", "991825827", "991825827_", "991825828_a", "991825827_a b", ""] {
            assert!(matches!(SystemDefinition::new(id), Err(DefinitionError::SystemId(..))), "{id}");
        }
        let other = SystemDefinition::new("991825827_a").unwrap().with_json(br#"{"Id":"991825827_b"}"#);
        assert_eq!(other, Err(DefinitionError::OtherSystem("991825827_b".to_owned())));
    }

    #[test]
    fn a_request_for_a_system_user_keeps_its_system_and_its_organisation() {
        let organisation = OrganisationNumber::parse("310547891").unwrap();
        let file = br#"{"systemid":"other","partyOrgNo":"991825827","integrationTitle":"T"}"#;
        let mut request = SystemUserDefinition::new("991825827_a", &organisation).with_json(file).unwrap();
        request.set_external_ref("ref");
        request.set_redirect_url("https://a.example");

        assert_eq!(
            request.into_json(),
            json!({
                "systemId": "991825827_a",
                "partyOrgNo": "310547891",
                "integrationTitle": "T",
                "externalRef": "ref",
                "redirectUrl": "https://a.example",
            })
        );
    }

    #[test]
    fn what_is_not_an_object_or_an_id_is_rejected() {
        let system = || SystemDefinition::new("991825827_a").unwrap();
        for json in [b"[]".as_slice(), b"{", b""] {
            assert!(matches!(system().with_json(json), Err(DefinitionError::NotAnObject(_))));
        }
        for id in ["https://a.example", "a b", "a,b", ""] {
            assert!(system().set_rights(&[id.to_owned()]).is_err(), "{id}");
            assert!(system().set_access_packages(&[id.to_owned()]).is_err(), "{id}");
        }
    }
}
