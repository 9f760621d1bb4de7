//! The claims of an assertion, except `authorization_details`: names, formats and limits.
//!
//! <https://docs.digdir.no/docs/Maskinporten/maskinporten_protocol_jwtgrant>

use chrono::{DateTime, Utc};
use serde_json::{Map, Value};

use super::refusal::{GrantRefusal, sanitize};
use crate::simulator::{registry::Orgno, strictness::Strictness};

/// The documented claims.
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

/// The claims that describe the requested token.
pub(crate) struct RequestedClaims {
    pub(crate) scopes: Vec<String>,
    pub(crate) resources: Vec<String>,
    pub(crate) pid: Option<String>,
    pub(crate) consumer_org: Option<Orgno>,
}

/// Checks that the audience is exactly this issuer.
pub(crate) fn audience(claims: &Map<String, Value>, issuer: &str, strictness: &Strictness) -> Result<(), GrantRefusal> {
    let single = match claims.get("aud") {
        Some(Value::String(audience)) => Some(audience.as_str()),
        Some(Value::Array(values)) if strictness.allow_audience_array => match values.as_slice() {
            [Value::String(audience)] => Some(audience.as_str()),
            _ => None,
        },
        _ => None,
    };
    if single == Some(issuer) { Ok(()) } else { Err(GrantRefusal::Audience) }
}

/// Validates `exp` and `iat`, and returns `exp`.
pub(crate) fn times(
    claims: &Map<String, Value>,
    now: DateTime<Utc>,
    strictness: &Strictness,
) -> Result<i64, GrantRefusal> {
    let seconds = |name: &'static str| claims.get(name).and_then(Value::as_i64).ok_or(GrantRefusal::Claim(name));
    let (expires, issued, now) = (seconds("exp")?, seconds("iat")?, now.timestamp());
    if expires.saturating_add(strictness.expiry_leeway_seconds.into()) <= now {
        return Err(GrantRefusal::Expired);
    }
    if issued.saturating_sub(now) >= strictness.maximum_seconds_ahead.into() {
        return Err(GrantRefusal::IssuedAhead);
    }
    if now.saturating_sub(issued) >= strictness.maximum_seconds_behind.into() {
        return Err(GrantRefusal::Claim("iat"));
    }
    if expires.saturating_sub(issued) > strictness.maximum_lifetime_seconds.into() {
        return Err(GrantRefusal::Claim("exp"));
    }
    Ok(expires)
}

/// Returns `jti`.
pub(crate) fn identifier<'a>(
    claims: &'a Map<String, Value>,
    strictness: &Strictness,
) -> Result<Option<&'a str>, GrantRefusal> {
    match claims.get("jti") {
        Some(Value::String(jti)) if (1..=255).contains(&jti.len()) => Ok(Some(jti)),
        None if !strictness.require_jti => Ok(None),
        _ => Err(GrantRefusal::Claim("jti")),
    }
}

/// Refuses undocumented claims, which "will result in a response of 400 Bad request".
pub(crate) fn only_documented(claims: &Map<String, Value>, strictness: &Strictness) -> Result<(), GrantRefusal> {
    let known = |name: &str| DOCUMENTED.contains(&name) || strictness.allow_claims.iter().any(|other| other == name);
    match claims.keys().find(|name| !known(name)) {
        None => Ok(()),
        Some(name) => Err(GrantRefusal::ClaimUnknown {
            name: sanitize(name),
            request: strictness.unknown_claim_is_invalid_request,
        }),
    }
}

/// Parses the claims that describe the requested token.
pub(crate) fn requested(claims: &Map<String, Value>, strictness: &Strictness) -> Result<RequestedClaims, GrantRefusal> {
    // Deprecated, "will be removed in future"; no client of the simulator has one.
    if claims.contains_key("iss_onbehalfof") {
        return Err(GrantRefusal::Parameter("iss_onbehalfof is deprecated and no such id is registered"));
    }
    let consumer_org = match claims.get("consumer_org") {
        None => None,
        Some(value) => Some(
            value
                .as_str()
                .and_then(Orgno::parse)
                .ok_or(GrantRefusal::Parameter("consumer_org is not an organisation number of nine digits"))?,
        ),
    };
    let pid = match claims.get("pid") {
        None => None,
        Some(Value::String(pid)) if pid.len() == 11 && pid.bytes().all(|byte| byte.is_ascii_digit()) => {
            Some(pid.clone())
        }
        Some(_) => return Err(GrantRefusal::Parameter("pid is not eleven digits")),
    };
    Ok(RequestedClaims { scopes: scopes(claims)?, resources: resources(claims, strictness)?, pid, consumer_org })
}

fn scopes(claims: &Map<String, Value>) -> Result<Vec<String>, GrantRefusal> {
    let text = match claims.get("scope") {
        None => return Err(GrantRefusal::ScopeMissing),
        Some(value) => value.as_str().ok_or(GrantRefusal::Parameter("scope is not a string"))?,
    };
    let scopes: Vec<String> = text.split_ascii_whitespace().map(str::to_owned).collect();
    match scopes.len() {
        0 => Err(GrantRefusal::ScopeMissing),
        1..=MAXIMUM_SCOPES => Ok(scopes),
        _ => Err(GrantRefusal::Parameter("scope has too many scopes")),
    }
}

fn resources(claims: &Map<String, Value>, strictness: &Strictness) -> Result<Vec<String>, GrantRefusal> {
    let texts: Vec<&Value> = match claims.get("resource") {
        None => return Ok(Vec::new()),
        Some(Value::Array(values)) if (1..=MAXIMUM_RESOURCES).contains(&values.len()) => values.iter().collect(),
        Some(text @ Value::String(_)) if !strictness.require_resource_array => vec![text],
        Some(_) => return Err(GrantRefusal::Resource),
    };
    let valid = |value: &Value| value.as_str().filter(|text| is_resource(text)).map(str::to_owned);
    texts.into_iter().map(|value| valid(value).ok_or(GrantRefusal::Resource)).collect()
}

/// Whether it is an absolute URI without a fragment (RFC 8707 §2).
fn is_resource(text: &str) -> bool {
    text.len() <= 2000
        && text.bytes().all(|byte| byte.is_ascii_graphic())
        && !text.contains('#')
        && url::Url::parse(text).is_ok()
}
