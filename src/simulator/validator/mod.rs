//! Validates an assertion step by step: either a token is granted, or the grant is refused.
//!
//! The rules: <https://docs.digdir.no/docs/Maskinporten/maskinporten_protocol_jwtgrant>. Maskinporten does not document
//! the order of its checks. Here the client is looked up first, then its key, then the signature is verified. Only
//! then are the requested claims parsed and the identifier recorded as used.

mod certificate;
mod certificate_cache;
pub(crate) mod claims;
pub(crate) mod details;
mod form;
pub(crate) mod json;
pub(crate) mod jwt;
mod refusal;
mod refusal_log;
mod replay;
mod scopes;

use std::{
    borrow::Cow,
    sync::{Mutex, PoisonError},
};

use chrono::{DateTime, Utc};
use openssl::pkey::{PKey, Public};
use serde_json::Value;

#[cfg(test)]
pub(crate) use certificate::organisation_number;
pub(crate) use certificate::{TrustAnchors, validate as certificate};
pub(crate) use form::assertion;
pub(crate) use refusal::{GrantRefusal, sanitize, trace_id};
pub(crate) use replay::{ReplayCache, id as replay_id};

use self::{details::TokenDetail, jwt::ReceivedJwt};
use super::{
    algorithm::Algorithm,
    client_register::RegisterView,
    registry::{Orgno, RegisteredClient, Registry},
    strictness::Strictness,
    system_register::SystemRegister,
};

/// The contents of the access token that a client gets.
pub(crate) struct GrantedToken {
    pub(crate) client_id: String,
    /// How the client was authenticated.
    pub(crate) client_amr: &'static str,
    pub(crate) scope: String,
    pub(crate) consumer: Orgno,
    /// The supplier and the delegation source.
    pub(crate) delegated: Option<(Orgno, String)>,
    pub(crate) resources: Vec<String>,
    pub(crate) pid: Option<String>,
    pub(crate) details: Option<Vec<TokenDetail>>,
    pub(crate) lifetime_seconds: u32,
    /// The undocumented claims that were accepted, for the log.
    pub(crate) undocumented: Vec<&'static str>,
}

impl GrantedToken {
    /// Returns the text for the log.
    pub(crate) fn summary(&self) -> String {
        match self.undocumented.as_slice() {
            [] => self.scope.clone(),
            names => format!("{}; accepted the undocumented {}", self.scope, names.join(" and ")),
        }
    }
}

/// Validates assertions against the registry at a point in time.
pub(crate) struct Validator<'a> {
    pub(crate) registry: &'a Registry,
    /// The clients and scopes.
    pub(crate) register: RegisterView<'a>,
    pub(crate) system_register: &'a Mutex<SystemRegister>,
    pub(crate) strictness: &'a Strictness,
    pub(crate) issuer: &'a str,
    pub(crate) anchors: &'a TrustAnchors,
    pub(crate) used: &'a Mutex<ReplayCache>,
    pub(crate) now: DateTime<Utc>,
}

/// The outcome, and the registered client if the assertion names one.
pub(crate) struct Validation {
    pub(crate) client_id: Option<String>,
    pub(crate) outcome: Result<GrantedToken, GrantRefusal>,
}

