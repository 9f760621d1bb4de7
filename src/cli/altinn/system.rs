//! `maskinporten altinn system` and `users`: the vendor's systems in Altinn's system register.

use std::{path::PathBuf, sync::Arc};

use maskinporten::{
    altinn::{DefinitionError, SystemDefinition, VendorRequest},
    printer::{print_system, print_system_users, print_systems},
};
use serde_json::Value;

use super::vendor::{self, VendorSession};
use crate::cli::{
    args::{SystemChangeArguments, SystemCommand, SystemShowArguments, VendorArguments},
    report::{self, Exit, Failure, Report},
};

pub(super) async fn run(command: SystemCommand, config: Option<PathBuf>, report: &Arc<Report>) -> Result<(), Failure> {
    match command {
        SystemCommand::List(arguments) => list(arguments, config, report).await,
        SystemCommand::Show(arguments) => show(arguments, config, report).await,
        SystemCommand::Register(arguments) => register(arguments, config, report).await,
        SystemCommand::Update(arguments) => update(arguments, config, report).await,
    }
}

async fn list(arguments: VendorArguments, config: Option<PathBuf>, report: &Arc<Report>) -> Result<(), Failure> {
    let request = VendorRequest::systems();
    let session = VendorSession::open(arguments.settings.0, &request, config, report)?;
    let systems = session.send(&request).await?;
    vendor::print(arguments.format, &systems, |systems| print_systems(systems, report.language()))
}

async fn show(arguments: SystemShowArguments, config: Option<PathBuf>, report: &Arc<Report>) -> Result<(), Failure> {
    let request = VendorRequest::system(&arguments.system);
    let session = VendorSession::open(arguments.vendor.settings.0, &request, config, report)?;
    let system = session.send(&request).await?;
    vendor::print(arguments.vendor.format, &system, |system| print_system(system, report.language()))
}

/// Registers a system; its client is that of the settings, unless it has others.
async fn register(
    arguments: SystemChangeArguments,
    config: Option<PathBuf>,
    report: &Arc<Report>,
) -> Result<(), Failure> {
    let file = vendor::read_definition(arguments.access.file.as_deref())?;
    let mut definition = definition(&arguments, file.as_deref(), None)?;
    let settings = arguments.vendor.settings.0.clone();
    let session = VendorSession::open(settings, &VendorRequest::systems(), config, report)?;
    definition.set_default_client(&session.client_id);
    let request = VendorRequest::register_system(definition);
    if arguments.access.dry_run {
        return report::print_json(&request.to_json());
    }
    session.send(&request).await?;
    report.note(&format!("the system {} is registered", arguments.system));
    let system = session.send(&VendorRequest::system(&arguments.system)).await?;
    vendor::print(arguments.vendor.format, &system, |system| print_system(system, report.language()))
}

/// Replaces a system by what it is now, changed by the options.
async fn update(
    arguments: SystemChangeArguments,
    config: Option<PathBuf>,
    report: &Arc<Report>,
) -> Result<(), Failure> {
    let shown = VendorRequest::system(&arguments.system);
    // Stdin can be read once only, and a fault is reported before anything is sent.
    let file = vendor::read_definition(arguments.access.file.as_deref())?;
    definition(&arguments, file.as_deref(), None)?;
    let session = VendorSession::open(arguments.vendor.settings.0.clone(), &shown, config, report)?;
    let current = session.send(&shown).await?;
    let request =
        VendorRequest::update_system(&arguments.system, definition(&arguments, file.as_deref(), Some(&current))?);
    if arguments.access.dry_run {
        return report::print_json(&request.to_json());
    }
    session.send(&request).await?;
    report.note(&format!("the system {} is updated", arguments.system));
    let system = session.send(&shown).await?;
    vendor::print(arguments.vendor.format, &system, |system| print_system(system, report.language()))
}

pub(super) async fn list_users(
    arguments: SystemShowArguments,
    config: Option<PathBuf>,
    report: &Arc<Report>,
) -> Result<(), Failure> {
    let request = VendorRequest::users(&arguments.system);
    let session = VendorSession::open(arguments.vendor.settings.0, &request, config, report)?;
    let users = session.send(&request).await?;
    vendor::print(arguments.vendor.format, &users, |users| print_system_users(users, report.language()))
}

/// Makes a system from what it is now, the file and the options; each replaces members of the former.
fn definition(
    arguments: &SystemChangeArguments,
    file: Option<&[u8]>,
    current: Option<&Value>,
) -> Result<SystemDefinition, Failure> {
    let failed = |error: DefinitionError| Failure::new(Exit::Usage, &error).about("the system cannot be sent");
    let mut system = SystemDefinition::new(&arguments.system).map_err(failed)?;
    if let Some(current) = current {
        system = system.with_json(current.to_string().as_bytes()).map_err(failed)?;
    }
    if let Some(file) = file {
        system = system.with_json(file).map_err(failed)?;
    }
    system.set_name(&arguments.name);
    system.set_description(&arguments.description);
    system.set_rights(&arguments.access.right).map_err(|error| failed(error.into()))?;
    system.set_access_packages(&arguments.access.access_package).map_err(|error| failed(error.into()))?;
    system.set_clients(&arguments.system_client);
    system.set_redirect_urls(&arguments.redirect_url);
    if let Some(visible) = arguments.visible {
        system.set_visible(visible);
    }
    Ok(system)
}
