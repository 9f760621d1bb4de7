//! What a token is stored under: everything that decides which token the server issues.

use std::{fmt::Write as _, path::PathBuf};

use ring::digest;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use url::Url;

use crate::{
    grant::{AuthorizationDetails, ClientAuthentication, Grant, KeyReference, PersonIdentifier, Resource, Sign},
    http::Endpoint,
    keystore::SignatureAlgorithm,
    organisation::OrganisationNumber,
};

/// Changes when the same request must get another cache key.
const TITLE: &str = "maskinporten-cache-key-2";

/// The name of a stored token: a hash of the request that it answers, and a description for `cache list`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CacheKey {
    hash: String,
    info: StoredTokenInfo,
}

/// Where a token is requested, as far as it is known before a request is sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EndpointId {
    /// The name of the environment; empty if there is none.
    pub environment: String,
    /// The token endpoint, when it is known.
    pub token_endpoint: Option<Endpoint>,
    /// The metadata URL, if issuer or token endpoint come from there.
    pub metadata: Option<Endpoint>,
    /// The file with certificate authorities that are trusted in addition.
    pub ca_file: Option<PathBuf>,
}

/// Identifies a key and its certificates without opening them, by everything that decides which key it is.
///
/// # Security
/// A key in a file is identified by a hash of the file and by the choices that select it, such as an alias; the
/// password does not matter. A key in a hardware token is identified by its labels. When it is replaced under the
/// same labels, a token that was issued to the former key is used until it expires. Only hashes are kept here.
///
/// # Examples
/// ```
/// use maskinporten::cache::KeyIdentity;
///
/// let file = std::fs::read("testdata/modern.p12")?;
/// let identity = KeyIdentity::new("pkcs12").file(&file).label("alias", "0");
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyIdentity(Vec<Value>);

/// What a stored token is and for whom. It contains no secret and no person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StoredTokenInfo {
    /// The name of the environment.
    pub environment: String,
    /// The host of the issuer that the assertion was for; `None` when its audience is not a URL.
    pub audience_host: Option<String>,
    /// The client.
    pub client_id: String,
    /// The requested scopes.
    pub scopes: Vec<String>,
    /// The resources where the token is used.
    pub resources: Vec<String>,
    /// The organisation that delegated the scope.
    pub consumer_org: Option<String>,
    /// The organisation of the system user, as the assertion named it.
    pub system_user_org: Option<String>,
    /// What the token was exchanged for.
    pub exchange: Option<String>,
}

impl CacheKey {
    /// Returns the cache key for a grant that is signed with this key and sent to this endpoint.
    ///
    /// Two requests have the same key exactly when they differ in nothing but the order of scopes, resources, parameters
    /// and object members, the lifetime of the assertion, its times and `jti`, and the client's secret.
    #[must_use]
    pub fn new(grant: &Grant, endpoint: &EndpointId, key: &KeyIdentity) -> Self {
        // Every field by name: a claim that is added to the grant must be added here too.
        let Grant {
            audience,
            client_id,
            scopes,
            resources,
            lifetime: _,
            consumer_org,
            person,
            authorization_details,
            extra,
            key_reference,
            algorithm,
            client_authentication,
            request_parameters,
        } = grant;
        let mut scopes: Vec<&str> = scopes.iter().collect();
        let mut resources: Vec<&str> = resources.iter().map(Resource::as_str).collect();
        let mut parameters: Vec<(&str, &str)> = request_parameters.iter().collect();
        scopes.sort_unstable();
        resources.sort_unstable();
        parameters.sort_unstable();
        // Optional values are arrays, so that a missing value differs from every other value.
        let request = json!({
            "environment": endpoint.environment,
            "token_endpoint": endpoint.token_endpoint.as_ref().map(Endpoint::as_str).as_slice(),
            "metadata": endpoint.metadata.as_ref().map(Endpoint::as_str).as_slice(),
            "ca_file": endpoint.ca_file.as_ref().map(|file| file.as_os_str().as_encoded_bytes()).as_slice(),
            "key": key.0,
            "key_reference": key_reference.as_ref().map(reference).as_slice(),
            "algorithm": algorithm.map(SignatureAlgorithm::name).as_slice(),
            "audience": audience,
            "client_id": client_id.as_str(),
            "scopes": scopes,
            "resources": resources,
            "consumer_org": consumer_org.as_ref().map(OrganisationNumber::digits).as_slice(),
            "person": person.as_ref().map(PersonIdentifier::digits).as_slice(),
            "authorization_details": authorization_details.as_ref().map(AuthorizationDetails::to_value).as_slice(),
            "extra_claims": extra.members(),
            "client_authentication": client_authentication.as_ref().map(ClientAuthentication::method).as_slice(),
            "request_parameters": parameters,
        });
        Self { hash: hash_json(&request), info: StoredTokenInfo::new(grant, endpoint) }
    }

