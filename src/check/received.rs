//! Checks the access token that was received, as an API will.
//!
//! <https://docs.digdir.no/docs/Maskinporten/maskinporten_protocol_token> and, for what an API verifies,
//! <https://docs.digdir.no/docs/Maskinporten/maskinporten_guide_apitilbyder>.

use chrono::{DateTime, Utc};
use serde_json::Value;

use super::{
    Check, ServerRules,
    check_ids::{
        AUTHENTICATION, CONSUMER, DELEGATION, GRANTED, LIFETIME, METADATA, RECEIVED_DETAILS, SIGNATURE, TOKEN_AUDIENCE,
        TOKEN_ISSUER,
    },
    shown,
};
use crate::{
    client::{AccessToken, RetryPolicy, ServerMetadata, fetch_key_set},
    grant::{Grant, KeyReference, Resource},
    http::{Endpoint, HttpOptions},
    inspect::{
        Expectations, FindingKind, Jwt, TokenKind, Verification, VerificationKeys, audiences, details, identifier,
        verify,
    },
    keystore::KeySet,
    organisation::OrganisationNumber,
};

/// Why a claim of Maskinporten's tokens is not expected.
const NOT_MASKINPORTEN: &str = "the server is not Maskinporten";

/// More scopes are counted instead of named.
const SHOWN_SCOPES: usize = 10;

/// What the token was requested for.
#[derive(Debug)]
pub struct ExpectedToken<'request> {
    /// The grant.
    pub grant: &'request Grant,
    /// How the server finds the key that signed the grant.
    pub key_reference: &'request KeyReference,
    /// The rules of the server.
    pub rules: ServerRules,
    /// The scopes that this token was requested for.
    pub scopes: &'request [String],
    /// The organisation of the certificate, when there is one.
    pub own: Option<&'request OrganisationNumber>,
}

/// Checks a token with the keys of its issuer, or with the check that explains why there are none.
#[must_use]
pub fn examine(
    token: &AccessToken,
    keys: Result<&KeySet, Check>,
    expected: &ExpectedToken,
    now: DateTime<Utc>,
) -> Vec<Check> {
    let jwt = match Jwt::parse(token.expose().as_bytes()) {
        Ok(jwt) => jwt,
        Err(error) => {
            let mut checks = super::skipped("received", &super::after(&SIGNATURE));
            let remedy = "inspect the token: maskinporten token | maskinporten inspect";
            checks[0] = SIGNATURE.warning(error.to_string(), remedy);
            return checks;
        }
    };
    let grant = expected.grant;
    let expectations = Expectations {
        issuer: Some(grant.audience.clone()),
        audience: None,
        scopes: expected.scopes.to_vec(),
        consumer: grant.consumer_org.as_ref().or(expected.own).cloned(),
    };
    let verification_keys = match &keys {
        Ok(set) => VerificationKeys::Set(set),
        Err(check) => VerificationKeys::None(check.found.clone()),
    };
    let verified = verify(&jwt, TokenKind::MaskinportenAccessToken, &verification_keys, &expectations, now);
    let signature = || {
        let remedy = "do not use the token; check --token-endpoint, and report it to the server's owner";
        SIGNATURE.verified(&verified, FindingKind::Signature, remedy)
    };
    vec![
        keys.map_or_else(|check| check, |_| signature()),
        TOKEN_ISSUER.verified(
            &verified,
            FindingKind::Issuer,
            "check --token-endpoint and --audience: both must belong to the same server",
        ),
        consumer(&jwt, &verified, expected.rules),
        audience(&jwt, &grant.resources, expected.rules),
        granted(&jwt, &verified, expected.scopes),
        lifetime(&jwt, &verified),
        authentication(&jwt, expected.key_reference, expected.rules),
        authorization_details(&jwt, grant.authorization_details.is_some()),
        delegation(&jwt, expected),
    ]
}

