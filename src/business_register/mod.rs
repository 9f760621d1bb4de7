//! The open register of business units: which organisation a number belongs to.
//!
//! <https://data.brreg.no/enhetsregisteret/api/dokumentasjon/no/index.html>. Main units and sub-units are two collections
//! with numbers of the same form. The register is open: requests need no token and have no secret.

mod error;
mod known_names;

use std::time::Duration;

use serde::Serialize;
use serde_json::Value;

pub use self::{
    error::{BusinessRegisterError, BusinessRegisterRefusal},
    known_names::KnownNames,
};
use crate::{
    client::{ApiClient, ClientError, RetryPolicy},
    http::{ApiRequest, Endpoint, HttpOptions, Response},
    organisation::OrganisationNumber,
    text::server_text,
};

/// Longer texts of the register are cut.
const MAXIMUM_CHARACTERS: usize = 200;
/// How many numbers one request names: its URL stays short, and its response below the limit.
const NUMBERS_IN_A_REQUEST: usize = 50;
/// How many units that no search finds are asked for one by one, because deleted ones still have a name.
const MAXIMUM_DELETED: usize = 20;

/// Sends requests to the register, over connections that are kept.
#[derive(Debug, Clone)]
pub struct BusinessRegister(ApiClient);

/// A unit, as the register has it. Every text is sanitised.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RegisteredUnit {
    /// The organisation number.
    pub number: String,
    /// The name.
    pub name: String,
    /// The code of the organisation form, such as `AS`.
    pub form: String,
    /// The name of that form, in Norwegian.
    pub form_name: String,
    /// Which of the two collections it is in.
    pub kind: UnitCollection,
    /// The number of the unit that a sub-unit, or a part of the public administration, belongs to.
    pub parent: Option<String>,
    /// The day on which it was deleted.
    pub deleted: Option<String>,
    /// Whether it is bankrupt.
    pub bankrupt: bool,
}

/// The units that a search found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundUnits {
    /// The first ones, main units before sub-units.
    pub units: Vec<RegisteredUnit>,
    /// How many there are.
    pub total: u64,
}

/// One of the two collections of units.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum UnitCollection {
    /// The organisations themselves.
    Main,
    /// Their places of business.
    Sub,
}

impl UnitCollection {
    /// The collections, in the order in which a number is looked up.
    const ALL: [Self; 2] = [Self::Main, Self::Sub];

    /// Returns its name on the wire.
    fn path(self) -> &'static str {
        match self {
            Self::Main => "enheter",
            Self::Sub => "underenheter",
        }
    }
}

impl BusinessRegister {
    /// Prepares requests to the register at this base URL; nothing is sent.
    ///
    /// # Errors
    /// [`BusinessRegisterError::Client`] when the file with certificate authorities or a proxy variable cannot be used.
    pub fn new(
        base: Endpoint,
        options: &HttpOptions,
        retry_policy: RetryPolicy,
    ) -> Result<Self, BusinessRegisterError> {
        Ok(Self(ApiClient::new(base, options, retry_policy)?))
    }

    /// Returns the base URL.
    #[must_use]
    pub fn base(&self) -> &Endpoint {
        self.0.base()
    }

    /// Returns the unit with a number: the main unit, or else the sub-unit.
    ///
    /// # Errors
    /// [`BusinessRegisterError`]; [`BusinessRegisterRefusal::NotFound`] when neither collection has it,
    /// [`BusinessRegisterRefusal::Removed`] when its data are no longer open.
    pub async fn find(
        &self,
        number: &OrganisationNumber,
        mut notify: impl FnMut(&BusinessRegisterError, Duration),
    ) -> Result<RegisteredUnit, BusinessRegisterError> {
        for collection in UnitCollection::ALL {
            let path = [collection.path(), number.digits()];
            match self.get(&path, &[], &mut notify).await {
                Ok((endpoint, response, unit)) => {
                    let unit = RegisteredUnit::read(&unit, collection);
                    return unit.ok_or_else(|| unexpected(&endpoint, &response, "it has no `organisasjonsnummer`"));
                }
                Err(BusinessRegisterError::Refused(refusal)) => match *refusal {
                    BusinessRegisterRefusal::Status { status: 404, .. } => {}
                    BusinessRegisterRefusal::Status { status: 410, .. } => {
                        return Err(BusinessRegisterRefusal::Removed(number.clone()).into());
                    }
                    refusal => return Err(refusal.into()),
                },
                Err(error) => return Err(error),
            }
        }
        Err(BusinessRegisterRefusal::NotFound(number.clone()).into())
    }

