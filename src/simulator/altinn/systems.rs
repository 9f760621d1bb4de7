//! The systems of a vendor: `systemregister/vendor`.

use std::sync::{Arc, PoisonError};

use axum::{
    body::Body,
    extract::{Path, State},
    http::{HeaderMap, StatusCode},
    response::Response,
};
use serde_json::{Value, json};
use url::Url;
use uuid::Uuid;

use super::{
    caller::{Caller, refuse},
    problem::{self, SystemFault},
    wire,
};
use crate::simulator::{
    faults::responses::{plain, with_status},
    registry::{Orgno, Registry},
    state::SimulatorState,
    system_register::{SystemRegister, VendorSystem},
};

const ADMIN: &str = "altinn:authentication/systemregister.admin";
const WRITE: &str = "altinn:authentication/systemregister.write";
/// The scopes of the system register.
pub(super) const SCOPES: [&str; 2] = [WRITE, ADMIN];

/// Resources and access packages whose name begins like this do not exist here; all others do.
const UNKNOWN: &str = "unknown-";

pub(super) async fn list(State(state): State<Arc<SimulatorState>>, headers: HeaderMap) -> Response {
    let caller = match Caller::authorize(&state, &headers, &SCOPES) {
        Ok(caller) => caller,
        Err(response) => return *response,
    };
    let Some(vendor) = caller.orgno() else { return refuse(StatusCode::FORBIDDEN, "the token names no organisation") };
    let clients = state.clients();
    let register = state.system_register.lock().unwrap_or_else(PoisonError::into_inner);
    let systems = register.systems_of(&clients.registry, vendor.as_str());
    let systems: Vec<Value> = systems.iter().map(summary).collect();
    wire::ok(&systems, format!("{} systems of {}", systems.len(), vendor.as_str()))
}

/// Returns the form of a system in lists, which is that of Altinn's pages.
fn summary(system: &VendorSystem) -> Value {
    json!({
        "systemId": system.id,
        "systemVendorOrgNumber": system.vendor.orgno(),
        "systemVendorOrgName": "",
        "name": system.name,
        "description": system.description,
        "rights": system.rights,
        "accessPackages": system.access_packages,
        "isVisible": system.is_visible,
        "userType": "standard",
    })
}