/// Fetches the keys of the issuer from where its metadata says; `audience` is where the metadata was fetched from.
///
/// # Errors
/// The check that explains why there are none.
pub async fn keys(
    metadata: Option<&ServerMetadata>,
    audience: &str,
    options: &HttpOptions,
    retry_policy: RetryPolicy,
) -> Result<KeySet, Check> {
    let Some(metadata) = metadata else { return Err(SIGNATURE.skipped_after(&METADATA)) };
    let Some(uri) = &metadata.jwks_uri else {
        let remedy = "APIs cannot verify such tokens: report it to the server's owner";
        return Err(SIGNATURE.fail("the metadata has no jwks_uri", remedy));
    };
    let endpoint = Endpoint::parse(uri).map_err(|error| SIGNATURE.failed(&error))?;
    let server_is_local = Endpoint::parse(audience).is_ok_and(|audience| audience.is_loopback());
    if endpoint.is_loopback() && !server_is_local {
        let found = "the metadata of a remote server points to keys on this machine".to_owned();
        return Err(SIGNATURE.fail(found, "check whether a proxy answers instead of the server"));
    }
    fetch_key_set(&endpoint, options, retry_policy).await.map_err(|error| SIGNATURE.failed(&error))
}

fn consumer(jwt: &Jwt, verified: &Verification, rules: ServerRules) -> Check {
    match (organisation(jwt, "consumer"), verified.finding(FindingKind::Consumer)) {
        (None, _) if rules == ServerRules::Other => CONSUMER.skipped(NOT_MASKINPORTEN),
        (None, _) => CONSUMER.fail("none", "report it to the server's owner: APIs cannot identify the caller"),
        (Some(consumer), None) => CONSUMER.pass(consumer),
        (Some(_), Some(_)) => CONSUMER.verified(
            verified,
            FindingKind::Consumer,
            "use the certificate of the client's organisation, or check --client-id and --consumer-org",
        ),
    }
}

fn audience(jwt: &Jwt, resources: &[Resource], rules: ServerRules) -> Check {
    let found: Vec<&str> = audiences(jwt).collect();
    let text = or_none(found.iter().map(|audience| shown(audience)).collect::<Vec<_>>().join(" "));
    match resources.iter().find(|resource| !found.contains(&resource.as_str())) {
        Some(resource) => TOKEN_AUDIENCE.fail(
            format!("{text}; expected {}", resource.as_str()),
            "report it to the server's owner: the token is not for the requested resource",
        ),
        None if rules == ServerRules::Maskinporten
            && resources.is_empty()
            && !found.is_empty()
            && found != ["unspecified"] =>
        {
            TOKEN_AUDIENCE
                .warning(format!("{text}, which was not requested"), "pass --resource if an API needs another")
        }
        None => TOKEN_AUDIENCE.pass(text),
    }
}

/// Compares the scopes with those that were requested; many are counted, and those that are missing are named.
fn granted(jwt: &Jwt, verified: &Verification, requested: &[String]) -> Check {
    let remedy = "request the missing scopes one by one: --each-scope shows why they are missing";
    let check = GRANTED.verified(verified, FindingKind::Scope, remedy);
    let own: Vec<&str> = jwt.text("scope").unwrap_or_default().split_whitespace().collect();
    if requested.len().max(own.len()) <= SHOWN_SCOPES {
        return check;
    }
    let missing: Vec<&str> = requested.iter().map(String::as_str).filter(|scope| !own.contains(scope)).collect();
    let names = missing.iter().take(SHOWN_SCOPES).copied().collect::<Vec<_>>().join(" ");
    let found = match missing.len() {
        0 => format!("{} scopes, with all that were requested", own.len()),
        count => format!("{count} of {} requested scopes are missing: {}", requested.len(), shown(&names)),
    };
    Check { found, ..check }
}

fn lifetime(jwt: &Jwt, verified: &Verification) -> Check {
    let Some(seconds) = jwt.lifetime() else {
        let remedy = "report it to the server's owner: APIs cannot see how long the token is valid";
        return LIFETIME.fail("no iat or exp", remedy);
    };
    let kinds = [FindingKind::Expiry, FindingKind::IssuedAt];
    match verified.faults().find(|finding| kinds.contains(&finding.kind)).map(|fault| fault.kind) {
        None => LIFETIME.pass(format!("{seconds} s")),
        Some(kind) => {
            let state = if kind == FindingKind::Expiry { "already expired" } else { "not yet issued" };
            let remedy = "compare this machine's clock with the server's (see network.clock)";
            LIFETIME.fail(format!("{seconds} s, but {state} by this machine's clock"), remedy)
        }
    }
}

