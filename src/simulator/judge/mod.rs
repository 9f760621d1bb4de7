//! Judges a grant, check by check, and says what the client gets or why it gets nothing.
//!
//! The rules: <https://docs.digdir.no/docs/Maskinporten/maskinporten_protocol_jwtgrant>. The order in which
//! Maskinporten itself checks is not documented; here the client is found first, then its key, then the
//! signature is checked; what the grant asks for is read, and its identifier used up, only when that holds.

mod certificate;
mod claims;
pub(crate) mod details;
mod form;
pub(crate) mod jose;
pub(crate) mod json;
mod refusal;
mod replay;
mod scopes;

use std::sync::{Mutex, PoisonError};

use chrono::{DateTime, Utc};
use openssl::pkey::{PKey, Public};
use serde_json::Value;

pub(crate) use certificate::Anchors;
#[cfg(test)]
pub(crate) use certificate::organisation_number;
pub(crate) use form::assertion;
pub(crate) use refusal::Refusal;
pub(crate) use replay::Used;

use self::{details::Detail, jose::Jwt};
use super::{
    registry::{Client, Orgno, Registry},
    strictness::Strictness,
};

/// What a client gets.
pub(crate) struct Granted {
    pub(crate) client_id: String,
    /// How the client has shown who it is.
    pub(crate) client_amr: &'static str,
    pub(crate) scope: String,
    pub(crate) consumer: Orgno,
    /// The supplier and the delegation source.
    pub(crate) delegated: Option<(Orgno, String)>,
    pub(crate) resources: Vec<String>,
    pub(crate) pid: Option<String>,
    pub(crate) details: Option<Vec<Detail>>,
    pub(crate) lifetime_seconds: u32,
}

/// Everything that a judgement needs to know.
pub(crate) struct Validator<'a> {
    pub(crate) registry: &'a Registry,
    pub(crate) strictness: &'a Strictness,
    pub(crate) issuer: &'a str,
    pub(crate) anchors: &'a Anchors,
    pub(crate) used: &'a Mutex<Used>,
    pub(crate) now: DateTime<Utc>,
}

/// A judgement, and the registered client that it is about when one was named.
pub(crate) struct Judgement {
    pub(crate) client_id: Option<String>,
    pub(crate) outcome: Result<Granted, Refusal>,
}

impl Validator<'_> {
    /// Judges an assertion.
    pub(crate) fn judge(&self, assertion: &str) -> Judgement {
        let opened = Jwt::parse(assertion).and_then(|jwt| {
            let algorithm = jwt.algorithm(&self.strictness.allow_algorithms)?;
            Ok((self.client(&jwt)?, jwt, algorithm))
        });
        match opened {
            Err(refusal) => Judgement { client_id: None, outcome: Err(refusal) },
            Ok((client, jwt, algorithm)) => {
                Judgement { client_id: Some(client.id.clone()), outcome: self.judge_client(client, &jwt, algorithm) }
            }
        }
    }

    fn client(&self, jwt: &Jwt) -> Result<&Client, Refusal> {
        let client_id = jwt.claims.get("iss").and_then(Value::as_str).ok_or(Refusal::Client("iss is missing"))?;
        match self.registry.client(client_id) {
            None => Err(Refusal::Client("iss is no registered client")),
            Some(client) if !client.active => Err(Refusal::Client("the client is not active")),
            Some(client) => Ok(client),
        }
    }

    fn judge_client(&self, client: &Client, jwt: &Jwt, algorithm: jose::Algorithm) -> Result<Granted, Refusal> {
        let (key, client_amr) = self.key(client, jwt)?;
        jwt.verify(algorithm, &key)?;

        let claims = &jwt.claims;
        claims::audience(claims, self.issuer, self.strictness)?;
        let expires = claims::times(claims, self.now, self.strictness)?;
        self.use_up(client, jwt, expires)?;
        claims::only_documented(claims, self.strictness)?;

        if client.integration_type != "maskinporten" {
            return Err(Refusal::IntegrationType);
        }
        let wishes = claims::wishes(claims, self.strictness)?;
        let access = scopes::judge(self.registry, client, &wishes.scopes, wishes.consumer_org.as_ref())?;
        let office = details::DetailsValidator {
            registry: self.registry,
            strictness: self.strictness,
            client,
            consumer: &access.consumer,
            now: self.now,
        };
        let details = office.judge(claims.get("authorization_details"))?;
        let lifetime_seconds = client.access_token_lifetime;
        Ok(Granted {
            client_id: client.id.clone(),
            client_amr,
            scope: wishes.scopes.join(" "),
            consumer: access.consumer,
            delegated: access.delegated,
            resources: wishes.resources,
            pid: wishes.pid,
            details,
            lifetime_seconds: access.limit_seconds.map_or(lifetime_seconds, |limit| limit.min(lifetime_seconds)),
        })
    }

    /// Finds the key: `kid` comes first; a client that has registered keys cannot use a certificate instead.
    fn key(&self, client: &Client, jwt: &Jwt) -> Result<(PKey<Public>, &'static str), Refusal> {
        let kid = match jwt.header.get("kid") {
            None if !client.keys.is_empty() => return Err(Refusal::KidMissing),
            None => None,
            Some(kid) => Some(kid.as_str().ok_or(Refusal::Parameter("the header's kid is not a string"))?),
        };
        if let Some(kid) = kid {
            let key = client.keys.iter().find(|key| key.kid == kid).ok_or(Refusal::KidUnknown)?;
            if key.is_expired(self.now) {
                return Err(Refusal::KeyExpired);
            }
            return Ok((key.key.clone(), "private_key_jwt"));
        }
        let enterprise = certificate::judge(jwt.header.get("x5c"), self.anchors, self.strictness, self.now)?;
        if enterprise.orgno.as_deref() != Some(client.orgno.as_str()) {
            return Err(Refusal::Orgno);
        }
        Ok((enterprise.key, "virksomhetssertifikat"))
    }

    fn use_up(&self, client: &Client, jwt: &Jwt, expires: i64) -> Result<(), Refusal> {
        let name = match claims::identifier(&jwt.claims, self.strictness)? {
            Some(jti) => replay::name(&client.id, jti),
            None if self.strictness.allow_replay_without_jti => return Ok(()),
            None => jwt.digest(),
        };
        let until = expires.saturating_add(self.strictness.expiry_leeway_seconds.into());
        let mut used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        used.use_up(name, until, self.now.timestamp())
    }
}
