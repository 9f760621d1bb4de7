//! The keys of a client. No request of the API changes one of them: every change replaces the whole set.
//!
//! Which members a key must have, and how many keys a client may have:
//! <https://docs.digdir.no/docs/idporten/oidc/oidc_api_admin_maskinporten>.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::{explain::Explain, keystore::is_registrable_key_id, text::excerpt};

/// Maximum number of keys of a client.
pub const MAXIMUM_CLIENT_KEYS: usize = 5;

/// The longest key id in a message.
const SHOWN: usize = 60;

/// The keys of a client.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ClientKeys(Vec<ClientKey>);

/// A public key of a client, as a JWK (RFC 7517).
#[derive(Debug, Clone, PartialEq)]
pub struct ClientKey(Map<String, Value>);

/// Why the keys of a client cannot be read, or cannot be what is wanted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ClientKeysError {
    /// It is not a JWK or JWK set.
    #[error("it is not a JWK or a JWK set")]
    NotAKey,
    /// A member of a key is missing or not allowed.
    #[error("the member `{0}` of the key is missing, or has a value that cannot be registered")]
    Member(&'static str),
    /// The client has a key with this id.
    #[error("the client already has a key with the id `{0}`")]
    Exists(String),
    /// The client has no key with this id.
    #[error("the client has no key with the id `{0}`")]
    Missing(String),
    /// The client would have too many keys.
    #[error("a client can have {MAXIMUM_CLIENT_KEYS} keys at most")]
    TooMany,
    /// The client would have no key.
    #[error("`{0}` is the only key of the client")]
    Last(String),
}

impl Explain for ClientKeysError {
    fn code(&self) -> &'static str {
        match self {
            Self::NotAKey | Self::Member(_) => "client_key_file",
            Self::Exists(_) => "client_key_exists",
            Self::Missing(_) => "client_key_missing",
            Self::TooMany => "client_keys_full",
            Self::Last(_) => "client_key_last",
        }
    }

    fn hint(&self) -> Option<String> {
        Some(match self {
            Self::NotAKey | Self::Member(_) => "print what can be registered with: maskinporten keys public".to_owned(),
            Self::Exists(_) => "it may be registered already; otherwise give the new key another id".to_owned(),
            Self::Missing(_) => "list its keys with: maskinporten client keys list CLIENT".to_owned(),
            Self::TooMany => {
                "remove one that is not used any more: maskinporten client keys remove CLIENT KID".to_owned()
            }
            Self::Last(_) => "add another key first: maskinporten client keys add CLIENT FILE".to_owned(),
        })
    }
}

impl ClientKeys {
    /// Reads the response of the API; a client without keys may have no list.
    ///
    /// # Errors
    /// [`ClientKeysError::NotAKey`] if it is not a list of objects with a `kid`.
    pub fn from_response(response: &Value) -> Result<Self, ClientKeysError> {
        let list = match response.get("keys") {
            None | Some(Value::Null) => return Ok(Self::default()),
            Some(list) => list.as_array().ok_or(ClientKeysError::NotAKey)?,
        };
        let key = |key: &Value| {
            let mut members = key.as_object().cloned()?;
            // The API has `null` for members that were not sent, and may refuse to read that.
            members.retain(|_, value| !value.is_null());
            members.get("kid").is_some_and(Value::is_string).then_some(ClientKey(members))
        };
        list.iter().map(key).collect::<Option<_>>().map(Self).ok_or(ClientKeysError::NotAKey)
    }

    /// Returns the keys.
    #[must_use]
    pub fn keys(&self) -> &[ClientKey] {
        &self.0
    }

    /// Returns the key with this id.
    #[must_use]
    pub fn find(&self, id: &str) -> Option<&ClientKey> {
        self.0.iter().find(|key| key.id() == id)
    }

    /// Returns these keys and another one.
    ///
    /// # Errors
    /// [`ClientKeysError::Exists`], [`ClientKeysError::TooMany`].
    pub fn with(mut self, key: ClientKey) -> Result<Self, ClientKeysError> {
        if self.find(key.id()).is_some() {
            return Err(ClientKeysError::Exists(excerpt(key.id(), SHOWN)));
        }
        if self.0.len() >= MAXIMUM_CLIENT_KEYS {
            return Err(ClientKeysError::TooMany);
        }
        self.0.push(key);
        Ok(self)
    }

