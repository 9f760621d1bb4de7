//! The entries of the register, and the documents that the self-service API makes of them.

use std::collections::BTreeMap;

use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::{Map, Value, json};

use crate::simulator::registry::{
    DEFAULT_LIFETIME_SECONDS, Orgno, RegisteredClient, RegisteredScope, Registry,
    login_client::{self, ClientAuthenticationMethod, RefreshTokenUsage},
};

/// A client.
#[derive(Debug, Clone)]
pub(crate) struct ClientEntry {
    /// What Maskinporten uses.
    pub(crate) registered: RegisteredClient,
    /// The members that a request sets, as they are on the wire.
    pub(crate) members: Map<String, Value>,
    /// The organisation that has registered the client for another one.
    pub(crate) supplier: Option<Orgno>,
    /// The registrations of customers, which preceded delegation.
    pub(crate) on_behalf_of: BTreeMap<String, Map<String, Value>>,
    pub(crate) created: DateTime<Utc>,
    pub(crate) last_updated: DateTime<Utc>,
    /// When keys were first registered, and when they were replaced.
    pub(crate) keys_changed: Option<(DateTime<Utc>, DateTime<Utc>)>,
}

/// A scope.
#[derive(Debug, Clone)]
pub(crate) struct ScopeEntry {
    /// What Maskinporten uses.
    pub(crate) registered: RegisteredScope,
    /// The members that a request sets, as they are on the wire.
    pub(crate) members: Map<String, Value>,
    pub(crate) owner: Orgno,
    pub(crate) access: BTreeMap<Orgno, GrantedAccess>,
    pub(crate) created: DateTime<Utc>,
    pub(crate) last_updated: DateTime<Utc>,
}

/// The access of an organisation to a scope, which may have been revoked.
#[derive(Debug, Clone, Copy)]
pub(crate) struct GrantedAccess {
    pub(crate) approved: bool,
    pub(crate) created: DateTime<Utc>,
    pub(crate) last_updated: DateTime<Utc>,
    /// How many requests have granted it, for the log.
    pub(crate) grants: u32,
}

impl ClientEntry {
    /// Returns a client of `clients.json`, which has no dates.
    pub(super) fn from_file(client: &RegisteredClient) -> Self {
        let grant_type = match client.integration_type.as_str() {
            "maskinporten" => "urn:ietf:params:oauth:grant-type:jwt-bearer",
            _ => "authorization_code",
        };
        let members = json!({
            "client_name": client.name,
            "description": client.name,
            "integration_type": client.integration_type,
            "application_type": "web",
            "token_endpoint_auth_method": client.token_endpoint_auth_method.name(),
            "grant_types": [grant_type],
            "scopes": client.scopes,
            "access_token_lifetime": client.access_token_lifetime,
        });
        let mut members = object(members);
        if client.is_for_people() {
            members.extend(object(json!({
                "redirect_uris": client.redirect_uris,
                "post_logout_redirect_uris": client.post_logout_redirect_uris,
                "refresh_token_usage": client.refresh_token_usage.name(),
                "refresh_token_lifetime": client.refresh_token_lifetime,
                "authorization_lifetime": client.authorization_lifetime,
                "frontchannel_logout_session_required": client.frontchannel_logout_session_required,
            })));
        }
        Self {
            registered: client.clone(),
            members,
            supplier: None,
            on_behalf_of: BTreeMap::new(),
            created: DateTime::UNIX_EPOCH,
            last_updated: DateTime::UNIX_EPOCH,
            keys_changed: None,
        }
    }

    /// Sets the members, which have been validated, and what follows from them. Only `active` is kept if it is left out.
    pub(crate) fn set_members(&mut self, members: Map<String, Value>, now: DateTime<Utc>) {
        let client = &mut self.registered;
        client.name = text(&members, "client_name");
        client.scopes = texts(&members, "scopes");
        client.integration_type = text(&members, "integration_type");
        let lifetime = |name, default| Some(seconds(&members, name)).filter(|own| *own > 0).unwrap_or(default);
        client.access_token_lifetime = lifetime("access_token_lifetime", DEFAULT_LIFETIME_SECONDS);
        client.refresh_token_lifetime = lifetime("refresh_token_lifetime", login_client::refresh_token_lifetime());
        client.authorization_lifetime = lifetime("authorization_lifetime", login_client::authorization_lifetime());
        client.redirect_uris = texts(&members, "redirect_uris");
        client.post_logout_redirect_uris = texts(&members, "post_logout_redirect_uris");
        let method = ClientAuthenticationMethod::parse(&text(&members, "token_endpoint_auth_method"));
        client.token_endpoint_auth_method = method.unwrap_or_default();
        let is_reused = text(&members, "refresh_token_usage") == RefreshTokenUsage::Reuse.name();
        client.refresh_token_usage = if is_reused { RefreshTokenUsage::Reuse } else { RefreshTokenUsage::Onetime };
        client.frontchannel_logout_session_required =
            members.get("frontchannel_logout_session_required") == Some(&Value::Bool(true));
        client.active = members.get("active").and_then(Value::as_bool).unwrap_or(client.active);
        self.members = members;
        self.last_updated = now;
    }

