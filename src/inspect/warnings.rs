//! What is odd about a token although it can be read.

use chrono::{DateTime, TimeDelta, Utc};
use serde::Serialize;
use serde_json::Value;

use super::{
    InputFormat, Jwt, Kind, Organisation, grant, kind,
    organisations::details,
    time_claim::{numeric_date, relative},
    verify::LEEWAY_SECONDS,
};
use crate::environment::KnownIssuer;

/// Claims that Digdir has taken out of use.
const DEPRECATED: [&str; 4] = ["client_orgno", "supplier_orgno", "consumer_orgno", "iss_onbehalfof"];

/// Header members by which a token offers a key of its own.
const OWN_KEYS: [&str; 3] = ["jwk", "jku", "x5u"];

/// Something that its reader should know.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Warning {
    /// What it is about, for programs: lower case with underscores, stable between versions.
    pub code: &'static str,
    /// The same in a sentence.
    pub message: String,
}

impl Warning {
    pub(super) fn new(code: &'static str, message: String) -> Self {
        Self { code, message }
    }
}

/// Everything odd about a token at this moment.
pub(super) fn all(
    jwt: &Jwt,
    kind: Kind,
    issuer: Option<&KnownIssuer>,
    organisations: &[Organisation],
    now: DateTime<Utc>,
) -> Vec<Warning> {
    let mut warnings = about_its_origin(jwt, kind, issuer);
    warnings.extend(about_times(jwt, now));
    warnings.extend(about_claims(jwt));
    warnings.extend(organisations.iter().filter_map(about_organisation));
    if kind.is_client_assertion() {
        warnings.extend(grant::warnings(jwt, kind));
    }
    warnings
}

fn about_its_origin(jwt: &Jwt, kind: Kind, issuer: Option<&KnownIssuer>) -> Vec<Warning> {
    let mut warnings = Vec::new();
    let mut warn = |code, text: String| warnings.push(Warning::new(code, text));
    if jwt.wrappings().contains(&InputFormat::Quotes) {
        warn(
            "quoted",
            "it stands in double quotes, which belong to no token: take them off before it is used".to_owned(),
        );
    }
    if let Some((issuer, why)) = issuer.and_then(|issuer| Some((issuer, issuer.retired?))) {
        warn("retired_issuer", format!("its issuer {} is retired: {why}", issuer.identifier));
    }
    match kind {
        Kind::Unknown => warn("unknown_issuer", "its issuer is none that is known here".to_owned()),
        Kind::TestToolsToken => {
            warn("test_tools", "Altinn's test tools made it: `iss` is not who issued it".to_owned());
        }
        _ => {}
    }
    for name in OWN_KEYS.iter().filter(|name| jwt.header().contains_key(**name)) {
        warn("own_key", format!("its header offers a key of its own (`{name}`), which is never used"));
    }
    warnings
}

fn about_times(jwt: &Jwt, now: DateTime<Utc>) -> Vec<Warning> {
    let leeway = TimeDelta::seconds(LEEWAY_SECONDS);
    let mut warnings = Vec::new();
    for claim in ["iat", "nbf", "exp"] {
        let Some(value) = jwt.claims().get(claim) else { continue };
        let warning = match numeric_date(value) {
            None if in_milliseconds(value) => {
                Warning::new("time", format!("`{claim}` is in milliseconds, and a token counts seconds (RFC 7519 §2)"))
            }
            None => Warning::new("time", format!("`{claim}` is no time in seconds (RFC 7519 §2)")),
            Some(at) if claim == "exp" && at <= now => {
                Warning::new("expired", format!("it expired {}", relative(at, now)))
            }
            Some(at) if claim != "exp" && at > now + leeway => {
                Warning::new("not_yet_valid", format!("`{claim}` lies ahead, {}: is a clock wrong?", relative(at, now)))
            }
            Some(_) => continue,
        };
        warnings.push(warning);
    }
    warnings
}

fn in_milliseconds(value: &Value) -> bool {
    value.as_i64().and_then(|number| numeric_date(&Value::from(number / 1000))).is_some()
}

fn about_claims(jwt: &Jwt) -> Vec<Warning> {
    let mut warnings = Vec::new();
    let mut warn = |code, text: &str| warnings.push(Warning::new(code, text.to_owned()));
    if jwt.claims().get("authorization_details").is_some_and(Value::is_object) {
        let text = "`authorization_details` is an object, and RFC 9396 §2 has an array: Altinn's exchange makes it one";
        warn("collapsed_details", text);
    }
    if kind::audiences(jwt).any(|audience| audience == "unspecified") {
        warn("unspecified_audience", "`aud` is `unspecified`, as in old tokens: no API can rely on it");
    }
    for claim in DEPRECATED.iter().filter(|claim| jwt.has(claim)) {
        warn("deprecated_claim", &format!("the claim `{claim}` is deprecated: do not build on it"));
    }
    let pilot = |detail: &Value| detail.get("systemuserid").is_some() || detail.get("systemuserorg").is_some();
    if details(jwt.claims()).any(pilot) {
        let text = "`systemuserid` and `systemuserorg` are the pilot's names for `systemuser_id` and `systemuser_org`";
        warn("deprecated_claim", text);
    }
    warnings
}

fn about_organisation(organisation: &Organisation) -> Option<Warning> {
    if let Some(fault) = &organisation.fault {
        let text = format!("`{}` is no organisation number: {fault}", organisation.claim);
        return Some(Warning::new("organisation_number", text));
    }
    // Some of Altinn's pages spell it so, and its readers differ.
    organisation.claim.rsplit('.').next().filter(|member| *member == "id").map(|_| {
        let text = format!("`{}` should be spelt `ID`: readers that want that do not find it", organisation.claim);
        Warning::new("lower_case_id", text)
    })
}
