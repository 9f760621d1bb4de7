//! Reads from an Altinn token whom it is for: an organisation, a person or a system user.
//!
//! <https://docs.altinn.studio/api/authentication/>. Altinn's test tools make tokens with the same claims.

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::Value;

use super::{Inspection, OrganisationRole, TokenKind, TokenWarning, organisations::details};

/// Whom an Altinn token is for. Anyone may have written it until the signature has been verified.
#[derive(Debug, Clone, Serialize)]
pub struct AltinnIdentity {
    /// The kind of token.
    pub kind: TokenKind,
    /// The environment of Altinn; `None` for an issuer that is not Altinn's own.
    pub environment: Option<&'static str>,
    /// The organisation number.
    pub organisation_number: Option<String>,
    /// The short name of a service owner.
    pub service_owner: Option<String>,
    /// The app, or the component of Altinn.
    pub app: Option<String>,
    /// The organisation that acts for the other one.
    pub supplier: Option<String>,
    /// The id of the system user.
    pub system_user: Option<String>,
    /// The organisation that the system user belongs to.
    pub system_user_owner: Option<String>,
    /// The system of the system user.
    pub system: Option<String>,
    /// The national identity number, masked unless requested.
    pub person: Option<String>,
    /// The user id.
    pub user_id: Option<String>,
    /// The user name.
    pub user_name: Option<String>,
    /// The party id.
    pub party_id: Option<String>,
    /// The UUID of the party.
    pub party_uuid: Option<String>,
    /// How Altinn, or the service that it trusts, authenticated the caller.
    pub authentication_method: Option<String>,
    /// The level of the authentication.
    pub authentication_level: Option<String>,
    /// The client.
    pub client_id: Option<String>,
    /// The scopes, separated by spaces.
    pub scope: Option<String>,
    /// When the token expires.
    pub expires_at: Option<DateTime<Utc>>,
    /// The platform that has confirmed all this, if it was asked.
    pub confirmed_by: Option<String>,
    /// The warnings about the token.
    pub warnings: Vec<TokenWarning>,
}

impl AltinnIdentity {
    /// Reads the identity; `None` for a token that Altinn has not made.
    ///
    /// The claims tell which ones are Altinn's: a closed network has issuers of its own.
    #[must_use]
    pub fn find(inspection: Inspection) -> Option<Self> {
        let Inspection { kind, claims, organisations, .. } = &inspection;
        let is_altinns = matches!(kind, TokenKind::AltinnToken | TokenKind::AltinnAppToken | TokenKind::TestToolsToken);
        if !is_altinns && !claims.keys().any(|name| name.starts_with("urn:altinn:")) {
            return None;
        }
        let text = |name: &str| claims.get(name).and_then(shown);
        let number = |role| {
            let own = organisations.iter().find(|own| own.role == role)?;
            Some(own.organisation_number.clone().unwrap_or_else(|| own.id.clone()))
        };
        let detail = |name: &str| details(claims).find_map(|detail| detail.get(name));
        // Maskinporten has a list of ids, Altinn one id.
        let first = |value: &Value| value.as_array().map_or_else(|| shown(value), |list| shown(list.first()?));
        Some(Self {
            kind: *kind,
            environment: inspection.issuer.as_ref().map(|issuer| issuer.environment),
            organisation_number: number(OrganisationRole::Altinn).or_else(|| number(OrganisationRole::Consumer)),
            service_owner: text("urn:altinn:org"),
            app: text("urn:altinn:app"),
            supplier: number(OrganisationRole::Supplier),
            system_user: detail("systemuser_id").and_then(first),
            system_user_owner: number(OrganisationRole::SystemUser),
            system: detail("system_id").and_then(shown),
            person: text("pid"),
            user_id: text("urn:altinn:userid"),
            user_name: text("urn:altinn:username"),
            party_id: text("urn:altinn:partyid"),
            party_uuid: text("urn:altinn:party:uuid"),
            authentication_method: text("urn:altinn:authenticatemethod"),
            authentication_level: text("urn:altinn:authlevel"),
            client_id: text("client_id"),
            scope: text("scope"),
            expires_at: inspection.times.iter().find(|time| time.claim == "exp").and_then(|time| time.at),
            confirmed_by: None,
            // That the exchange unwraps an array is not unusual here.
            warnings: inspection.warnings.into_iter().filter(|own| own.code != "collapsed_details").collect(),
        })
    }
}

/// Returns a text or a number, safe to show.
fn shown(value: &Value) -> Option<String> {
    match value {
        Value::String(text) if text.is_empty() => None,
        Value::String(text) => Some(super::shown(text)),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}
