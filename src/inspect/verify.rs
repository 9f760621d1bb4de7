//! Whether a token holds: signature, issuer, times, and what is expected of it.
//!
//! In the order in which <https://docs.digdir.no/docs/Maskinporten/maskinporten_guide_apitilbyder> asks an API to look.
//! Clocks may differ by ten seconds where a token would be too young, as Maskinporten and Altinn allow; one that has
//! expired has expired.

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use serde::Serialize;
use serde_json::Value;

use super::{
    Check, Finding, Jwt, Kind, Verdict, audience, certificates, grant, kind,
    organisations::identifier,
    personal::shown,
    time_claim::{numeric_date, relative, span},
};
use crate::{
    keystore::{Certificate, KeySet, Validity, VerificationKey},
    organisation::OrganisationNumber,
};

/// How far ahead of our clock the issuer's may be.
pub(super) const LEEWAY_SECONDS: i64 = 10;

/// What a token is expected to say beside being signed and in time.
#[derive(Debug, Clone, Default)]
pub struct Expectations {
    /// Who should have issued it, letter for letter; `None` when nobody says.
    pub issuer: Option<String>,
    /// Whom it should be for.
    pub audience: Option<String>,
    /// What it should give access to; further scopes do no harm.
    pub scopes: Vec<String>,
    /// Who should have the access.
    pub consumer: Option<OrganisationNumber>,
}

/// Where the key comes from that should have made the signature. Never from what the token itself points to.
#[derive(Debug, Clone)]
pub enum Keys<'keys> {
    /// The keys that the issuer publishes, or that are registered on the client.
    Set(&'keys KeySet),
    /// The first of the certificates that came along: for grants alone, whose sender they identify.
    Certificates,
    /// There are none, for this reason.
    None(String),
}

/// Everything that was looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Verification {
    /// Whether no fault was found.
    pub holds: bool,
    /// What was looked at, in order.
    pub findings: Vec<Finding>,
}

impl Verification {
    /// What is not as it should be.
    pub fn faults(&self) -> impl Iterator<Item = Check> {
        self.findings.iter().filter(|finding| finding.verdict == Verdict::Fault).map(|finding| finding.check)
    }
}

/// Verifies a token of this kind at a moment.
#[must_use]
pub fn verify(jwt: &Jwt, kind: Kind, keys: &Keys<'_>, expected: &Expectations, now: DateTime<Utc>) -> Verification {
    let mut findings = match keys {
        Keys::Set(set) => vec![signature(jwt, set)],
        Keys::Certificates => chain(jwt, now),
        Keys::None(why) => vec![Finding::new(Check::Signature, false, why.clone(), "a signature that a key verifies")],
    };
    findings.push(issuer(jwt, kind, keys, expected));
    findings.push(expiry(jwt, now));
    findings.extend(issued_at(jwt, kind, now));
    findings.extend(young(jwt, "nbf", Check::NotBefore, now));
    if kind.is_client_assertion() {
        findings.push(lifetime(jwt));
    }
    findings.extend(audience(jwt, kind, expected));
    findings.extend(scope(jwt, expected));
    findings.extend(consumer(jwt, expected));
    let holds = findings.iter().all(|finding| finding.verdict != Verdict::Fault);
    Verification { holds, findings }
}

fn signature(jwt: &Jwt, set: &KeySet) -> Finding {
    let algorithm = jwt.algorithm();
    let mut candidates = set.find(jwt.key_id(), algorithm).peekable();
    let has_candidates = candidates.peek().is_some();
    let good = candidates.any(|key| jwt.is_signed_by(key));
    let found = match jwt.key_id().map(|id| (shown(id), set.fault(id, algorithm))) {
        _ if good => key_words(jwt),
        Some((id, _)) if has_candidates => format!("{algorithm}, and not by the key `{id}`"),
        Some((id, Some(fault))) => format!("{algorithm}, and the key `{id}` makes no such signature: {fault}"),
        Some((id, None)) => {
            let ids: Vec<String> = set.key_ids().map(shown).collect();
            format!("the key `{id}` is not there; there are {}", ids.join(", "))
        }
        None => format!("{algorithm}, by none of the {} key(s)", set.key_ids().count()),
    };
    Finding::new(Check::Signature, good, found, "a signature by a key of its issuer")
}

