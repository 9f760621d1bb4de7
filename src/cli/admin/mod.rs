//! The commands of an administrator: scopes, access to them, clients and their keys.

pub(crate) mod access;
mod change;
mod client;
mod client_document;
mod client_keys;
mod key_status;
mod names;
mod new_key;
mod org;
mod output;
mod register;
mod rotated_profile;
mod rotation;
mod scope;
mod scope_files;
mod scope_search;
mod session;

use std::{path::PathBuf, sync::Arc};

pub(crate) use self::{
    key_status::run as run_keys_status, names::OrganisationNames, org::run as run_org, register::run as run_init,
};
use super::{
    args::{ClientCommand, ClientKeysCommand, ScopeCommand},
    report::{Failure, Report},
};

/// `maskinporten scope`
pub(crate) async fn run_scope(
    command: ScopeCommand,
    config: Option<PathBuf>,
    report: &Arc<Report>,
) -> Result<(), Failure> {
    match command {
        ScopeCommand::List(arguments) if arguments.all => scope_search::list(arguments, config, report).await,
        ScopeCommand::List(arguments) => scope::list(arguments, config, report).await,
        ScopeCommand::Show(arguments) => scope::show(arguments, config, report).await,
        ScopeCommand::Create(arguments) => scope::create(arguments, config, report).await,
        ScopeCommand::Update(arguments) => scope::update(arguments, config, report).await,
        ScopeCommand::Delete(arguments) => scope::delete(arguments, config, report).await,
        ScopeCommand::Export(arguments) => scope_files::export(arguments, config, report).await,
        ScopeCommand::Import(arguments) => scope_files::import(arguments, config, report).await,
        ScopeCommand::Search(arguments) => scope_search::search(arguments, config, report).await,
    }
}

/// `maskinporten client`
pub(crate) async fn run_client(
    command: ClientCommand,
    config: Option<PathBuf>,
    report: &Arc<Report>,
) -> Result<(), Failure> {
    match command {
        ClientCommand::List(arguments) => client::list(arguments, config, report).await,
        ClientCommand::Show(arguments) => client::show(arguments, config, report).await,
        ClientCommand::Create(arguments) => client::create(arguments, config, report).await,
        ClientCommand::Update(arguments) => client::update(arguments, config, report).await,
        ClientCommand::Delete(arguments) => client::delete(arguments, config, report).await,
        ClientCommand::Scopes { command } => client::change_scopes(command, config, report).await,
        ClientCommand::Keys { command } => match command {
            ClientKeysCommand::List(arguments) => client_keys::list(arguments, config, report).await,
            ClientKeysCommand::Add(arguments) => client_keys::add(arguments, config, report).await,
            ClientKeysCommand::Remove(arguments) => client_keys::remove(arguments, config, report).await,
            ClientKeysCommand::Expiry(arguments) => client_keys::expiry(arguments, config, report).await,
            ClientKeysCommand::Rotate(arguments) => Box::pin(rotation::rotate(arguments, config, report)).await,
        },
    }
}
