//! Finds the organisations that a token names, each with its role.
//!
//! Most are written as in ISO 6523: `{"authority": "iso6523-actorid-upis", "ID": "0192:991825827"}`
//! (<https://docs.digdir.no/docs/Maskinporten/maskinporten_protocol_token>). Whether the organisation exists is not
//! looked up.

use std::fmt;

use serde::Serialize;
use serde_json::{Map, Value};

use super::personal::{is_person, shown};
use crate::organisation::OrganisationNumber;

/// The role of an organisation in a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum OrganisationRole {
    /// The organisation that has the access.
    Consumer,
    /// The organisation that acts on behalf of the consumer.
    Supplier,
    /// The consumer that a grant asks to act for.
    ConsumerOrg,
    /// The owner of the system user.
    SystemUser,
    /// The organisation that gave a consent.
    ConsentFrom,
    /// The organisation that received a consent.
    ConsentTo,
    /// The organisation that Altinn identified.
    Altinn,
    /// The owner of the workload.
    Workload,
    /// An organisation in a deprecated claim.
    Deprecated,
}

impl fmt::Display for OrganisationRole {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Consumer => "consumer",
            Self::Supplier => "supplier",
            Self::ConsumerOrg => "requested consumer",
            Self::SystemUser => "system user of",
            Self::ConsentFrom => "consent from",
            Self::ConsentTo => "consent to",
            Self::Altinn => "organisation in Altinn",
            Self::Workload => "workload of",
            Self::Deprecated => "deprecated",
        })
    }
}

/// An organisation in a token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Organisation {
    /// Its role.
    pub role: OrganisationRole,
    /// The path of the claim, such as `consumer.ID`.
    pub claim: String,
    /// The identifier as it is written there.
    pub id: String,
    /// The organisation number, when it is Norwegian and valid.
    pub organisation_number: Option<String>,
    /// The reason why it is not an organisation number, when it should be one.
    pub fault: Option<String>,
    /// The name, if it was looked up elsewhere.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

/// Returns every organisation among the claims, in the order of the claims.
pub(super) fn find(claims: &Map<String, Value>) -> Vec<Organisation> {
    claims.iter().flat_map(|(name, value)| in_claim(name, value)).collect()
}

fn in_claim(name: &str, value: &Value) -> Vec<Organisation> {
    let plain = |role| value.as_str().map(|id| Organisation::plain(role, name, id)).into_iter().collect();
    match name {
        "consumer" => from_object(OrganisationRole::Consumer, name, value).into_iter().collect(),
        "supplier" => from_object(OrganisationRole::Supplier, name, value).into_iter().collect(),
        "authorization_details" => match value {
            Value::Array(list) => {
                let detail = |(index, element)| in_detail(&format!("{name}[{index}]"), element);
                list.iter().enumerate().flat_map(detail).collect()
            }
            // Altinn's exchange replaces an array of one element by the element.
            element => in_detail(name, element),
        },
        "consumer_org" => plain(OrganisationRole::ConsumerOrg),
        "urn:altinn:orgNumber" => plain(OrganisationRole::Altinn),
        "client_orgno" | "supplier_orgno" | "consumer_orgno" => plain(OrganisationRole::Deprecated),
        // Skyporten: `0192:991825827;scope`.
        "sub" => {
            let id = value.as_str().and_then(|sub| sub.split(';').next()).filter(|id| id.starts_with("0192:"));
            id.map(|id| Organisation::iso6523(OrganisationRole::Workload, name, id)).into_iter().collect()
        }
        _ => Vec::new(),
    }
}

/// Returns the elements of `authorization_details`, also when it is a single element instead of an array.
pub(crate) fn details(claims: &Map<String, Value>) -> impl Iterator<Item = &Value> {
    let details = claims.get("authorization_details");
    let list = details.and_then(Value::as_array).into_iter().flatten();
    details.filter(|details| details.is_object()).into_iter().chain(list)
}

fn in_detail(path: &str, detail: &Value) -> Vec<Organisation> {
    let member = |name: &str| detail.get(name).map(|value| (format!("{path}.{name}"), value));
    let system_user =
        member("systemuser_org").and_then(|(claim, value)| from_object(OrganisationRole::SystemUser, &claim, value));
    let to = member("to").and_then(|(claim, value)| from_object(OrganisationRole::ConsentTo, &claim, value));
    let from = member("from").and_then(|(claim, value)| {
        let id = value.as_str()?.strip_prefix("urn:altinn:organization:identifier-no:")?;
        Some(Organisation::plain(OrganisationRole::ConsentFrom, &claim, id))
    });
    system_user.into_iter().chain(from).chain(to).collect()
}

/// Returns the identifier of an ISO 6523 organisation; some of Altinn's pages spell `ID` as `id`.
pub(crate) fn identifier(value: &Value) -> Option<(&'static str, &str)> {
    ["ID", "id"].into_iter().find_map(|name| Some((name, value.get(name)?.as_str()?)))
}

fn from_object(role: OrganisationRole, claim: &str, value: &Value) -> Option<Organisation> {
    let (member, id) = identifier(value)?;
    let claim = format!("{claim}.{member}");
    // The identifier of a European eSeal comes from its certificate, in any form (ETSI EN 319 412-1 §5.1.4).
    let authority = value.get("authority").and_then(Value::as_str).unwrap_or_default();
    if authority.starts_with("etsi") {
        return Some(Organisation { role, claim, id: shown(id), organisation_number: None, fault: None, name: None });
    }
    Some(Organisation::iso6523(role, &claim, id))
}

impl Organisation {
    /// Reads `0192:` and nine digits.
    fn iso6523(role: OrganisationRole, claim: &str, id: &str) -> Self {
        match id.strip_prefix("0192:") {
            Some(digits) => Self { id: shown(id), ..Self::plain(role, claim, digits) },
            None => Self {
                role,
                claim: claim.to_owned(),
                id: shown(id),
                organisation_number: None,
                fault: Some("missing prefix `0192:`".to_owned()),
                name: None,
            },
        }
    }

    /// Reads nine digits.
    fn plain(role: OrganisationRole, claim: &str, digits: &str) -> Self {
        let parsed = OrganisationNumber::parse(digits).map_err(|error| match digits {
            person if is_person(person) => "it has eleven digits, like a national identity number".to_owned(),
            _ => error.to_string(),
        });
        Self {
            role,
            claim: claim.to_owned(),
            id: shown(digits),
            organisation_number: parsed.as_ref().ok().map(|number| number.digits().to_owned()),
            fault: parsed.err(),
            name: None,
        }
    }
}