fn authentication(jwt: &Jwt, reference: &KeyReference, rules: ServerRules) -> Check {
    if rules == ServerRules::Other {
        return AUTHENTICATION.skipped(NOT_MASKINPORTEN);
    }
    let found = text(jwt, "client_amr");
    let expected = match reference {
        KeyReference::KeyId(_) | KeyReference::Thumbprint => "private_key_jwt",
        KeyReference::Chain | KeyReference::Leaf => "virksomhetssertifikat",
    };
    if found == expected {
        AUTHENTICATION.pass(found)
    } else {
        let remedy = "some APIs accept only one of the two: ask the API's owner, and see --kid and --x5c";
        AUTHENTICATION.warning(format!("{found}; expected {expected}"), remedy)
    }
}

fn authorization_details(jwt: &Jwt, requested: bool) -> Check {
    match jwt.claims().get("authorization_details") {
        None if requested => {
            RECEIVED_DETAILS.fail("none, but some were requested", "report it to the server's owner: APIs need them")
        }
        None => RECEIVED_DETAILS.skipped("none were requested"),
        Some(Value::Array(_)) => {
            let types = details(jwt.claims()).filter_map(|detail| detail.get("type")?.as_str()).map(shown);
            RECEIVED_DETAILS.pass(types.collect::<Vec<_>>().join(", "))
        }
        Some(Value::Object(_)) => RECEIVED_DETAILS.warning(
            "an object, not an array (RFC 9396 §2)",
            "APIs must accept both: Altinn's exchange unwraps an array of one element",
        ),
        Some(_) => {
            RECEIVED_DETAILS.fail("neither an array nor an object (RFC 9396 §2)", "report it to the server's owner")
        }
    }
}

fn delegation(jwt: &Jwt, expected: &ExpectedToken) -> Check {
    let supplier = organisation(jwt, "supplier");
    match (&expected.grant.consumer_org, supplier) {
        (None, None) => DELEGATION.skipped("none was requested"),
        (None, Some(supplier)) => {
            DELEGATION.warning(format!("supplier {supplier}, but no consumer_org was requested"), "check the client")
        }
        (Some(_), None) => {
            DELEGATION.fail("no supplier", "report it to the server's owner: APIs cannot see who acts for the consumer")
        }
        (Some(_), Some(supplier)) if expected.own.is_some_and(|own| own.iso6523() != supplier) => DELEGATION
            .fail(format!("supplier {supplier}, which is not the certificate's organisation"), "check --client-id"),
        (Some(_), Some(supplier)) => {
            DELEGATION.pass(format!("supplier {supplier}, source {}", text(jwt, "delegation_source")))
        }
    }
}

fn organisation(jwt: &Jwt, claim: &str) -> Option<String> {
    jwt.claims().get(claim).and_then(identifier).map(|(_, id)| shown(id))
}

fn text(jwt: &Jwt, claim: &str) -> String {
    or_none(jwt.text(claim).map(shown).unwrap_or_default())
}

fn or_none(text: String) -> String {
    if text.is_empty() { "none".to_owned() } else { text }
}

#[cfg(test)]
mod tests {
    use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
    use serde_json::json;

    use super::*;

    /// Checks the scopes of a token for which `requested` were asked.
    fn examined(own: &[String], requested: &[String]) -> Check {
        let part = |value: Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let token = format!("{}.{}.c2ln", part(json!({ "alg": "RS256" })), part(json!({ "scope": own.join(" ") })));
        let jwt = Jwt::parse(token.as_bytes()).unwrap();
        let expected = Expectations { scopes: requested.to_vec(), ..Expectations::default() };
        let keys = VerificationKeys::None(String::new());
        let verified = verify(&jwt, TokenKind::MaskinportenAccessToken, &keys, &expected, DateTime::UNIX_EPOCH);
        granted(&jwt, &verified, requested)
    }

    #[test]
    fn hundreds_of_scopes_are_counted_and_the_missing_ones_named() {
        let scopes: Vec<String> = (0..300).map(|number| format!("many:s{number}")).collect();
        for (own, requested, found) in [
            (&scopes[..], &scopes[..], "300 scopes, with all that were requested"),
            (&scopes[2..], &scopes[..], "2 of 300 requested scopes are missing: many:s0 many:s1"),
            (&scopes[..2], &scopes[..2], "many:s0 many:s1"),
        ] {
            assert_eq!(examined(own, requested).found, found);
        }
        let missing = examined(&scopes[..1], &scopes);
        assert!(missing.found.ends_with(" many:s9 many:s10") && missing.verdict == super::super::Verdict::Fail);
    }
}
