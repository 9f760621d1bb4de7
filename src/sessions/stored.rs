//! The stored form of a session: JSON, read strictly.

use chrono::{DateTime, Utc};
use secrecy::ExposeSecret as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use zeroize::Zeroizing;

use super::{KeptSession, SessionInfo};
use crate::{client::AccessToken, dpop::DpopKey, login::RefreshToken};

/// The size limit of a file; an access token may have many scopes and organisations.
pub(super) const MAXIMUM_BYTES: u64 = 256 * 1024;

/// A buffer of this size does not grow, which would leave a copy behind.
const CAPACITY: usize = 256 * 1024;

/// The file of a session.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct StoredSession {
    pub(super) name: String,
    pub(super) info: SessionInfo,
    /// `None` if they are in the operating system's store.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) secrets: Option<StoredSecrets>,
}

/// The secrets of a session.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct StoredSecrets {
    /// The response with the access token.
    response: StoredText,
    received_at: DateTime<Utc>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    refresh_token: Option<StoredText>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    id_token: Option<StoredText>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    subject: Option<StoredText>,
    /// The private JWK.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    dpop_key: Option<StoredText>,
}

/// A text that is erased when it is dropped.
struct StoredText(Zeroizing<String>);

impl Serialize for StoredText {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for StoredText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self(Zeroizing::new(String::deserialize(deserializer)?)))
    }
}

impl StoredText {
    fn new(text: &str) -> Self {
        Self(Zeroizing::new(text.to_owned()))
    }
}

impl StoredSession {
    pub(super) fn parse(json: &[u8]) -> Option<Self> {
        serde_json::from_slice(json).ok()
    }

    pub(super) fn to_json(&self) -> Zeroizing<Vec<u8>> {
        to_json(self)
    }
}

impl StoredSecrets {
    pub(super) fn parse(json: &[u8]) -> Option<Self> {
        serde_json::from_slice(json).ok()
    }

    pub(super) fn to_json(&self) -> Zeroizing<Vec<u8>> {
        to_json(self)
    }

    pub(super) fn of(session: &KeptSession) -> Self {
        let text = |text: &Zeroizing<String>| StoredText(text.clone());
        Self {
            response: StoredText::new(session.token.expose_answer()),
            received_at: session.token.received_at,
            refresh_token: session.refresh_token.as_ref().map(|token| StoredText::new(token.expose())),
            id_token: session.id_token.as_ref().map(text),
            subject: session.subject.as_ref().map(text),
            dpop_key: session.dpop.as_ref().map(|key| StoredText::new(key.private_jwk().expose_secret())),
        }
    }

    /// Returns the session; `None` if what was stored cannot be used, or is not what `info` says.
    pub(super) fn into_session(self, info: SessionInfo) -> Option<KeptSession> {
        let token_type = if info.is_bound { "DPoP" } else { "Bearer" };
        let dpop = self.dpop_key.map(|jwk| DpopKey::from_private_jwk(jwk.0.as_str().into())).transpose().ok()?;
        let token = AccessToken::read(self.response.0.as_bytes(), token_type, self.received_at).ok()?;
        let refresh_token = self.refresh_token;
        let refresh_token = refresh_token.map(|text| RefreshToken::new(text.0.as_str().into(), info.renewable_until));
        if dpop.is_some() != info.is_bound || refresh_token.is_some() != info.is_renewable {
            return None;
        }
        let [id_token, subject] = [self.id_token, self.subject].map(|text| text.map(|text| text.0));
        Some(KeptSession { info, token, refresh_token, id_token, subject, dpop })
    }
}

#[expect(clippy::expect_used, reason = "texts and times can be written as JSON")]
fn to_json(value: &impl Serialize) -> Zeroizing<Vec<u8>> {
    let mut json = Zeroizing::new(Vec::with_capacity(CAPACITY));
    serde_json::to_writer(&mut *json, value).expect("texts and times can be written as JSON");
    json
}