    /// Returns these keys but the one with this id.
    ///
    /// # Errors
    /// [`ClientKeysError::Missing`]; [`ClientKeysError::Last`], because without keys the client would use a certificate.
    pub fn without(mut self, id: &str) -> Result<Self, ClientKeysError> {
        let before = self.0.len();
        self.0.retain(|key| key.id() != id);
        match self.0.len() {
            after if after == before => Err(ClientKeysError::Missing(excerpt(id, SHOWN))),
            0 => Err(ClientKeysError::Last(excerpt(id, SHOWN))),
            _ => Ok(self),
        }
    }

    /// Whether these are the same keys, whatever their order.
    #[must_use]
    pub fn are(&self, others: &Self) -> bool {
        self.0.len() == others.0.len() && self.0.iter().all(|key| others.find(key.id()).is_some_and(|own| own.is(key)))
    }

    /// Returns the body of the request that replaces all keys.
    #[must_use]
    pub fn to_json(&self) -> Value {
        json!({ "keys": self.0.iter().map(|key| &key.0).collect::<Vec<_>>() })
    }
}

/// The public members of a JWK, or those of a set in a file. Those of a private key are not even copied.
#[derive(Deserialize, Serialize)]
struct PublicMembers {
    #[serde(skip_serializing)]
    keys: Option<Vec<PublicMembers>>,
    kid: Option<String>,
    kty: Option<String>,
    alg: Option<String>,
    #[serde(rename = "use")]
    usage: Option<String>,
    n: Option<String>,
    e: Option<String>,
    x5c: Option<Vec<String>>,
    exp: Option<u64>,
}

impl ClientKey {
    /// Reads the keys in a file with a JWK or a JWK set; only public members are taken.
    ///
    /// # Errors
    /// [`ClientKeysError::NotAKey`]; [`ClientKeysError::Member`] if Digdir does not register such a key.
    pub fn parse_all(json: &[u8]) -> Result<Vec<Self>, ClientKeysError> {
        let mut file: PublicMembers = serde_json::from_slice(json).map_err(|_| ClientKeysError::NotAKey)?;
        let keys = file.keys.take().unwrap_or_else(|| vec![file]);
        if keys.is_empty() {
            return Err(ClientKeysError::NotAKey);
        }
        keys.into_iter().map(Self::registrable).collect()
    }

    fn registrable(key: PublicMembers) -> Result<Self, ClientKeysError> {
        let is_set = |value: Option<&str>| value.is_some_and(|value| !value.is_empty());
        let usage = key.usage.unwrap_or_else(|| "sig".to_owned());
        let alg = key.alg.unwrap_or_else(|| "RS256".to_owned());
        for (name, is_allowed) in [
            ("kty", key.kty.as_deref() == Some("RSA")),
            ("n", is_set(key.n.as_deref())),
            ("e", is_set(key.e.as_deref())),
            ("alg", ["RS256", "RS384", "RS512"].contains(&alg.as_str())),
            ("use", usage == "sig"),
            ("kid", key.kid.as_deref().is_some_and(is_registrable_key_id)),
        ] {
            if !is_allowed {
                return Err(ClientKeysError::Member(name));
            }
        }
        match serde_json::to_value(PublicMembers { alg: Some(alg), usage: Some(usage), ..key }) {
            Ok(Value::Object(mut members)) => {
                members.retain(|_, value| !value.is_null());
                Ok(Self(members))
            }
            _ => Err(ClientKeysError::NotAKey),
        }
    }

    /// Returns the key id.
    #[must_use]
    pub fn id(&self) -> &str {
        self.0.get("kid").and_then(Value::as_str).unwrap_or_default()
    }

    /// Returns when it expires, if that is known.
    #[must_use]
    pub fn expires_at(&self) -> Option<DateTime<Utc>> {
        DateTime::from_timestamp(self.0.get("exp")?.as_i64()?, 0)
    }

    /// Whether it is the same public key, whatever its other members.
    #[must_use]
    pub fn is(&self, other: &Self) -> bool {
        ["kid", "n", "e", "x", "y"].iter().all(|name| self.0.get(*name) == other.0.get(*name))
    }

