//! Files that declare who is to have which scope.
//!
//! Ours is TOML or JSON: `access` has a list of organisations for each scope, `organisations` may give them names. The lists
//! of the original's scripts are read as they are: `serviceowners.json`, whose organisations have every scope that begins with
//! `altinn:serviceowner`, and `scopes.json`, the scopes that one organisation is to have. So is the JSON of `access list`.

mod error;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};
use toml::de::{DeTable, DeValue};

pub use self::error::DeclaredAccessError;
use super::{Access, ScopePattern};
use crate::{file, json, organisation::OrganisationNumber, text::excerpt};

/// The scopes of service owners, unless others are named.
const SCOPES_OF_OWNERS: &str = "altinn:serviceowner*";

/// What a file declares.
#[derive(Debug, Clone)]
pub struct DeclaredAccess {
    form: DeclaredForm,
    /// The names of organisations, as the file has them: texts, or objects with one in each language.
    names: BTreeMap<String, Value>,
}

#[derive(Debug, Clone)]
enum DeclaredForm {
    /// The organisations of each scope.
    Scopes(Declared),
    /// Organisations that have the same scopes, with the environments in which they do.
    Owners(Vec<(String, Vec<String>)>),
    /// The scopes of one organisation.
    ScopeNames(Vec<ScopePattern>),
}

type Declared = BTreeMap<ScopePattern, BTreeSet<String>>;

/// Which part of a file counts.
#[derive(Debug, Clone, Default)]
pub struct DeclaredFilter {
    /// The scopes; all that the file names if it is empty.
    pub only: Vec<ScopePattern>,
    /// The only organisation that counts.
    pub organisation: Option<OrganisationNumber>,
    /// The names that the environment may have in a list of service owners; the first one that occurs counts.
    pub environments: Vec<String>,
}

impl DeclaredAccess {
    /// Reads a file.
    ///
    /// # Errors
    /// [`DeclaredAccessError`], for the first fault of the file.
    pub fn read(bytes: &[u8]) -> Result<Self, DeclaredAccessError> {
        let text = file::decode_text(bytes).ok_or(DeclaredAccessError::NotText)?;
        let is_json = text.trim_start().starts_with('{') || is_json_list(&text);
        let value = if is_json {
            json::parse(text.as_bytes())?
                .into_value()
                .map_err(|name| DeclaredAccessError::Duplicate(excerpt(&name, 60)))?
        } else {
            read_toml(&text)?
        };
        match &value {
            Value::Array(documents) => Ok(Self::from_documents(documents)),
            Value::Object(file) => Self::from_object(file),
            _ => Err(DeclaredAccessError::UnknownForm),
        }
    }

    /// Reads what `access list --format json` prints: what was granted then is to be granted again.
    fn from_documents(documents: &[Value]) -> Self {
        let mut scopes = Declared::new();
        for Access { scope, consumer } in Access::approved(documents) {
            scopes.entry(ScopePattern::new(&scope)).or_default().insert(consumer);
        }
        Self { form: DeclaredForm::Scopes(scopes), names: BTreeMap::new() }
    }

    fn from_object(file: &Map<String, Value>) -> Result<Self, DeclaredAccessError> {
        let known: &[&str] = match file.get("access") {
            Some(_) => &["access", "organisations"],
            None if file.contains_key("orgs") => &["orgs"],
            None if file.contains_key("scopes") => &["scopes"],
            None => return Err(DeclaredAccessError::UnknownForm),
        };
        if let Some(unknown) = file.keys().find(|name| !known.contains(&name.as_str())) {
            return Err(DeclaredAccessError::UnknownMember(excerpt(unknown, 60)));
        }
        match known[0] {
            "access" => Self::from_access(file),
            "orgs" => Self::from_owners(file),
            _ => {
                let scopes = texts(file, "scopes")?.iter().map(|scope| ScopePattern::new(scope)).collect();
                Ok(Self { form: DeclaredForm::ScopeNames(scopes), names: BTreeMap::new() })
            }
        }
    }

