//! The requests, sessions, codes and tokens of a service.

use chrono::{DateTime, TimeDelta, Utc};
use openssl::error::ErrorStack;

use super::{
    expiring::{Expiring, HashedSecret, hash, secret},
    request::{Acr, AuthenticationRequest},
};
use crate::simulator::{
    registry::people::{Pid, RepresentedOrganisation},
    validator::ReplayCache,
};

/// How long a pushed request can be used.
pub(crate) const PUSHED_SECONDS: u32 = 120;
/// How long a login page can be answered.
const PAGE: TimeDelta = TimeDelta::minutes(10);
/// How long a code can be used; RFC 6749 §4.1.2 recommends at most ten minutes.
const CODE: TimeDelta = TimeDelta::seconds(120);
/// How long a session lasts without and with use.
const SESSION_IDLE: TimeDelta = TimeDelta::minutes(30);
const SESSION_MAXIMUM: TimeDelta = TimeDelta::minutes(120);

/// Why something could not be kept.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LoginStoreError {
    #[error("there are too many")]
    Full,
    #[error("no random numbers are available")]
    Random(#[from] ErrorStack),
}

/// Who logged in, when and how.
#[derive(Debug, Clone)]
pub(crate) struct PersonLogin {
    pub(crate) pid: Pid,
    pub(crate) acr: Acr,
    pub(crate) at: DateTime<Utc>,
    /// The id of the session, `sid`.
    pub(crate) session_id: String,
}

/// What a person has authorised a client to do. Tokens are valid as long as it is in the store.
#[derive(Debug, Clone)]
pub(crate) struct Authorization {
    pub(crate) request: AuthenticationRequest,
    pub(crate) login: PersonLogin,
    pub(crate) organisation: Option<RepresentedOrganisation>,
    pub(crate) language: &'static str,
}

/// A code, which is kept after its use so that a second use is noticed.
pub(crate) struct IssuedCode {
    pub(crate) authorization: Authorization,
    /// Until when it can be used for the first time.
    pub(crate) usable_until: DateTime<Utc>,
    pub(crate) used: bool,
    pub(crate) id: HashedSecret,
}

/// A refresh token, which is kept after its use so that a second use is noticed.
#[derive(Clone)]
pub(crate) struct IssuedRefreshToken {
    pub(crate) authorization: HashedSecret,
    pub(crate) client_id: String,
    pub(crate) used: bool,
    pub(crate) expires_at: DateTime<Utc>,
}

/// The state of a service.
#[derive(Default)]
pub(crate) struct LoginStore {
    pushed: Expiring<AuthenticationRequest>,
    pages: Expiring<AuthenticationRequest>,
    sessions: Expiring<(PersonLogin, DateTime<Utc>)>,
    pub(crate) codes: Expiring<IssuedCode>,
    pub(crate) authorizations: Expiring<Authorization>,
    pub(crate) refresh_tokens: Expiring<IssuedRefreshToken>,
    /// The authorization of each access token that has not been revoked.
    pub(crate) access_tokens: Expiring<HashedSecret>,
    /// The client assertions that have been used.
    pub(crate) used: ReplayCache,
}

impl LoginStore {
    /// Keeps a pushed request, and returns its `request_uri`.
    pub(crate) fn push(
        &mut self,
        request: AuthenticationRequest,
        now: DateTime<Utc>,
    ) -> Result<String, LoginStoreError> {
        let uri = format!("urn:idporten:{}", secret()?);
        let until = now + TimeDelta::seconds(PUSHED_SECONDS.into());
        self.pushed.insert(hash(&uri), request, until, now).ok_or(LoginStoreError::Full)?;
        Ok(uri)
    }

    /// Returns a pushed request, which can be used once.
    pub(crate) fn take_pushed(&mut self, uri: &str, now: DateTime<Utc>) -> Option<AuthenticationRequest> {
        self.pushed.remove(&hash(uri), now)
    }

    /// Keeps the request of a login page, and returns the secret in its form.
    pub(crate) fn open_page(
        &mut self,
        request: AuthenticationRequest,
        now: DateTime<Utc>,
    ) -> Result<String, LoginStoreError> {
        let id = secret()?;
        self.pages.insert(hash(&id), request, now + PAGE, now).ok_or(LoginStoreError::Full)?;
        Ok(id)
    }

    /// Returns the request of a login page, which can be answered once.
    pub(crate) fn close_page(&mut self, id: &str, now: DateTime<Utc>) -> Option<AuthenticationRequest> {
        self.pages.remove(&hash(id), now)
    }

    /// Returns the request of a login page that is still open.
    pub(crate) fn page(&mut self, id: &str, now: DateTime<Utc>) -> Option<AuthenticationRequest> {
        self.pages.get(&hash(id), now).cloned()
    }

    /// Starts a session, and returns its cookie.
    pub(crate) fn start_session(
        &mut self,
        pid: Pid,
        acr: Acr,
        now: DateTime<Utc>,
    ) -> Result<(String, PersonLogin), LoginStoreError> {
        let (cookie, session_id) = (secret()?, secret()?);
        let login = PersonLogin { pid, acr, at: now, session_id };
        let session = (login.clone(), now);
        self.sessions.insert(hash(&cookie), session, now + SESSION_MAXIMUM, now).ok_or(LoginStoreError::Full)?;
        Ok((cookie, login))
    }

    /// Returns the login of a session, which this use prolongs.
    pub(crate) fn session(&mut self, cookie: &str, now: DateTime<Utc>) -> Option<PersonLogin> {
        let (login, last_used) = self.sessions.get(&hash(cookie), now)?;
        if *last_used + SESSION_IDLE <= now {
            return None;
        }
        *last_used = now;
        Some(login.clone())
    }

    pub(crate) fn end_session(&mut self, cookie: &str, now: DateTime<Utc>) -> Option<PersonLogin> {
        self.sessions.remove(&hash(cookie), now).map(|(login, _)| login)
    }

    /// Issues a code.
    pub(crate) fn issue_code(
        &mut self,
        authorization: Authorization,
        lifetime: TimeDelta,
        now: DateTime<Utc>,
    ) -> Result<String, LoginStoreError> {
        let (code, id) = (secret()?, hash(&secret()?));
        let code_state = IssuedCode { authorization, usable_until: now + CODE, used: false, id };
        self.codes.insert(hash(&code), code_state, now + lifetime.max(CODE), now).ok_or(LoginStoreError::Full)?;
        Ok(code)
    }
}
