//! Vault of `HashiCorp` and `OpenBao`: secrets of KV version 2, and keys of Transit, which sign there.
//!
//! <https://developer.hashicorp.com/vault/api-docs/secret/kv/kv-v2>,
//! <https://developer.hashicorp.com/vault/api-docs/secret/transit>. Both servers have the same API.

mod client;
mod login;
mod transit;

use secrecy::SecretString;
use serde_json::json;
use zeroize::Zeroizing;

use self::client::{VaultRequest, VaultServer};
use super::{
    Fetched, KeyService, PlaceError, PlaceFacts, ServiceAccess,
    access::variable,
    answer::{self, member, text},
    part::{PartFault, WrongPart, segment, segments},
};
use crate::{
    http::Method,
    json::{JsonObject, JsonValue},
    text::printable,
};

/// The variables that decide which Vault is meant.
pub(super) const DECIDING_VARIABLES: &[&str] = &["VAULT_ADDR", "VAULT_NAMESPACE", "BAO_ADDR", "BAO_NAMESPACE"];

/// A secret or key in Vault.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum VaultPlace {
    /// A field of a secret.
    Secret {
        /// Where the secrets engine is mounted.
        mount: String,
        /// The path of the secret below it.
        path: String,
        /// The field.
        field: String,
    },
    /// A key that signs in Vault.
    Key {
        /// Where the secrets engine is mounted.
        mount: String,
        /// The name of the key.
        name: String,
    },
}

impl VaultPlace {
    /// Parses `MOUNT/PATH#FIELD`.
    pub(super) fn parse_secret(text: &str) -> Result<Self, WrongPart> {
        let (place, field) = text.split_once('#').ok_or(("field", PartFault::Missing))?;
        let (mount, path) = place.split_once('/').ok_or(("path", PartFault::Missing))?;
        let (mount, path) = (segment("mount", mount, "")?, segments("path", path, "")?);
        if field.is_empty() {
            return Err(("field", PartFault::Missing));
        }
        Ok(Self::Secret { mount: mount.to_owned(), path: path.to_owned(), field: field.to_owned() })
    }

    /// Parses `MOUNT/KEY`; the mount may have slashes.
    pub(super) fn parse_key(text: &str) -> Result<Self, WrongPart> {
        let (mount, name) = text.rsplit_once('/').ok_or(("key", PartFault::Missing))?;
        let (mount, name) = (segments("mount", mount, "")?, segment("key", name, "")?);
        Ok(Self::Key { mount: mount.to_owned(), name: name.to_owned() })
    }
}

/// Fetches the content, or prepares the key to sign there.
pub(super) async fn fetch(place: &VaultPlace, access: &ServiceAccess) -> Result<Fetched, PlaceError> {
    let server = VaultServer::from_environment(access)?;
    let answer = server.send(&place.request(), server.deadline()).await?;
    place.fetched(server, &answer)
}

/// Does the same, and asks for our identity, our permissions and the expiry of the key.
pub(super) async fn examine(place: &VaultPlace, access: &ServiceAccess) -> Result<(Fetched, PlaceFacts), PlaceError> {
    let server = VaultServer::from_environment(access)?;
    let answer = server.send(&place.request(), server.deadline()).await?;
    let facts = facts(place, &server, &answer).await;
    Ok((place.fetched(server, &answer)?, facts))
}

async fn facts(place: &VaultPlace, client: &VaultServer, answer: &JsonObject) -> PlaceFacts {
    let deadline = client.deadline();
    let request = place.request();
    let (version, used) = match place {
        VaultPlace::Secret { .. } => (member(answer, &["data", "metadata", "version"]), request.path.clone()),
        VaultPlace::Key { mount, name } => {
            (member(answer, &["data", "latest_version"]), format!("{mount}/sign/{name}"))
        }
    };
    let version = match version {
        Some(JsonValue::Number(version)) => format!(", version {version}"),
        _ => String::new(),
    };
    let location = format!("{}{}{version}", client.address, request.path);
    let permissions = client.send(&capabilities_of(&used), deadline).await.map(|answer| capabilities(&answer, &used));
    let identity =
        client.send(&VaultRequest::lookup_self(), deadline).await.ok().map(|answer| identity(&answer, client));
    // A version of a secret may be set to be deleted at a time.
    let deletion = text(answer, &["data", "metadata", "deletion_time"]);
    let expires_at = deletion.and_then(|time| time.parse().ok());
    PlaceFacts { location, identity, permissions: permissions.unwrap_or_default(), expires_at }
}

impl VaultPlace {
    /// Makes the content or the key of what Vault answered to [`VaultPlace::request`].
    fn fetched(&self, server: VaultServer, answer: &JsonObject) -> Result<Fetched, PlaceError> {
        let no_field = |why| PlaceError::NoField { service: KeyService::Vault, why };
        match self {
            Self::Secret { mount, path, field } => match member(answer, &["data", "data", field]) {
                Some(JsonValue::String(text)) => Ok(Fetched::Content(Zeroizing::new(text.as_bytes().to_vec()))),
                Some(_) => Err(no_field(format!("`{field}` of {mount}/{path} is not a string"))),
                None => Err(no_field(format!("{mount}/{path} has no `{field}`"))),
            },
            Self::Key { mount, name } => transit::signing_key(server, mount, name, answer).map(Fetched::Key),
        }
    }

    /// Returns the request that reads the secret, or describes the key.
    fn request(&self) -> VaultRequest {
        let (path, what) = match self {
            Self::Secret { mount, path, .. } => (format!("{mount}/data/{path}"), format!("secret {mount}/{path}")),
            Self::Key { mount, name } => (format!("{mount}/keys/{name}"), format!("key {mount}/{name}")),
        };
        VaultRequest { method: Method::GET, path, body: None, what }
    }
}

/// Asks what the token may do with a path, which every token may ask by default.
fn capabilities_of(path: &str) -> VaultRequest {
    let body = SecretString::from(json!({ "paths": [path] }).to_string());
    let path = "sys/capabilities-self".to_owned();
    VaultRequest { method: Method::POST, path, body: Some(body), what: "token".to_owned() }
}

fn capabilities(object: &JsonObject, path: &str) -> Vec<String> {
    let Some(JsonValue::Array(capabilities)) = member(object, &["data", path]) else { return Vec::new() };
    let texts = capabilities.iter().filter_map(answer::as_text);
    texts.map(|capability| format!("{} on {path}", printable(capability))).collect()
}

/// Describes the token: its name, its policies, when it expires, and how it was obtained.
fn identity(object: &JsonObject, client: &VaultServer) -> String {
    let name = text(object, &["data", "display_name"]).unwrap_or("token");
    let policies: Vec<&str> = match member(object, &["data", "policies"]) {
        Some(JsonValue::Array(policies)) => policies.iter().filter_map(answer::as_text).collect(),
        _ => Vec::new(),
    };
    let until = text(object, &["data", "expire_time"]);
    let until = until.map_or_else(String::new, |until| format!(", until {until}"));
    printable(&format!("{name} ({}){until}, by {}", policies.join(" "), client.login.describe()))
}

/// Returns a variable under Vault's name or `OpenBao`'s; an empty one is not set.
fn setting(name: &str) -> Option<String> {
    ["VAULT", "BAO"].into_iter().find_map(|prefix| variable(&format!("{prefix}_{name}")))
}