    /// Searches for units by the words of their names, and returns at most `limit` of each collection.
    ///
    /// # Errors
    /// [`BusinessRegisterError`].
    pub async fn search(
        &self,
        name: &str,
        limit: u16,
        notify: impl FnMut(&BusinessRegisterError, Duration),
    ) -> Result<FoundUnits, BusinessRegisterError> {
        self.search_by(&[("navn", name), ("size", &limit.to_string())], notify).await
    }

    /// Returns the names of units, in the order of the numbers; `None` for a number that the register does not have.
    ///
    /// # Errors
    /// [`BusinessRegisterError`].
    pub async fn names(
        &self,
        numbers: &[OrganisationNumber],
        mut notify: impl FnMut(&BusinessRegisterError, Duration),
    ) -> Result<Vec<Option<String>>, BusinessRegisterError> {
        let mut found = Vec::new();
        for some in numbers.chunks(NUMBERS_IN_A_REQUEST) {
            let list = some.iter().map(OrganisationNumber::digits).collect::<Vec<_>>().join(",");
            let size = NUMBERS_IN_A_REQUEST.to_string();
            found.extend(self.search_by(&[("organisasjonsnummer", &list), ("size", &size)], &mut notify).await?.units);
        }
        let is_found = |number: &OrganisationNumber| found.iter().any(|unit| unit.number == number.digits());
        let others: Vec<_> = numbers.iter().filter(|number| !is_found(number)).take(MAXIMUM_DELETED).collect();
        for number in others {
            match self.find(number, &mut notify).await {
                Ok(unit) => found.push(unit),
                Err(BusinessRegisterError::Refused(refusal))
                    if !matches!(*refusal, BusinessRegisterRefusal::Status { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        let name = |number: &OrganisationNumber| {
            found.iter().find(|unit| unit.number == number.digits()).map(|unit| unit.name.clone())
        };
        Ok(numbers.iter().map(name).collect())
    }

    /// Searches in both collections.
    async fn search_by(
        &self,
        query: &[(&str, &str)],
        mut notify: impl FnMut(&BusinessRegisterError, Duration),
    ) -> Result<FoundUnits, BusinessRegisterError> {
        let mut found = FoundUnits { units: Vec::new(), total: 0 };
        for collection in UnitCollection::ALL {
            let (endpoint, response, page) = self.get(&[collection.path()], query, &mut notify).await?;
            let total = page.pointer("/page/totalElements").and_then(Value::as_u64);
            found.total += total.ok_or_else(|| unexpected(&endpoint, &response, "it is not a page of units"))?;
            let units = page.get("_embedded").and_then(|embedded| embedded.get(collection.path()));
            let units = units.and_then(Value::as_array).into_iter().flatten();
            found.units.extend(units.filter_map(|unit| RegisteredUnit::read(unit, collection)));
        }
        Ok(found)
    }

    async fn get(
        &self,
        path: &[&str],
        query: &[(&str, &str)],
        notify: impl FnMut(&BusinessRegisterError, Duration),
    ) -> Result<(Endpoint, Response, Value), BusinessRegisterError> {
        let path = [&["enhetsregisteret", "api"], path].concat();
        let endpoint = self.base().below(&path, query);
        let request = ApiRequest::get(None);
        let response = self.0.send(&endpoint, &request, true, BusinessRegisterRefusal::read, notify).await?;
        let parsed = serde_json::from_slice(&response.body);
        let parsed = parsed.map_err(|_| unexpected(&endpoint, &response, "it is not JSON"))?;
        Ok((endpoint, response, parsed))
    }
}

fn unexpected(endpoint: &Endpoint, response: &Response, what: &str) -> BusinessRegisterError {
    ClientError::unexpected(endpoint, response, what).into()
}

impl RegisteredUnit {
    /// Reads a unit; `None` without a number, which every unit has.
    fn read(unit: &Value, kind: UnitCollection) -> Option<Self> {
        let text = |pointer: &str| {
            let text = unit.pointer(pointer).and_then(Value::as_str).map(str::trim).filter(|text| !text.is_empty());
            text.map(|text| server_text(text, MAXIMUM_CHARACTERS))
        };
        Some(Self {
            number: text("/organisasjonsnummer")?,
            name: text("/navn").unwrap_or_default(),
            form: text("/organisasjonsform/kode").unwrap_or_default(),
            form_name: text("/organisasjonsform/beskrivelse").unwrap_or_default(),
            kind,
            parent: text("/overordnetEnhet"),
            deleted: text("/slettedato"),
            bankrupt: unit.get("konkurs") == Some(&Value::Bool(true)),
        })
    }
}
