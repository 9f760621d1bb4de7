//! Verifies a token: signature, issuer, times, and expectations.
//!
//! In the order that <https://docs.digdir.no/docs/Maskinporten/maskinporten_guide_apitilbyder> recommends to an API.

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::Value;

use super::{
    Finding, FindingKind, FindingVerdict, Jwt, TokenKind, certificates, grant, kind,
    organisations::identifier,
    personal::shown,
    time_claim::{LEEWAY, numeric_date, span, time},
};
use crate::{
    keystore::{Certificate, KeySet, SignatureAlgorithm},
    organisation::OrganisationNumber,
};

/// Why what a client signs cannot have what only an issuer grants.
const OWN_CLAIMS: &str = "whose claims are what the client itself asks for";

/// What a token is expected to contain, besides a signature and valid times.
#[derive(Debug, Clone, Default)]
pub struct Expectations {
    /// The issuer, compared exactly.
    pub issuer: Option<String>,
    /// The audience, which must be among those of the token.
    pub audience: Option<String>,
    /// The scopes, all of which the token must have; more are allowed.
    pub scopes: Vec<String>,
    /// The consumer.
    pub consumer: Option<OrganisationNumber>,
}

/// The source of the keys that verify the signature, which is never a URL in the token itself.
#[derive(Debug, Clone)]
pub enum VerificationKeys<'keys> {
    /// The keys that the issuer publishes, or that are registered on the client.
    Set(&'keys KeySet),
    /// The first certificate in `x5c`, if one of these roots vouches for it: only for grants, whose sender it identifies.
    Roots(&'keys [Certificate]),
    /// No keys, for this reason.
    None(String),
}

/// The result of verifying a token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Verification {
    /// Whether no finding is a fault.
    #[serde(rename = "holds")]
    pub is_valid: bool,
    /// The findings, in order.
    pub findings: Vec<Finding>,
}

impl Verification {
    /// Returns the findings that are faults.
    pub fn faults(&self) -> impl Iterator<Item = &Finding> {
        self.findings.iter().filter(|finding| finding.verdict == FindingVerdict::Fail)
    }

    /// Returns the finding about a property, if it was verified.
    #[cfg_attr(not(any(feature = "cli", feature = "server")), expect(dead_code, reason = "only `check` uses it"))]
    pub(crate) fn finding(&self, kind: FindingKind) -> Option<&Finding> {
        self.findings.iter().find(|finding| finding.kind == kind)
    }
}

/// Verifies a token of this kind at a point in time.
#[must_use]
pub fn verify(
    jwt: &Jwt,
    kind: TokenKind,
    keys: &VerificationKeys<'_>,
    expected: &Expectations,
    now: DateTime<Utc>,
) -> Verification {
    let unverified = |why: String| Finding::new(FindingKind::Signature, false, why, "a signature that can be verified");
    let mut findings = vec![match (jwt.readable_algorithm(), keys) {
        (Err(fault), _) => unverified(fault.to_string()),
        (Ok(algorithm), VerificationKeys::Set(set)) => signature(jwt, algorithm, set),
        (Ok(algorithm), VerificationKeys::Roots(roots)) => certificates::signature(jwt, algorithm, roots, now),
        (Ok(_), VerificationKeys::None(why)) => unverified(why.clone()),
    }];
    if kind.is_client_assertion() && jwt.key_id().is_none() {
        findings.extend(certificates::findings(jwt, now));
    }
    findings.push(issuer(jwt, kind, keys, expected));
    findings.push(expiry(jwt, now));
    findings.extend(issued_at(jwt, kind, now));
    findings.extend(not_in_the_future(jwt, "nbf", FindingKind::NotBefore, now));
    if kind.is_client_assertion() {
        findings.push(lifetime(jwt));
    }
    findings.extend(audience(jwt, kind, expected));
    findings.extend(scope(jwt, kind, expected));
    findings.extend(consumer(jwt, kind, expected));
    let is_valid = findings.iter().all(|finding| finding.verdict != FindingVerdict::Fail);
    Verification { is_valid, findings }
}

fn signature(jwt: &Jwt, algorithm: SignatureAlgorithm, set: &KeySet) -> Finding {
    let mut candidates = set.find(jwt.key_id(), algorithm).peekable();
    let has_candidates = candidates.peek().is_some();
    let pass = candidates.any(|key| jwt.is_signed_by(key));
    let id = jwt.key_id().map(shown);
    let found = match (id, jwt.key_id().and_then(|id| set.fault(id, algorithm))) {
        (Some(id), _) if pass => format!("{algorithm} by the key `{id}`"),
        (None, _) if pass => format!("{algorithm} by a key of its issuer"),
        (Some(id), _) if has_candidates => format!("{algorithm}, but not by the key `{id}`"),
        (Some(id), Some(fault)) => format!("{algorithm}, but the key `{id}` cannot verify it: {fault}"),
        (Some(id), None) => {
            let ids: Vec<String> = set.key_ids().map(shown).collect();
            format!("unknown key `{id}`; known keys: {}", ids.join(", "))
        }
        (None, _) => format!("{algorithm}, but not by any of the {} key(s)", set.key_ids().count()),
    };
    Finding::new(FindingKind::Signature, pass, found, "a signature by a key of its issuer")
}

