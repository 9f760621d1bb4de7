//! The claims of a grant under their wire names, in the order of Altinn's example.

use chrono::{DateTime, Utc};
use serde_json::Value;
use uuid::Uuid;

use super::{AuthorizationDetails, Grant, GrantError, Object, Resource, values::shown};

/// Claims that cannot be extra claims, with what to do instead.
const RESERVED: [(&str, &str); 10] = [
    ("aud", "use --audience"),
    ("resource", "use --resource"),
    ("scope", "use --scope"),
    ("iss", "use --client-id"),
    ("exp", "use --ttl"),
    ("iat", "leave it out: it is always the current time"),
    ("jti", "leave it out: it is new each time"),
    ("consumer_org", "use --consumer-org"),
    ("pid", "use --pid"),
    ("authorization_details", "use --authorization-details"),
];

/// Claims beyond Maskinporten's own list.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ExtraClaims(Object);

impl ExtraClaims {
    /// Adds a claim.
    ///
    /// # Errors
    /// [`GrantError::ClaimName`] when the name is empty or has control characters, [`GrantError::OwnOption`] when
    /// another field of the grant sets this claim, [`GrantError::ClaimTwice`] when it was added before.
    pub fn add(&mut self, name: &str, value: Value) -> Result<(), GrantError> {
        if name.is_empty() || name.chars().any(char::is_control) {
            return Err(GrantError::ClaimName(shown(name)));
        }
        if let Some((_, instead)) = RESERVED.iter().find(|(own, _)| *own == name) {
            return Err(GrantError::OwnOption { claim: name.to_owned(), instead });
        }
        if self.0.insert(name.to_owned(), value).is_some() {
            return Err(GrantError::ClaimTwice(shown(name)));
        }
        Ok(())
    }

    /// Returns the claims with their values.
    #[must_use]
    pub fn members(&self) -> &Object {
        &self.0
    }

    /// Returns the names of the claims.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }
}

/// Returns the claims to sign, in the order in which they are sent.
pub(super) fn claims(grant: &Grant, now: DateTime<Utc>, id: Uuid) -> Object {
    let issued_at = now.timestamp();
    let mut claims = Object::new();
    let mut set = |name: &str, value: Option<Value>| {
        if let Some(value) = value {
            claims.insert(name.to_owned(), value);
        }
    };
    set("aud", Some(grant.audience.as_str().into()));
    set("resource", resource(grant));
    set("scope", Some(grant.scopes.to_string().into()));
    set("iss", Some(grant.client_id.as_str().into()));
    set("exp", Some(issued_at.saturating_add(grant.lifetime.seconds()).into()));
    set("iat", Some(issued_at.into()));
    set("jti", Some(id.to_string().into()));
    set("consumer_org", grant.consumer_org.as_ref().map(|organisation| organisation.digits().into()));
    set("pid", grant.person.as_ref().map(|person| person.digits().into()));
    set("authorization_details", grant.authorization_details.as_ref().map(AuthorizationDetails::to_value));
    claims.extend(grant.extra.0.clone());
    claims
}

/// Returns one resource as a string, as Altinn's example shows it, and several as an array, as Digdir describes it.
fn resource(grant: &Grant) -> Option<Value> {
    match grant.resources.as_slice() {
        [] => None,
        [one] => Some(one.as_str().into()),
        several => Some(several.iter().map(Resource::as_str).collect()),
    }
}
