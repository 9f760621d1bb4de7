//! Judges the access token that came back, as an API will.
//!
//! <https://docs.digdir.no/docs/Maskinporten/maskinporten_protocol_token> and, for what an API looks at,
//! <https://docs.digdir.no/docs/Maskinporten/maskinporten_guide_apitilbyder>.

use chrono::{DateTime, Utc};
use serde_json::{Map, Value};

use super::{
    Check, CheckId,
    check_ids::{
        AUTHENTICATION, CONSUMER, DELEGATION, GRANTED, LIFETIME, RECEIVED_DETAILS, SIGNATURE, TOKEN_AUDIENCE,
        TOKEN_ISSUER,
    },
    shown,
};
use crate::{
    client::{AccessToken, RetryPolicy, ServerMetadata, fetch_key_set},
    grant::{Grant, KeyReference, Resource},
    http::{Endpoint, HttpOptions},
    inspect::Jwt,
    keystore::KeySet,
    organisation::OrganisationNumber,
};

/// Clocks may differ by so much (RFC 7519 §4.1.4 leaves it to us; Altinn takes ten seconds).
const LEEWAY_SECONDS: i64 = 10;

/// What was asked for, and by whom.
#[derive(Debug)]
pub struct Asked<'asked> {
    /// The grant that the token was given for.
    pub grant: &'asked Grant,
    /// How the server finds the key that signed it.
    pub key_reference: &'asked KeyReference,
    /// The scopes that this very token was asked for.
    pub scopes: &'asked [String],
    /// The organisation of the certificate, when there is one.
    pub own: Option<&'asked OrganisationNumber>,
}

/// Judges a token by the keys of its issuer, or by the check that says why there are none.
#[must_use]
pub fn examine(token: &AccessToken, keys: Result<&KeySet, Check>, asked: &Asked, now: DateTime<Utc>) -> Vec<Check> {
    let jwt = match Jwt::parse(token.expose().as_bytes()) {
        Ok(jwt) => jwt,
        Err(error) => {
            let mut checks = super::skipped("received", &format!("needs {}", SIGNATURE.id));
            checks[0] = SIGNATURE.warning(error.to_string(), "look at it: maskinporten token | maskinporten inspect");
            return checks;
        }
    };
    let claims = jwt.claims();
    vec![
        keys.map_or_else(|wrong| wrong, |keys| signature(&jwt, keys)),
        issuer(claims, &asked.grant.audience),
        consumer(claims, asked),
        audience(claims.get("aud").unwrap_or(&Value::Null), &asked.grant.resources),
        scope(claims, asked.scopes),
        lifetime(claims, now),
        authentication(claims, asked.key_reference),
        authorization_details(claims.get("authorization_details"), asked.grant.authorization_details.is_some()),
        delegation(claims, asked),
    ]
}

/// Fetches the keys that the issuer signs with, from where its metadata says; `audience` is where that came from.
///
/// # Errors
/// The check that says why there are none.
pub async fn keys(
    metadata: Option<&ServerMetadata>,
    audience: &str,
    options: &HttpOptions,
    retry_policy: RetryPolicy,
) -> Result<KeySet, Check> {
    let Some(metadata) = metadata else { return Err(SIGNATURE.skipped("needs network.metadata")) };
    let Some(place) = &metadata.jwks_uri else {
        let remedy = "an API cannot verify such tokens: tell the server's owner";
        return Err(SIGNATURE.wrong("the metadata has no jwks_uri", remedy));
    };
    let endpoint = Endpoint::parse(place).map_err(|error| SIGNATURE.failed(&error))?;
    let server_is_here = Endpoint::parse(audience).is_ok_and(|audience| audience.is_loopback());
    if endpoint.is_loopback() && !server_is_here {
        let found = "the metadata says that the keys are on this machine".to_owned();
        return Err(SIGNATURE.wrong(found, "check whether a proxy answers in the server's place"));
    }
    fetch_key_set(&endpoint, options, retry_policy).await.map_err(|error| SIGNATURE.failed(&error))
}

fn signature(jwt: &Jwt, keys: &KeySet) -> Check {
    let algorithm = jwt.algorithm();
    let id = shown(jwt.key_id().unwrap_or("none"));
    if keys.find(jwt.key_id(), algorithm).any(|key| jwt.is_signed_by(key)) {
        return SIGNATURE.right(format!("{algorithm}, by the issuer's key {id}"));
    }
    let known = keys.key_ids().map(shown).collect::<Vec<_>>().join(", ");
    let found = if keys.find(jwt.key_id(), algorithm).next().is_some() {
        format!("{algorithm}, and not by the issuer's key {id}")
    } else {
        format!("by the key {id}, which is not among the issuer's: {known}")
    };
    SIGNATURE.wrong(found, "do not use the token; check --token-endpoint, and tell the server's owner")
}

fn issuer(claims: &Map<String, Value>, audience: &str) -> Check {
    let issuer = text(claims, "iss");
    if issuer == audience {
        TOKEN_ISSUER.right(issuer)
    } else {
        let found = format!("{}, and the grant was for {audience}", or_none(&issuer));
        TOKEN_ISSUER.wrong(found, "check --token-endpoint and --audience: both must be the same server's")
    }
}

fn consumer(claims: &Map<String, Value>, asked: &Asked) -> Check {
    let Some(consumer) = organisation(claims, "consumer") else {
        return CONSUMER.wrong("none", "tell the server's owner: an API cannot tell who is calling");
    };
    match asked.grant.consumer_org.as_ref().or(asked.own) {
        Some(expected) if expected.iso6523() != consumer => CONSUMER.wrong(
            format!("{consumer}, where {} was expected", expected.iso6523()),
            "use the certificate of the client's organisation, or check --client-id and --consumer-org",
        ),
        _ => CONSUMER.right(consumer),
    }
}

