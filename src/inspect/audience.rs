//! What is wrong with the audience of a grant, if anything.
//!
//! Maskinporten compares it with its issuer identifier, the last slash included; its token endpoint no longer counts
//! (<https://docs.digdir.no/docs/Maskinporten/maskinporten_protocol_jwtgrant>).

use serde_json::Value;

use super::{Jwt, kind, personal::shown};
use crate::environment::Environment;

/// What an audience should be.
pub(super) const WANTED: &str = "an issuer identifier of Maskinporten, such as https://test.maskinporten.no/";

/// What is wrong with `aud`; `None` when it is the identifier of an installation that is still there, or of a server that
/// is none of Maskinporten's.
pub(super) fn fault(jwt: &Jwt) -> Option<String> {
    let audience = match jwt.claims().get("aud") {
        None => return Some("there is no `aud`".to_owned()),
        Some(Value::String(audience)) => audience.as_str(),
        Some(Value::Array(list)) if list.len() > 1 => return Some("`aud` has more than one value".to_owned()),
        Some(_) => kind::audiences(jwt).next().unwrap_or_default(),
    };
    let known = || Environment::ALL.into_iter().filter_map(|known| Some((known, known.addresses()?)));
    if let Some((environment, _)) = known().find(|(_, own)| own.issuer == audience) {
        return environment.retired().map(|why| format!("`aud` is a retired environment: {why}"));
    }
    let without_slash = |issuer: &str| issuer.trim_end_matches('/') == audience;
    if known().any(|(_, own)| without_slash(&own.issuer)) {
        return Some(format!("`aud` lacks the slash at its end: {audience}/"));
    }
    if let Some((_, own)) = known().find(|(_, own)| own.token_endpoint == audience) {
        return Some(format!("`aud` is the token endpoint, and only the issuer is taken: {}", own.issuer));
    }
    kind::is_maskinportens(audience).then(|| format!("`aud` is no issuer identifier: {}", shown(audience)))
}
