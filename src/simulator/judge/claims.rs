//! The claims of a grant: which there may be, and what they may say by themselves.
//!
//! <https://docs.digdir.no/docs/Maskinporten/maskinporten_protocol_jwtgrant>

use chrono::{DateTime, Utc};
use serde_json::{Map, Value};

use super::refusal::{Refusal, harmless};
use crate::simulator::{registry::Orgno, strictness::Strictness};

/// Every documented claim.
const DOCUMENTED: [&str; 11] = [
    "aud",
    "iss",
    "iat",
    "exp",
    "jti",
    "scope",
    "resource",
    "pid",
    "consumer_org",
    "iss_onbehalfof",
    "authorization_details",
];
const MAXIMUM_RESOURCES: usize = 10;
const MAXIMUM_SCOPES: usize = 1000;

/// The claims by which a client asks for something.
pub(crate) struct Wishes {
    pub(crate) scopes: Vec<String>,
    pub(crate) resources: Vec<String>,
    pub(crate) pid: Option<String>,
    pub(crate) consumer_org: Option<Orgno>,
}

/// Checks that the grant is meant for this issuer, which is compared sign by sign.
pub(crate) fn audience(claims: &Map<String, Value>, issuer: &str, strictness: &Strictness) -> Result<(), Refusal> {
    let single = match claims.get("aud") {
        Some(Value::String(audience)) => Some(audience.as_str()),
        Some(Value::Array(values)) if strictness.allow_audience_array => match values.as_slice() {
            [Value::String(audience)] => Some(audience.as_str()),
            _ => None,
        },
        _ => None,
    };
    if single == Some(issuer) { Ok(()) } else { Err(Refusal::Audience) }
}

/// Checks `exp` and `iat` against the clock and returns `exp`.
pub(crate) fn times(claims: &Map<String, Value>, now: DateTime<Utc>, strictness: &Strictness) -> Result<i64, Refusal> {
    let seconds = |name: &'static str| claims.get(name).and_then(Value::as_i64).ok_or(Refusal::Claim(name));
    let (expires, issued, now) = (seconds("exp")?, seconds("iat")?, now.timestamp());
    if expires.saturating_add(strictness.expiry_leeway_seconds.into()) <= now {
        return Err(Refusal::Expired);
    }
    if issued.saturating_sub(now) >= strictness.maximum_seconds_ahead.into() {
        return Err(Refusal::IssuedAhead);
    }
    if now.saturating_sub(issued) >= strictness.maximum_seconds_behind.into() {
        return Err(Refusal::Claim("iat"));
    }
    if expires.saturating_sub(issued) > strictness.maximum_lifetime_seconds.into() {
        return Err(Refusal::Claim("exp"));
    }
    Ok(expires)
}

/// Reads `jti`.
pub(crate) fn identifier<'a>(
    claims: &'a Map<String, Value>,
    strictness: &Strictness,
) -> Result<Option<&'a str>, Refusal> {
    match claims.get("jti") {
        Some(Value::String(jti)) if (1..=255).contains(&jti.len()) => Ok(Some(jti)),
        None if !strictness.require_jti => Ok(None),
        _ => Err(Refusal::Claim("jti")),
    }
}

/// Refuses claims that are not documented, which "will result in a response of 400 Bad request".
pub(crate) fn only_documented(claims: &Map<String, Value>, strictness: &Strictness) -> Result<(), Refusal> {
    let known = |name: &str| DOCUMENTED.contains(&name) || strictness.allow_claims.iter().any(|other| other == name);
    match claims.keys().find(|name| !known(name)) {
        None => Ok(()),
        Some(name) => {
            Err(Refusal::ClaimUnknown { name: harmless(name), request: strictness.unknown_claim_is_invalid_request })
        }
    }
}

/// Reads what the client asks for.
pub(crate) fn wishes(claims: &Map<String, Value>, strictness: &Strictness) -> Result<Wishes, Refusal> {
    // Deprecated, "will be removed in future": the simulator has no clients with such suppliers.
    if claims.contains_key("iss_onbehalfof") {
        return Err(Refusal::Parameter("iss_onbehalfof is deprecated and no such id is registered"));
    }
    let consumer_org = match claims.get("consumer_org") {
        None => None,
        Some(value) => Some(
            value
                .as_str()
                .and_then(Orgno::parse)
                .ok_or(Refusal::Parameter("consumer_org is not an organisation number of nine digits"))?,
        ),
    };
    let pid = match claims.get("pid") {
        None => None,
        Some(Value::String(pid)) if pid.len() == 11 && pid.bytes().all(|sign| sign.is_ascii_digit()) => {
            Some(pid.clone())
        }
        Some(_) => return Err(Refusal::Parameter("pid is not eleven digits")),
    };
    Ok(Wishes { scopes: scopes(claims)?, resources: resources(claims, strictness)?, pid, consumer_org })
}

fn scopes(claims: &Map<String, Value>) -> Result<Vec<String>, Refusal> {
    let text = match claims.get("scope") {
        None => return Err(Refusal::ScopeMissing),
        Some(value) => value.as_str().ok_or(Refusal::Parameter("scope is not a string"))?,
    };
    let scopes: Vec<String> = text.split_ascii_whitespace().map(str::to_owned).collect();
    match scopes.len() {
        0 => Err(Refusal::ScopeMissing),
        1..=MAXIMUM_SCOPES => Ok(scopes),
        _ => Err(Refusal::Parameter("scope has too many scopes")),
    }
}

fn resources(claims: &Map<String, Value>, strictness: &Strictness) -> Result<Vec<String>, Refusal> {
    let texts: Vec<&Value> = match claims.get("resource") {
        None => return Ok(Vec::new()),
        Some(Value::Array(values)) if (1..=MAXIMUM_RESOURCES).contains(&values.len()) => values.iter().collect(),
        Some(text @ Value::String(_)) if !strictness.require_resource_array => vec![text],
        Some(_) => return Err(Refusal::Resource),
    };
    let valid = |value: &Value| value.as_str().filter(|text| is_resource(text)).map(str::to_owned);
    texts.into_iter().map(|value| valid(value).ok_or(Refusal::Resource)).collect()
}

/// RFC 8707 §2: an absolute URI without a fragment.
fn is_resource(text: &str) -> bool {
    text.len() <= 2000
        && text.bytes().all(|sign| sign.is_ascii_graphic())
        && !text.contains('#')
        && url::Url::parse(text).is_ok()
}
