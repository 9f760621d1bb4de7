//! Digdir's self-service API: which scopes there are, who has access to them, and which clients with which keys.
//!
//! <https://docs.digdir.no/docs/idporten/oidc/oidc_api_admin>. Every request is a value that can be shown before it is
//! sent. `PUT` of a scope or client and `POST` of keys replace all there was, so a change is made to what was read before.

mod access;
mod changes;
mod client_keys;
mod declared;
mod error;
mod operation;
mod organisations;
mod problem;
mod request;
mod scope_files;

pub use self::{
    access::{Access, AccessChange, AccessDifference, ScopePattern},
    changes::{Change, changes, merged, without_times},
    client_keys::{ClientKey, ClientKeys, ClientKeysError, MAXIMUM_CLIENT_KEYS},
    declared::{DeclaredAccess, DeclaredAccessError, DeclaredFilter},
    error::{AdminError, AdminRefusal},
    operation::AdminOperation,
    organisations::{WrongLine, organisations},
    problem::AdminProblem,
    request::{AdminClient, AdminRequest},
    scope_files::{
        ScopeFileError, imported, members_without_column, scope_from_json, scope_json, scope_path, scopes_csv_file,
        scopes_from_csv, with_name,
    },
};
