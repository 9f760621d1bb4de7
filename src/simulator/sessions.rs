//! The sessions of Altinn 2: who a `.ASPXAUTH` cookie belongs to.

use std::{collections::HashMap, fmt::Write as _};

use chrono::{DateTime, TimeDelta, Utc};
use openssl::{error::ErrorStack, sha::sha256};

/// Maximum number of sessions.
const MAXIMUM_SESSIONS: usize = 1000;
/// How long a session lasts.
const LIFETIME: TimeDelta = TimeDelta::minutes(30);

/// Who has logged in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Session {
    pub(crate) user_name: String,
    /// The organisation number in the client certificate, if there was one.
    pub(crate) orgno: Option<String>,
    expires_at: DateTime<Utc>,
}

/// The sessions, by the hash of their cookies.
#[derive(Debug, Default)]
pub(crate) struct Sessions(HashMap<[u8; 32], Session>);

impl Sessions {
    /// Starts a session and returns its cookie; `None` if there are too many.
    pub(crate) fn start(
        &mut self,
        user_name: String,
        orgno: Option<String>,
        now: DateTime<Utc>,
    ) -> Result<Option<String>, ErrorStack> {
        self.0.retain(|_, session| session.expires_at > now);
        if self.0.len() == MAXIMUM_SESSIONS {
            return Ok(None);
        }
        let mut bytes = [0_u8; 32];
        openssl::rand::rand_bytes(&mut bytes)?;
        let cookie = upper_case_hexadecimal(&bytes);
        let session = Session { user_name, orgno, expires_at: now + LIFETIME };
        self.0.insert(sha256(cookie.as_bytes()), session);
        Ok(Some(cookie))
    }

    /// Returns the session of a cookie.
    pub(crate) fn find(&self, cookie: &str, now: DateTime<Utc>) -> Option<&Session> {
        self.0.get(&sha256(cookie.as_bytes())).filter(|session| session.expires_at > now)
    }
}

/// Writes bytes in the form of Altinn's cookies and key ids.
pub(crate) fn upper_case_hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(2 * bytes.len()), |mut text, byte| {
        let _ = write!(text, "{byte:02X}");
        text
    })
}
