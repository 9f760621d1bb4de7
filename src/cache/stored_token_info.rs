//! What a stored token is and for whom, for `cache list`. No secret and no person is in it.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use url::Url;

use super::Shape;

/// What a stored token is and for whom.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StoredTokenInfo {
    /// The environment's name.
    pub environment: String,
    /// The host of the issuer that the assertion was for; `None` when its audience is no address.
    pub audience_host: Option<String>,
    /// The client.
    pub client_id: String,
    /// The scopes that were asked for.
    pub scopes: Vec<String>,
    /// Where the token is meant to be used.
    pub resources: Vec<String>,
    /// The organisation on whose behalf it is.
    pub consumer_org: Option<String>,
    /// The organisation whose system user it is for, as the assertion named it.
    pub system_user_org: Option<String>,
    /// What it was exchanged for.
    pub exchange: Option<String>,
}

impl StoredTokenInfo {
    pub(super) fn of(shape: &Shape) -> Self {
        let audience = Url::parse(&shape.audience).ok();
        Self {
            environment: shape.environment.clone(),
            audience_host: audience.and_then(|url| url.host_str().map(str::to_owned)),
            client_id: shape.client_id.clone(),
            scopes: shape.scopes.clone(),
            resources: shape.resources.clone(),
            consumer_org: shape.consumer_org.clone(),
            system_user_org: shape.authorization_details.as_ref().and_then(system_user_org),
            exchange: shape.exchange.clone(),
        }
    }
}

/// `systemuser_org` of the first detail that has one
/// (<https://docs.digdir.no/docs/Maskinporten/maskinporten_func_systembruker>).
fn system_user_org(details: &Value) -> Option<String> {
    details.as_array()?.iter().find_map(|detail| detail["systemuser_org"]["ID"].as_str()).map(str::to_owned)
}
