//! What a service remembers: pushed requests, login pages, sessions, codes, tokens. Secrets are kept as hashes.

use chrono::{DateTime, TimeDelta, Utc};

use super::{
    authentication_request::{Acr, AuthenticationRequest},
    expiring::{Expiring, SecretHash, hash, secret},
    refusal::LoginRefusal,
};
use crate::simulator::{
    registry::people::{Pid, RepresentedOrganisation},
    validator::ReplayCache,
};

/// How long a pushed request can be used.
pub(super) const PUSHED_SECONDS: u32 = 120;
/// How long a login page can be answered.
const PAGE: TimeDelta = TimeDelta::minutes(10);
/// How long a code can be used; RFC 6749 §4.1.2 recommends at most ten minutes.
const CODE: TimeDelta = TimeDelta::seconds(120);
/// How long a session lasts without and with use.
const SESSION_IDLE: TimeDelta = TimeDelta::minutes(30);
const SESSION_MAXIMUM: TimeDelta = TimeDelta::minutes(120);

/// Who logged in, when and how.
#[derive(Debug, Clone)]
pub(super) struct PersonLogin {
    pub(super) pid: Pid,
    pub(super) acr: Acr,
    pub(super) at: DateTime<Utc>,
    /// The id of the session, `sid`.
    pub(super) session_id: String,
}

/// What a person has authorised a client to do. Tokens are valid as long as it is in the store.
#[derive(Debug, Clone)]
pub(super) struct Authorization {
    pub(super) request: AuthenticationRequest,
    pub(super) login: PersonLogin,
    pub(super) organisation: Option<RepresentedOrganisation>,
    pub(super) language: &'static str,
}

/// A code, which is kept after its use so that a second use is noticed.
pub(super) struct IssuedCode {
    pub(super) authorization: Authorization,
    /// Until when it can be used for the first time.
    pub(super) usable_until: DateTime<Utc>,
    pub(super) used: bool,
    pub(super) id: SecretHash,
}

/// A refresh token, which is kept after its use so that a second use is noticed.
#[derive(Clone)]
pub(super) struct IssuedRefreshToken {
    pub(super) authorization: SecretHash,
    pub(super) client_id: String,
    pub(super) used: bool,
    pub(super) expires_at: DateTime<Utc>,
}

/// The state of a service.
#[derive(Default)]
pub(super) struct LoginStore {
    pushed: Expiring<AuthenticationRequest>,
    pages: Expiring<AuthenticationRequest>,
    sessions: Expiring<(PersonLogin, DateTime<Utc>)>,
    pub(super) codes: Expiring<IssuedCode>,
    pub(super) authorizations: Expiring<Authorization>,
    pub(super) refresh_tokens: Expiring<IssuedRefreshToken>,
    /// The authorization of each access token that has not been revoked.
    pub(super) access_tokens: Expiring<SecretHash>,
    /// The client assertions that have been used.
    pub(super) used: ReplayCache,
}

fn new_secret() -> Result<String, LoginRefusal> {
    secret().map_err(|_| LoginRefusal::server_error())
}

impl LoginStore {
    /// Keeps a pushed request, and returns its `request_uri`.
    pub(super) fn push(&mut self, request: AuthenticationRequest, now: DateTime<Utc>) -> Result<String, LoginRefusal> {
        let uri = format!("urn:idporten:{}", new_secret()?);
        let until = now + TimeDelta::seconds(PUSHED_SECONDS.into());
        self.pushed.insert(hash(&uri), request, until, now).ok_or_else(LoginRefusal::busy)?;
        Ok(uri)
    }

    /// Returns a pushed request, which can be used once.
    pub(super) fn take_pushed(&mut self, uri: &str, now: DateTime<Utc>) -> Option<AuthenticationRequest> {
        self.pushed.remove(&hash(uri), now)
    }

    /// Keeps the request of a login page, and returns the secret in its form.
    pub(super) fn open_page(
        &mut self,
        request: AuthenticationRequest,
        now: DateTime<Utc>,
    ) -> Result<String, LoginRefusal> {
        let id = new_secret()?;
        self.pages.insert(hash(&id), request, now + PAGE, now).ok_or_else(LoginRefusal::busy)?;
        Ok(id)
    }

    /// Returns the request of a login page, which can be answered once.
    pub(super) fn close_page(&mut self, id: &str, now: DateTime<Utc>) -> Option<AuthenticationRequest> {
        self.pages.remove(&hash(id), now)
    }

    /// Returns the request of a login page that is still open.
    pub(super) fn page(&mut self, id: &str, now: DateTime<Utc>) -> Option<AuthenticationRequest> {
        self.pages.get(&hash(id), now).cloned()
    }

    /// Starts a session, and returns its cookie.
    pub(super) fn start_session(
        &mut self,
        pid: Pid,
        acr: Acr,
        now: DateTime<Utc>,
    ) -> Result<(String, PersonLogin), LoginRefusal> {
        let (cookie, session_id) = (new_secret()?, new_secret()?);
        let login = PersonLogin { pid, acr, at: now, session_id };
        let session = (login.clone(), now);
        self.sessions.insert(hash(&cookie), session, now + SESSION_MAXIMUM, now).ok_or_else(LoginRefusal::busy)?;
        Ok((cookie, login))
    }

    /// Returns the login of a session, which this use prolongs.
    pub(super) fn session(&mut self, cookie: &str, now: DateTime<Utc>) -> Option<PersonLogin> {
        let (login, last_used) = self.sessions.get(&hash(cookie), now)?;
        if *last_used + SESSION_IDLE <= now {
            return None;
        }
        *last_used = now;
        Some(login.clone())
    }

    pub(super) fn end_session(&mut self, cookie: &str, now: DateTime<Utc>) -> Option<PersonLogin> {
        self.sessions.remove(&hash(cookie), now).map(|(login, _)| login)
    }

    /// Issues a code.
    pub(super) fn issue_code(
        &mut self,
        authorization: Authorization,
        lifetime: TimeDelta,
        now: DateTime<Utc>,
    ) -> Result<String, LoginRefusal> {
        let (code, id) = (new_secret()?, hash(&new_secret()?));
        let code_state = IssuedCode { authorization, usable_until: now + CODE, used: false, id };
        self.codes.insert(hash(&code), code_state, now + lifetime.max(CODE), now).ok_or_else(LoginRefusal::busy)?;
        Ok(code)
    }
}
