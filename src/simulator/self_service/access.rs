//! Which organisations have access to a scope: `scopes/access`.

use std::sync::Arc;

use axum::extract::{Path, Query};
use serde_json::Value;

use super::{
    ApiResult,
    call::{AuthenticatedCall, DCR_READ, DCR_WRITE, SCOPES_READ, SCOPES_WRITE},
    problem::SelfServiceProblem,
    scopes::{READ, ScopeQuery, WRITE},
};
use crate::simulator::{
    client_register::{GrantedAccess, ScopeEntry},
    faults::responses::ok,
    registry::Orgno,
};

const OBJECT: &str = "ScopeAccess";
/// Maximum number of organisations that have or had access to a scope.
const MAXIMUM_CONSUMERS: usize = 10_000;
/// A consumer may see what it has received with any scope of the API.
pub(super) const ANY: &[&str] = &[DCR_READ, DCR_WRITE, SCOPES_WRITE, SCOPES_READ];

/// Returns the accesses to a scope of the caller, or of an organisation to the caller's scopes.
pub(super) async fn list(call: AuthenticatedCall, Query(query): Query<ScopeQuery>) -> ApiResult {
    call.require(READ)?;
    let register = call.register();
    let consumer = query.consumer_orgno.as_deref().map(parse).transpose()?;
    let scopes = match (&query.scope, &consumer) {
        (Some(name), _) => vec![Arc::new(call.scope(&register, name)?)],
        (None, Some(_)) => {
            let mut scopes = register.scopes(call.registry());
            scopes.retain(|scope| scope.owner == call.orgno && query.includes(&scope.registered));
            scopes
        }
        (None, None) => return Err(SelfServiceProblem::invalid(OBJECT, "scope", "or consumer_orgno is required")),
    };
    let documents: Vec<Value> = scopes.iter().flat_map(|scope| accesses(scope, consumer.as_ref(), &query)).collect();
    Ok(ok(&documents, format!("{} accesses", documents.len())))
}

/// Returns the accesses that the caller has received.
pub(super) async fn received(call: AuthenticatedCall, Query(query): Query<ScopeQuery>) -> ApiResult {
    call.require(ANY)?;
    let scopes = call.register().scopes(call.registry());
    let for_all = |scope: &ScopeEntry| {
        let access =
            GrantedAccess { approved: true, created: scope.created, last_updated: scope.last_updated, grants: 0 };
        let is_wanted = query.accessible_for_all && scope.registered.accessible_for_all;
        is_wanted.then(|| scope.access_document(&call.orgno, &access))
    };
    let mut documents = Vec::new();
    for scope in scopes.iter().filter(|scope| query.includes(&scope.registered)) {
        let own = accesses(scope, Some(&call.orgno), &query);
        documents.extend(if own.is_empty() { for_all(scope).into_iter().collect() } else { own });
    }
    Ok(ok(&documents, format!("{} accesses of {}", documents.len(), call.orgno.as_str())))
}

fn accesses(scope: &ScopeEntry, consumer: Option<&Orgno>, query: &ScopeQuery) -> Vec<Value> {
    let is_included = |orgno: &Orgno, access: &GrantedAccess| {
        (access.approved || query.inactive) && consumer.is_none_or(|consumer| consumer == orgno)
    };
    let shown = scope.access.iter().filter(|(orgno, access)| is_included(orgno, access));
    shown.map(|(orgno, access)| scope.access_document(orgno, access)).collect()
}

pub(super) async fn grant(call: AuthenticatedCall, orgno: Path<String>, query: Query<ScopeQuery>) -> ApiResult {
    set(&call, &orgno, &query, true)
}

pub(super) async fn revoke(call: AuthenticatedCall, orgno: Path<String>, query: Query<ScopeQuery>) -> ApiResult {
    set(&call, &orgno, &query, false)
}

fn set(call: &AuthenticatedCall, orgno: &str, query: &ScopeQuery, approved: bool) -> ApiResult {
    call.require(WRITE)?;
    let name = query.required_scope()?;
    let orgno = parse(orgno)?;
    let mut register = call.register();
    let mut scope = call.scope(&register, name)?;
    let has_access = scope.access.get(&orgno).is_some_and(|access| access.approved);
    if !approved && !has_access {
        return Err(SelfServiceProblem::NotFound("the organisation has no access to the scope"));
    }
    if approved && !scope.registered.active {
        return Err(SelfServiceProblem::Conflict("the scope is not active"));
    }
    if approved && scope.access.len() == MAXIMUM_CONSUMERS {
        return Err(SelfServiceProblem::Full);
    }
    scope.set_access(&orgno, approved, call.now);
    let Some(access) = scope.access.get(&orgno) else { return Err(SelfServiceProblem::Full) };
    let document = scope.access_document(&orgno, access);
    let decision = if approved {
        // The number shows tests whether an access was granted more than once.
        format!("access to {name} granted to {}, {} in all", orgno.as_str(), access.grants)
    } else {
        format!("access to {name} revoked from {}", orgno.as_str())
    };
    call.put_scope(&mut register, scope)?;
    Ok(ok(&document, decision))
}

fn parse(orgno: &str) -> Result<Orgno, SelfServiceProblem> {
    let parsed = Orgno::parse(orgno);
    parsed.ok_or_else(|| SelfServiceProblem::invalid(OBJECT, "consumer_orgno", "is not an organisation number"))
}
