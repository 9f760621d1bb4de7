//! Access to scopes, for the client itself or on behalf of a customer.
//!
//! <https://docs.digdir.no/docs/Maskinporten/maskinporten_func_delegering>

use super::refusal::{GrantRefusal, sanitize};
use crate::simulator::registry::{Orgno, RegisteredClient, RegisteredScope, Registry};

/// The access that a client has to the requested scopes.
pub(crate) struct ScopeAccess {
    pub(crate) consumer: Orgno,
    /// The supplier and the delegation source, when the consumer is a customer.
    pub(crate) delegated: Option<(Orgno, String)>,
    /// The lowest `at_max_age` of the scopes, which limits the lifetime of the token.
    pub(crate) limit_seconds: Option<u32>,
}

/// Validates the requested scopes.
pub(crate) fn validate(
    registry: &Registry,
    client: &RegisteredClient,
    names: &[String],
    consumer_org: Option<&Orgno>,
) -> Result<ScopeAccess, GrantRefusal> {
    let registered = |name: &&String| client.scopes.contains(name) && registry.scope(name).is_some();
    let invalid: Vec<String> = names.iter().filter(|name| !registered(name)).map(|name| sanitize(name)).collect();
    if !invalid.is_empty() {
        return Err(GrantRefusal::ScopeInvalid(invalid.join(", ")));
    }
    let scopes: Vec<&RegisteredScope> = names.iter().filter_map(|name| registry.scope(name)).collect();
    let allowed = |scope: &&RegisteredScope| scope.allowed_integration_types.contains(&client.integration_type);
    if !scopes.iter().all(allowed) {
        return Err(GrantRefusal::ScopeNotAllowed);
    }
    let limit_seconds = scopes.iter().map(|scope| scope.at_max_age).filter(|seconds| *seconds > 0).min();
    match consumer_org {
        None => {
            granted(&scopes, &client.orgno)?;
            Ok(ScopeAccess { consumer: client.orgno.clone(), delegated: None, limit_seconds })
        }
        Some(consumer) => {
            let source = delegated(registry, client, &scopes, consumer)?;
            Ok(ScopeAccess {
                consumer: consumer.clone(),
                delegated: Some((client.orgno.clone(), source)),
                limit_seconds,
            })
        }
    }
}

fn granted(scopes: &[&RegisteredScope], orgno: &Orgno) -> Result<(), GrantRefusal> {
    match scopes.iter().find(|scope| !scope.accessible_for_all && !scope.granted_to.contains(orgno)) {
        None => Ok(()),
        Some(scope) => Err(GrantRefusal::NotGranted(scope.name.clone())),
    }
}

fn delegated(
    registry: &Registry,
    client: &RegisteredClient,
    scopes: &[&RegisteredScope],
    consumer: &Orgno,
) -> Result<String, GrantRefusal> {
    let sources: Option<Vec<&String>> = scopes.iter().map(|scope| scope.delegation_source.as_ref()).collect();
    let source = sources.as_deref().and_then(<[_]>::first).ok_or(GrantRefusal::Consumer)?;
    if *consumer == client.orgno {
        return Err(GrantRefusal::Consumer);
    }
    granted(scopes, consumer)?;
    let missing = scopes.iter().find(|scope| {
        !registry.delegations.iter().any(|delegation| {
            delegation.consumer == *consumer && delegation.supplier == client.orgno && delegation.scope == scope.name
        })
    });
    match missing {
        None => Ok((*source).clone()),
        Some(scope) => Err(GrantRefusal::NotDelegated {
            consumer: consumer.as_str().to_owned(),
            scope: scope.name.clone(),
            supplier: client.orgno.as_str().to_owned(),
        }),
    }
}
