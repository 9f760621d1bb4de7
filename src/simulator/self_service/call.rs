//! A request to the self-service API whose token has been verified.

use std::sync::{Arc, MutexGuard, PoisonError};

use axum::{extract::FromRequestParts, http::request::Parts};
use chrono::{DateTime, Utc};

use super::problem::SelfServiceProblem;
use crate::simulator::{
    altinn::bearer_token,
    client_register::{ClientEntry, ClientRegister, ScopeEntry},
    clients_file::ClientsSnapshot,
    registry::{Orgno, Registry},
    state::SimulatorState,
};

/// The scopes of the API: <https://docs.digdir.no/docs/idporten/oidc/oidc_api_admin>.
pub(super) const DCR_READ: &str = "idporten:dcr.read";
pub(super) const DCR_WRITE: &str = "idporten:dcr.write";
pub(super) const DCR_MODIFY: &str = "idporten:dcr.modify";
/// For clients of other organisations.
pub(super) const DCR_SUPPLIER: &str = "idporten:dcr.supplier";
pub(super) const DCR_ON_BEHALF_OF: &str = "idporten:dcr/onbehalfof:write";
pub(super) const SCOPES_WRITE: &str = "idporten:scopes.write";
/// Only the code of clients has this one.
pub(super) const SCOPES_READ: &str = "idporten:scopes.read";

/// A request with the organisation that its token was issued for.
pub(super) struct AuthenticatedCall {
    state: Arc<SimulatorState>,
    clients: Arc<ClientsSnapshot>,
    scope: String,
    /// The organisation.
    pub(super) orgno: Orgno,
    pub(super) now: DateTime<Utc>,
}

impl FromRequestParts<Arc<SimulatorState>> for AuthenticatedCall {
    type Rejection = SelfServiceProblem;

    async fn from_request_parts(parts: &mut Parts, state: &Arc<SimulatorState>) -> Result<Self, SelfServiceProblem> {
        let token = bearer_token(&parts.headers).ok_or(SelfServiceProblem::Unauthorized(None))?;
        let clients = state.clients();
        let now = state.now(&clients);
        let refused = |reason| SelfServiceProblem::Unauthorized(Some(reason));
        let token = state.token_issuer.verify(token, &state.issuer, now).map_err(refused)?;
        let orgno = Orgno::parse(&token.orgno).ok_or_else(|| refused("the token names no organisation"))?;
        Ok(Self { state: Arc::clone(state), clients, scope: token.scope, orgno, now })
    }
}

impl AuthenticatedCall {
    /// Requires one of these scopes.
    pub(super) fn require(&self, scopes: &'static [&'static str]) -> Result<(), SelfServiceProblem> {
        let has_one = scopes.iter().any(|scope| self.has_scope(scope));
        if has_one { Ok(()) } else { Err(SelfServiceProblem::MissingScope(scopes)) }
    }

    /// Whether the token has this scope.
    pub(super) fn has_scope(&self, scope: &str) -> bool {
        self.scope.split(' ').any(|own| own == scope)
    }

    /// Returns the content of `clients.json`.
    pub(super) fn registry(&self) -> &Registry {
        &self.clients.registry
    }

    /// Returns the clients and scopes, which no other request changes meanwhile.
    pub(super) fn register(&self) -> MutexGuard<'_, ClientRegister> {
        self.state.client_register.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether the caller may see and change a client: its own, or one that it has registered for a customer.
    pub(super) fn owns(&self, client: &ClientEntry) -> bool {
        let is_suppliers = client.supplier.as_ref() == Some(&self.orgno) && self.has_scope(DCR_SUPPLIER);
        is_suppliers || client.registered.orgno == self.orgno
    }

    /// Returns a copy of a client of the caller, to be changed.
    pub(super) fn client(&self, register: &ClientRegister, id: &str) -> Result<ClientEntry, SelfServiceProblem> {
        let client = register.client(self.registry(), id).filter(|client| self.owns(client));
        client
            .map(Arc::unwrap_or_clone)
            .ok_or(SelfServiceProblem::NotFound("the organisation has no client with this id"))
    }

    /// Returns a copy of a scope of the caller, to be changed.
    pub(super) fn scope(&self, register: &ClientRegister, name: &str) -> Result<ScopeEntry, SelfServiceProblem> {
        let scope =
            register.scope(self.registry(), name).ok_or(SelfServiceProblem::NotFound("there is no such scope"))?;
        if scope.owner == self.orgno {
            Ok(Arc::unwrap_or_clone(scope))
        } else {
            Err(SelfServiceProblem::Forbidden("the scope belongs to another organisation"))
        }
    }

    /// Stores a changed client.
    pub(super) fn put_client(
        &self,
        register: &mut ClientRegister,
        client: ClientEntry,
    ) -> Result<(), SelfServiceProblem> {
        if register.put_client(client, self.now) { Ok(()) } else { Err(SelfServiceProblem::Full) }
    }

    /// Stores a changed scope.
    pub(super) fn put_scope(&self, register: &mut ClientRegister, scope: ScopeEntry) -> Result<(), SelfServiceProblem> {
        if register.put_scope(scope, self.now) { Ok(()) } else { Err(SelfServiceProblem::Full) }
    }
}
