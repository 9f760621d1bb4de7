//! `authorization_details` (RFC 9396): system users and consents.
//!
//! <https://docs.digdir.no/docs/Maskinporten/maskinporten_func_systembruker> and
//! <https://docs.digdir.no/docs/Maskinporten/maskinporten_func_samtykke>

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::{Map, Value};

use super::refusal::{Details, Refusal};
use crate::simulator::{
    registry::{Client, Orgno, Registry},
    strictness::Strictness,
};

/// The types in the metadata, in its order.
pub(crate) const TYPES: [&str; 2] = [SYSTEM_USER, CONSENT];
const SYSTEM_USER: &str = "urn:altinn:systemuser";
const CONSENT: &str = "urn:altinn:consent";
/// The authority of organisation numbers in tokens and details.
pub(crate) const AUTHORITY: &str = "iso6523-actorid-upis";
/// The scheme of Norwegian organisation numbers in ISO 6523.
pub(crate) const SCHEME: &str = "0192:";

/// An organisation as tokens name it.
#[derive(Debug, Serialize)]
pub(crate) struct Organization {
    authority: &'static str,
    #[serde(rename = "ID")]
    id: String,
}

impl Organization {
    pub(crate) fn new(orgno: &Orgno) -> Self {
        Self { authority: AUTHORITY, id: format!("{SCHEME}{}", orgno.as_str()) }
    }
}

/// One element as the token shows it, its members in the order of real tokens.
#[derive(Debug, Serialize)]
#[serde(tag = "type")]
pub(crate) enum Detail {
    #[serde(rename = "urn:altinn:systemuser")]
    SystemUser {
        systemuser_org: Organization,
        systemuser_id: [String; 1],
        system_id: String,
        #[serde(rename = "externalRef", skip_serializing_if = "Option::is_none")]
        external_ref: Option<String>,
    },
    #[serde(rename = "urn:altinn:consent")]
    Consent {
        id: String,
        from: String,
        to: Organization,
        consented: String,
        #[serde(rename = "validTo")]
        valid_to: String,
        #[serde(rename = "consentRights")]
        rights: Vec<Value>,
    },
}

/// Those who are asked about system users and consents.
pub(crate) struct DetailsValidator<'a> {
    pub(crate) registry: &'a Registry,
    pub(crate) strictness: &'a Strictness,
    pub(crate) client: &'a Client,
    pub(crate) consumer: &'a Orgno,
    pub(crate) now: DateTime<Utc>,
}

impl DetailsValidator<'_> {
    /// Judges the claim; at most one element of each type is taken.
    pub(crate) fn judge(&self, claim: Option<&Value>) -> Result<Option<Vec<Detail>>, Refusal> {
        let elements = match claim {
            None => return Ok(None),
            Some(Value::Array(elements)) if (1..=TYPES.len()).contains(&elements.len()) => elements,
            Some(_) => return Err(self.wrong(Details::Values)),
        };
        let mut seen = Vec::new();
        let mut details = Vec::new();
        for element in elements {
            let members = element.as_object().ok_or_else(|| self.wrong(Details::Values))?;
            let kind = members.get("type").and_then(Value::as_str).unwrap_or_default();
            if seen.contains(&kind) {
                return Err(self.wrong(Details::Values));
            }
            seen.push(kind);
            details.push(match kind {
                SYSTEM_USER => self.system_user(members)?,
                CONSENT => self.consent(members)?,
                _ => return Err(self.wrong(Details::Type)),
            });
        }
        Ok(Some(details))
    }

    fn system_user(&self, members: &Map<String, Value>) -> Result<Detail, Refusal> {
        self.only(members, &["type", "systemuser_org", "externalRef"])?;
        let organization = members.get("systemuser_org").and_then(Value::as_object);
        let organization = organization.ok_or_else(|| self.wrong(Details::Values))?;
        self.only(organization, &["authority", "ID"])?;
        if organization.get("authority").and_then(Value::as_str) != Some(AUTHORITY) {
            return Err(self.wrong(Details::Values));
        }
        let orgno = organization.get("ID").and_then(Value::as_str).and_then(|id| id.strip_prefix(SCHEME));
        let orgno = orgno.and_then(Orgno::parse).ok_or_else(|| self.wrong(Details::Values))?;
        let wanted = match members.get("externalRef") {
            None => None,
            Some(Value::String(text)) if is_external_ref(text) => Some(text.as_str()),
            Some(_) => return Err(self.wrong(Details::Fields)),
        };
        // A system user that is made without a reference has the customer's organisation number for one.
        let wanted = wanted.unwrap_or(orgno.as_str());
        let found = self.registry.system_users.iter().find(|user| {
            user.orgno == orgno
                && user.client_ids.contains(&self.client.id)
                && user.external_ref.as_deref().unwrap_or(orgno.as_str()) == wanted
        });
        let user = found.ok_or(Refusal::SystemUser)?;
        Ok(Detail::SystemUser {
            systemuser_org: Organization::new(&orgno),
            systemuser_id: [user.systemuser_id.clone()],
            system_id: user.system_id.clone(),
            external_ref: self.strictness.repeat_external_ref.then(|| wanted.to_owned()),
        })
    }

    fn consent(&self, members: &Map<String, Value>) -> Result<Detail, Refusal> {
        self.only(members, &["type", "id", "from"])?;
        let text = |name| members.get(name).and_then(Value::as_str);
        let found = self.registry.consents.iter().find(|consent| {
            Some(consent.id.as_str()) == text("id")
                && Some(consent.from.as_str()) == text("from")
                && consent.to == *self.consumer
                && consent.valid_to > self.now
        });
        let consent = found.ok_or_else(|| self.wrong(Details::Values))?;
        Ok(Detail::Consent {
            id: consent.id.clone(),
            from: consent.from.clone(),
            to: Organization::new(&consent.to),
            consented: consent.consented.to_rfc3339(),
            valid_to: consent.valid_to.to_rfc3339(),
            rights: consent.rights.clone(),
        })
    }

    fn only(&self, members: &Map<String, Value>, known: &[&str]) -> Result<(), Refusal> {
        if members.keys().all(|name| known.contains(&name.as_str())) {
            Ok(())
        } else {
            Err(self.wrong(Details::Fields))
        }
    }

    fn wrong(&self, details: Details) -> Refusal {
        Refusal::Details(details, self.strictness.authorization_details_error.clone())
    }
}

/// `^[a-zA-Z0-9øØæÆåÅ_\-]*$`, at most 255 signs.
fn is_external_ref(text: &str) -> bool {
    text.chars().count() <= 255 && text.chars().all(|sign| sign.is_ascii_alphanumeric() || "øØæÆåÅ_-".contains(sign))
}
