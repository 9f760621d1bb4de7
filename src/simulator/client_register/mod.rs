//! What the self-service API has changed: clients with their keys, and scopes with their accesses.
//!
//! It is kept in memory, and is empty when the simulator starts. An entry that was changed replaces the one in
//! `clients.json` until then, whatever happens to that file. Maskinporten may see a change later than the API: each change
//! is a version of its entry.

mod records;

use std::{
    borrow::Cow,
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

use chrono::{DateTime, Utc};

pub(crate) use records::{ClientEntry, GrantedAccess, ScopeEntry, date};

use super::registry::{MAXIMUM_ENTRIES, RegisteredClient, RegisteredScope, Registry};

/// Maximum number of versions of an entry that have not reached Maskinporten yet; older ones reach it at once.
const MAXIMUM_VERSIONS: usize = 100;

/// The changed clients and scopes, by client id and name.
#[derive(Debug, Default)]
pub(crate) struct ClientRegister {
    clients: BTreeMap<String, Versions<ClientEntry>>,
    scopes: BTreeMap<String, Versions<ScopeEntry>>,
}

/// The versions of an entry, each with the time of the change.
type Versions<T> = Vec<(DateTime<Utc>, Arc<T>)>;

fn latest<T>(versions: &Versions<T>) -> Option<Arc<T>> {
    versions.last().map(|(_, entry)| Arc::clone(entry))
}

fn at<T>(versions: &Versions<T>, until: DateTime<Utc>) -> Option<Arc<T>> {
    versions.iter().rfind(|(changed, _)| *changed <= until).map(|(_, entry)| Arc::clone(entry))
}

/// Adds a version; `false` if there are too many entries.
fn put<T>(entries: &mut BTreeMap<String, Versions<T>>, id: &str, entry: T, now: DateTime<Utc>) -> bool {
    if !entries.contains_key(id) && entries.len() == MAXIMUM_ENTRIES {
        return false;
    }
    let versions = entries.entry(id.to_owned()).or_default();
    versions.push((now, Arc::new(entry)));
    if versions.len() > MAXIMUM_VERSIONS {
        let (changed, _) = versions.remove(0);
        versions[0].0 = changed;
    }
    true
}

impl ClientRegister {
    /// Returns the client with this id, as the API has it.
    pub(crate) fn client(&self, registry: &Registry, id: &str) -> Option<Arc<ClientEntry>> {
        let changed = self.clients.get(id).and_then(latest);
        changed.or_else(|| registry.client(id).map(|client| Arc::new(ClientEntry::from_file(client))))
    }

    /// Returns all clients, as the API has them.
    pub(crate) fn clients(&self, registry: &Registry) -> Vec<Arc<ClientEntry>> {
        let in_file = registry.clients.iter().map(|client| &client.id);
        let added = self.clients.keys().filter(|id| registry.client(id).is_none());
        in_file.chain(added).filter_map(|id| self.client(registry, id)).collect()
    }

    /// Adds or replaces a client; `false` if there are too many.
    pub(crate) fn put_client(&mut self, entry: ClientEntry, now: DateTime<Utc>) -> bool {
        let id = entry.registered.id.clone();
        put(&mut self.clients, &id, entry, now)
    }

    /// Returns the scope with this name, as the API has it.
    pub(crate) fn scope(&self, registry: &Registry, name: &str) -> Option<Arc<ScopeEntry>> {
        self.scopes.get(name).and_then(latest).or_else(|| {
            let in_file = registry.scopes.iter().find(|scope| scope.name == name);
            in_file.map(|scope| Arc::new(ScopeEntry::from_file(scope, registry)))
        })
    }

    /// Returns all scopes, as the API has them.
    pub(crate) fn scopes(&self, registry: &Registry) -> Vec<Arc<ScopeEntry>> {
        let in_file = registry.scopes.iter().map(|scope| &scope.name);
        let added = self.scopes.keys().filter(|name| !registry.scopes.iter().any(|scope| scope.name == **name));
        in_file.chain(added).filter_map(|name| self.scope(registry, name)).collect()
    }

    /// Adds or replaces a scope; `false` if there are too many.
    pub(crate) fn put_scope(&mut self, entry: ScopeEntry, now: DateTime<Utc>) -> bool {
        let name = entry.registered.name.clone();
        put(&mut self.scopes, &name, entry, now)
    }
}

/// The clients and scopes as Maskinporten has them: those of `clients.json`, with the changes up to a time.
#[derive(Clone, Copy)]
pub(crate) struct RegisterView<'a> {
    pub(crate) registry: &'a Registry,
    pub(crate) changes: &'a Mutex<ClientRegister>,
    pub(crate) until: DateTime<Utc>,
}

impl<'a> RegisterView<'a> {
    /// Returns the client with this id.
    pub(crate) fn client(&self, id: &str) -> Option<Cow<'a, RegisteredClient>> {
        let register = self.changes.lock().unwrap_or_else(PoisonError::into_inner);
        let changed = register.clients.get(id).and_then(|versions| at(versions, self.until));
        match changed {
            Some(entry) => Some(Cow::Owned(entry.registered.clone())),
            None => self.registry.client(id).map(Cow::Borrowed),
        }
    }

    /// Returns the scope with this name, if it is active.
    pub(crate) fn scope(&self, name: &str) -> Option<Cow<'a, RegisteredScope>> {
        let register = self.changes.lock().unwrap_or_else(PoisonError::into_inner);
        let changed = register.scopes.get(name).and_then(|versions| at(versions, self.until));
        match changed {
            Some(entry) => Some(&entry.registered).filter(|scope| scope.active).cloned().map(Cow::Owned),
            None => self.registry.scope(name).map(Cow::Borrowed),
        }
    }
}