    /// Returns the document of the API.
    pub(crate) fn document(&self) -> Map<String, Value> {
        let mut document = self.members.clone();
        document.extend(object(json!({
            "client_id": self.registered.id,
            "client_orgno": self.registered.orgno.as_str(),
            "active": self.registered.active,
            "created": date(self.created),
            "last_updated": date(self.last_updated),
        })));
        if let Some(supplier) = &self.supplier {
            document.insert("supplier_orgno".to_owned(), supplier.as_str().into());
        }
        if !self.on_behalf_of.is_empty() {
            let entries = self.on_behalf_of.values().cloned().map(Value::Object).collect();
            document.insert("onbehalfof".to_owned(), Value::Array(entries));
        }
        document
    }

    /// Returns the document of the keys (RFC 7517 §5, with dates).
    pub(crate) fn key_document(&self) -> Value {
        let keys: Vec<_> = self.registered.keys.iter().map(|key| Value::Object(key.members())).collect();
        let mut document = json!({ "keys": keys });
        if let Some((created, last_updated)) = self.keys_changed {
            document["created"] = date(created);
            document["last_updated"] = date(last_updated);
        }
        document
    }
}

impl ScopeEntry {
    /// Returns a scope of `clients.json`, which has no dates.
    pub(super) fn from_file(scope: &RegisteredScope, registry: &Registry) -> Self {
        let (prefix, subscope) = scope.name.split_once(':').unwrap_or((&scope.name, ""));
        let mut members = object(json!({
            "prefix": prefix,
            "subscope": subscope,
            "description": if scope.description.is_empty() { &scope.name } else { &scope.description },
            "visibility": "PUBLIC",
            "token_type": "SELF_CONTAINED",
            "at_max_age": scope.at_max_age,
            "accessible_for_all": scope.accessible_for_all,
            "requires_user_consent": false,
            "requires_user_authentication": false,
            "requires_pseudonymous_tokens": false,
            "allowed_integration_types": scope.allowed_integration_types,
        }));
        if let Some(source) = &scope.delegation_source {
            members.insert("delegation_source".to_owned(), source.as_str().into());
        }
        let granted = GrantedAccess {
            approved: true,
            created: DateTime::UNIX_EPOCH,
            last_updated: DateTime::UNIX_EPOCH,
            grants: 0,
        };
        Self {
            registered: scope.clone(),
            members,
            owner: registry.owner(prefix),
            access: scope.granted_to.iter().map(|orgno| (orgno.clone(), granted)).collect(),
            created: DateTime::UNIX_EPOCH,
            last_updated: DateTime::UNIX_EPOCH,
        }
    }

    /// Sets the members, which have been validated, and what follows from them. Only `active` is kept if it is left out.
    pub(crate) fn set_members(&mut self, members: Map<String, Value>, now: DateTime<Utc>) {
        let scope = &mut self.registered;
        scope.description = text(&members, "description");
        scope.accessible_for_all = members.get("accessible_for_all") == Some(&Value::Bool(true));
        scope.delegation_source = Some(text(&members, "delegation_source")).filter(|source| !source.is_empty());
        scope.allowed_integration_types = texts(&members, "allowed_integration_types");
        scope.at_max_age = seconds(&members, "at_max_age");
        scope.active = members.get("active").and_then(Value::as_bool).unwrap_or(scope.active);
        self.members = members;
        self.last_updated = now;
    }

    /// Grants or revokes the access of an organisation.
    pub(crate) fn set_access(&mut self, orgno: &Orgno, approved: bool, now: DateTime<Utc>) {
        let new = GrantedAccess { approved, created: now, last_updated: now, grants: 0 };
        let access = self.access.entry(orgno.clone()).or_insert(new);
        access.approved = approved;
        access.last_updated = now;
        access.grants = access.grants.saturating_add(approved.into());
        let approved = self.access.iter().filter(|(_, access)| access.approved);
        self.registered.granted_to = approved.map(|(orgno, _)| orgno.clone()).collect();
    }

    /// Returns the document of the API.
    pub(crate) fn document(&self) -> Map<String, Value> {
        let mut document = self.members.clone();
        document.extend(object(json!({
            "name": self.registered.name,
            "owner_orgno": self.owner.as_str(),
            "active": self.registered.active,
            "created": date(self.created),
            "last_updated": date(self.last_updated),
        })));
        document
    }

    /// Returns the document of an organisation's access.
    pub(crate) fn access_document(&self, orgno: &Orgno, access: &GrantedAccess) -> Value {
        json!({
            "scope": self.registered.name,
            "state": if access.approved { "APPROVED" } else { "DENIED" },
            "prefix": Value::Null,
            "created": date(access.created),
            "consumer_orgno": orgno.as_str(),
            "last_updated": date(access.last_updated),
            "owner_orgno": self.owner.as_str(),
        })
    }
}

/// Returns a date in the form of the API: RFC 3339 with milliseconds.
pub(crate) fn date(time: DateTime<Utc>) -> Value {
    time.to_rfc3339_opts(SecondsFormat::Millis, true).into()
}

fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(members) => members,
        _ => Map::new(),
    }
}

fn text(members: &Map<String, Value>, name: &str) -> String {
    members.get(name).and_then(Value::as_str).unwrap_or_default().to_owned()
}

fn texts(members: &Map<String, Value>, name: &str) -> Vec<String> {
    let texts = members.get(name).and_then(Value::as_array).into_iter().flatten();
    texts.filter_map(Value::as_str).map(str::to_owned).collect()
}

fn seconds(members: &Map<String, Value>, name: &str) -> u32 {
    members.get(name).and_then(Value::as_u64).and_then(|seconds| u32::try_from(seconds).ok()).unwrap_or(0)
}
