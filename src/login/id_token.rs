//! Verifies an id token by the rules of `OpenID` Connect Core §3.1.3.7.
//!
//! The signature is checked even though the token comes straight from the token endpoint, where §3.1.3.7 would let TLS take
//! its place: a server behind a proxy is only as trustworthy as the proxy.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::{DateTime, TimeDelta, Utc};
use ring::digest::{Algorithm, SHA256, SHA384, SHA512, digest};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::{Map, Value};

use super::{AuthenticationLevel, IdTokenFault, LoginError};
use crate::{
    inspect::{InspectError, Jwt, LEEWAY, audiences},
    keystore::{KeySet, SignatureAlgorithm},
    text::excerpt,
};

/// A verified id token.
#[derive(Clone)]
pub struct IdToken {
    text: SecretString,
    claims: Map<String, Value>,
}

/// What an id token must say.
#[derive(Debug, Clone, Copy)]
pub struct ExpectedIdToken<'login> {
    /// The issuer.
    pub issuer: &'login str,
    /// The client that it is for.
    pub client_id: &'login str,
    /// The random number of the login; `None` for a token without a login.
    pub nonce: Option<&'login str>,
    /// The levels, one of which must have been reached; any level if there is none.
    pub levels: &'login [AuthenticationLevel],
    /// The longest time since the person has logged in, in seconds.
    pub max_age: Option<u32>,
}

impl IdToken {
    /// Verifies an id token that came with an access token.
    ///
    /// # Errors
    /// [`LoginError::IdToken`] with the first check that failed.
    pub fn verify(
        text: SecretString,
        expected: &ExpectedIdToken<'_>,
        access_token: &str,
        keys: &KeySet,
        now: DateTime<Utc>,
    ) -> Result<Self, LoginError> {
        let jwt = Jwt::parse(text.expose_secret().as_bytes()).map_err(|error| match error {
            InspectError::Unsecured => IdTokenFault::Unsigned,
            InspectError::Hmac(algorithm) => IdTokenFault::SharedSecret(algorithm),
            other => IdTokenFault::Unreadable(other),
        })?;
        let algorithm = jwt.algorithm().ok_or(IdTokenFault::Unsigned)?;
        if !keys.find(jwt.key_id(), algorithm).any(|key| jwt.is_signed_by(key)) {
            return Err(IdTokenFault::Signature(algorithm).into());
        }
        check_parties(&jwt, expected)?;
        check_times(&jwt, expected, now)?;
        check_login(&jwt, expected)?;
        if let Some(hash) = jwt.claims().get("at_hash")
            && hash.as_str() != Some(&*half_hash(algorithm, access_token))
        {
            return Err(IdTokenFault::AccessTokenHash.into());
        }
        Ok(Self { claims: jwt.claims().clone(), text })
    }

    /// Returns the claims. Some identify the person.
    #[must_use]
    pub fn claims(&self) -> &Map<String, Value> {
        &self.claims
    }

    /// Returns the token itself, which a logout names (`id_token_hint`).
    #[must_use]
    pub fn expose(&self) -> &str {
        self.text.expose_secret()
    }
}

impl std::fmt::Debug for IdToken {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("IdToken([REDACTED])")
    }
}

/// Checks who issued it and for whom (rules 2 to 5).
fn check_parties(jwt: &Jwt, expected: &ExpectedIdToken<'_>) -> Result<(), IdTokenFault> {
    if jwt.issuer() != Some(expected.issuer) {
        return Err(IdTokenFault::Issuer(excerpt(jwt.issuer().unwrap_or_default(), 100)));
    }
    if !audiences(jwt).any(|audience| audience == expected.client_id) {
        return Err(IdTokenFault::Audience);
    }
    let party = jwt.claims().get("azp");
    let is_missing = party.is_none() && audiences(jwt).count() > 1;
    if is_missing || party.is_some_and(|party| party.as_str() != Some(expected.client_id)) {
        return Err(IdTokenFault::AuthorizedParty);
    }
    Ok(())
}

/// Checks when it is valid and when the person has logged in (rules 9, 10 and 13).
fn check_times(jwt: &Jwt, expected: &ExpectedIdToken<'_>, now: DateTime<Utc>) -> Result<(), IdTokenFault> {
    if jwt.time("exp").is_none_or(|end| end + LEEWAY <= now) {
        return Err(IdTokenFault::Expired);
    }
    if jwt.time("iat").is_none_or(|start| start > now + LEEWAY) {
        return Err(IdTokenFault::IssuedAt);
    }
    if let Some(seconds) = expected.max_age {
        let longest = TimeDelta::seconds(seconds.into()) + LEEWAY;
        let is_recent = |at: DateTime<Utc>| at <= now + LEEWAY && now - at <= longest;
        if !jwt.time("auth_time").is_some_and(is_recent) {
            return Err(IdTokenFault::AuthenticationTime(seconds));
        }
    }
    Ok(())
}

/// Checks that it belongs to this login, and its level (rules 11 and 12).
fn check_login(jwt: &Jwt, expected: &ExpectedIdToken<'_>) -> Result<(), IdTokenFault> {
    if expected.nonce.is_some_and(|nonce| jwt.text("nonce") != Some(nonce)) {
        return Err(IdTokenFault::Nonce);
    }
    let reached = jwt.text("acr").unwrap_or_default();
    if !expected.levels.is_empty() && !expected.levels.iter().any(|level| level.is_met_by(reached)) {
        return Err(IdTokenFault::Level(excerpt(reached, 60)));
    }
    Ok(())
}

/// Returns the left half of the access token's hash (§3.1.3.6).
fn half_hash(algorithm: SignatureAlgorithm, access_token: &str) -> String {
    let hash: &Algorithm = match algorithm {
        SignatureAlgorithm::Rs256 | SignatureAlgorithm::Ps256 | SignatureAlgorithm::Es256 => &SHA256,
        SignatureAlgorithm::Rs384 | SignatureAlgorithm::Ps384 | SignatureAlgorithm::Es384 => &SHA384,
        SignatureAlgorithm::Rs512
        | SignatureAlgorithm::Ps512
        | SignatureAlgorithm::Es512
        | SignatureAlgorithm::EdDsa => &SHA512,
    };
    let hash = digest(hash, access_token.as_bytes());
    URL_SAFE_NO_PAD.encode(&hash.as_ref()[..hash.as_ref().len() / 2])
}
