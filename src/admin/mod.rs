//! Digdir's self-service API: which scopes there are, who has access to them, and which clients with which keys.
//!
//! <https://docs.digdir.no/docs/idporten/oidc/oidc_api_admin>. Every request is a value that can be shown before it is
//! sent. `PUT` of a scope or client and `POST` of keys replace all there was, so a change is made to what was read before.

mod changes;
mod client_keys;
mod error;
mod operation;
mod problem;
mod request;
mod scope_files;

pub use self::{
    changes::{Change, changes, merged, without_times},
    client_keys::{ClientKey, ClientKeys, ClientKeysError, MAXIMUM_CLIENT_KEYS},
    error::{AdminError, AdminRefusal},
    operation::AdminOperation,
    problem::AdminProblem,
    request::{AdminClient, AdminRequest},
    scope_files::{ScopeFileError, scope_json, scope_path, scopes_from_csv, scopes_to_csv},
};