fn key_words(jwt: &Jwt) -> String {
    let key = jwt.key_id().map_or_else(|| "a key of its issuer".to_owned(), |id| format!("the key `{}`", shown(id)));
    format!("{} by {key}", jwt.algorithm())
}

/// A grant's own certificates: whether the first one's key signed it, and what the others add. Whether the last one is
/// to be trusted is for the server to decide.
fn chain(jwt: &Jwt, now: DateTime<Utc>) -> Vec<Finding> {
    const EXPECTED: &str = "a signature by the key of the first certificate in `x5c`";
    let certificates = match certificates::of(jwt) {
        Some(Ok(certificates)) => certificates,
        Some(Err(fault)) => return vec![Finding::new(Check::Signature, false, fault.to_string(), EXPECTED)],
        None => return vec![Finding::new(Check::Signature, false, "there is no `x5c`", EXPECTED)],
    };
    let Some(leaf) = certificates.first() else { return Vec::new() };
    let signature = match VerificationKey::from_certificate(leaf) {
        Ok(key) if jwt.is_signed_by(&key) => (true, format!("{} by {}", jwt.algorithm(), leaf.subject())),
        Ok(_) => (false, format!("{}, and not by {}", jwt.algorithm(), leaf.subject())),
        Err(fault) => (false, format!("the certificate's key cannot be used: {fault}")),
    };
    vec![
        Finding::new(Check::Signature, signature.0, signature.1, EXPECTED),
        links(&certificates),
        validity(leaf, &certificates, now),
        organisation(leaf),
    ]
}

fn links(certificates: &[Certificate]) -> Finding {
    let broken = certificates.windows(2).position(|pair| !pair[0].is_issued_by(&pair[1]));
    let last = certificates.last().map(Certificate::subject).unwrap_or_default();
    let found = match broken {
        Some(place) => format!("number {} was not issued by number {}", place + 1, place + 2),
        None => format!("{} certificate(s), up to {last}", certificates.len()),
    };
    Finding::new(Check::Chain, broken.is_none(), found, "each certificate issued by the next")
}

fn validity(leaf: &Certificate, certificates: &[Certificate], now: DateTime<Utc>) -> Finding {
    let fault = certificates.iter().find_map(|certificate| match certificate.validity(now) {
        Validity::Valid => None,
        Validity::Expired(at) => Some(format!("{} expired {}", certificate.subject(), time(at, now))),
        Validity::NotYetValid(at) => Some(format!("{} begins {}", certificate.subject(), time(at, now))),
    });
    let usage = || (!leaf.may_sign()).then(|| format!("{} may not sign", leaf.subject()));
    let fault = fault.or_else(usage);
    let until = certificates.iter().filter_map(Certificate::not_after).min();
    let until = until.map_or_else(String::new, |until| format!("until {}", time(until, now)));
    Finding::new(Check::Certificates, fault.is_none(), fault.unwrap_or(until), "all hold, and the first may sign")
}

fn organisation(leaf: &Certificate) -> Finding {
    let number = leaf.organisation_number();
    let found = number.as_ref().map_or_else(|| format!("none in {}", leaf.subject()), ToString::to_string);
    Finding::new(Check::Organisation, number.is_some(), found, "an organisation number in the first certificate")
}

fn issuer(jwt: &Jwt, kind: Kind, keys: &Keys<'_>, expected: &Expectations) -> Finding {
    let found = jwt.issuer().map_or_else(|| "no `iss`".to_owned(), shown);
    match &expected.issuer {
        Some(expected) => Finding::new(Check::Issuer, jwt.issuer() == Some(expected), found, expected.clone()),
        None if kind.is_client_assertion() => {
            let good = jwt.issuer().is_some_and(|issuer| !issuer.is_empty());
            Finding::new(Check::Issuer, good, found, "a client id")
        }
        // Whoever brought the keys vouches for whose they are.
        None if jwt.issuer().is_some() && matches!(keys, Keys::Set(_)) => {
            Finding::not_checked(Check::Issuer, found, "nothing is expected of it")
        }
        None => Finding::new(Check::Issuer, false, found, "an issuer that is known here"),
    }
}

