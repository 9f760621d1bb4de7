//! `authorization_details` (RFC 9396): system users and consents.
//!
//! <https://docs.digdir.no/docs/Maskinporten/maskinporten_func_systembruker> and
//! <https://docs.digdir.no/docs/Maskinporten/maskinporten_func_samtykke>

use std::sync::{Mutex, PoisonError};

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::{Map, Value};

use super::refusal::{DetailsFault, GrantRefusal};
use crate::simulator::{
    registry::{Orgno, RegisteredClient, Registry},
    strictness::Strictness,
    system_register::SystemRegister,
};

/// The types in the metadata, in the same order.
pub(crate) const TYPES: [&str; 2] = [SYSTEM_USER, CONSENT];
const SYSTEM_USER: &str = "urn:altinn:systemuser";
const CONSENT: &str = "urn:altinn:consent";
/// The authority of organisation numbers in tokens and details.
pub(crate) const AUTHORITY: &str = "iso6523-actorid-upis";
/// The scheme of Norwegian organisation numbers in ISO 6523.
pub(crate) const SCHEME: &str = "0192:";

/// An organisation in the form of tokens and details.
#[derive(Debug, Serialize)]
pub(crate) struct OrganizationClaim {
    authority: &'static str,
    #[serde(rename = "ID")]
    id: String,
}

impl OrganizationClaim {
    pub(crate) fn new(orgno: &Orgno) -> Self {
        Self { authority: AUTHORITY, id: format!("{SCHEME}{}", orgno.as_str()) }
    }
}

/// One element in the token, with its members in the order of real tokens.
#[derive(Debug, Serialize)]
#[serde(tag = "type")]
pub(crate) enum TokenDetail {
    #[serde(rename = "urn:altinn:systemuser")]
    SystemUser {
        systemuser_org: OrganizationClaim,
        systemuser_id: [String; 1],
        system_id: String,
        #[serde(rename = "externalRef", skip_serializing_if = "Option::is_none")]
        external_ref: Option<String>,
    },
    #[serde(rename = "urn:altinn:consent")]
    Consent {
        id: String,
        from: String,
        to: OrganizationClaim,
        consented: String,
        #[serde(rename = "validTo")]
        valid_to: String,
        #[serde(rename = "consentRights")]
        rights: Vec<Value>,
    },
}

/// Validates `authorization_details` against the registered system users and consents.
pub(crate) struct DetailsValidator<'a> {
    pub(crate) registry: &'a Registry,
    pub(crate) system_register: &'a Mutex<SystemRegister>,
    pub(crate) strictness: &'a Strictness,
    pub(crate) client: &'a RegisteredClient,
    pub(crate) consumer: &'a Orgno,
    pub(crate) now: DateTime<Utc>,
}

impl DetailsValidator<'_> {
    /// Validates the claim, which may have one element of each type.
    pub(crate) fn validate(&self, claim: Option<&Value>) -> Result<Option<Vec<TokenDetail>>, GrantRefusal> {
        let elements = match claim {
            None => return Ok(None),
            Some(Value::Array(elements)) if (1..=TYPES.len()).contains(&elements.len()) => elements,
            Some(_) => return Err(self.refuse(DetailsFault::Values)),
        };
        let mut seen = Vec::new();
        let mut details = Vec::new();
        for element in elements {
            let members = element.as_object().ok_or_else(|| self.refuse(DetailsFault::Values))?;
            let kind = members.get("type").and_then(Value::as_str).unwrap_or_default();
            if seen.contains(&kind) {
                return Err(self.refuse(DetailsFault::Values));
            }
            seen.push(kind);
            details.push(match kind {
                SYSTEM_USER => self.system_user(members)?,
                CONSENT => self.consent(members)?,
                _ => return Err(self.refuse(DetailsFault::Type)),
            });
        }
        Ok(Some(details))
    }

    fn system_user(&self, members: &Map<String, Value>) -> Result<TokenDetail, GrantRefusal> {
        self.only(members, &["type", "systemuser_org", "externalRef"])?;
        let organization = members.get("systemuser_org").and_then(Value::as_object);
        let organization = organization.ok_or_else(|| self.refuse(DetailsFault::Values))?;
        self.only(organization, &["authority", "ID"])?;
        if organization.get("authority").and_then(Value::as_str) != Some(AUTHORITY) {
            return Err(self.refuse(DetailsFault::Values));
        }
        let orgno = organization.get("ID").and_then(Value::as_str).and_then(|id| id.strip_prefix(SCHEME));
        let orgno = orgno.and_then(Orgno::parse).ok_or_else(|| self.refuse(DetailsFault::Values))?;
        let external_ref = match members.get("externalRef") {
            None => None,
            Some(Value::String(text)) if is_external_ref(text) => Some(text.as_str()),
            Some(_) => return Err(self.refuse(DetailsFault::Fields)),
        };
        // The reference of a system user that was created without one is the customer's organisation number.
        let external_ref = external_ref.unwrap_or(orgno.as_str());
        let in_file = self.registry.system_users.iter().find(|user| {
            user.orgno == orgno
                && user.client_ids.contains(&self.client.id)
                && user.external_ref.as_deref().unwrap_or(orgno.as_str()) == external_ref
        });
        let in_file = in_file.map(|user| (user.systemuser_id.clone(), user.system_id.clone()));
        let approved = || {
            let register = self.system_register.lock().unwrap_or_else(PoisonError::into_inner);
            let user = register.user_for_client(self.registry, &self.client.id, orgno.as_str(), external_ref)?;
            Some((user.id.clone(), user.system_id.clone()))
        };
        let (systemuser_id, system_id) = in_file.or_else(approved).ok_or(GrantRefusal::SystemUser)?;
        Ok(TokenDetail::SystemUser {
            systemuser_org: OrganizationClaim::new(&orgno),
            systemuser_id: [systemuser_id],
            system_id,
            external_ref: self.strictness.repeat_external_ref.then(|| external_ref.to_owned()),
        })
    }

    fn consent(&self, members: &Map<String, Value>) -> Result<TokenDetail, GrantRefusal> {
        self.only(members, &["type", "id", "from"])?;
        let text = |name| members.get(name).and_then(Value::as_str);
        let consent = self.registry.consents.iter().find(|consent| {
            Some(consent.id.as_str()) == text("id")
                && Some(consent.from.as_str()) == text("from")
                && consent.to == *self.consumer
                && consent.valid_to > self.now
        });
        let consent = consent.ok_or_else(|| self.refuse(DetailsFault::Values))?;
        Ok(TokenDetail::Consent {
            id: consent.id.clone(),
            from: consent.from.clone(),
            to: OrganizationClaim::new(&consent.to),
            consented: consent.consented.to_rfc3339(),
            valid_to: consent.valid_to.to_rfc3339(),
            rights: consent.rights.clone(),
        })
    }

    fn only(&self, members: &Map<String, Value>, known: &[&str]) -> Result<(), GrantRefusal> {
        if members.keys().all(|name| known.contains(&name.as_str())) {
            Ok(())
        } else {
            Err(self.refuse(DetailsFault::Fields))
        }
    }

    fn refuse(&self, fault: DetailsFault) -> GrantRefusal {
        GrantRefusal::Details(fault, self.strictness.authorization_details_error.clone())
    }
}

/// Whether it matches `^[a-zA-Z0-9øØæÆåÅ_\-]*$` and has at most 255 characters.
fn is_external_ref(text: &str) -> bool {
    text.chars().count() <= 255
        && text.chars().all(|character| character.is_ascii_alphanumeric() || "øØæÆåÅ_-".contains(character))
}
