//! What a token is stored under, as the cache must know it before a key is opened or a server asked.

use maskinporten_token_generator::{
    cache::{CacheKey, EndpointId, KeyIdentity},
    http::Endpoint,
};

use super::Asked;
use crate::cli::layers::Layers;

impl Asked {
    /// Returns the cache key of the token that a key would get.
    pub(crate) fn cache_key(&self, layers: &Layers, key: &KeyIdentity) -> CacheKey {
        let text = |name| layers.find(name).map(|found| found.value().to_owned()).unwrap_or_default();
        let address = |name| layers.find(name).and_then(|found| Endpoint::parse(found.value()).ok());
        let discover = text("discover");
        let audience = if discover.is_empty() { text("audience") } else { discover };
        let endpoint = EndpointId {
            environment: text("env"),
            token_endpoint: address("token-endpoint"),
            metadata: address("discover"),
            ca_file: layers.find("ca-file").map(|found| found.value().into()),
        };
        CacheKey::new(&self.unsigned_grant(audience), &endpoint, key)
    }
}
