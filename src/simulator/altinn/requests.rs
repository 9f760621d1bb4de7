//! Requests for system users: `systemuser/request/vendor`.

use std::sync::{Arc, PoisonError};

use axum::{
    Extension, Router,
    body::Body,
    extract::{Path, Query, State},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::Response,
    routing::{get, post},
};
use serde::{Deserialize, Serialize};
use url::Url;
use uuid::Uuid;

use super::{
    caller::Caller,
    problem::VendorProblem,
    wire::{self, respond},
};
use crate::simulator::{
    registry::Orgno,
    state::SimulatorState,
    system_register::{
        AccessPackage, ExternalId, RegisteredRight, RequestStatus, UserRequest, UserType, VendorIdentifier,
        VendorSystem,
    },
};

const READ: [&str; 1] = ["altinn:authentication/systemuser.request.read"];
/// The scope for requests, and for system users by their parts.
pub(super) const WRITE: [&str; 1] = ["altinn:authentication/systemuser.request.write"];

/// The body of a new request.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct NewRequest {
    #[serde(default)]
    external_ref: Option<String>,
    system_id: String,
    party_org_no: String,
    #[serde(default)]
    rights: Vec<RegisteredRight>,
    #[serde(default)]
    access_packages: Vec<AccessPackage>,
    #[serde(default)]
    integration_title: Option<String>,
    #[serde(default)]
    redirect_url: Option<String>,
}

/// A request as the vendor sees it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct RequestDocument {
    #[serde(flatten)]
    request: UserRequest,
    confirm_url: String,
    escalated: bool,
}

/// The query of lists.
#[derive(Deserialize)]
pub(super) struct PageQuery {
    pub(super) token: Option<String>,
}

/// Builds the router of the requests for system users of one type.
pub(super) fn router(user_type: UserType) -> Router<Arc<SimulatorState>> {
    Router::new()
        .route("/", post(create))
        .route("/{id}", get(show).delete(delete))
        .route("/bysystem/{id}", get(list))
        .route("/byexternalref/{system}/{orgno}/{reference}", get(find))
        .layer(Extension(user_type))
}

async fn create(
    State(state): State<Arc<SimulatorState>>,
    Extension(user_type): Extension<UserType>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let vendor = match vendor(&state, &headers, &WRITE) {
        Ok(vendor) => vendor,
        Err(response) => return *response,
    };
    let wanted: NewRequest = match wire::read(body).await {
        Ok(wanted) => wanted,
        Err(response) => return *response,
    };
    let wanted = NewRequest { external_ref: wanted.external_ref.filter(|text| !text.is_empty()), ..wanted };
    let clients = state.clients();
    let now = state.now(&clients);
    let mut register = state.system_register.lock().unwrap_or_else(PoisonError::into_inner);
    let system = register.system(&clients.registry, &wanted.system_id).filter(|system| is_of(&system.vendor, &vendor));
    let Some(system) = system else { return VendorProblem::SystemNotFound.response() };
    let id = ExternalId {
        user_type,
        system_id: &wanted.system_id,
        orgno: &wanted.party_org_no,
        external_ref: wanted.external_ref.as_deref().unwrap_or(&wanted.party_org_no),
    };
    let users = register.users_of(&clients.registry, &system);
    if users.iter().any(|user| user.reportee_org_no == id.orgno && user.external_ref == id.external_ref) {
        return VendorProblem::UserExists.response();
    }
    // Altinn returns the request that exists instead of making another one.
    let existing = register.request_by_external_id(id, now);
    if let Some(request) = existing.filter(|request| request.status != RequestStatus::Timedout) {
        let decision = format!("request {} exists", request.id);
        return wire::ok(&document(&state, request), decision);
    }
    if let Some(problem) = problem(&wanted, user_type, &system) {
        return problem.response();
    }
    let request = UserRequest {
        id: Uuid::new_v4().to_string(),
        external_ref: id.external_ref.to_owned(),
        integration_title: wanted.integration_title,
        system_id: wanted.system_id,
        party_org_no: wanted.party_org_no,
        rights: wanted.rights,
        access_packages: wanted.access_packages,
        status: RequestStatus::New,
        redirect_url: wanted.redirect_url,
        user_type,
        created: now,
    };
    if !register.add_request(request.clone()) {
        return VendorProblem::CannotStore.response();
    }
    let decision = format!("request {} for a system user of {}", request.id, request.party_org_no);
    let location = format!("{}authentication/api/v1/systemuser/request/{}", state.issuer, request.id);
    let mut response = respond(StatusCode::CREATED, &document(&state, request), decision);
    if let Ok(location) = HeaderValue::from_str(&location) {
        response.headers_mut().insert(header::LOCATION, location);
    }
    response
}