    /// Returns the members.
    #[must_use]
    pub fn members(&self) -> &Map<String, Value> {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(id: &str) -> ClientKey {
        let jwk = json!({ "kty": "RSA", "kid": id, "n": format!("n-{id}"), "e": "AQAB", "d": "secret" });
        ClientKey::parse_all(jwk.to_string().as_bytes()).unwrap().remove(0)
    }

    fn ids(keys: &ClientKeys) -> Vec<&str> {
        keys.keys().iter().map(ClientKey::id).collect()
    }

    fn full() -> ClientKeys {
        ["a", "b", "c", "d", "e"].into_iter().fold(ClientKeys::default(), |keys, id| keys.with(key(id)).unwrap())
    }

    #[test]
    fn a_key_is_added_to_those_that_there_are_up_to_five() {
        let response = json!({ "created": "1", "keys": [{ "kid": "a", "kty": "RSA", "n": "1", "exp": 4_102_444_800_u64, "x5c": null }] });
        let keys = ClientKeys::from_response(&response).unwrap();

        let both = keys.clone().with(key("b")).unwrap();

        assert_eq!(
            both.to_json(),
            json!({ "keys": [
                { "kid": "a", "kty": "RSA", "n": "1", "exp": 4_102_444_800_u64 },
                { "kid": "b", "kty": "RSA", "alg": "RS256", "use": "sig", "n": "n-b", "e": "AQAB" },
            ] })
        );
        assert_eq!(both.keys()[0].expires_at().unwrap().to_rfc3339(), "2100-01-01T00:00:00+00:00");
        assert_eq!(keys.with(key("a")), Err(ClientKeysError::Exists("a".to_owned())));
        assert_eq!(full().with(key("f")), Err(ClientKeysError::TooMany));
    }

    #[test]
    fn a_key_is_removed_unless_it_is_the_last() {
        let keys = full().without("c").unwrap();

        assert_eq!(ids(&keys), ["a", "b", "d", "e"]);
        assert_eq!(keys.without("c"), Err(ClientKeysError::Missing("c".to_owned())));
        let one = ClientKeys::default().with(key("a")).unwrap();
        assert_eq!(one.without("a"), Err(ClientKeysError::Last("a".to_owned())));
    }

    #[test]
    fn keys_are_compared_by_what_the_key_is() {
        let keys = |list: &[&ClientKey]| ClientKeys(list.iter().map(|key| (*key).clone()).collect());
        let mut renewed = key("a");
        renewed.0.insert("exp".to_owned(), 1.into());
        let mut other = key("a");
        other.0.insert("n".to_owned(), "other".into());

        assert!(keys(&[&key("a"), &key("b")]).are(&keys(&[&key("b"), &renewed])));
        assert!(!keys(&[&key("a")]).are(&keys(&[&other])));
        assert!(!keys(&[&key("a")]).are(&keys(&[&key("a"), &key("b")])));
    }

    #[test]
    fn only_public_members_of_a_key_that_can_be_registered_are_taken() {
        assert!(!key("a").members().contains_key("d"));
        let set = json!({ "keys": [{ "kty": "RSA", "kid": "a", "n": "1", "e": "2" }, { "kty": "RSA", "kid": "b", "n": "3", "e": "2", "exp": 9 }] });
        assert_eq!(ClientKey::parse_all(set.to_string().as_bytes()).unwrap().len(), 2);
        for (change, member) in [
            (json!({ "kty": "EC" }), "kty"),
            (json!({ "n": "" }), "n"),
            (json!({ "e": null }), "e"),
            (json!({ "alg": "ES256" }), "alg"),
            (json!({ "use": "enc" }), "use"),
            (json!({ "kid": "ø" }), "kid"),
            (json!({ "kid": null }), "kid"),
        ] {
            let mut jwk = json!({ "kty": "RSA", "kid": "a", "n": "1", "e": "2" });
            jwk.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
            let refused = ClientKey::parse_all(jwk.to_string().as_bytes());
            assert_eq!(refused, Err(ClientKeysError::Member(member)));
        }
        for text in ["", "[]", "{\"keys\":[]}", "{\"keys\":1}", "-----BEGIN"] {
            assert_eq!(ClientKey::parse_all(text.as_bytes()), Err(ClientKeysError::NotAKey), "{text}");
        }
    }

    #[test]
    fn a_response_without_keys_has_none_and_a_strange_one_is_refused() {
        for none in [json!(null), json!({}), json!({ "keys": null }), json!({ "keys": [] })] {
            assert_eq!(ClientKeys::from_response(&none), Ok(ClientKeys::default()));
        }
        for strange in [json!({ "keys": {} }), json!({ "keys": [1] }), json!({ "keys": [{ "n": "1" }] })] {
            assert_eq!(ClientKeys::from_response(&strange), Err(ClientKeysError::NotAKey));
        }
    }
}
