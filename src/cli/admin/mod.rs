//! The commands of an administrator, who decides which token whom may fetch: scopes, access to them, clients and their keys.

mod change;
mod names;
mod org;
mod output;
mod session;

pub(super) use self::{names::OrganisationNames, org::run as run_org};
