//! Warnings about what is unusual in a token that can be read.

use chrono::{DateTime, Utc};
use serde_json::Value;

use super::{
    InputFormat, Jwt, LEEWAY, Organisation, TokenKind, TokenWarning, grant, kind,
    organisations::details,
    time_claim::{numeric_date, relative},
};
use crate::environment::KnownIssuer;

/// Claims that Digdir has deprecated.
const DEPRECATED: [&str; 4] = ["client_orgno", "supplier_orgno", "consumer_orgno", "iss_onbehalfof"];

/// Header parameters in which a token may carry its own key.
const OWN_KEYS: [&str; 3] = ["jwk", "jku", "x5u"];

/// Returns every warning about a token at a point in time.
pub(super) fn all(
    jwt: &Jwt,
    kind: TokenKind,
    issuer: Option<&KnownIssuer>,
    organisations: &[Organisation],
    now: DateTime<Utc>,
) -> Vec<TokenWarning> {
    let mut warnings = about_origin(jwt, kind, issuer);
    warnings.extend(about_times(jwt, now));
    warnings.extend(about_claims(jwt));
    warnings.extend(organisations.iter().filter_map(about_organisation));
    if kind.is_client_assertion() {
        warnings.extend(grant::warnings(jwt, kind));
    }
    warnings
}

fn about_origin(jwt: &Jwt, kind: TokenKind, issuer: Option<&KnownIssuer>) -> Vec<TokenWarning> {
    let mut warnings = Vec::new();
    let mut warn = |code, text: String| warnings.push(TokenWarning::new(code, text));
    if jwt.input_formats().contains(&InputFormat::Quotes) {
        warn("quoted", "it is in double quotes, which are not part of the token: remove them before use".to_owned());
    }
    if jwt.input_formats().contains(&InputFormat::Lines) {
        warn("wrapped", "it is wrapped over several lines, which no API accepts: join them before use".to_owned());
    }
    if let Some((issuer, why)) = issuer.and_then(|issuer| Some((issuer, issuer.retired?))) {
        warn("retired_issuer", format!("its issuer {} is retired: {why}", issuer.identifier));
    }
    match kind {
        TokenKind::Unknown => warn("unknown_issuer", "its issuer is unknown".to_owned()),
        TokenKind::TestToolsToken => {
            warn("test_tools", "Altinn's test tools made it: `iss` is not its real issuer".to_owned());
        }
        _ => {}
    }
    // Maskinporten finds the key of a grant in `x5c`, and Altinn's test tools put a thumbprint there.
    let may_have_certificates = kind.is_client_assertion() || kind == TokenKind::TestToolsToken;
    let own_keys = OWN_KEYS.into_iter().chain((!may_have_certificates).then_some("x5c"));
    for name in own_keys.filter(|name| jwt.header().contains_key(*name)) {
        warn("own_key", format!("its header carries a key of its own (`{name}`), which is never used"));
    }
    warnings
}

fn about_times(jwt: &Jwt, now: DateTime<Utc>) -> Vec<TokenWarning> {
    let warning = |claim: &str, value: &Value| match numeric_date(value) {
        None if is_in_milliseconds(value) => {
            let text = format!("`{claim}` is in milliseconds, but times in a JWT are in seconds (RFC 7519 §2)");
            Some(TokenWarning::new("time", text))
        }
        None => Some(TokenWarning::new("time", format!("`{claim}` is not a number of seconds (RFC 7519 §2)"))),
        Some(at) if claim == "exp" => {
            (at <= now).then(|| TokenWarning::new("expired", format!("it expired {}", relative(at, now))))
        }
        Some(at) => (at > now + LEEWAY).then(|| {
            let text = format!("`{claim}` is in the future, {}: check the clocks", relative(at, now));
            TokenWarning::new("not_yet_valid", text)
        }),
    };
    ["iat", "nbf", "exp"].into_iter().filter_map(|claim| warning(claim, jwt.claims().get(claim)?)).collect()
}

fn is_in_milliseconds(value: &Value) -> bool {
    value.as_i64().and_then(|number| numeric_date(&Value::from(number / 1000))).is_some()
}

fn about_claims(jwt: &Jwt) -> Vec<TokenWarning> {
    let mut warnings = Vec::new();
    let mut warn = |code, text: &str| warnings.push(TokenWarning::new(code, text.to_owned()));
    if jwt.claims().get("authorization_details").is_some_and(Value::is_object) {
        let text = "`authorization_details` is an object, not an array (RFC 9396 §2): Altinn's exchange unwraps an array \
                    of one element";
        warn("collapsed_details", text);
    }
    if kind::audiences(jwt).any(|audience| audience == "unspecified") {
        warn("unspecified_audience", "`aud` is `unspecified`, as in older tokens: an API cannot rely on it");
    }
    for claim in DEPRECATED.iter().filter(|claim| jwt.has(claim)) {
        warn("deprecated_claim", &format!("the claim `{claim}` is deprecated: do not rely on it"));
    }
    let pilot = |detail: &Value| detail.get("systemuserid").is_some() || detail.get("systemuserorg").is_some();
    if details(jwt.claims()).any(pilot) {
        let text = "`systemuserid` and `systemuserorg` are the pilot's names for `systemuser_id` and `systemuser_org`";
        warn("deprecated_claim", text);
    }
    warnings
}

fn about_organisation(organisation: &Organisation) -> Option<TokenWarning> {
    let claim = &organisation.claim;
    if let Some(fault) = &organisation.fault {
        return Some(TokenWarning::new(
            "organisation_number",
            format!("`{claim}` is not an organisation number: {fault}"),
        ));
    }
    // Some of Altinn's pages spell it in lower case, and not every reader accepts both.
    claim.rsplit('.').next().filter(|member| *member == "id").map(|_| {
        let text = format!("`{claim}` should be spelled `ID`: some readers do not find it otherwise");
        TokenWarning::new("lower_case_id", text)
    })
}
