//! The rules that Maskinporten documents for a grant, and where a grant departs from them.
//!
//! <https://docs.digdir.no/docs/Maskinporten/maskinporten_protocol_jwtgrant>: "Adding claims not present in the
//! following documentation will result in a response of 400 Bad request".

use serde_json::Value;

use super::{Jwt, TokenKind, TokenWarning, kind, personal, shown};
use crate::{
    environment::{Environment, KnownIssuer, is_maskinporten_host},
    grant::Lifetime,
    http::Endpoint,
};

const REQUIRED: [&str; 5] = ["aud", "iss", "scope", "iat", "exp"];
const OPTIONAL: [&str; 6] = ["jti", "resource", "pid", "consumer_org", "iss_onbehalfof", "authorization_details"];

/// The types of `authorization_details` in Maskinporten's metadata.
#[cfg_attr(not(any(feature = "cli", feature = "server")), expect(dead_code, reason = "only `check` uses it"))]
pub(crate) const DETAIL_TYPES: [&str; 2] = ["urn:altinn:systemuser", "urn:altinn:consent"];

/// The audience that a grant should have.
pub(super) const EXPECTED_AUDIENCE: &str =
    "an issuer identifier of Maskinporten, such as https://test.maskinporten.no/";

/// Returns the longest time from `iat` to `exp` that Maskinporten allows, in seconds.
pub(crate) fn maximum_lifetime() -> i64 {
    Lifetime::MAXIMUM.seconds()
}

/// Returns the longest time from `iat` to `exp` for a grant with this audience: another server may allow an hour.
pub(super) fn maximum_lifetime_of(jwt: &Jwt) -> i64 {
    if is_for_another_server(jwt) { Lifetime::MAXIMUM_ELSEWHERE.seconds() } else { maximum_lifetime() }
}

/// Whether a grant's audience is certainly not Maskinporten; on this machine, it may be the simulator.
fn is_for_another_server(jwt: &Jwt) -> bool {
    let audience = jwt.text("aud").and_then(|audience| Endpoint::parse(audience).ok());
    let is_other = |endpoint: Endpoint| !endpoint.is_loopback() && KnownIssuer::find(endpoint.as_str()).is_none();
    jwt.has("scope") && audience.is_some_and(|endpoint| !is_maskinporten_host(endpoint.host()) && is_other(endpoint))
}

/// Returns the names of the claims that Maskinporten does not document, and therefore rejects.
pub(crate) fn undocumented_claims(jwt: &Jwt) -> impl Iterator<Item = &str> {
    let documented = |name: &str| REQUIRED.contains(&name) || OPTIONAL.contains(&name);
    jwt.claims().keys().map(String::as_str).filter(move |name| !documented(name))
}

/// Returns a warning for each rule that a grant or a client assertion breaks.
pub(super) fn warnings(jwt: &Jwt, kind: TokenKind) -> Vec<TokenWarning> {
    let mut warnings = Vec::new();
    let mut warn = |code, text: String| warnings.push(TokenWarning::new(code, text));
    match (jwt.key_id(), jwt.header().contains_key("x5c")) {
        (Some(_), true) => {
            warn("key_reference", "it has both `kid` and `x5c`: `kid` takes precedence, so leave out `x5c`".to_owned());
        }
        (None, false) => {
            warn("key_reference", "it has neither `kid` nor `x5c`, so the server cannot find its key".to_owned());
        }
        _ => {}
    }
    if let Some(algorithm) = jwt.algorithm().filter(|algorithm| !algorithm.is_accepted_by_maskinporten()) {
        warn("algorithm", format!("it is signed with {algorithm}; Maskinporten accepts RS256, RS384 and RS512"));
    }
    if kind == TokenKind::Grant {
        if let Some(text) = audience_fault(jwt) {
            warn("audience", text);
        }
        // A missing audience is the audience's own fault.
        for claim in REQUIRED.into_iter().filter(|claim| *claim != "aud" && !jwt.has(claim)) {
            warn("missing_claim", format!("the required claim `{claim}` is missing"));
        }
        if !jwt.has("jti") {
            warn("missing_claim", "there is no `jti`: it is recommended, and makes each grant unique".to_owned());
        }
        for name in undocumented_claims(jwt).filter(|_| !is_for_another_server(jwt)) {
            let name = shown(name);
            warn("undocumented_claim", format!("the claim `{name}` is undocumented, and Maskinporten rejects it"));
        }
    }
    if let Some(seconds) = jwt.lifetime().filter(|seconds| *seconds > maximum_lifetime_of(jwt)) {
        let text = format!("it is valid for {seconds} s; at most {} s are allowed", maximum_lifetime_of(jwt));
        warn("lifetime", text);
    }
    warnings
}

/// Returns what is wrong with `aud`; `None` when it is a current issuer identifier, or not on a host of Maskinporten's.
///
/// Maskinporten compares it with its issuer identifier, trailing slash included. It no longer accepts its token endpoint.
pub(super) fn audience_fault(jwt: &Jwt) -> Option<String> {
    let audience = match jwt.claims().get("aud") {
        None => return Some("there is no `aud`".to_owned()),
        Some(Value::String(audience)) => audience.as_str(),
        Some(Value::Array(list)) if list.len() > 1 => return Some("`aud` has more than one value".to_owned()),
        Some(_) => match kind::audiences(jwt).next() {
            Some(audience) => audience,
            None => return Some("`aud` is not a string".to_owned()),
        },
    };
    let known = || Environment::ALL.into_iter().filter_map(|known| Some((known, known.addresses()?)));
    if let Some((environment, _)) = known().find(|(_, own)| own.issuer == audience) {
        return environment.retired().map(|why| format!("`aud` belongs to a retired environment: {why}"));
    }
    if known().any(|(_, own)| own.issuer.trim_end_matches('/') == audience) {
        return Some(format!("`aud` lacks the trailing slash: {audience}/"));
    }
    if let Some((_, own)) = known().find(|(_, own)| own.token_endpoint == audience) {
        return Some(format!("`aud` is the token endpoint; only the issuer identifier is accepted: {}", own.issuer));
    }
    let text = || format!("`aud` is not an issuer identifier: {}", personal::shown(audience));
    kind::is_maskinporten_url(audience).then(text)
}
