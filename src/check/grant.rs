//! Checks a signed grant before it is sent, by what Maskinporten documents.
//!
//! <https://docs.digdir.no/docs/Maskinporten/maskinporten_protocol_jwtgrant>. Header and claims of the assertion itself
//! are checked, not the settings that it was made from.

use chrono::{DateTime, Utc};
use serde_json::Value;

use super::{
    Check, ServerRules,
    check_ids::{AUDIENCE, CLAIMS, CLIENT, CONSUMER_ORG, DETAILS, IDENTIFIER, RESOURCE, SCOPES, SIGNED, TIMES},
    shown,
};
use crate::{
    environment::Environment,
    grant::Assertion,
    inspect::{
        DETAIL_TYPES, Expectations, FindingKind, Jwt, TokenKind, Verification, VerificationKeys, details, identifier,
        maximum_lifetime, undocumented_claims, verify,
    },
    organisation::OrganisationNumber,
};

/// Checks a grant for `environment`; `own` is the organisation of the certificate, if there is one. Other servers than
/// Maskinporten have other rules for algorithms, lifetimes, scopes and claims.
#[must_use]
pub fn examine(
    assertion: &Assertion,
    environment: Option<Environment>,
    rules: ServerRules,
    own: Option<&OrganisationNumber>,
    now: DateTime<Utc>,
) -> Vec<Check> {
    let jwt = match Jwt::parse(assertion.expose().as_bytes()) {
        Ok(jwt) => jwt,
        Err(error) => {
            let mut checks = super::skipped("grant", &super::after(&SIGNED));
            checks[0] = SIGNED.failed(&error);
            return checks;
        }
    };
    let audience_of = |environment: Environment| environment.addresses().map(|addresses| addresses.issuer);
    let expected = Expectations { audience: environment.and_then(audience_of), ..Expectations::default() };
    let keys = VerificationKeys::None("it was just signed".to_owned());
    let verification = verify(&jwt, TokenKind::Grant, &keys, &expected, now);
    let mut checks = vec![
        signed(&jwt, rules),
        AUDIENCE.verified(&verification, FindingKind::Audience, "leave out --audience: --env sets the right one"),
        client(&jwt, environment),
        times(&jwt, &verification, rules),
        IDENTIFIER.pass("a new one in each grant"),
        scopes(&jwt, rules),
        resource(jwt.claims().get("resource")),
        other_claims(&jwt, rules),
    ];
    checks.extend(jwt.text("consumer_org").map(|number| consumer_org(number, own)));
    checks.extend(jwt.has("authorization_details").then(|| authorization_details(&jwt)));
    checks
}

fn signed(jwt: &Jwt, rules: ServerRules) -> Check {
    let reference = match (jwt.key_id(), jwt.header().get("x5c").and_then(Value::as_array)) {
        (Some(_), _) => "with a kid".to_owned(),
        (None, Some(chain)) if chain.len() == 1 => "with 1 certificate in x5c".to_owned(),
        (None, Some(chain)) => format!("with {} certificates in x5c", chain.len()),
        (None, None) => "with neither kid nor x5c".to_owned(),
    };
    let found = format!("{}, {reference}", jwt.algorithm());
    if rules == ServerRules::Other || jwt.algorithm().is_accepted_by_maskinporten() {
        SIGNED.pass(found)
    } else {
        SIGNED.fail(found, "use an RSA key without --alg: Maskinporten accepts RS256, RS384 and RS512")
    }
}

/// Client ids are UUIDs; older clients have `oidc_…`.
fn client(jwt: &Jwt, environment: Option<Environment>) -> Check {
    let id = jwt.issuer().unwrap_or_default();
    if environment.is_none() || uuid::Uuid::parse_str(id).is_ok() || id.starts_with("oidc_") {
        CLIENT.pass(shown(id))
    } else {
        CLIENT.warning(
            format!("{} does not have the form of a client id (a UUID)", shown(id)),
            "copy the client id from the client in Samarbeidsportalen",
        )
    }
}

