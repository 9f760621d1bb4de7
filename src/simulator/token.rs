//! Issues access tokens in the form of Maskinporten's, and verifies them for the sample API.
//!
//! <https://docs.digdir.no/docs/Maskinporten/maskinporten_protocol_token>. The order of members is that of real
//! tokens from the test environment.

use std::sync::OnceLock;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::{DateTime, Utc};
use openssl::{
    error::ErrorStack,
    hash::MessageDigest,
    pkey::{PKey, Private, Public},
    sign::Signer,
};
use serde::Serialize;
use serde_json::{Map, Value};

use super::{
    algorithm::{Algorithm, HashFunction},
    faults::{Faults, replacing},
    installation::certificates,
    jwk::PublicRsaJwk,
    validator::{
        GrantedToken,
        details::{OrganizationClaim, TokenDetail},
        jwt::ReceivedJwt,
    },
};

/// Size of the key for the fault `sign_with_another_key`; the smallest that clients accept.
const ANOTHER_KEY_BITS: u32 = 2048;

/// Signs access tokens.
pub(crate) struct TokenIssuer {
    key: PKey<Private>,
    /// Generated at first use.
    another_key: OnceLock<PKey<Private>>,
    public_key: PKey<Public>,
    pub(crate) public_jwk: PublicRsaJwk,
}

#[derive(Serialize)]
struct TokenHeader<'a> {
    kid: &'a str,
    alg: &'static str,
}

#[derive(Serialize)]
struct TokenClaims<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    authorization_details: &'a Option<Vec<TokenDetail>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    aud: Option<AudienceClaim<'a>>,
    scope: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    supplier: Option<OrganizationClaim>,
    iss: &'a str,
    client_amr: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pid: Option<&'a str>,
    token_type: &'static str,
    exp: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    delegation_source: Option<&'a str>,
    iat: i64,
    client_id: &'a str,
    jti: String,
    consumer: OrganizationClaim,
}

