//! The commands of an administrator, who decides which token whom may fetch: scopes, access to them, clients and their keys.

pub(crate) mod access;
mod change;
mod output;
mod session;
