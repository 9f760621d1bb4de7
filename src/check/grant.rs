//! Judges a grant by what Maskinporten documents, before it is sent.
//!
//! <https://docs.digdir.no/docs/Maskinporten/maskinporten_protocol_jwtgrant>. What is judged is the signed grant
//! itself, header and claims, and not the settings that it was made from.

use chrono::{DateTime, Utc};
use serde_json::Value;

use super::{
    Check,
    check_ids::{AUDIENCE, CLAIMS, CLIENT, CONSUMER_ORG, DETAILS, IDENTIFIER, RESOURCE, SCOPES, SIGNED, TIMES},
    shown,
};
use crate::{environment::Environment, grant::Decoded, organisation::OrganisationNumber};

/// The claims that Maskinporten documents.
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

/// The types of authorization details in Maskinporten's metadata.
const DETAIL_TYPES: [&str; 2] = ["urn:altinn:systemuser", "urn:altinn:consent"];

/// `exp` less `iat`, at most.
const MAXIMUM_LIFETIME_SECONDS: i64 = 120;

/// Judges a signed grant that goes to `environment`; `own` is the organisation of the certificate, if there is one.
#[must_use]
pub fn examine(
    grant: &Decoded,
    environment: Option<Environment>,
    own: Option<&OrganisationNumber>,
    now: DateTime<Utc>,
) -> Vec<Check> {
    let claims = &grant.claims;
    let text = |name: &str| claims[name].as_str().unwrap_or_default();
    let mut checks = vec![
        signed(&grant.header),
        audience(text("aud"), environment),
        client(text("iss"), environment),
        times(claims, now),
        IDENTIFIER.right("a new one in each grant"),
        scopes(text("scope")),
        resource(&claims["resource"]),
        other_claims(claims),
    ];
    checks.extend(claims["consumer_org"].as_str().map(|number| consumer_org(number, own)));
    checks.extend(claims["authorization_details"].as_array().map(|details| authorization_details(details)));
    checks
}

fn signed(header: &Value) -> Check {
    let algorithm = header["alg"].as_str().unwrap_or_default();
    let reference = match (header["kid"].as_str(), header["x5c"].as_array()) {
        (Some(_), _) => "found by kid".to_owned(),
        (None, Some(chain)) if chain.len() == 1 => "found by x5c with 1 certificate".to_owned(),
        (None, Some(chain)) => format!("found by x5c with {} certificates", chain.len()),
        (None, None) => "found by nothing".to_owned(),
    };
    let found = format!("{algorithm}, {reference}");
    if ["RS256", "RS384", "RS512"].contains(&algorithm) {
        SIGNED.right(found)
    } else {
        SIGNED.wrong(found, "use an RSA key, without --alg: Maskinporten takes RS256, RS384 and RS512")
    }
}

fn audience(audience: &str, environment: Option<Environment>) -> Check {
    let expected = environment.and_then(Environment::addresses).map(|addresses| addresses.issuer);
    match expected {
        Some(expected) if expected == audience => AUDIENCE.right(audience),
        Some(expected) => AUDIENCE.wrong(
            format!(
                "{} is not {expected}, the issuer of {}",
                shown(audience),
                environment.map_or("", Environment::name)
            ),
            "leave --audience out: --env brings the right one",
        ),
        None if audience.ends_with('/') => AUDIENCE.right(shown(audience)),
        None => AUDIENCE.warning(
            format!("{} does not end with a slash", shown(audience)),
            "pass --audience with the issuer as its metadata writes it; Maskinporten's ends with a slash",
        ),
    }
}

/// A UUID, or `oidc_…` for clients of the first years.
fn client(id: &str, environment: Option<Environment>) -> Check {
    let usual = uuid::Uuid::parse_str(id).is_ok() || id.starts_with("oidc_");
    if usual || environment.is_none() {
        CLIENT.right(shown(id))
    } else {
        CLIENT.warning(
            format!("{} is not of the form that client ids have (a UUID)", shown(id)),
            "copy the client id from the client in Samarbeidsportalen",
        )
    }
}

