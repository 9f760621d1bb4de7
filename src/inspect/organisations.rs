//! The organisations that a token names, each called what it is there.
//!
//! Most stand as in ISO 6523: `{"authority": "iso6523-actorid-upis", "ID": "0192:991825827"}`
//! (<https://docs.digdir.no/docs/Maskinporten/maskinporten_protocol_token>). Whether such an organisation exists is not
//! asked.

use std::fmt;

use serde::Serialize;
use serde_json::{Map, Value};

use super::personal::{is_person, shown};
use crate::organisation::OrganisationNumber;

/// What an organisation is in a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Who has the access.
    Consumer,
    /// Who asks on the consumer's behalf.
    Supplier,
    /// Whose delegation a grant asks for.
    ConsumerOrg,
    /// Whose system user it is.
    SystemUser,
    /// Who gave a consent.
    ConsentFrom,
    /// Who was given a consent.
    ConsentTo,
    /// Whom Altinn takes the bearer for.
    Altinn,
    /// Whose workload it is.
    Workload,
    /// Somebody in a claim that is no longer used.
    Deprecated,
}

impl fmt::Display for Role {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Consumer => "consumer",
            Self::Supplier => "supplier",
            Self::ConsumerOrg => "consumer asked for",
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
    /// What it is there.
    pub role: Role,
    /// Where it stands, such as `consumer.ID`.
    pub claim: String,
    /// The identifier as it stands there.
    pub id: String,
    /// The organisation number in it, when it is Norwegian and well formed.
    pub organisation_number: Option<String>,
    /// Why it is no organisation number, if it should be one.
    pub fault: Option<String>,
}

/// Every organisation among the claims, in the order of the claims.
pub(super) fn find(claims: &Map<String, Value>) -> Vec<Organisation> {
    claims.iter().flat_map(|(name, value)| in_claim(name, value)).collect()
}

fn in_claim(name: &str, value: &Value) -> Vec<Organisation> {
    let plain = |role| value.as_str().map(|id| Organisation::plain(role, name, id)).into_iter().collect();
    match name {
        "consumer" => of_object(Role::Consumer, name, value).into_iter().collect(),
        "supplier" => of_object(Role::Supplier, name, value).into_iter().collect(),
        "authorization_details" => match value {
            Value::Array(list) => {
                list.iter().enumerate().flat_map(|(place, one)| in_detail(&format!("{name}[{place}]"), one)).collect()
            }
            // Altinn's exchange makes an array of one its element.
            one => in_detail(name, one),
        },
        "consumer_org" => plain(Role::ConsumerOrg),
        "urn:altinn:orgNumber" => plain(Role::Altinn),
        "client_orgno" | "supplier_orgno" | "consumer_orgno" => plain(Role::Deprecated),
        // Skyporten: `0192:991825827;scope`.
        "sub" => {
            let id = value.as_str().and_then(|sub| sub.split(';').next()).filter(|id| id.starts_with("0192:"));
            id.map(|id| Organisation::iso6523(Role::Workload, name, id)).into_iter().collect()
        }
        _ => Vec::new(),
    }
}

/// The elements of `authorization_details`, also where it is the one element itself.
pub(super) fn details(claims: &Map<String, Value>) -> impl Iterator<Item = &Value> {
    let details = claims.get("authorization_details");
    let list = details.and_then(Value::as_array).into_iter().flatten();
    details.filter(|details| details.is_object()).into_iter().chain(list)
}

fn in_detail(place: &str, detail: &Value) -> Vec<Organisation> {
    let member = |name: &str| detail.get(name).map(|value| (format!("{place}.{name}"), value));
    let system_user = member("systemuser_org").and_then(|(claim, value)| of_object(Role::SystemUser, &claim, value));
    let to = member("to").and_then(|(claim, value)| of_object(Role::ConsentTo, &claim, value));
    let from = member("from").and_then(|(claim, value)| {
        let id = value.as_str()?.strip_prefix("urn:altinn:organization:identifier-no:")?;
        Some(Organisation::plain(Role::ConsentFrom, &claim, id))
    });
    system_user.into_iter().chain(from).chain(to).collect()
}

/// The identifier of an organisation that stands as in ISO 6523; some of Altinn's pages spell `ID` as `id`.
pub(super) fn identifier(value: &Value) -> Option<(&'static str, &str)> {
    ["ID", "id"].into_iter().find_map(|name| Some((name, value.get(name)?.as_str()?)))
}

fn of_object(role: Role, claim: &str, value: &Value) -> Option<Organisation> {
    let (member, id) = identifier(value)?;
    let claim = format!("{claim}.{member}");
    // A European seal is identified by whatever its certificate says (ETSI EN 319 412-1 §5.1.4).
    let authority = value.get("authority").and_then(Value::as_str).unwrap_or_default();
    if authority.starts_with("etsi") {
        return Some(Organisation { role, claim, id: shown(id), organisation_number: None, fault: None });
    }
    Some(Organisation::iso6523(role, &claim, id))
}

impl Organisation {
    /// `0192:` and nine digits.
    fn iso6523(role: Role, claim: &str, id: &str) -> Self {
        match id.strip_prefix("0192:") {
            Some(digits) => Self { id: shown(id), ..Self::plain(role, claim, digits) },
            None => Self {
                role,
                claim: claim.to_owned(),
                id: shown(id),
                organisation_number: None,
                fault: Some("it does not begin with `0192:`".to_owned()),
            },
        }
    }

    /// Nine digits alone.
    fn plain(role: Role, claim: &str, digits: &str) -> Self {
        let parsed = OrganisationNumber::parse(digits).map_err(|error| match digits {
            person if is_person(person) => "it has eleven digits, as a person's number has".to_owned(),
            _ => error.to_string(),
        });
        Self {
            role,
            claim: claim.to_owned(),
            id: shown(digits),
            organisation_number: parsed.as_ref().ok().map(|number| number.digits().to_owned()),
            fault: parsed.err(),
        }
    }
}
