//! What is asked of the self-service API, for messages.

use std::fmt;

/// What is asked of the self-service API: a message about its failure begins with it, and its remedy depends on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AdminOperation {
    /// The scopes that anyone may see.
    SearchScopes,
    /// The organisation's own scopes.
    ListScopes,
    /// A scope.
    ShowScope,
    /// A new scope.
    CreateScope,
    /// The replacement of a scope.
    UpdateScope,
    /// The deactivation of a scope.
    DeleteScope,
    /// The organisations that have a scope, or the scopes that one has been granted.
    ListAccess,
    /// The scopes that the organisation itself has been granted.
    ListReceived,
    /// Access of an organisation to a scope.
    GrantAccess,
    /// The end of an organisation's access to a scope.
    RevokeAccess,
    /// The organisation's clients.
    ListClients,
    /// A client.
    ShowClient,
    /// A new client.
    CreateClient,
    /// The replacement of a client.
    UpdateClient,
    /// The deactivation of a client.
    DeleteClient,
    /// The keys of a client.
    ListKeys,
    /// The replacement of the keys of a client.
    ReplaceKeys,
}

/// <https://docs.digdir.no/docs/idporten/oidc/oidc_api_admin>
const CLIENTS_READ: &[&str] = &["idporten:dcr.read"];
const CLIENTS_WRITE: &[&str] = &["idporten:dcr.write"];
const CLIENTS_MODIFY: &[&str] = &["idporten:dcr.write", "idporten:dcr.modify"];
const SCOPES_WRITE: &[&str] = &["idporten:scopes.write"];

impl AdminOperation {
    /// Returns the scopes of which the token needs one; empty when no token is needed.
    #[must_use]
    pub fn scopes(self) -> &'static [&'static str] {
        match self {
            Self::SearchScopes => &[],
            Self::ListScopes
            | Self::ShowScope
            | Self::CreateScope
            | Self::UpdateScope
            | Self::DeleteScope
            | Self::ListAccess
            | Self::ListReceived
            | Self::GrantAccess
            | Self::RevokeAccess => SCOPES_WRITE,
            Self::ListClients | Self::ShowClient | Self::ListKeys => CLIENTS_READ,
            Self::CreateClient | Self::DeleteClient => CLIENTS_WRITE,
            Self::UpdateClient | Self::ReplaceKeys => CLIENTS_MODIFY,
        }
    }

    /// Whether a repeated request has the same effect as one.
    #[must_use]
    pub fn may_be_repeated(self) -> bool {
        // A second POST makes a second scope or client, or is refused as a duplicate of the first.
        !matches!(self, Self::CreateScope | Self::CreateClient)
    }
}

impl fmt::Display for AdminOperation {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::SearchScopes => "search the public scopes",
            Self::ListScopes => "list the scopes",
            Self::ShowScope => "show the scope",
            Self::CreateScope => "create the scope",
            Self::UpdateScope => "update the scope",
            Self::DeleteScope => "delete the scope",
            Self::ListAccess => "list who has access",
            Self::ListReceived => "list the access received",
            Self::GrantAccess => "grant access",
            Self::RevokeAccess => "revoke access",
            Self::ListClients => "list the clients",
            Self::ShowClient => "show the client",
            Self::CreateClient => "create the client",
            Self::UpdateClient => "update the client",
            Self::DeleteClient => "delete the client",
            Self::ListKeys => "list the keys of the client",
            Self::ReplaceKeys => "replace the keys of the client",
        })
    }
}