/// A single audience is a string, several are an array (RFC 7519 §4.1.3).
#[derive(Serialize)]
#[serde(untagged)]
enum AudienceClaim<'a> {
    One(&'a str),
    Many(&'a [String]),
}

/// A successful response (RFC 6749 §5.1).
#[derive(Serialize)]
pub(crate) struct IssuedTokenResponse {
    access_token: String,
    token_type: &'static str,
    expires_in: u32,
    scope: String,
}

/// The claims of a verified token that the sample API uses.
pub(crate) struct VerifiedToken {
    pub(crate) orgno: String,
    pub(crate) client_id: String,
    pub(crate) scope: String,
}

/// Why a token could not be issued.
#[derive(Debug, thiserror::Error)]
pub(crate) enum IssueError {
    #[error("openssl failed")]
    Crypto(#[from] ErrorStack),
    #[error("serialization failed")]
    Serialization(#[from] serde_json::Error),
}

impl TokenIssuer {
    pub(crate) fn new(key: PKey<Private>, now: DateTime<Utc>) -> Result<Self, ErrorStack> {
        let certificate = certificates::self_signed("Maskinporten Simulator", key.clone(), now)?;
        let public_key = PKey::public_key_from_der(&key.public_key_to_der()?)?;
        Ok(Self { public_jwk: PublicRsaJwk::new(&key, &certificate)?, public_key, another_key: OnceLock::new(), key })
    }

    /// Issues an access token, modified by the faults.
    pub(crate) fn issue(
        &self,
        granted: &GrantedToken,
        issuer: &str,
        now: DateTime<Utc>,
        faults: &Faults,
    ) -> Result<IssuedTokenResponse, IssueError> {
        let mut jti = [0_u8; 32];
        openssl::rand::rand_bytes(&mut jti)?;
        let iat = now.timestamp();
        let lifetime = faults.token_lifetime_seconds.map_or(granted.lifetime_seconds.into(), i64::from);
        let claims = TokenClaims {
            authorization_details: &granted.details,
            aud: match granted.resources.as_slice() {
                [] => None,
                [one] => Some(AudienceClaim::One(one)),
                many => Some(AudienceClaim::Many(many)),
            },
            scope: &granted.scope,
            supplier: granted.delegated.as_ref().map(|(supplier, _)| OrganizationClaim::new(supplier)),
            iss: issuer,
            client_amr: granted.client_amr,
            pid: granted.pid.as_deref(),
            token_type: "Bearer",
            exp: iat.saturating_add(lifetime),
            delegation_source: granted.delegated.as_ref().map(|(_, source)| source.as_str()),
            iat,
            client_id: &granted.client_id,
            jti: URL_SAFE_NO_PAD.encode(jti),
            consumer: OrganizationClaim::new(&granted.consumer),
        };
        let header = replacing(&TokenHeader { kid: self.public_jwk.kid(), alg: "RS256" }, &faults.token_header)?;
        let claims = replacing(&claims, &faults.token)?;
        let key = if faults.sign_with_another_key { self.another_key()? } else { &self.key };
        // One second less than the lifetime of the token, as in the documentation's example (599).
        let expires_in = granted.lifetime_seconds.saturating_sub(1);
        Ok(IssuedTokenResponse {
            access_token: sign(&header, &claims, key)?,
            token_type: "Bearer",
            expires_in,
            scope: granted.scope.clone(),
        })
    }

    /// Returns a key that is not in `/jwk`.
    pub(crate) fn another_key(&self) -> Result<&PKey<Private>, ErrorStack> {
        if let Some(key) = self.another_key.get() {
            return Ok(key);
        }
        let key = certificates::rsa_key(ANOTHER_KEY_BITS)?;
        Ok(self.another_key.get_or_init(|| key))
    }

    /// Verifies a token as an API should: signature, issuer, expiry. The error is a text for the log.
    pub(crate) fn verify(&self, token: &str, issuer: &str, now: DateTime<Utc>) -> Result<VerifiedToken, &'static str> {
        let claims = self.verified_claims(token, issuer, now)?;
        let text = |name| claims.get(name).and_then(Value::as_str);
        let consumer = claims.get("consumer").and_then(|consumer| consumer.get("ID")).and_then(Value::as_str);
        let orgno = consumer.and_then(|id| id.split_once(':')).map(|(_, orgno)| orgno.to_owned());
        Ok(VerifiedToken {
            orgno: orgno.ok_or("the token has no consumer")?,
            client_id: text("client_id").unwrap_or_default().to_owned(),
            scope: text("scope").unwrap_or_default().to_owned(),
        })
    }

    /// Verifies a token and returns its claims. The error is a text for the log.
    pub(crate) fn verified_claims(
        &self,
        token: &str,
        issuer: &str,
        now: DateTime<Utc>,
    ) -> Result<Map<String, Value>, &'static str> {
        verified_claims(token, self.public_jwk.kid(), &self.public_key, issuer, now)
    }
}

/// Verifies signature, issuer and expiry of a token, and returns its claims. The error is a text for the log.
pub(crate) fn verified_claims(
    token: &str,
    kid: &str,
    key: &PKey<Public>,
    issuer: &str,
    now: DateTime<Utc>,
) -> Result<Map<String, Value>, &'static str> {
    let jwt = ReceivedJwt::parse(token).map_err(|_| "the token is not a JWT")?;
    let header = |name| jwt.header.get(name).and_then(Value::as_str);
    if header("alg") != Some("RS256") || header("kid") != Some(kid) {
        return Err("the token is not signed with a key of this issuer");
    }
    jwt.verify(Algorithm::Rs(HashFunction::Sha256), key).map_err(|_| "the token's signature is not valid")?;
    if jwt.claims.get("iss").and_then(Value::as_str) != Some(issuer) {
        return Err("the token has another issuer");
    }
    if jwt.claims.get("exp").and_then(Value::as_i64).is_none_or(|exp| exp <= now.timestamp()) {
        return Err("the token has expired");
    }
    Ok(jwt.claims)
}

/// Signs a JWT with RS256.
pub(crate) fn sign(header: &[u8], claims: &[u8], key: &PKey<Private>) -> Result<String, ErrorStack> {
    let signed = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(claims));
    let signature = Signer::new(MessageDigest::sha256(), key)?.sign_oneshot_to_vec(signed.as_bytes())?;
    Ok(format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature)))
}