fn times(claims: &Value, now: DateTime<Utc>) -> Check {
    let number = |name: &str| claims[name].as_i64().unwrap_or_default();
    let (issued, expires) = (number("iat"), number("exp"));
    let lifetime = expires.saturating_sub(issued);
    let age = now.timestamp().saturating_sub(issued);
    let found = format!("good for {lifetime} s from now");
    if (1..=MAXIMUM_LIFETIME_SECONDS).contains(&lifetime) && age.abs() < 10 {
        TIMES.right(found)
    } else {
        TIMES.wrong(format!("good for {lifetime} s, issued {age} s ago"), "pass --ttl 120 or less")
    }
}

fn scopes(scope: &str) -> Check {
    let odd: Vec<&str> = scope.split(' ').filter(|scope| !has_prefix(scope)).collect();
    let count = scope.split(' ').count();
    if odd.is_empty() {
        let found = if count == 1 { scope.to_owned() } else { format!("{count} scopes, each with its prefix") };
        SCOPES.right(found)
    } else {
        let found = format!("without a prefix: {}", shown(&odd.join(" ")));
        SCOPES.warning(found, "write scopes as their owner does, such as altinn:serviceowner")
    }
}

fn has_prefix(scope: &str) -> bool {
    scope.split_once(':').is_some_and(|(prefix, name)| !prefix.is_empty() && !name.is_empty())
}

fn resource(resource: &Value) -> Check {
    match resource {
        Value::Null => RESOURCE.right("none: the token will have no aud"),
        Value::String(one) => RESOURCE.right(shown(one)),
        several => {
            let all = several.as_array().into_iter().flatten().filter_map(Value::as_str).map(shown);
            RESOURCE.right(all.collect::<Vec<_>>().join(" "))
        }
    }
}

fn other_claims(claims: &Value) -> Check {
    let names = claims.as_object().into_iter().flat_map(|claims| claims.keys());
    let others: Vec<String> =
        names.filter(|name| !DOCUMENTED.contains(&name.as_str())).map(|name| shown(name)).collect();
    if others.is_empty() {
        CLAIMS.right("none")
    } else {
        let remedy = "leave out what --claim and --claim-json add";
        CLAIMS.wrong(format!("not documented: {}", others.join(", ")), remedy)
    }
}

fn consumer_org(number: &str, own: Option<&OrganisationNumber>) -> Check {
    if own.is_some_and(|own| own.digits() == number) {
        CONSUMER_ORG.wrong(
            format!("{number}, which is the certificate's own organisation"),
            "leave --consumer-org out: it is for customers who have delegated the scope to you",
        )
    } else {
        CONSUMER_ORG.right(number)
    }
}

fn authorization_details(details: &[Value]) -> Check {
    let kinds: Vec<&str> = details.iter().map(|detail| detail["type"].as_str().unwrap_or_default()).collect();
    let unknown: Vec<&str> = kinds.iter().copied().filter(|kind| !DETAIL_TYPES.contains(kind)).collect();
    if !unknown.is_empty() {
        let found = format!("of types that Maskinporten does not know: {}", shown(&unknown.join(", ")));
        return DETAILS.wrong(found, format!("use one of {}", DETAIL_TYPES.join(" and ")));
    }
    if details.len() > 1 {
        let remedy = "fetch a token for each: Maskinporten takes one system user or consent at a time";
        return DETAILS.wrong(format!("{} in one grant", details.len()), remedy);
    }
    let organisation = details.iter().find_map(|detail| detail["systemuser_org"]["ID"].as_str());
    let found = kinds.join(", ");
    DETAILS.right(organisation.map_or(found.clone(), |organisation| format!("{found} of {}", shown(organisation))))
}