    fn from_access(file: &Map<String, Value>) -> Result<Self, DeclaredAccessError> {
        let mut numbers = BTreeMap::new();
        for (name, number) in optional_object(file, "organisations")?.into_iter().flatten() {
            let number = text(number).ok_or_else(|| DeclaredAccessError::Form(excerpt(name, 60)))?;
            numbers.insert(name.as_str(), parse(name, &number)?);
        }
        let access = optional_object(file, "access")?.into_iter().flatten();
        let mut scopes = Declared::new();
        for (scope, list) in access {
            let list = list.as_array().ok_or_else(|| DeclaredAccessError::Form(excerpt(scope, 60)))?;
            let consumers = scopes.entry(ScopePattern::new(scope)).or_default();
            for consumer in list {
                let consumer = text(consumer).ok_or_else(|| DeclaredAccessError::Form(excerpt(scope, 60)))?;
                let number = match numbers.get(consumer.as_str()) {
                    Some(number) => number.clone(),
                    None if consumer.contains(|character: char| character.is_ascii_digit()) => parse(scope, &consumer)?,
                    None => {
                        let (member, name) = (excerpt(scope, 60), excerpt(&consumer, 60));
                        return Err(DeclaredAccessError::UnknownName { member, name });
                    }
                };
                consumers.insert(number);
            }
        }
        let names = numbers.into_iter().map(|(name, number)| (number, Value::from(name))).collect();
        Ok(Self { form: DeclaredForm::Scopes(scopes), names })
    }

    fn from_owners(file: &Map<String, Value>) -> Result<Self, DeclaredAccessError> {
        let (mut owners, mut names) = (Vec::new(), BTreeMap::new());
        for (key, owner) in optional_object(file, "orgs")?.into_iter().flatten() {
            let owner = owner.as_object().ok_or_else(|| DeclaredAccessError::Form(excerpt(key, 60)))?;
            // One without environments is a service owner nowhere.
            let environments = if owner.contains_key("environments") { texts(owner, "environments")? } else { vec![] };
            if environments.is_empty() {
                continue;
            }
            let number = owner.get("orgnr").and_then(text).unwrap_or_default();
            let number = parse(key, &number)?;
            names.extend(owner.get("name").map(|name| (number.clone(), name.clone())));
            owners.push((number, environments));
        }
        Ok(Self { form: DeclaredForm::Owners(owners), names })
    }

    /// Returns the name of an organisation, as the file has it: a text, or an object with one in each language.
    #[must_use]
    pub fn name(&self, number: &str) -> Option<&Value> {
        self.names.get(number)
    }

    /// Returns who is to have which scope. A pattern stands for all scopes of the organisation that match it.
    ///
    /// # Errors
    /// [`DeclaredAccessError::NoOwner`] and [`DeclaredAccessError::NoOrganisation`].
    pub fn wanted(&self, filter: &DeclaredFilter) -> Result<Declared, DeclaredAccessError> {
        let only_one = filter.organisation.as_ref().map(OrganisationNumber::digits);
        let mut wanted = match &self.form {
            DeclaredForm::Scopes(scopes) => scopes.clone(),
            DeclaredForm::Owners(owners) => {
                let owners = owners_in(owners, &filter.environments)?;
                let usual = [ScopePattern::new(SCOPES_OF_OWNERS)];
                let scopes = if filter.only.is_empty() { usual.as_slice() } else { &filter.only };
                scopes.iter().map(|scope| (scope.clone(), owners.clone())).collect()
            }
            DeclaredForm::ScopeNames(scopes) => {
                let one = only_one.ok_or(DeclaredAccessError::NoOrganisation)?;
                scopes.iter().map(|scope| (scope.clone(), BTreeSet::from([one.to_owned()]))).collect()
            }
        };
        if let Some(one) = only_one {
            for consumers in wanted.values_mut() {
                consumers.retain(|consumer| consumer == one);
            }
        }
        Ok(wanted)
    }
}

/// Returns the owners in the first of these environments that occurs.
fn owners_in(
    owners: &[(String, Vec<String>)],
    environments: &[String],
) -> Result<BTreeSet<String>, DeclaredAccessError> {
    let known: BTreeSet<&String> = owners.iter().flat_map(|(_, environments)| environments).collect();
    let Some(environment) = environments.iter().find(|name| known.contains(name)) else {
        let environment = environments.first().cloned().unwrap_or_default();
        let known = known.into_iter().map(|name| excerpt(name, 20)).take(20).collect();
        return Err(DeclaredAccessError::NoOwner { environment, known });
    };
    Ok(owners.iter().filter(|(_, own)| own.contains(environment)).map(|(number, _)| number.clone()).collect())
}

/// Whether a text that begins with `[` is JSON: a table of TOML has a name there.
fn is_json_list(text: &str) -> bool {
    let inside = text.trim_start().strip_prefix('[').map(str::trim_start);
    inside.is_some_and(|inside| inside.starts_with(['{', ']']))
}

fn read_toml(text: &str) -> Result<Value, DeclaredAccessError> {
    let table = DeTable::parse(text).map_err(|error| {
        let before = error.span().and_then(|span| text.get(..span.start)).unwrap_or_default();
        let line = before.matches('\n').count() + 1;
        DeclaredAccessError::Toml { line, message: excerpt(error.message(), 100) }
    })?;
    Ok(Value::Object(object_of(table.get_ref())))
}