fn times(jwt: &Jwt, verification: &Verification, rules: ServerRules) -> Check {
    let remedy = format!("pass --ttl {} or less", maximum_lifetime());
    let kinds = [FindingKind::IssuedAt, FindingKind::Expiry];
    let is_limited = rules == ServerRules::Maskinporten;
    let fault = verification
        .faults()
        .find(|finding| kinds.contains(&finding.kind) || is_limited && finding.kind == FindingKind::Lifetime);
    match (fault, jwt.lifetime()) {
        (Some(fault), _) => TIMES.verified(verification, fault.kind, &remedy),
        (None, Some(seconds)) => TIMES.pass(format!("valid for {seconds} s from now")),
        (None, None) => TIMES.fail("no lifetime", remedy),
    }
}

fn scopes(jwt: &Jwt, rules: ServerRules) -> Check {
    let scopes: Vec<&str> = jwt.text("scope").unwrap_or_default().split(' ').collect();
    let is_unusual = |scope: &&str| rules == ServerRules::Maskinporten && !has_prefix(scope);
    let unusual: Vec<&str> = scopes.iter().copied().filter(is_unusual).collect();
    match (unusual.as_slice(), scopes.as_slice()) {
        ([], [scope]) => SCOPES.pass(shown(scope)),
        ([], scopes) if rules == ServerRules::Other => SCOPES.pass(format!("{} scopes", scopes.len())),
        ([], scopes) => SCOPES.pass(format!("{} scopes, each with a prefix", scopes.len())),
        (unusual, _) => SCOPES.warning(
            format!("{} without a prefix: {}", unusual.len(), shown(&unusual.join(" "))),
            "write the scope as the owner of the API does, such as altinn:serviceowner",
        ),
    }
}

fn has_prefix(scope: &str) -> bool {
    scope.split_once(':').is_some_and(|(prefix, name)| !prefix.is_empty() && !name.is_empty())
}

fn resource(resource: Option<&Value>) -> Check {
    match resource {
        None => RESOURCE.pass("none: the token will have no aud"),
        Some(Value::String(one)) => RESOURCE.pass(shown(one)),
        Some(several) => {
            let all = several.as_array().into_iter().flatten().filter_map(Value::as_str).map(shown);
            RESOURCE.pass(all.collect::<Vec<_>>().join(" "))
        }
    }
}

fn other_claims(jwt: &Jwt, rules: ServerRules) -> Check {
    let others: Vec<String> = undocumented_claims(jwt).map(shown).collect();
    if others.is_empty() {
        CLAIMS.pass("none")
    } else if rules == ServerRules::Other {
        CLAIMS.pass(others.join(", "))
    } else {
        let remedy = "leave out what --claim and --claim-json add";
        CLAIMS.fail(format!("undocumented: {}", others.join(", ")), remedy)
    }
}

fn consumer_org(number: &str, own: Option<&OrganisationNumber>) -> Check {
    if own.is_some_and(|own| own.digits() == number) {
        CONSUMER_ORG.fail(
            format!("{number}, which is the certificate's own organisation"),
            "leave out --consumer-org: it is for customers who have delegated the scope to you",
        )
    } else {
        CONSUMER_ORG.pass(number)
    }
}

fn authorization_details(jwt: &Jwt) -> Check {
    let mut types: Vec<&str> = Vec::new();
    for detail in details(jwt.claims()) {
        let name = detail.get("type").and_then(Value::as_str).unwrap_or("none");
        if !DETAIL_TYPES.contains(&name) {
            let found = format!("a type that Maskinporten does not know: {}", shown(name));
            return DETAILS.fail(found, format!("use {}", DETAIL_TYPES.join(" or ")));
        }
        if types.contains(&name) {
            let remedy = "get a token for each: Maskinporten accepts one system user and one consent in a grant";
            return DETAILS.fail(format!("more than one {name} in one grant"), remedy);
        }
        types.push(name);
    }
    let owner = details(jwt.claims()).find_map(|detail| identifier(detail.get("systemuser_org")?));
    let owner = owner.map(|(_, id)| format!(" of {}", shown(id))).unwrap_or_default();
    DETAILS.pass(format!("{}{owner}", types.join(", ")))
}