fn problem(wanted: &NewRequest, user_type: UserType, system: &VendorSystem) -> Option<VendorProblem> {
    if Orgno::parse(&wanted.party_org_no).is_none() {
        return Some(VendorProblem::CustomerUnknown);
    }
    let redirect_url = wanted.redirect_url.as_deref().filter(|url| !url.is_empty());
    match redirect_url {
        Some(_) if system.allowed_redirect_urls.is_empty() => return Some(VendorProblem::NoRedirectUrls),
        Some(url) if !system.allowed_redirect_urls.iter().any(|allowed| is_same_page(allowed, url)) => {
            return Some(VendorProblem::RedirectUrl);
        }
        _ => {}
    }
    // Clients delegate access packages, and no single rights.
    match user_type {
        UserType::Agent if wanted.access_packages.is_empty() => return Some(VendorProblem::NoPackageForAgent),
        UserType::Standard if wanted.rights.is_empty() && wanted.access_packages.is_empty() => {
            return Some(VendorProblem::NothingRequested);
        }
        UserType::Agent | UserType::Standard => {}
    }
    let registered = |right: &RegisteredRight| {
        system.rights.iter().any(|own| !right.resource.is_empty() && own.resource == right.resource)
    };
    if !wanted.rights.iter().all(registered) {
        return Some(VendorProblem::RightNotFound);
    }
    let has_package = |package| system.access_packages.contains(package);
    (!wanted.access_packages.iter().all(has_package)).then_some(VendorProblem::PackageNotOnSystem)
}

/// Whether two URLs are the same up to their path.
fn is_same_page(allowed: &str, wanted: &str) -> bool {
    let page = |text: &str| {
        let mut url = Url::parse(text).ok()?;
        url.set_query(None);
        url.set_fragment(None);
        Some(url)
    };
    page(allowed).is_some_and(|allowed| page(wanted) == Some(allowed))
}