fn expiry(jwt: &Jwt, now: DateTime<Utc>) -> Finding {
    let at = jwt.claims().get("exp").and_then(numeric_date);
    let found = found_time(jwt, "exp", now);
    Finding::new(Check::Expiry, at.is_some_and(|at| at > now), found, "a time to come, without leeway")
}

/// A grant must say when it was made (Digdir's page requires it); a token may leave it out (RFC 7519 §4.1.6).
fn issued_at(jwt: &Jwt, kind: Kind, now: DateTime<Utc>) -> Option<Finding> {
    let finding = young(jwt, "iat", Check::IssuedAt, now);
    let missing = || Finding::new(Check::IssuedAt, false, "no `iat`", "a time past");
    finding.or_else(|| kind.is_client_assertion().then(missing))
}

fn young(jwt: &Jwt, claim: &'static str, check: Check, now: DateTime<Utc>) -> Option<Finding> {
    let at = numeric_date(jwt.claims().get(claim)?);
    let good = at.is_some_and(|at| at <= now + TimeDelta::seconds(LEEWAY_SECONDS));
    let expected = format!("a time past, or up to {LEEWAY_SECONDS} s ahead");
    Some(Finding::new(check, good, found_time(jwt, claim, now), expected))
}

fn lifetime(jwt: &Jwt) -> Finding {
    let seconds = grant::lifetime(jwt);
    let good = seconds.is_some_and(|seconds| (1..=grant::MAXIMUM_SECONDS).contains(&seconds));
    let found = match seconds {
        Some(seconds @ 0..) => span(seconds.unsigned_abs()),
        Some(_) => "`exp` is before `iat`".to_owned(),
        None => "unknown".to_owned(),
    };
    Finding::new(Check::Lifetime, good, found, format!("{} s or less from `iat` to `exp`", grant::MAXIMUM_SECONDS))
}

fn found_time(jwt: &Jwt, claim: &str, now: DateTime<Utc>) -> String {
    match jwt.claims().get(claim).map(numeric_date) {
        Some(Some(at)) => time(at, now),
        Some(None) => format!("`{claim}` is no time in seconds"),
        None => format!("no `{claim}`"),
    }
}

fn time(at: DateTime<Utc>, now: DateTime<Utc>) -> String {
    format!("{} ({})", at.to_rfc3339_opts(SecondsFormat::Secs, true), relative(at, now))
}

fn audience(jwt: &Jwt, kind: Kind, expected: &Expectations) -> Option<Finding> {
    let audiences: Vec<String> = kind::audiences(jwt).map(shown).collect();
    let found = if audiences.is_empty() { "no `aud`".to_owned() } else { audiences.join(", ") };
    if let Some(wanted) = &expected.audience {
        let good = kind::audiences(jwt).any(|audience| audience == wanted);
        return Some(Finding::new(Check::Audience, good, found, wanted.clone()));
    }
    let fault = (kind == Kind::Grant).then(|| audience::fault(jwt))?;
    Some(Finding::new(Check::Audience, fault.is_none(), fault.unwrap_or(found), audience::WANTED))
}

fn scope(jwt: &Jwt, expected: &Expectations) -> Option<Finding> {
    if expected.scopes.is_empty() {
        return None;
    }
    let own: Vec<&str> = jwt.text("scope").unwrap_or_default().split_whitespace().collect();
    let good = expected.scopes.iter().all(|scope| own.contains(&scope.as_str()));
    let found = if own.is_empty() { "no `scope`".to_owned() } else { shown(&own.join(" ")) };
    Some(Finding::new(Check::Scope, good, found, expected.scopes.join(" ")))
}

/// `consumer.ID` is what an API goes by; Altinn's own tokens may have `urn:altinn:orgNumber` alone.
fn consumer(jwt: &Jwt, expected: &Expectations) -> Option<Finding> {
    let wanted = expected.consumer.as_ref()?;
    let consumer = jwt.claims().get("consumer").and_then(identifier).map(|(_, id)| id.to_owned());
    let altinn = || jwt.claims().get("urn:altinn:orgNumber").and_then(Value::as_str).map(|id| format!("0192:{id}"));
    let found = consumer.or_else(altinn);
    let good = found.as_deref() == Some(&wanted.iso6523());
    let found = found.as_deref().map_or_else(|| "no `consumer`".to_owned(), shown);
    Some(Finding::new(Check::Consumer, good, found, wanted.iso6523()))
}
