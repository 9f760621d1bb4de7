//! The system users of a vendor's systems: `systemuser/vendor`.

use std::sync::{Arc, PoisonError};

use axum::{
    extract::{Path, Query, State},
    http::{HeaderMap, StatusCode},
    response::Response,
};
use serde::Deserialize;

use super::{
    caller::refuse,
    problem::VendorProblem,
    requests::{self, PageQuery, owned_system, vendor},
    systems, wire,
};
use crate::simulator::state::SimulatorState;

/// The query for one system user.
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) struct UserQuery {
    system_id: String,
    orgno: String,
    external_ref: Option<String>,
}

pub(super) async fn list(
    State(state): State<Arc<SimulatorState>>,
    Path(system_id): Path<String>,
    Query(query): Query<PageQuery>,
    headers: HeaderMap,
) -> Response {
    let vendor = match vendor(&state, &headers, &systems::SCOPES) {
        Ok(vendor) => vendor,
        Err(response) => return *response,
    };
    let Some(system) = owned_system(&state, &system_id, &vendor) else {
        return VendorProblem::SystemNotFound.response();
    };
    let clients = state.clients();
    let register = state.system_register.lock().unwrap_or_else(PoisonError::into_inner);
    let users = register.users_of(&clients.registry, &system);
    let url = wire::platform_url(&state, &["systemuser", "vendor", "bysystem", &system_id]);
    let decision = format!("{} system users of {system_id}", users.len());
    wire::page(&users, |user| &user.id, query.token.as_deref(), url, decision)
}

pub(super) async fn find(
    State(state): State<Arc<SimulatorState>>,
    Query(query): Query<UserQuery>,
    headers: HeaderMap,
) -> Response {
    let vendor = match vendor(&state, &headers, &requests::WRITE) {
        Ok(vendor) => vendor,
        Err(response) => return *response,
    };
    let external_ref = query.external_ref.as_deref().filter(|text| !text.is_empty()).unwrap_or(&query.orgno);
    let users = owned_system(&state, &query.system_id, &vendor).map(|system| {
        let clients = state.clients();
        let register = state.system_register.lock().unwrap_or_else(PoisonError::into_inner);
        register.users_of(&clients.registry, &system)
    });
    let user = users
        .into_iter()
        .flatten()
        .find(|user| user.reportee_org_no == query.orgno && user.external_ref == external_ref);
    match user {
        Some(user) => wire::ok(&user, format!("system user {}", user.id)),
        None => refuse(StatusCode::NOT_FOUND, "no system user has these parts"),
    }
}
