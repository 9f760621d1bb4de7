//! Scopes: `scopes`, with the name of one in the query, and the public list `scopes/all`.

use std::{collections::BTreeMap, sync::Arc};

use axum::{
    body::Body,
    extract::{Query, State},
};
use serde::Deserialize;
use serde_json::{Map, Value};

use super::{
    ApiResult, DELEGATION_SOURCE,
    call::{AuthenticatedCall, SCOPES_READ, SCOPES_WRITE},
    members::{self, SCOPE},
    problem::{InvalidMember, SelfServiceProblem},
};
use crate::simulator::{
    client_register::ScopeEntry, faults::responses::ok, registry::RegisteredScope, state::SimulatorState,
    validator::sanitize,
};

const OBJECT: &str = "Scope";
/// Maximum length of a scope.
const MAXIMUM_NAME: usize = 255;

pub(super) const READ: &[&str] = &[SCOPES_WRITE, SCOPES_READ];
pub(super) const WRITE: &[&str] = &[SCOPES_WRITE];

/// The parameters of lists.
#[derive(Deserialize)]
pub(super) struct ScopeQuery {
    pub(super) scope: Option<String>,
    #[serde(default, deserialize_with = "members::flag")]
    pub(super) inactive: bool,
    /// The public list has only such scopes; the received accesses have those scopes too.
    #[serde(default, deserialize_with = "members::flag")]
    pub(super) accessible_for_all: bool,
    pub(super) integration_type: Option<String>,
    pub(super) consumer_orgno: Option<String>,
}

impl ScopeQuery {
    /// Returns the name of the scope, which the operation requires.
    pub(super) fn required_scope(&self) -> Result<&str, SelfServiceProblem> {
        self.scope.as_deref().ok_or_else(|| SelfServiceProblem::invalid(OBJECT, "scope", "is required"))
    }

    /// Whether a scope is active, unless inactive ones are asked for too, and for the integration type.
    pub(super) fn includes(&self, scope: &RegisteredScope) -> bool {
        let is_for = |wanted| scope.allowed_integration_types.contains(wanted);
        (scope.active || self.inactive) && self.integration_type.as_ref().is_none_or(is_for)
    }
}

/// Returns the public scopes, to anyone.
pub(super) async fn all(State(state): State<Arc<SimulatorState>>, Query(query): Query<ScopeQuery>) -> ApiResult {
    let clients = state.clients();
    let register = state.client_register.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let scopes = register.scopes(&clients.registry);
    let is_public =
        |scope: &ScopeEntry| scope.members.get("visibility").is_none_or(|visibility| visibility == "PUBLIC");
    let is_included = |scope: &ScopeEntry| {
        query.includes(&scope.registered) && (scope.registered.accessible_for_all || !query.accessible_for_all)
    };
    let shown = scopes.iter().filter(|scope| is_public(scope) && is_included(scope));
    let documents: Vec<_> = shown.map(|scope| scope.document()).collect();
    Ok(ok(&documents, format!("{} public scopes", documents.len())))
}

/// Returns the caller's scopes, or the one that the query names.
pub(super) async fn list(call: AuthenticatedCall, Query(query): Query<ScopeQuery>) -> ApiResult {
    call.require(READ)?;
    let register = call.register();
    if let Some(name) = &query.scope {
        let scope = call.scope(&register, name)?;
        return Ok(ok(&scope.document(), format!("scope {}", sanitize(name))));
    }
    let scopes = register.scopes(call.registry());
    let own = scopes.iter().filter(|scope| scope.owner == call.orgno && query.includes(&scope.registered));
    let documents: Vec<_> = own.map(|scope| scope.document()).collect();
    Ok(ok(&documents, format!("{} scopes of {}", documents.len(), call.orgno.as_str())))
}

