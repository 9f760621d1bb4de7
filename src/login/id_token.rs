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

/// What an id token must contain.
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

#[cfg(test)]
mod tests {
    use super::*;

    /// `OpenID` Connect Core appendix A.2, and the key of appendix A.7.
    const TOKEN: &str = concat!(
        "eyJraWQiOiIxZTlnZGs3IiwiYWxnIjoiUlMyNTYifQ.ewogImlzcyI6ICJodHRwOi8vc2VydmVyLmV4YW1wbGUuY29tIiwKICJzdWIiOiAiMjQ4",
        "Mjg5NzYxMDAxIiwKICJhdWQiOiAiczZCaGRSa3F0MyIsCiAibm9uY2UiOiAibi0wUzZfV3pBMk1qIiwKICJleHAiOiAxMzExMjgxOTcwLAogImlh",
        "dCI6IDEzMTEyODA5NzAsCiAibmFtZSI6ICJKYW5lIERvZSIsCiAiZ2l2ZW5fbmFtZSI6ICJKYW5lIiwKICJmYW1pbHlfbmFtZSI6ICJEb2UiLAog",
        "ImdlbmRlciI6ICJmZW1hbGUiLAogImJpcnRoZGF0ZSI6ICIwMDAwLTEwLTMxIiwKICJlbWFpbCI6ICJqYW5lZG9lQGV4YW1wbGUuY29tIiwKICJw",
        "aWN0dXJlIjogImh0dHA6Ly9leGFtcGxlLmNvbS9qYW5lZG9lL21lLmpwZyIKfQ.rHQjEmBqn9Jre0OLykYNnspA10Qql2rvx4FsD00jwlB0Sym4Nz",
        "pgvPKsDjn_wMkHxcp6CilPcoKrWHcipR2iAjzLvDNAReF97zoJqq880ZD1bwY82JDauCXELVR9O6_B0w3K-E7yM2macAAgNCUwtik6SjoSUZRcf-O5",
        "lygIyLENx882p6MtmwaL1hd6qn5RZOQ0TLrOYu0532g9Exxcm-ChymrB4xLykpDj3lUivJt63eEGGN6DH5K6o33TcxkIjNrCD4XB1CKKumZvCedgHH",
        "F3IAK4dVEDSUoGlH9z4pP_eWYNXvqQOjGs-rDaQzUHl6cQQWNiDpWOl_lxXjQEvQ"
    );
    const KEY: &str = concat!(
        r#"{"kty":"RSA","kid":"1e9gdk7","e":"AQAB","n":"w7Zdfmece8iaB0kiTY8pCtiBtzbptJmP28nSWwtdjRu0f2GFpajvWE4VhfJAjEsO"#,
        "cwYzay7XGN0b-X84BfC8hmCTOj2b2eHT7NsZegFPKRUQzJ9wW8ipn_aDJWMGDuB1XyqT1E7DYqjUCEOD1b4FLpy_xPn6oV_TYOfQ9fZdbE5HGxJUze",
        "kuGcOKqOQ8M7wfYHhHHLxGpQVgL0apWuP2gDDOdTtpuld4D2LK1MZK99s9gaSjRHE8JDb1Z4IGhEcEyzkxswVdPndUWzfvWBBWXWxtSUvQGBRkuy1B",
        r#"HOa4sP6FKjWEeeF7gm7UMs2Nm2QUgNZw6xvEDGaLk4KASdIxRQ"}"#
    );
    /// Appendix A.3.
    const ACCESS_TOKEN: &str = "jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Y";

    const EXPECTED: ExpectedIdToken<'static> = ExpectedIdToken {
        issuer: "http://server.example.com",
        client_id: "s6BhdRkqt3",
        nonce: Some("n-0S6_WzA2Mj"),
        levels: &[],
        max_age: None,
    };

    fn verify(token: &str, expected: &ExpectedIdToken<'_>, now: i64) -> Result<IdToken, LoginError> {
        let keys = KeySet::parse(KEY.as_bytes()).unwrap();
        let now = DateTime::from_timestamp(now, 0).unwrap();
        IdToken::verify(token.into(), expected, ACCESS_TOKEN, &keys, now)
    }

    fn fault(token: &str, expected: &ExpectedIdToken<'_>, now: i64) -> IdTokenFault {
        match verify(token, expected, now) {
            Err(LoginError::IdToken(fault)) => fault,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn the_example_of_openid_connect_core_is_verified() {
        let token = verify(TOKEN, &EXPECTED, 1_311_281_000).unwrap();
        assert_eq!(token.claims()["sub"], "248289761001");
        assert_eq!(format!("{token:?}"), "IdToken([REDACTED])");
        assert_eq!(half_hash(SignatureAlgorithm::Rs256, ACCESS_TOKEN), "77QmUPtjPfzWtF2AnpK9RQ");
    }

    #[test]
    fn the_example_is_accepted_only_in_its_time_with_ten_seconds_for_the_clocks() {
        for (now, expected) in [
            (1_311_280_959, Some(IdTokenFault::IssuedAt)),
            (1_311_280_960, None),
            (1_311_281_979, None),
            (1_311_281_980, Some(IdTokenFault::Expired)),
        ] {
            match expected {
                Some(expected) => assert_eq!(fault(TOKEN, &EXPECTED, now), expected),
                None => assert!(verify(TOKEN, &EXPECTED, now).is_ok(), "{now}"),
            }
        }
    }

    #[test]
    fn the_example_is_not_that_of_another_issuer_client_or_login() {
        let levels = [AuthenticationLevel::parse("idporten-loa-high", None).unwrap()];
        for (expected, wanted) in [
            (
                ExpectedIdToken { issuer: "http://server.example.com/", ..EXPECTED },
                IdTokenFault::Issuer("http://server.example.com".to_owned()),
            ),
            (ExpectedIdToken { client_id: "other", ..EXPECTED }, IdTokenFault::Audience),
            (ExpectedIdToken { nonce: Some("other"), ..EXPECTED }, IdTokenFault::Nonce),
            (ExpectedIdToken { levels: &levels, ..EXPECTED }, IdTokenFault::Level(String::new())),
            (ExpectedIdToken { max_age: Some(60), ..EXPECTED }, IdTokenFault::AuthenticationTime(60)),
        ] {
            assert_eq!(fault(TOKEN, &expected, 1_311_281_000), wanted);
        }
    }

    #[test]
    fn a_changed_signature_and_a_token_without_one_are_refused() {
        let (signed, _) = TOKEN.rsplit_once('.').unwrap();
        let claims = signed.split_once('.').unwrap().1;
        let changed = format!("{signed}.{}", "A".repeat(342));
        assert_eq!(fault(&changed, &EXPECTED, 1_311_281_000), IdTokenFault::Signature(SignatureAlgorithm::Rs256));
        let header = |alg: &str| URL_SAFE_NO_PAD.encode(format!(r#"{{"alg":"{alg}","kid":"1e9gdk7"}}"#));
        let unsigned = format!("{}.{claims}.", header("none"));
        assert_eq!(fault(&unsigned, &EXPECTED, 1_311_281_000), IdTokenFault::Unsigned);
        let shared = format!("{}.{claims}.AAAA", header("HS256"));
        assert_eq!(fault(&shared, &EXPECTED, 1_311_281_000), IdTokenFault::SharedSecret("HS256".to_owned()));
    }
}