async fn show(
    State(state): State<Arc<SimulatorState>>,
    Extension(user_type): Extension<UserType>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Response {
    let request = |state: &SimulatorState| {
        let register = state.system_register.lock().unwrap_or_else(PoisonError::into_inner);
        register.request(&id, state.now(&state.clients())).filter(|request| request.user_type == user_type)
    };
    answer(&state, &headers, request)
}

/// Finds a request by the parts that identify it.
async fn find(
    State(state): State<Arc<SimulatorState>>,
    Extension(user_type): Extension<UserType>,
    Path((system_id, orgno, external_ref)): Path<(String, String, String)>,
    headers: HeaderMap,
) -> Response {
    let id = ExternalId { user_type, system_id: &system_id, orgno: &orgno, external_ref: &external_ref };
    let request = |state: &SimulatorState| {
        let register = state.system_register.lock().unwrap_or_else(PoisonError::into_inner);
        register.request_by_external_id(id, state.now(&state.clients()))
    };
    answer(&state, &headers, request)
}

fn answer(
    state: &SimulatorState,
    headers: &HeaderMap,
    request: impl FnOnce(&SimulatorState) -> Option<UserRequest>,
) -> Response {
    let vendor = match vendor(state, headers, &READ) {
        Ok(vendor) => vendor,
        Err(response) => return *response,
    };
    let Some(request) = request(state) else { return VendorProblem::RequestNotFound.response() };
    if owned_system(state, &request.system_id, &vendor).is_none() {
        return VendorProblem::SystemNotFound.response();
    }
    let decision = format!("request {}: {:?}", request.id, request.status);
    wire::ok(&document(state, request), decision)
}

async fn list(
    State(state): State<Arc<SimulatorState>>,
    Extension(user_type): Extension<UserType>,
    Path(system_id): Path<String>,
    Query(query): Query<PageQuery>,
    headers: HeaderMap,
) -> Response {
    let vendor = match vendor(&state, &headers, &READ) {
        Ok(vendor) => vendor,
        Err(response) => return *response,
    };
    if owned_system(&state, &system_id, &vendor).is_none() {
        return VendorProblem::SystemNotFound.response();
    }
    let now = state.now(&state.clients());
    let register = state.system_register.lock().unwrap_or_else(PoisonError::into_inner);
    let requests = register.requests_of(&system_id, user_type, now).into_iter();
    let requests: Vec<RequestDocument> = requests.map(|request| document(&state, request)).collect();
    let decision = format!("{} requests for {system_id}", requests.len());
    let agent: &[&str] = if user_type == UserType::Agent { &["agent"] } else { &[] };
    let path = [&["systemuser", "request", "vendor"], agent, &["bysystem", &system_id]].concat();
    let url = wire::platform_url(&state, &path);
    wire::page(&requests, |document| &document.request.id, query.token.as_deref(), url, decision)
}

/// Deletes a request of either type.
async fn delete(State(state): State<Arc<SimulatorState>>, Path(id): Path<String>, headers: HeaderMap) -> Response {
    let vendor = match vendor(&state, &headers, &WRITE) {
        Ok(vendor) => vendor,
        Err(response) => return *response,
    };
    let now = state.now(&state.clients());
    let request = state.system_register.lock().unwrap_or_else(PoisonError::into_inner).request(&id, now);
    let request = request.filter(|request| owned_system(&state, &request.system_id, &vendor).is_some());
    let Some(request) = request else { return VendorProblem::RequestNotFound.response() };
    state.system_register.lock().unwrap_or_else(PoisonError::into_inner).delete_request(&request.id);
    super::caller::refuse(StatusCode::ACCEPTED, &format!("request {} deleted", request.id))
}

fn document(state: &SimulatorState, request: UserRequest) -> RequestDocument {
    let page = if request.user_type == UserType::Agent { "agentrequest" } else { "request" };
    let confirm_url =
        format!("{}accessmanagement/ui/systemuser/{page}?id={}&DONTCHOOSEREPORTEE=true", state.issuer, request.id);
    RequestDocument { request, confirm_url, escalated: false }
}

/// Returns the organisation of the caller's token.
pub(super) fn vendor(state: &SimulatorState, headers: &HeaderMap, scopes: &[&str]) -> Result<Orgno, Box<Response>> {
    let caller = Caller::authorize(state, headers, scopes)?;
    caller.orgno().ok_or_else(|| Box::new(VendorProblem::NoConsumer.response()))
}

/// Returns a system, if it belongs to this vendor.
pub(super) fn owned_system(state: &SimulatorState, id: &str, vendor: &Orgno) -> Option<VendorSystem> {
    let clients = state.clients();
    let register = state.system_register.lock().unwrap_or_else(PoisonError::into_inner);
    register.system(&clients.registry, id).filter(|system| is_of(&system.vendor, vendor))
}

fn is_of(identifier: &VendorIdentifier, vendor: &Orgno) -> bool {
    identifier.orgno() == Some(vendor.as_str())
}