pub(super) async fn show(
    State(state): State<Arc<SimulatorState>>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Response {
    match owned(&state, &headers, &id) {
        Ok(system) => wire::ok(&system, format!("system {}", system.id)),
        Err(response) => *response,
    }
}

pub(super) async fn create(State(state): State<Arc<SimulatorState>>, headers: HeaderMap, body: Body) -> Response {
    let caller = match Caller::authorize(&state, &headers, &SCOPES) {
        Ok(caller) => caller,
        Err(response) => return *response,
    };
    let system: VendorSystem = match wire::read(body).await {
        Ok(system) => system,
        Err(response) => return *response,
    };
    let Some(vendor) = system.vendor.orgno().filter(|orgno| Orgno::parse(orgno).is_some()) else {
        return problem::validation_problem(&[SystemFault::VendorId]);
    };
    if !may_write(&caller, vendor) {
        return refuse(StatusCode::FORBIDDEN, "the system would belong to another organisation");
    }
    let clients = state.clients();
    let mut register = state.system_register.lock().unwrap_or_else(PoisonError::into_inner);
    let mut faults = id_faults(&system, vendor, &register, &clients.registry);
    faults.extend(content_faults(&system, &register, &clients.registry));
    if !faults.is_empty() {
        return problem::validation_problem(&faults);
    }
    let decision = format!("system {} registered", system.id);
    if register.put_system(system) {
        wire::ok(&Uuid::new_v4().to_string(), decision)
    } else {
        refuse(StatusCode::BAD_REQUEST, "the simulator cannot store more systems")
    }
}

pub(super) async fn update(
    State(state): State<Arc<SimulatorState>>,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let current = match owned(&state, &headers, &id) {
        Ok(system) => system,
        Err(response) => return *response,
    };
    let system: VendorSystem = match wire::read(body).await {
        Ok(system) => system,
        Err(response) => return *response,
    };
    if system.vendor.id != current.vendor.id {
        return with_status(StatusCode::NOT_FOUND, plain(format!("System with ID '{id}' not found.")));
    }
    if system.id != id {
        return problem::validation_problem(&[SystemFault::IdMismatch]);
    }
    let clients = state.clients();
    let mut register = state.system_register.lock().unwrap_or_else(PoisonError::into_inner);
    let faults = content_faults(&system, &register, &clients.registry);
    if !faults.is_empty() {
        return problem::validation_problem(&faults);
    }
    changed(register.put_system(system), format!("system {id} changed"))
}

pub(super) async fn delete(
    State(state): State<Arc<SimulatorState>>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Response {
    match owned(&state, &headers, &id) {
        Ok(system) => {
            let mut register = state.system_register.lock().unwrap_or_else(PoisonError::into_inner);
            changed(register.delete_system(system), format!("system {id} deleted"))
        }
        // Altinn answers this one like a request that is not valid.
        Err(response) if response.status() == StatusCode::NOT_FOUND => problem::malformed("no system has this id"),
        Err(response) => *response,
    }
}

fn changed(is_stored: bool, decision: String) -> Response {
    if is_stored {
        wire::ok(&json!({ "success": true }), decision)
    } else {
        refuse(StatusCode::BAD_REQUEST, "the simulator cannot store more systems")
    }
}

/// Returns a system that the caller may see and change.
fn owned(state: &SimulatorState, headers: &HeaderMap, id: &str) -> Result<VendorSystem, Box<Response>> {
    let caller = Caller::authorize(state, headers, &SCOPES)?;
    let clients = state.clients();
    let register = state.system_register.lock().unwrap_or_else(PoisonError::into_inner);
    let system = register.system(&clients.registry, id);
    let system = system.ok_or_else(|| Box::new(refuse(StatusCode::NOT_FOUND, "no system has this id")))?;
    if !may_write(&caller, system.vendor.orgno().unwrap_or_default()) {
        return Err(Box::new(refuse(StatusCode::FORBIDDEN, "the system belongs to another organisation")));
    }
    Ok(system)
}

fn may_write(caller: &Caller, vendor: &str) -> bool {
    caller.has_scope(ADMIN) || caller.orgno().is_some_and(|own| own.as_str() == vendor)
}

fn id_faults(system: &VendorSystem, vendor: &str, register: &SystemRegister, registry: &Registry) -> Vec<SystemFault> {
    let checks = [
        (SystemFault::IdBlank, system.id.contains(' ')),
        (SystemFault::IdFormat, system.id.split('_').next() != Some(vendor)),
        (SystemFault::IdExists, register.has_system(registry, &system.id)),
    ];
    checks.into_iter().filter(|(_, is_wrong)| *is_wrong).map(|(fault, _)| fault).collect()
}

fn content_faults(system: &VendorSystem, register: &SystemRegister, registry: &Registry) -> Vec<SystemFault> {
    let resources = || system.rights.iter().flat_map(|right| &right.resource);
    let lower_case = |ids: &[String]| ids.iter().map(|id| id.to_ascii_lowercase()).collect::<Vec<_>>();
    let is_package = |urn: &str| {
        urn.strip_prefix("urn:altinn:accesspackage:").is_some_and(|name| !name.is_empty() && !name.starts_with(UNKNOWN))
    };
    let checks = [
        (SystemFault::RedirectUrl, !system.allowed_redirect_urls.iter().all(|url| is_https(url))),
        (
            SystemFault::ClientExists,
            system.client_id.iter().any(|client| register.has_client(registry, client, &system.id)),
        ),
        (SystemFault::DuplicateClient, has_duplicates(&lower_case(&system.client_id))),
        (SystemFault::ResourceFormat, resources().any(|resource| resource.id != "urn:altinn:resource")),
        (SystemFault::ResourceNotFound, resources().any(|resource| resource.value.starts_with(UNKNOWN))),
        (SystemFault::DuplicateRight, has_duplicates(&system.rights)),
        (SystemFault::PackageNotFound, !system.access_packages.iter().all(|package| is_package(&package.urn))),
        (SystemFault::DuplicatePackage, has_duplicates(&system.access_packages)),
    ];
    checks.into_iter().filter(|(_, is_wrong)| *is_wrong).map(|(fault, _)| fault).collect()
}

/// Whether a redirect URL is an https URL. One on this machine may be http here, for tests.
fn is_https(text: &str) -> bool {
    let is_here = |url: &Url| matches!(url.host_str(), Some("127.0.0.1" | "localhost"));
    Url::parse(text).is_ok_and(|url| url.scheme() == "https" || (url.scheme() == "http" && is_here(&url)))
}

fn has_duplicates<T: PartialEq>(entries: &[T]) -> bool {
    entries.iter().enumerate().any(|(index, entry)| entries[..index].contains(entry))
}
