//! Returns the access token of a session, renewed if it must be.

use std::time::Duration;

use chrono::{DateTime, Utc};

use super::{KeptSession, SecretPlace, SessionError, SessionStore};
use crate::{
    client::{AccessToken, MinimumLifetime},
    clock::Clock,
    dpop::DpopKey,
    login::{LoginClient, LoginError},
};

/// The error of a refresh token that is not accepted (RFC 6749 §5.2).
const INVALID_GRANT: &str = "invalid_grant";

/// An access token, with the key that it is bound to.
#[derive(Debug, Clone)]
pub struct KeyedToken {
    /// The token.
    pub token: AccessToken,
    /// The key that it is bound to, if it is.
    pub dpop: Option<DpopKey>,
}

/// Which token of a session is accepted, and how long to wait for other processes.
#[derive(Debug, Clone, Copy)]
pub struct Renewal<'refused> {
    /// The remaining lifetime that the token must have.
    pub minimum: MinimumLifetime,
    /// Whether to get a new token although there is one.
    pub refresh: bool,
    /// A token that an API has refused, and that is not accepted again.
    pub refused: Option<&'refused AccessToken>,
    /// How long to wait for another process that renews the session.
    pub wait: Duration,
}

impl Renewal<'_> {
    fn accepts(&self, token: &AccessToken, started: DateTime<Utc>, now: DateTime<Utc>) -> bool {
        let is_new = token.received_at > started && token.remaining_lifetime(now).is_some();
        let is_refused = self.refused.is_some_and(|refused| refused.expose() == token.expose());
        is_new || !self.refresh && !is_refused && self.minimum.is_met_by(token, now)
    }
}

impl SessionStore {
    /// Returns the access token of a session. If it must be renewed, `client` makes the client that does it; `notify` is
    /// called with the place of the renewed secrets if it is not the one where they were.
    ///
    /// Of several processes that renew a session, one sends the request and the others use its token: a server that sees a
    /// refresh token twice ends the session.
    ///
    /// # Errors
    /// [`SessionError::Missing`], [`SessionError::Expired`] and [`SessionError::Ended`] when the person must log in; else those
    /// of the renewal, the store, or `client`.
    pub async fn token<E: From<SessionError>>(
        &self,
        name: &str,
        renewal: Renewal<'_>,
        clock: &dyn Clock,
        client: impl AsyncFnOnce(&KeptSession) -> Result<LoginClient, E>,
        notify: impl FnOnce(&SecretPlace),
    ) -> Result<KeyedToken, E> {
        let missing = || SessionError::Missing(name.to_owned());
        let started = clock.now();
        let session = self.load(name).await?.ok_or_else(missing)?;
        if renewal.accepts(&session.token, started, clock.now()) {
            return Ok(session.into());
        }
        let _lock = self.lock(name, renewal.wait).await?;
        // Another process may have renewed it meanwhile.
        let session = self.load(name).await?.ok_or_else(missing)?;
        let now = clock.now();
        if renewal.accepts(&session.token, started, now) {
            return Ok(session.into());
        }
        let has_expired = |at: DateTime<Utc>| at <= now;
        let refresh_token = session.refresh_token.clone().filter(|token| !token.expires_at.is_some_and(has_expired));
        let Some(refresh_token) = refresh_token else {
            // A token that has not expired is better than none, unless it is known to be of no use.
            let is_usable = renewal.refused.is_none() && session.token.remaining_lifetime(now).is_some();
            return if is_usable {
                Ok(session.into())
            } else {
                Err(SessionError::Expired(session.info.ends_at()).into())
            };
        };
        let client = LoginClient { dpop: session.dpop.clone(), ..client(&session).await? };
        let renewed = client.refresh(&refresh_token, session.subject.as_ref().map(|subject| subject.as_str())).await;
        match renewed {
            Ok(tokens) => {
                let session = session.renewed(tokens);
                let was_in_system = self.is_in_system(name);
                let place = self.save(name, &session).await?;
                if was_in_system != matches!(place, SecretPlace::System) {
                    notify(&place);
                }
                Ok(session.into())
            }
            Err(LoginError::Refused { step, refusal }) if refusal.error == INVALID_GRANT => {
                self.remove(name).await?;
                Err(SessionError::Ended(Box::new(LoginError::Refused { step, refusal })).into())
            }
            Err(error) => Err(SessionError::from(error).into()),
        }
    }
}

impl From<KeptSession> for KeyedToken {
    fn from(session: KeptSession) -> Self {
        Self { token: session.token, dpop: session.dpop }
    }
}