fn issuer(jwt: &Jwt, kind: TokenKind, keys: &VerificationKeys<'_>, expected: &Expectations) -> Finding {
    const KIND: FindingKind = FindingKind::Issuer;
    let found = jwt.issuer().map_or_else(|| "no `iss`".to_owned(), shown);
    match &expected.issuer {
        Some(expected) => Finding::new(KIND, jwt.issuer() == Some(expected), found, expected.clone()),
        None if kind.is_client_assertion() => {
            Finding::new(KIND, jwt.issuer().is_some_and(|issuer| !issuer.is_empty()), found, "a client id")
        }
        // The caller chose the keys, and with them the issuer.
        None if jwt.issuer().is_some() && matches!(keys, VerificationKeys::Set(_)) => {
            Finding::not_checked(KIND, found, "no particular issuer")
        }
        None => Finding::new(KIND, false, found, "a known issuer"),
    }
}

fn expiry(jwt: &Jwt, now: DateTime<Utc>) -> Finding {
    let at = jwt.claims().get("exp").and_then(numeric_date);
    let found = found_time(jwt, "exp", now);
    Finding::new(FindingKind::Expiry, at.is_some_and(|at| at > now), found, "a time in the future, without leeway")
}

/// A grant must have a time of issue (Digdir's page requires it); a token may omit it (RFC 7519 §4.1.6).
fn issued_at(jwt: &Jwt, kind: TokenKind, now: DateTime<Utc>) -> Option<Finding> {
    let missing = || Finding::new(FindingKind::IssuedAt, false, "no `iat`", "a time in the past");
    let finding = not_in_the_future(jwt, "iat", FindingKind::IssuedAt, now);
    finding.or_else(|| kind.is_client_assertion().then(missing))
}

fn not_in_the_future(jwt: &Jwt, claim: &'static str, kind: FindingKind, now: DateTime<Utc>) -> Option<Finding> {
    let at = numeric_date(jwt.claims().get(claim)?);
    let expected = format!("a time in the past, or at most {} s in the future", LEEWAY.num_seconds());
    Some(Finding::new(kind, at.is_some_and(|at| at <= now + LEEWAY), found_time(jwt, claim, now), expected))
}

fn lifetime(jwt: &Jwt) -> Finding {
    let maximum = grant::maximum_lifetime_of(jwt);
    let found = match jwt.lifetime() {
        Some(seconds @ 0..) => span(seconds.unsigned_abs()),
        Some(_) => "`exp` is before `iat`".to_owned(),
        None => "unknown".to_owned(),
    };
    let pass = jwt.lifetime().is_some_and(|seconds| (1..=maximum).contains(&seconds));
    Finding::new(FindingKind::Lifetime, pass, found, format!("at most {maximum} s from `iat` to `exp`"))
}

fn found_time(jwt: &Jwt, claim: &str, now: DateTime<Utc>) -> String {
    match jwt.claims().get(claim).map(numeric_date) {
        Some(Some(at)) => time(at, now),
        Some(None) => format!("`{claim}` is not a number of seconds"),
        None => format!("no `{claim}`"),
    }
}

fn audience(jwt: &Jwt, kind: TokenKind, expected: &Expectations) -> Option<Finding> {
    let audiences: Vec<String> = kind::audiences(jwt).map(shown).collect();
    let found = if audiences.is_empty() { "no `aud`".to_owned() } else { audiences.join(", ") };
    if let Some(expected) = &expected.audience {
        let pass = kind::audiences(jwt).any(|audience| audience == expected);
        return Some(Finding::new(FindingKind::Audience, pass, found, expected.clone()));
    }
    let fault = (kind == TokenKind::Grant).then(|| grant::audience_fault(jwt))?;
    let pass = fault.is_none();
    Some(Finding::new(FindingKind::Audience, pass, fault.unwrap_or(found), grant::EXPECTED_AUDIENCE))
}

fn scope(jwt: &Jwt, kind: TokenKind, expected: &Expectations) -> Option<Finding> {
    if expected.scopes.is_empty() {
        return None;
    }
    if kind.is_client_assertion() {
        let wanted = format!("an access token with {}", expected.scopes.join(" "));
        return Some(Finding::new(FindingKind::Scope, false, format!("a {kind}, {OWN_CLAIMS}"), wanted));
    }
    let own: Vec<&str> = jwt.text("scope").unwrap_or_default().split_whitespace().collect();
    let pass = expected.scopes.iter().all(|scope| own.contains(&scope.as_str()));
    let found = if own.is_empty() { "no `scope`".to_owned() } else { shown(&own.join(" ")) };
    Some(Finding::new(FindingKind::Scope, pass, found, expected.scopes.join(" ")))
}

/// APIs identify the caller by `consumer.ID`. A token of Altinn's may have `urn:altinn:orgNumber` alone.
fn consumer(jwt: &Jwt, kind: TokenKind, expected: &Expectations) -> Option<Finding> {
    let expected = expected.consumer.as_ref()?.iso6523();
    if kind.is_client_assertion() {
        let wanted = format!("an access token of {expected}");
        return Some(Finding::new(FindingKind::Consumer, false, format!("a {kind}, {OWN_CLAIMS}"), wanted));
    }
    let consumer = jwt.claims().get("consumer").and_then(identifier).map(|(_, id)| id.to_owned());
    let altinn = || jwt.claims().get("urn:altinn:orgNumber").and_then(Value::as_str).map(|id| format!("0192:{id}"));
    let own = consumer.or_else(altinn);
    let found = own.as_deref().map_or_else(|| "no `consumer`".to_owned(), shown);
    Some(Finding::new(FindingKind::Consumer, own.as_deref() == Some(&expected), found, expected))
}