fn audience(audience: &Value, resources: &[Resource]) -> Check {
    let found: Vec<String> = match audience {
        Value::String(one) => vec![shown(one)],
        Value::Array(several) => several.iter().filter_map(Value::as_str).map(shown).collect(),
        _ => Vec::new(),
    };
    let words = or_none(&found.join(" "));
    let missing = resources.iter().find(|resource| !found.iter().any(|one| one == resource.as_str()));
    match missing {
        Some(resource) => TOKEN_AUDIENCE.wrong(
            format!("{words}, and the resource was {}", resource.as_str()),
            "tell the server's owner: the token is not for the resource that was asked for",
        ),
        None if resources.is_empty() && !found.is_empty() && words != "unspecified" => TOKEN_AUDIENCE
            .warning(format!("{words}, which nobody asked for"), "pass --resource if an API wants another"),
        None => TOKEN_AUDIENCE.right(words),
    }
}

fn scope(claims: &Map<String, Value>, asked: &[String]) -> Check {
    let scope = text(claims, "scope");
    let missing: Vec<&str> =
        asked.iter().filter(|one| !scope.split(' ').any(|own| own == *one)).map(String::as_str).collect();
    if missing.is_empty() {
        GRANTED.right(scope)
    } else {
        let found = format!("{}, without {}", or_none(&scope), missing.join(" "));
        GRANTED.wrong(found, "ask for the missing scopes by themselves: --each-scope shows why")
    }
}

fn lifetime(claims: &Map<String, Value>, now: DateTime<Utc>) -> Check {
    let number = |name: &str| claims.get(name).and_then(Value::as_i64);
    let (Some(issued), Some(expires)) = (number("iat"), number("exp")) else {
        return LIFETIME.wrong("without iat or exp", "tell the server's owner: an API cannot tell until when it holds");
    };
    let seconds = expires.saturating_sub(issued);
    let set_clock = "compare this machine's clock with the server's (see network.clock)";
    if expires <= now.timestamp() {
        LIFETIME.wrong(format!("{seconds} s, and by this machine's clock it has expired"), set_clock)
    } else if issued > now.timestamp().saturating_add(LEEWAY_SECONDS) {
        LIFETIME.wrong(format!("{seconds} s, and by this machine's clock it is not issued yet"), set_clock)
    } else {
        LIFETIME.right(format!("{seconds} s"))
    }
}

fn authentication(claims: &Map<String, Value>, reference: &KeyReference) -> Check {
    let found = or_none(&text(claims, "client_amr"));
    let expected = match reference {
        KeyReference::KeyId(_) | KeyReference::Thumbprint => "private_key_jwt",
        KeyReference::Chain | KeyReference::Leaf => "virksomhetssertifikat",
    };
    if found == expected {
        AUTHENTICATION.right(found)
    } else {
        let remedy = "some APIs take one of the two alone: ask the API's owner, and see --kid and --x5c";
        AUTHENTICATION.warning(format!("{found}, where {expected} was expected"), remedy)
    }
}

fn authorization_details(details: Option<&Value>, asked: bool) -> Check {
    let topic: &'static CheckId = &RECEIVED_DETAILS;
    match details {
        None if asked => {
            topic.wrong("none, and some were asked for", "tell the server's owner: an API cannot see them")
        }
        None => topic.skipped("none were asked for"),
        Some(Value::Array(details)) => {
            let kinds = details.iter().filter_map(|detail| detail["type"].as_str()).map(shown);
            topic.right(kinds.collect::<Vec<_>>().join(", "))
        }
        Some(Value::Object(_)) => topic.warning(
            "an object and not an array (RFC 9396 §2)",
            "an API must take both: Altinn's exchange makes it so",
        ),
        Some(_) => topic.wrong("neither an array nor an object", "tell the server's owner (RFC 9396 §2)"),
    }
}

fn delegation(claims: &Map<String, Value>, asked: &Asked) -> Check {
    let supplier = organisation(claims, "supplier");
    let source = text(claims, "delegation_source");
    match (&asked.grant.consumer_org, supplier) {
        (None, None) => DELEGATION.skipped("none was asked for"),
        (None, Some(supplier)) => {
            DELEGATION.warning(format!("supplier {supplier}, and no consumer_org was asked for"), "check the client")
        }
        (Some(_), None) => DELEGATION.wrong("no supplier", "tell the server's owner: the token hides who is calling"),
        (Some(_), Some(supplier)) if asked.own.is_some_and(|own| own.iso6523() != supplier) => DELEGATION
            .wrong(format!("supplier {supplier}, which is not the certificate's organisation"), "check --client-id"),
        (Some(_), Some(supplier)) => DELEGATION.right(format!("supplier {supplier}, by {}", or_none(&source))),
    }
}

/// An organisation by the form of ISO 6523; some documents write `id` in lower case.
fn organisation(claims: &Map<String, Value>, name: &str) -> Option<String> {
    let organisation = claims.get(name)?;
    organisation.get("ID").or_else(|| organisation.get("id"))?.as_str().map(shown)
}

fn text(claims: &Map<String, Value>, name: &str) -> String {
    claims.get(name).and_then(Value::as_str).map(shown).unwrap_or_default()
}

fn or_none(text: &str) -> String {
    if text.is_empty() { "none".to_owned() } else { text.to_owned() }
}
