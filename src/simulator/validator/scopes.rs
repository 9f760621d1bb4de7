//! Access to scopes, for the client itself or on behalf of a customer.
//!
//! <https://docs.digdir.no/docs/Maskinporten/maskinporten_func_delegering>

use std::borrow::Cow;

use super::refusal::{GrantRefusal, sanitize};
use crate::simulator::{
    client_register::RegisterView,
    registry::{Orgno, RegisteredClient, RegisteredScope},
};

/// The access that a client has to the requested scopes.
pub(crate) struct ScopeAccess {
    pub(crate) consumer: Orgno,
    /// The supplier and the delegation source, when the consumer is a customer.
    pub(crate) delegated: Option<(Orgno, String)>,
    /// The lowest `at_max_age` of the scopes, which limits the lifetime of the token.
    pub(crate) limit_seconds: Option<u32>,
}

/// Validates the scopes that a client requests.
pub(crate) struct ScopeValidator<'a> {
    pub(crate) register: RegisterView<'a>,
    pub(crate) client: &'a RegisteredClient,
}

impl ScopeValidator<'_> {
    /// Validates the requested scopes.
    pub(crate) fn validate(&self, names: &[String], consumer_org: Option<&Orgno>) -> Result<ScopeAccess, GrantRefusal> {
        let client = self.client;
        let find = |name: &String| self.register.scope(name).filter(|_| client.scopes.contains(name));
        let found: Vec<_> = names.iter().map(|name| find(name).ok_or(name)).collect();
        let invalid: Vec<String> =
            found.iter().filter_map(|scope| scope.as_ref().err()).map(|name| sanitize(name)).collect();
        if !invalid.is_empty() {
            return Err(GrantRefusal::ScopeInvalid(invalid.join(", ")));
        }
        let scopes: Vec<Cow<'_, RegisteredScope>> = found.into_iter().flatten().collect();
        if !scopes.iter().all(|scope| scope.allowed_integration_types.contains(&client.integration_type)) {
            return Err(GrantRefusal::ScopeNotAllowed);
        }
        let limit_seconds = scopes.iter().map(|scope| scope.at_max_age).filter(|seconds| *seconds > 0).min();
        match consumer_org {
            None => {
                granted(&scopes, &client.orgno)?;
                Ok(ScopeAccess { consumer: client.orgno.clone(), delegated: None, limit_seconds })
            }
            Some(consumer) => {
                let source = self.delegated(&scopes, consumer)?;
                Ok(ScopeAccess {
                    consumer: consumer.clone(),
                    delegated: Some((client.orgno.clone(), source)),
                    limit_seconds,
                })
            }
        }
    }

    fn delegated(&self, scopes: &[Cow<'_, RegisteredScope>], consumer: &Orgno) -> Result<String, GrantRefusal> {
        let supplier = &self.client.orgno;
        let sources: Option<Vec<&String>> = scopes.iter().map(|scope| scope.delegation_source.as_ref()).collect();
        let source = sources.as_deref().and_then(<[_]>::first).ok_or(GrantRefusal::Consumer)?;
        if consumer == supplier {
            return Err(GrantRefusal::Consumer);
        }
        granted(scopes, consumer)?;
        let missing = scopes.iter().find(|scope| {
            !self.register.registry.delegations.iter().any(|delegation| {
                delegation.consumer == *consumer && delegation.supplier == *supplier && delegation.scope == scope.name
            })
        });
        match missing {
            None => Ok((*source).clone()),
            Some(scope) => Err(GrantRefusal::NotDelegated {
                consumer: consumer.as_str().to_owned(),
                scope: scope.name.clone(),
                supplier: supplier.as_str().to_owned(),
            }),
        }
    }
}

fn granted(scopes: &[Cow<'_, RegisteredScope>], orgno: &Orgno) -> Result<(), GrantRefusal> {
    match scopes.iter().find(|scope| !scope.accessible_for_all && !scope.granted_to.contains(orgno)) {
        None => Ok(()),
        Some(scope) => Err(GrantRefusal::NotGranted(scope.name.clone())),
    }
}