    /// Returns the cache key of the token that this one is exchanged for.
    #[must_use]
    pub fn exchanged_for(&self, exchange: &str) -> Self {
        let info = StoredTokenInfo { exchange: Some(exchange.to_owned()), ..self.info.clone() };
        Self { hash: hash_json(&json!([self.hash, exchange])), info }
    }

    /// Returns the hash in 64 hexadecimal digits.
    #[must_use]
    pub fn hash(&self) -> &str {
        &self.hash
    }

    /// Returns the description.
    #[must_use]
    pub fn info(&self) -> &StoredTokenInfo {
        &self.info
    }
}

impl KeyIdentity {
    /// Starts the identity of a key of this kind, such as `pkcs12`.
    #[must_use]
    pub fn new(kind: &str) -> Self {
        Self(vec![kind.into()])
    }

    /// Adds the content of a file, as a hash: a key, or a certificate beside it.
    #[must_use]
    pub fn file(mut self, content: &[u8]) -> Self {
        self.0.push(json!(["file", sha256(&[content])]));
        self
    }

    /// Adds a choice, such as the alias of an entry or the label of a hardware token.
    #[must_use]
    pub fn label(mut self, name: &str, text: &str) -> Self {
        self.0.push(json!(["label", name, text]));
        self
    }
}

impl<Key: Sign + ?Sized> From<&Key> for KeyIdentity {
    /// Identifies a key that is open already.
    fn from(key: &Key) -> Self {
        let identity = Self::new("key")
            .label("thumbprint", &key.thumbprint())
            .label("algorithm", key.preferred_algorithm().name());
        let identity = key.key_id().into_iter().fold(identity, |identity, id| identity.label("kid", id));
        key.certificates().iter().fold(identity, |identity, certificate| identity.file(certificate.der()))
    }
}

impl StoredTokenInfo {
    fn new(grant: &Grant, endpoint: &EndpointId) -> Self {
        let audience = Url::parse(&grant.audience).ok();
        let details = grant.authorization_details.as_ref().map(AuthorizationDetails::to_value);
        Self {
            environment: endpoint.environment.clone(),
            audience_host: audience.and_then(|url| url.host_str().map(str::to_owned)),
            client_id: grant.client_id.as_str().to_owned(),
            scopes: grant.scopes.iter().map(str::to_owned).collect(),
            resources: grant.resources.iter().map(|resource| resource.as_str().to_owned()).collect(),
            consumer_org: grant.consumer_org.as_ref().map(|organisation| organisation.digits().to_owned()),
            system_user_org: details.as_ref().and_then(system_user_org),
            exchange: None,
        }
    }
}

/// Returns `systemuser_org` of the first detail that has one
/// (<https://docs.digdir.no/docs/Maskinporten/maskinporten_func_systembruker>).
fn system_user_org(details: &Value) -> Option<String> {
    details.as_array()?.iter().find_map(|detail| detail["systemuser_org"]["ID"].as_str()).map(str::to_owned)
}

fn reference(reference: &KeyReference) -> Value {
    match reference {
        KeyReference::KeyId(id) => json!(["kid", id]),
        KeyReference::Thumbprint => json!(["kid of the certificate"]),
        KeyReference::Chain => json!(["x5c chain"]),
        KeyReference::Leaf => json!(["x5c leaf"]),
    }
}

/// Hashes a value. JSON delimits every text, so different values never serialize to the same text. Object members
/// are sorted, so their order does not matter.
fn hash_json(value: &Value) -> String {
    let mut value = json!([TITLE, value]);
    value.sort_all_objects();
    sha256(&[value.to_string().as_bytes()])
}

/// Returns the SHA-256 of the concatenated parts in 64 hexadecimal digits.
pub(crate) fn sha256(parts: &[&[u8]]) -> String {
    let mut hash = digest::Context::new(&digest::SHA256);
    for part in parts {
        hash.update(part);
    }
    hash.finish().as_ref().iter().fold(String::with_capacity(64), |mut digits, byte| {
        let _ = write!(digits, "{byte:02x}");
        digits
    })
}