pub(super) async fn create(call: AuthenticatedCall, body: Body) -> ApiResult {
    call.require(WRITE)?;
    let members = validated(members::read(OBJECT, body).await?)?;
    let name = name(&members);
    let prefix = members.get("prefix").and_then(Value::as_str).unwrap_or_default();
    let owner = call.registry().owner(prefix);
    if owner != call.orgno {
        return Err(SelfServiceProblem::Forbidden("the prefix belongs to another organisation"));
    }
    let mut register = call.register();
    if register.scope(call.registry(), &name).is_some() {
        return Err(SelfServiceProblem::Conflict("the scope exists, perhaps as one that is not active"));
    }
    let mut scope = ScopeEntry {
        registered: RegisteredScope {
            name: name.clone(),
            description: String::new(),
            granted_to: Vec::new(),
            accessible_for_all: false,
            delegation_source: None,
            allowed_integration_types: Vec::new(),
            at_max_age: 0,
            active: true,
        },
        members: Map::new(),
        owner,
        access: BTreeMap::new(),
        created: call.now,
        last_updated: call.now,
    };
    scope.set_members(members, call.now);
    let document = scope.document();
    call.put_scope(&mut register, scope)?;
    Ok(ok(&document, format!("scope {name} created")))
}

/// Replaces the members of a scope, except its name.
pub(super) async fn update(call: AuthenticatedCall, Query(query): Query<ScopeQuery>, body: Body) -> ApiResult {
    call.require(WRITE)?;
    let old_name = query.required_scope()?;
    let mut sent = members::read(OBJECT, body).await?;
    // The name may be left out, because it cannot be changed.
    let (prefix, subscope) = old_name.split_once(':').unwrap_or((old_name, ""));
    for (member, part) in [("prefix", prefix), ("subscope", subscope)] {
        sent.entry(member).or_insert_with(|| part.into());
    }
    let members = validated(sent)?;
    let mut register = call.register();
    let mut scope = call.scope(&register, old_name)?;
    if name(&members) != old_name {
        return Err(SelfServiceProblem::invalid(OBJECT, "subscope", "and prefix cannot be changed"));
    }
    scope.set_members(members, call.now);
    let document = scope.document();
    call.put_scope(&mut register, scope)?;
    Ok(ok(&document, format!("scope {old_name} changed")))
}

/// Deactivates a scope; the accesses to it remain.
pub(super) async fn delete(call: AuthenticatedCall, Query(query): Query<ScopeQuery>) -> ApiResult {
    call.require(WRITE)?;
    let name = query.required_scope()?;
    let mut register = call.register();
    let mut scope = call.scope(&register, name)?;
    let mut members = scope.members.clone();
    members.insert("active".to_owned(), false.into());
    scope.set_members(members, call.now);
    let document = scope.document();
    call.put_scope(&mut register, scope)?;
    Ok(ok(&document, format!("scope {} deactivated", sanitize(name))))
}

fn validated(sent: Map<String, Value>) -> Result<Map<String, Value>, SelfServiceProblem> {
    let (members, mut faults) = members::validate(OBJECT, SCOPE, sent);
    let text = |name: &str| members.get(name).and_then(Value::as_str).unwrap_or_default();
    let is_word = |text: &str, marks: &[u8]| {
        text.starts_with(|first: char| first.is_ascii_alphanumeric())
            && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || marks.contains(&byte))
    };
    let mut refuse = |name: &str, message: &str| faults.push(InvalidMember::new(OBJECT, name, message));
    let (prefix, subscope) = (text("prefix"), text("subscope"));
    if !prefix.is_empty() && !is_word(prefix, b"_-") {
        refuse("prefix", "may have lower-case letters, digits, hyphens and underscores");
    }
    let is_subscope = is_word(subscope, b"/._-:") && name(&members).len() <= MAXIMUM_NAME;
    if !subscope.is_empty() && !is_subscope {
        refuse("subscope", "may have lower-case letters, digits and / . _ - :, and no more than 255 with its prefix");
    }
    if !["", DELEGATION_SOURCE].contains(&text("delegation_source")) {
        refuse("delegation_source", "is not the issuer of a delegation source");
    }
    if faults.is_empty() { Ok(members) } else { Err(SelfServiceProblem::Invalid(faults)) }
}

fn name(members: &Map<String, Value>) -> String {
    let text = |name: &str| members.get(name).and_then(Value::as_str).unwrap_or_default();
    format!("{}:{}", text("prefix"), text("subscope"))
}
