//! The commands of an administrator, who decides which token whom may fetch: scopes, access to them, clients and their keys.

pub(crate) mod access;
mod change;
mod names;
mod org;
mod output;
mod scope;
mod scope_files;
mod scope_search;
mod session;

pub(super) use self::{names::OrganisationNames, org::run as run_org, scope::run as run_scope};
