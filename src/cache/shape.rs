//! Everything that shapes a token, and the key that it is kept under.

use std::fmt;

use serde_json::{Map, Value, json};

use super::{KeyThumbprint, hash, stored_token_info::StoredTokenInfo};

/// To be changed when the same shape must be kept under another key.
const TITLE: &str = "maskinporten-cache-shape-1";

/// Everything that shapes a token: what differs in any of it may be given another token.
///
/// Each part is what goes into the request, after defaults have been filled in.
#[derive(Clone)]
pub struct Shape {
    /// The environment's name.
    pub environment: String,
    /// The token endpoint, or the address of the metadata that it is found by.
    pub endpoint: String,
    /// `aud` of the assertion.
    pub audience: String,
    /// `iss` of the assertion.
    pub client_id: String,
    /// The public half of the key that signs.
    pub key: KeyThumbprint,
    /// How the server finds the key: `kid` with the key id, or `x5c` with how much of the chain; or where it is written.
    pub key_reference: String,
    /// `alg` of the assertion.
    pub algorithm: String,
    /// `scope`; neither order nor repetition matters.
    pub scopes: Vec<String>,
    /// `resource`; the order does not matter.
    pub resources: Vec<String>,
    /// `consumer_org`.
    pub consumer_org: Option<String>,
    /// `pid`; it is in no description and no `{:?}`.
    pub person: Option<String>,
    /// `authorization_details`, a system user among them; the order of an object's members does not matter.
    pub authorization_details: Option<Value>,
    /// Claims of the user's own.
    pub extra_claims: Map<String, Value>,
    /// What the token is exchanged for afterwards, such as a token of Altinn.
    pub exchange: Option<String>,
}

/// What a token is kept under: a hash that says nothing, with a description for people.
#[derive(Debug, Clone)]
pub struct CacheKey {
    hash: String,
    about: StoredTokenInfo,
}

impl Shape {
    /// The key that tokens of this shape are kept under.
    #[must_use]
    pub fn key(&self) -> CacheKey {
        CacheKey { hash: hash::of_json(TITLE, &self.to_json()), about: StoredTokenInfo::of(self) }
    }

    /// Every part under its name. What may be missing is an array of none or one, so that a missing value and any
    /// value differ.
    fn to_json(&self) -> Value {
        json!({
            "environment": self.environment,
            "endpoint": self.endpoint,
            "audience": self.audience,
            "client_id": self.client_id,
            "key": self.key,
            "key_reference": self.key_reference,
            "algorithm": self.algorithm,
            "scopes": without_repetition(sorted(&self.scopes)),
            "resources": sorted(&self.resources),
            "consumer_org": self.consumer_org.as_slice(),
            "person": self.person.as_slice(),
            "authorization_details": self.authorization_details.as_slice(),
            "extra_claims": self.extra_claims,
            "exchange": self.exchange.as_slice(),
        })
    }
}

impl fmt::Debug for Shape {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Shape").field("about", &StoredTokenInfo::of(self)).finish_non_exhaustive()
    }
}

impl CacheKey {
    /// The hash in 64 hexadecimal digits.
    #[must_use]
    pub fn hash(&self) -> &str {
        &self.hash
    }

    /// What is kept under it.
    #[must_use]
    pub fn about(&self) -> &StoredTokenInfo {
        &self.about
    }
}

fn sorted(texts: &[String]) -> Vec<&str> {
    let mut texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    texts.sort_unstable();
    texts
}

fn without_repetition(mut texts: Vec<&str>) -> Vec<&str> {
    texts.dedup();
    texts
}
