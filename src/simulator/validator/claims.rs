//! The claims of an assertion, except `authorization_details`: names, formats and limits.
//!
//! <https://docs.digdir.no/docs/Maskinporten/maskinporten_protocol_jwtgrant>

use chrono::{DateTime, Utc};
use serde_json::{Map, Value};

use super::refusal::{GrantRefusal, sanitize};
use crate::simulator::{numeric_date, registry::Orgno, strictness::Strictness};

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
    if single == Some(issuer) {
        return Ok(());
    }
    let in_an_array = claims.get("aud").and_then(Value::as_array).is_some_and(|values| *values == [issuer]);
    Err(GrantRefusal::Audience { in_an_array })
}

/// Validates `exp` and `iat`, and returns `exp`.
pub(crate) fn times(
    claims: &Map<String, Value>,
    now: DateTime<Utc>,
    strictness: &Strictness,
) -> Result<i64, GrantRefusal> {
    let seconds = |name| claims.get(name).and_then(numeric_date::seconds).ok_or_else(|| not_a_time(name));
    let (expires, issued, now) = (seconds("exp")?, seconds("iat")?, now.timestamp());
    if expires.saturating_add(strictness.expiry_leeway_seconds.into()) <= now {
        return Err(GrantRefusal::Expired { expires, now });
    }
    if issued.saturating_sub(now) >= strictness.maximum_seconds_ahead.into() {
        return Err(GrantRefusal::IssuedAhead { issued, now });
    }
    let (behind, limit) = (now.saturating_sub(issued), strictness.maximum_seconds_behind);
    if behind >= limit.into() {
        return Err(GrantRefusal::Claim {
            name: "iat",
            why: format!("It is {behind} s behind the clock ({issued}, {now}); it must be less than {limit} s behind"),
            switch: Some(("maximum_seconds_behind", behind.saturating_add(1))),
        });
    }
    let (lifetime, limit) = (expires.saturating_sub(issued), strictness.maximum_lifetime_seconds);
    if lifetime > limit.into() {
        return Err(GrantRefusal::Claim {
            name: "exp",
            why: format!("It is {lifetime} s after iat ({expires}, {issued}); it must be at most {limit} s after"),
            switch: Some(("maximum_lifetime_seconds", lifetime)),
        });
    }
    Ok(expires)
}

fn not_a_time(name: &'static str) -> GrantRefusal {
    invalid(name, "It is missing, or is not a number of seconds since 1970")
}

fn invalid(name: &'static str, why: &str) -> GrantRefusal {
    GrantRefusal::Claim { name, why: why.to_owned(), switch: None }
}

/// Whether it is a documented claim.
pub(crate) fn is_documented(name: &str) -> bool {
    DOCUMENTED.contains(&name)
}

/// Returns `jti`.
pub(crate) fn identifier<'a>(
    claims: &'a Map<String, Value>,
    strictness: &Strictness,
) -> Result<Option<&'a str>, GrantRefusal> {
    match claims.get("jti") {
        Some(Value::String(jti)) if (1..=255).contains(&jti.len()) => Ok(Some(jti)),
        None if !strictness.require_jti => Ok(None),
        None => Err(GrantRefusal::JtiMissing),
        Some(_) => Err(invalid("jti", "It is not a string of 1 to 255 bytes")),
    }
}

/// Refuses undocumented claims, which "will result in a response of 400 Bad request", and returns those accepted anyway.
pub(crate) fn undocumented(
    claims: &Map<String, Value>,
    now: DateTime<Utc>,
    strictness: &Strictness,
) -> Result<Vec<&'static str>, GrantRefusal> {
    let mut accepted = Vec::new();
    let allowed = |name: &str| is_documented(name) || strictness.allow_claims.iter().any(|other| other == name);
    for (name, value) in claims.iter().filter(|(name, _)| !allowed(name)) {
        match name.as_str() {
            "nbf" if !strictness.documented_claims_only => {
                not_before(value, now.timestamp(), strictness)?;
                accepted.push("nbf");
            }
            "sub" if !strictness.documented_claims_only => {
                if Some(value) != claims.get("iss") {
                    return Err(invalid("sub", "It is not equal to iss"));
                }
                accepted.push("sub");
            }
            _ => {
                return Err(GrantRefusal::ClaimUnknown {
                    name: sanitize(name),
                    request: strictness.unknown_claim_is_invalid_request,
                });
            }
        }
    }
    Ok(accepted)
}

/// Refuses an assertion before its `nbf` (RFC 7523 §3), with the same tolerance as for `iat`.
fn not_before(value: &Value, now: i64, strictness: &Strictness) -> Result<(), GrantRefusal> {
    let not_before = numeric_date::seconds(value).ok_or_else(|| not_a_time("nbf"))?;
    let (ahead, limit) = (not_before.saturating_sub(now), strictness.maximum_seconds_ahead);
    if ahead < limit.into() {
        return Ok(());
    }
    Err(GrantRefusal::Claim {
        name: "nbf",
        why: format!("It is {ahead} s ahead of the clock ({not_before}, {now}); it must be less than {limit} s ahead"),
        switch: Some(("maximum_seconds_ahead", ahead.saturating_add(1))),
    })
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
        Some(value) => return Err(GrantRefusal::Resource { single: value.as_str().is_some_and(is_resource) }),
    };
    let valid = |value: &Value| value.as_str().filter(|text| is_resource(text)).map(str::to_owned);
    texts.into_iter().map(|value| valid(value).ok_or(GrantRefusal::Resource { single: false })).collect()
}

/// Whether it is an absolute URI without a fragment (RFC 8707 §2).
fn is_resource(text: &str) -> bool {
    text.len() <= 2000
        && text.bytes().all(|byte| byte.is_ascii_graphic())
        && !text.contains('#')
        && url::Url::parse(text).is_ok()
}
