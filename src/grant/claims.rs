//! The claims of a grant under their wire names, in the order of the seed's example.

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::Value;
use uuid::Uuid;

use super::{Grant, GrantError, Object, values::shown};

/// Claims that have an option of their own, and what to do instead of naming them.
const OWN_OPTIONS: [(&str, &str); 10] = [
    ("aud", "use --audience"),
    ("resource", "use --resource"),
    ("scope", "use --scope"),
    ("iss", "use --client-id"),
    ("exp", "use --ttl"),
    ("iat", "leave it out: it is the present time"),
    ("jti", "leave it out: it is new each time"),
    ("consumer_org", "use --consumer-org"),
    ("pid", "use --pid"),
    ("authorization_details", "use --authorization-details"),
];

/// Claims beyond Maskinporten's own list, each asked for by name.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ExtraClaims(Object);

impl ExtraClaims {
    /// Adds a claim.
    ///
    /// # Errors
    /// [`GrantError::ClaimName`] when the name is empty, [`GrantError::OwnOption`] when another option sets this
    /// claim, [`GrantError::ClaimTwice`] when it is there already.
    pub fn add(&mut self, name: &str, value: Value) -> Result<(), GrantError> {
        if name.is_empty() || name.chars().any(char::is_control) {
            return Err(GrantError::ClaimName(shown(name)));
        }
        if let Some((_, instead)) = OWN_OPTIONS.iter().find(|(own, _)| *own == name) {
            return Err(GrantError::OwnOption { claim: name.to_owned(), instead });
        }
        if self.0.insert(name.to_owned(), value).is_some() {
            return Err(GrantError::ClaimTwice(shown(name)));
        }
        Ok(())
    }

    /// The claims.
    #[must_use]
    pub fn members(&self) -> &Object {
        &self.0
    }

    /// The names of the claims.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }
}

/// What is signed. The order of the members is the order on the wire.
#[derive(Serialize)]
pub(super) struct Claims<'grant> {
    aud: &'grant str,
    #[serde(skip_serializing_if = "Option::is_none")]
    resource: Option<Value>,
    scope: String,
    iss: &'grant str,
    exp: i64,
    iat: i64,
    jti: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    consumer_org: Option<&'grant str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pid: Option<&'grant str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    authorization_details: Option<Value>,
    #[serde(flatten)]
    extra: &'grant Object,
}

impl<'grant> Claims<'grant> {
    pub(super) fn of(grant: &'grant Grant, now: DateTime<Utc>, id: Uuid) -> Self {
        let issued_at = now.timestamp();
        Self {
            aud: &grant.audience,
            resource: resource(grant),
            scope: grant.scopes.to_string(),
            iss: grant.client_id.as_str(),
            exp: issued_at.saturating_add(grant.lifetime.seconds()),
            iat: issued_at,
            jti: id.to_string(),
            consumer_org: grant.consumer_org.as_ref().map(crate::organisation::OrganisationNumber::digits),
            pid: grant.person.as_ref().map(super::PersonIdentifier::digits),
            authorization_details: grant.authorization_details.as_ref().map(super::AuthorizationDetails::to_value),
            extra: &grant.extra.0,
        }
    }
}

/// One resource as a string, as the seed shows it; several as an array, as Digdir's page describes it.
fn resource(grant: &Grant) -> Option<Value> {
    match grant.resources.as_slice() {
        [] => None,
        [one] => Some(Value::from(one.as_str())),
        several => Some(several.iter().map(super::Resource::as_str).collect()),
    }
}
