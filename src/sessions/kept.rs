//! A kept login: what is known of it, and its secrets.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use zeroize::Zeroizing;

use crate::{
    client::AccessToken,
    dpop::DpopKey,
    grant::ClientAuthentication,
    login::{LoginClient, LoginTokens, RefreshToken},
};

/// What is known of a kept login, without its secrets.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SessionInfo {
    /// The issuer identifier of the server.
    pub issuer: String,
    /// The client.
    pub client_id: String,
    /// How the client authenticates itself, by the names of RFC 7591 §2.
    pub authentication: String,
    /// The granted scopes, separated by spaces.
    pub scopes: String,
    /// When the person logged in.
    pub logged_in_at: DateTime<Utc>,
    /// When the access token expires, if that is known.
    pub token_expires_at: Option<DateTime<Utc>>,
    /// Whether there is a refresh token.
    pub is_renewable: bool,
    /// When the refresh token expires, if the server says so.
    pub renewable_until: Option<DateTime<Utc>>,
    /// Whether the tokens are bound to a key (`DPoP`, RFC 9449).
    pub is_bound: bool,
}

impl SessionInfo {
    /// Returns when the person must log in again unless the login is renewed before, if that is known.
    #[must_use]
    pub fn ends_at(&self) -> Option<DateTime<Utc>> {
        let renewable = if self.is_renewable { Some(self.renewable_until?) } else { None };
        renewable.max(self.token_expires_at)
    }
}

/// A kept login.
#[derive(Debug, Clone)]
pub struct KeptSession {
    /// What is not secret.
    pub info: SessionInfo,
    /// The access token.
    pub token: AccessToken,
    /// The refresh token, if the client has one.
    pub refresh_token: Option<RefreshToken>,
    /// The id token, which a logout names.
    pub id_token: Option<Zeroizing<String>>,
    /// The person of the login (`sub`).
    pub subject: Option<Zeroizing<String>>,
    /// The key that the tokens are bound to.
    pub dpop: Option<DpopKey>,
}

impl KeptSession {
    /// Makes the session of a login that has just succeeded.
    #[must_use]
    pub fn new(client: &LoginClient, tokens: LoginTokens, now: DateTime<Utc>) -> Self {
        let authentication = client.grant.client_authentication.as_ref();
        let requested = || client.grant.scopes.iter().collect::<Vec<_>>().join(" ");
        let info = SessionInfo {
            issuer: client.provider.issuer.clone(),
            client_id: client.grant.client_id.as_str().to_owned(),
            authentication: authentication.unwrap_or(&ClientAuthentication::PrivateKeyJwt).method().to_owned(),
            scopes: tokens.access_token.scope.clone().unwrap_or_else(requested),
            logged_in_at: now,
            token_expires_at: None,
            is_renewable: false,
            renewable_until: None,
            is_bound: client.dpop.is_some(),
        };
        let token = tokens.access_token.clone();
        let dpop = client.dpop.clone();
        Self { info, token, refresh_token: None, id_token: None, subject: None, dpop }.renewed(tokens)
    }

    /// Returns the session with newer tokens. What a response leaves out stays as it was (RFC 6749 §6).
    #[must_use]
    pub(super) fn renewed(mut self, tokens: LoginTokens) -> Self {
        self.token = tokens.access_token;
        self.refresh_token = tokens.refresh_token.or(self.refresh_token);
        if let Some(id_token) = tokens.id_token {
            let subject = id_token.claims().get("sub").and_then(Value::as_str);
            self.subject = subject.map(|subject| Zeroizing::new(subject.to_owned()));
            self.id_token = Some(Zeroizing::new(id_token.expose().to_owned()));
        }
        self.info.token_expires_at = self.token.expires_at();
        self.info.is_renewable = self.refresh_token.is_some();
        self.info.renewable_until = self.refresh_token.as_ref().and_then(|token| token.expires_at);
        self
    }
}
