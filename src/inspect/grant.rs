//! What is odd about a grant: a client's own words, which Maskinporten judges strictly.
//!
//! <https://docs.digdir.no/docs/Maskinporten/maskinporten_protocol_jwtgrant>: "Adding claims not present in the
//! following documentation will result in a response of 400 Bad request".

use super::{Jwt, Kind, Warning, audience, shown, time_claim::numeric_date};

/// The longest time from `iat` to `exp` that Maskinporten allows.
pub(super) const MAXIMUM_SECONDS: i64 = 120;

const REQUIRED: [&str; 5] = ["aud", "iss", "scope", "iat", "exp"];

/// The claims that the page lists beside those.
const OPTIONAL: [&str; 6] = ["jti", "resource", "pid", "consumer_org", "iss_onbehalfof", "authorization_details"];

/// What is odd about a grant or a client assertion.
pub(super) fn warnings(jwt: &Jwt, kind: Kind) -> Vec<Warning> {
    let mut warnings = key_reference(jwt);
    if !jwt.algorithm().is_accepted_by_maskinporten() {
        let text = format!("it is signed with {}, and Maskinporten accepts RS256, RS384 and RS512", jwt.algorithm());
        warnings.push(Warning::new("algorithm", text));
    }
    if kind == Kind::Grant {
        warnings.extend(claims(jwt));
    }
    if let Some(seconds) = lifetime(jwt).filter(|seconds| *seconds > MAXIMUM_SECONDS) {
        let text = format!("it is good for {seconds} s, and {MAXIMUM_SECONDS} are allowed from `iat` to `exp`");
        warnings.push(Warning::new("lifetime", text));
    }
    warnings
}

/// How many seconds lie between `iat` and `exp`.
pub(super) fn lifetime(jwt: &Jwt) -> Option<i64> {
    let at = |claim| numeric_date(jwt.claims().get(claim)?);
    Some((at("exp")? - at("iat")?).num_seconds())
}

fn key_reference(jwt: &Jwt) -> Vec<Warning> {
    let text = match (jwt.key_id(), jwt.header().contains_key("x5c")) {
        (Some(_), true) => "it has both `kid` and `x5c`; `kid` counts, so leave `x5c` out",
        (None, false) => "it has neither `kid` nor `x5c`, so that no server finds its key",
        _ => return Vec::new(),
    };
    vec![Warning::new("key_reference", text.to_owned())]
}

fn claims(jwt: &Jwt) -> Vec<Warning> {
    let missing = REQUIRED.into_iter().filter(|claim| !jwt.has(claim) && *claim != "aud");
    let missing =
        missing.map(|claim| Warning::new("missing_claim", format!("the required claim `{claim}` is missing")));
    let replay = (!jwt.has("jti")).then(|| {
        Warning::new("missing_claim", "there is no `jti`, which tells grants apart and is recommended".to_owned())
    });
    let documented = |name: &str| REQUIRED.contains(&name) || OPTIONAL.contains(&name);
    let unknown = jwt.claims().keys().filter(|name| !documented(name)).map(|name| {
        let text = format!("the claim `{}` is not documented, and Maskinporten refuses such grants", shown(name));
        Warning::new("undocumented_claim", text)
    });
    let audience = audience::fault(jwt).map(|text| Warning::new("audience", text));
    audience.into_iter().chain(missing).chain(replay).chain(unknown).collect()
}