fn object_of(table: &DeTable<'_>) -> Map<String, Value> {
    table.iter().map(|(name, value)| (name.get_ref().to_string(), value_of(value.get_ref()))).collect()
}

/// Returns a value as JSON has it; `null` for times and numbers with a point, which no member may have.
fn value_of(value: &DeValue<'_>) -> Value {
    match value {
        DeValue::String(text) => Value::from(text.as_ref()),
        DeValue::Integer(number) => Value::from(number.as_str()),
        DeValue::Array(values) => values.iter().map(|value| value_of(value.get_ref())).collect(),
        DeValue::Table(table) => Value::Object(object_of(table)),
        DeValue::Boolean(_) | DeValue::Float(_) | DeValue::Datetime(_) => Value::Null,
    }
}

/// Returns a text; a number may be written without quotes.
fn text(value: &Value) -> Option<String> {
    value.as_str().map(str::to_owned).or_else(|| value.as_u64().map(|number| number.to_string()))
}

fn texts(object: &Map<String, Value>, name: &str) -> Result<Vec<String>, DeclaredAccessError> {
    let list = object.get(name).and_then(Value::as_array);
    let texts = list.and_then(|list| list.iter().map(text).collect());
    texts.ok_or_else(|| DeclaredAccessError::Form(name.to_owned()))
}

fn optional_object<'a>(
    file: &'a Map<String, Value>,
    name: &str,
) -> Result<Option<&'a Map<String, Value>>, DeclaredAccessError> {
    let member =
        file.get(name).map(|value| value.as_object().ok_or_else(|| DeclaredAccessError::Form(name.to_owned())));
    member.transpose()
}

fn parse(member: &str, number: &str) -> Result<String, DeclaredAccessError> {
    let parsed = OrganisationNumber::parse(number);
    let wrong = |error| DeclaredAccessError::Number { member: excerpt(member, 60), error };
    parsed.map(|number| number.digits().to_owned()).map_err(wrong)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn wanted(file: &str, filter: &DeclaredFilter) -> Vec<(String, Vec<String>)> {
        let wanted = DeclaredAccess::read(file.as_bytes()).unwrap().wanted(filter).unwrap();
        wanted.into_iter().map(|(scope, consumers)| (scope.to_string(), consumers.into_iter().collect())).collect()
    }

    fn entry(scope: &str, consumers: &[&str]) -> (String, Vec<String>) {
        (scope.to_owned(), consumers.iter().map(|consumer| (*consumer).to_owned()).collect())
    }

    #[test]
    fn toml_and_json_declare_the_same_and_an_empty_list_is_a_declaration() {
        let expected = [entry("a:b", &["974761076", "991825827"]), entry("a:c*", &[])];
        for file in [
            "[organisations]\ndigdir = 991825827\n[access]\n\"a:b\" = [\"digdir\", '974 761 076', 991825827]\n'a:c*' = []",
            r#"{ "access": { "a:b": [974761076, "991825827"], "a:c*": [] } }"#,
        ] {
            assert_eq!(wanted(file, &DeclaredFilter::default()), expected, "{file}");
        }
        let one = DeclaredFilter { organisation: OrganisationNumber::parse("991825827").ok(), ..Default::default() };
        let file = "access.'a:b' = [991825827, 974761076]";
        assert_eq!(wanted(file, &one), [entry("a:b", &["991825827"])]);
    }

    #[test]
    fn the_first_name_of_the_environment_that_occurs_counts() {
        let file = r#"{ "orgs": {
            "a": { "orgnr": "991825827", "environments": ["ver2", "tt02"] },
            "b": { "orgnr": "974761076", "environments": ["tt02"] },
            "c": { "orgnr": "", "environments": [] }
        } }"#;
        let environments = ["test", "ver2", "tt02"].map(str::to_owned).to_vec();
        let filter = DeclaredFilter { environments, ..Default::default() };
        assert_eq!(wanted(file, &filter), [entry("altinn:serviceowner*", &["991825827"])]);
        let only = vec![ScopePattern::new("a:b"), ScopePattern::new("a:c")];
        let filter = DeclaredFilter { only, environments: vec!["tt02".to_owned()], ..filter };
        let both = ["974761076", "991825827"];
        assert_eq!(wanted(file, &filter), [entry("a:b", &both), entry("a:c", &both)]);
    }

    proptest! {
        #[test]
        fn any_file_is_read_or_refused(file in "[\\[\\]{}\"'=:,0-9a-z\n ]{0,60}") {
            let _ = DeclaredAccess::read(file.as_bytes());
        }
    }
}
