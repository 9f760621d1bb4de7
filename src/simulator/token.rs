//! Issues access tokens that look as Maskinporten's do, and checks them for the sample API.
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
use serde_json::Value;

use super::{
    faults::{Faults, replacing},
    installation::authority,
    judge::{
        Granted,
        details::{Detail, Organization},
        jose::{Algorithm, Jwt},
    },
    jwk::PublicRsa,
};

/// A key that signs tokens that are not to be believed need be no longer.
const ANOTHER_KEY_BITS: u32 = 2048;

/// The simulator's own key.
pub(crate) struct TokenIssuer {
    key: PKey<Private>,
    /// Made when it is wanted first.
    another: OnceLock<PKey<Private>>,
    public_key: PKey<Public>,
    pub(crate) public: PublicRsa,
}

#[derive(Serialize)]
struct Header<'a> {
    kid: &'a str,
    alg: &'static str,
}

#[derive(Serialize)]
struct Claims<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    authorization_details: &'a Option<Vec<Detail>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    aud: Option<OneOrMany<'a>>,
    scope: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    supplier: Option<Organization>,
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
    consumer: Organization,
}

/// One value stands by itself, several in an array (RFC 7519 §4.1.3).
#[derive(Serialize)]
#[serde(untagged)]
enum OneOrMany<'a> {
    One(&'a str),
    Many(&'a [String]),
}

/// The answer to a grant that was accepted (RFC 6749 §5.1).
#[derive(Serialize)]
pub(crate) struct Success {
    access_token: String,
    token_type: &'static str,
    expires_in: u32,
    scope: String,
}

/// What the sample API learns from a token.
pub(crate) struct Caller {
    pub(crate) orgno: String,
    pub(crate) client_id: String,
    pub(crate) scope: String,
}

impl TokenIssuer {
    pub(crate) fn new(key: PKey<Private>) -> Result<Self, ErrorStack> {
        let public_key = PKey::public_key_from_der(&key.public_key_to_der()?)?;
        Ok(Self { public: PublicRsa::new(&key)?, public_key, another: OnceLock::new(), key })
    }

    /// Issues an access token, with the faults that are wanted.
    pub(crate) fn issue(
        &self,
        granted: &Granted,
        issuer: &str,
        now: DateTime<Utc>,
        faults: &Faults,
    ) -> Result<Success, ErrorStack> {
        let mut jti = [0_u8; 32];
        openssl::rand::rand_bytes(&mut jti)?;
        let iat = now.timestamp();
        let lifetime = faults.token_lifetime_seconds.map_or(granted.lifetime_seconds.into(), i64::from);
        let claims = Claims {
            authorization_details: &granted.details,
            aud: match granted.resources.as_slice() {
                [] => None,
                [one] => Some(OneOrMany::One(one)),
                many => Some(OneOrMany::Many(many)),
            },
            scope: &granted.scope,
            supplier: granted.delegated.as_ref().map(|(supplier, _)| Organization::new(supplier)),
            iss: issuer,
            client_amr: granted.client_amr,
            pid: granted.pid.as_deref(),
            token_type: "Bearer",
            exp: iat.saturating_add(lifetime),
            delegation_source: granted.delegated.as_ref().map(|(_, source)| source.as_str()),
            iat,
            client_id: &granted.client_id,
            jti: URL_SAFE_NO_PAD.encode(jti),
            consumer: Organization::new(&granted.consumer),
        };
        let header = replacing(&Header { kid: self.public.kid(), alg: "RS256" }, &faults.token_header);
        let claims = replacing(&claims, &faults.token);
        let key = if faults.sign_with_another_key { self.another()? } else { &self.key };
        // One second less than the token lives, as in the documentation's example (599).
        let expires_in = granted.lifetime_seconds.saturating_sub(1);
        Ok(Success {
            access_token: sign(&header, &claims, key)?,
            token_type: "Bearer",
            expires_in,
            scope: granted.scope.clone(),
        })
    }

    /// A key that is not in `/jwk`.
    fn another(&self) -> Result<&PKey<Private>, ErrorStack> {
        if let Some(another) = self.another.get() {
            return Ok(another);
        }
        let key = authority::rsa_key(ANOTHER_KEY_BITS)?;
        Ok(self.another.get_or_init(|| key))
    }

    /// Checks a token as an API should: signature, issuer, time. `Err` says what is wrong with it.
    pub(crate) fn check(&self, token: &str, issuer: &str, now: DateTime<Utc>) -> Result<Caller, &'static str> {
        let jwt = Jwt::parse(token).map_err(|_| "the token is not a JWT")?;
        let header = |name| jwt.header.get(name).and_then(Value::as_str);
        if header("alg") != Some("RS256") || header("kid") != Some(self.public.kid()) {
            return Err("the token is not signed with a key of this issuer");
        }
        let algorithm = Algorithm::parse("RS256").ok_or("no RS256")?;
        jwt.verify(algorithm, &self.public_key).map_err(|_| "the token's signature does not hold")?;
        let text = |name| jwt.claims.get(name).and_then(Value::as_str);
        if text("iss") != Some(issuer) {
            return Err("the token is of another issuer");
        }
        if jwt.claims.get("exp").and_then(Value::as_i64).is_none_or(|exp| exp <= now.timestamp()) {
            return Err("the token has expired");
        }
        let consumer = jwt.claims.get("consumer").and_then(|consumer| consumer.get("ID")).and_then(Value::as_str);
        let orgno = consumer.and_then(|id| id.split_once(':')).map(|(_, orgno)| orgno.to_owned());
        Ok(Caller {
            orgno: orgno.ok_or("the token has no consumer")?,
            client_id: text("client_id").unwrap_or_default().to_owned(),
            scope: text("scope").unwrap_or_default().to_owned(),
        })
    }
}

fn sign(header: &[u8], claims: &[u8], key: &PKey<Private>) -> Result<String, ErrorStack> {
    let signed = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(claims));
    let signature = Signer::new(MessageDigest::sha256(), key)?.sign_oneshot_to_vec(signed.as_bytes())?;
    Ok(format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature)))
}
