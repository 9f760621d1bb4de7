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

use std::{path::PathBuf, sync::Arc};

pub(crate) use self::{names::OrganisationNames, org::run as run_org};
use super::{
    args::ScopeCommand,
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
