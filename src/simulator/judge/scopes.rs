//! Which scopes a client gets, for itself or on behalf of a customer.
//!
//! <https://docs.digdir.no/docs/Maskinporten/maskinporten_func_delegering>

use super::refusal::{Refusal, harmless};
use crate::simulator::registry::{Client, Orgno, Registry, Scope};

/// What a client may do, and for whom.
pub(crate) struct Access {
    pub(crate) consumer: Orgno,
    /// The supplier and the delegation source, when the consumer is a customer.
    pub(crate) delegated: Option<(Orgno, String)>,
    /// The lowest `at_max_age` that limits the token's life.
    pub(crate) limit_seconds: Option<u32>,
}

/// Judges the scopes that a client asks for.
pub(crate) fn judge(
    registry: &Registry,
    client: &Client,
    names: &[String],
    consumer_org: Option<&Orgno>,
) -> Result<Access, Refusal> {
    let registered = |name: &&String| client.scopes.contains(name) && registry.scope(name).is_some();
    let invalid: Vec<String> = names.iter().filter(|name| !registered(name)).map(|name| harmless(name)).collect();
    if !invalid.is_empty() {
        return Err(Refusal::ScopeInvalid(invalid.join(", ")));
    }
    let scopes: Vec<&Scope> = names.iter().filter_map(|name| registry.scope(name)).collect();
    let allowed = |scope: &&Scope| scope.allowed_integration_types.contains(&client.integration_type);
    if !scopes.iter().all(allowed) {
        return Err(Refusal::ScopeNotAllowed);
    }
    let limit_seconds = scopes.iter().map(|scope| scope.at_max_age).filter(|seconds| *seconds > 0).min();
    match consumer_org {
        None => {
            granted(&scopes, &client.orgno)?;
            Ok(Access { consumer: client.orgno.clone(), delegated: None, limit_seconds })
        }
        Some(consumer) => {
            let source = delegated(registry, client, &scopes, consumer)?;
            Ok(Access { consumer: consumer.clone(), delegated: Some((client.orgno.clone(), source)), limit_seconds })
        }
    }
}

fn granted(scopes: &[&Scope], orgno: &Orgno) -> Result<(), Refusal> {
    match scopes.iter().find(|scope| !scope.accessible_for_all && !scope.granted_to.contains(orgno)) {
        None => Ok(()),
        Some(scope) => Err(Refusal::NotGranted(scope.name.clone())),
    }
}

fn delegated(registry: &Registry, client: &Client, scopes: &[&Scope], consumer: &Orgno) -> Result<String, Refusal> {
    let sources: Option<Vec<&String>> = scopes.iter().map(|scope| scope.delegation_source.as_ref()).collect();
    let source = sources.as_deref().and_then(<[_]>::first).ok_or(Refusal::Consumer)?;
    if *consumer == client.orgno {
        return Err(Refusal::Consumer);
    }
    granted(scopes, consumer)?;
    let missing = scopes.iter().find(|scope| {
        !registry.delegations.iter().any(|delegation| {
            delegation.consumer == *consumer && delegation.supplier == client.orgno && delegation.scope == scope.name
        })
    });
    match missing {
        None => Ok((*source).clone()),
        Some(scope) => Err(Refusal::NotDelegated {
            consumer: consumer.as_str().to_owned(),
            scope: scope.name.clone(),
            supplier: client.orgno.as_str().to_owned(),
        }),
    }
}