impl Validator<'_> {
    /// Validates an assertion.
    pub(crate) fn validate(&self, assertion: &str) -> Validation {
        let parsed = ReceivedJwt::parse(assertion).and_then(|jwt| {
            let algorithm = jwt.algorithm(&self.strictness.allow_algorithms)?;
            Ok((self.client(&jwt)?, jwt, algorithm))
        });
        match parsed {
            Err(refusal) => Validation { client_id: None, outcome: Err(refusal) },
            Ok((client, jwt, algorithm)) => {
                let outcome = self.validate_for_client(&client, &jwt, algorithm);
                Validation { client_id: Some(client.id.clone()), outcome }
            }
        }
    }

    fn client(&self, jwt: &ReceivedJwt) -> Result<Cow<'_, RegisteredClient>, GrantRefusal> {
        let client_id = jwt.claims.get("iss").and_then(Value::as_str);
        match self.register.client(client_id.ok_or(GrantRefusal::Client("iss is missing"))?) {
            None => Err(GrantRefusal::Client("iss is not a registered client")),
            Some(client) if !client.active => Err(GrantRefusal::Client("the client is not active")),
            Some(client) => Ok(client),
        }
    }

    fn validate_for_client(
        &self,
        client: &RegisteredClient,
        jwt: &ReceivedJwt,
        algorithm: Algorithm,
    ) -> Result<GrantedToken, GrantRefusal> {
        let (key, client_amr) = client_key(client, jwt, self.anchors, self.strictness, self.now)?;
        jwt.verify(algorithm, &key)?;

        let claims = &jwt.claims;
        claims::audience(claims, self.issuer, self.strictness)?;
        let expires_at = claims::times(claims, self.now, self.strictness)?;
        self.record_use(client, jwt, expires_at)?;
        let undocumented = claims::undocumented(claims, self.now, self.strictness)?;

        if client.integration_type != "maskinporten" {
            return Err(GrantRefusal::IntegrationType);
        }
        let requested = claims::requested(claims, self.strictness)?;
        let access = scopes::ScopeValidator { register: self.register, client }
            .validate(&requested.scopes, requested.consumer_org.as_ref())?;
        let details_validator = details::DetailsValidator {
            registry: self.registry,
            system_register: self.system_register,
            strictness: self.strictness,
            client,
            consumer: &access.consumer,
            now: self.now,
        };
        let details = details_validator.validate(claims.get("authorization_details"))?;
        let lifetime_seconds = client.access_token_lifetime;
        Ok(GrantedToken {
            client_id: client.id.clone(),
            client_amr,
            scope: requested.scopes.join(" "),
            consumer: access.consumer,
            delegated: access.delegated,
            resources: requested.resources,
            pid: requested.pid,
            details,
            lifetime_seconds: access.limit_seconds.map_or(lifetime_seconds, |limit| limit.min(lifetime_seconds)),
            undocumented,
        })
    }

    fn record_use(&self, client: &RegisteredClient, jwt: &ReceivedJwt, expires_at: i64) -> Result<(), GrantRefusal> {
        let id = match claims::identifier(&jwt.claims, self.strictness)? {
            Some(jti) => replay::id(&client.id, jti),
            None if self.strictness.allow_replay_without_jti => return Ok(()),
            None => jwt.digest(),
        };
        let until = expires_at.saturating_add(self.strictness.expiry_leeway_seconds.into());
        let mut used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        used.record(id, until, self.now.timestamp()).map_err(|refusal| match refusal {
            GrantRefusal::Replayed { .. } => GrantRefusal::Replayed { without_jti: !jwt.claims.contains_key("jti") },
            other => other,
        })
    }
}

/// Returns the key of a client: `kid` has precedence; a client with registered keys cannot use a certificate instead.
pub(crate) fn client_key(
    client: &RegisteredClient,
    jwt: &ReceivedJwt,
    anchors: &TrustAnchors,
    strictness: &Strictness,
    now: DateTime<Utc>,
) -> Result<(PKey<Public>, &'static str), GrantRefusal> {
    if let Some(kid) = jwt.header.get("kid") {
        let kid = kid.as_str().ok_or(GrantRefusal::Parameter("the header's kid is not a string"))?;
        let jwk = client.keys.iter().find(|jwk| jwk.kid == kid).ok_or(GrantRefusal::KidUnknown)?;
        if jwk.is_expired(now) {
            return Err(GrantRefusal::KeyExpired);
        }
        return Ok((jwk.key.clone(), "private_key_jwt"));
    }
    if !client.keys.is_empty() {
        return Err(GrantRefusal::KidMissing);
    }
    let certificate = certificate::validate(jwt.header.get("x5c"), anchors, strictness, now)?;
    if certificate.orgno.as_deref() != Some(client.orgno.as_str()) {
        return Err(GrantRefusal::Orgno);
    }
    Ok((certificate.key, "virksomhetssertifikat"))
}
