//! Altinn's issuer: its discovery document and its keys.

use std::sync::Arc;

use axum::{extract::State, response::Response};
use serde_json::json;

use crate::simulator::{
    faults::responses::{internal_error, serialized},
    state::SimulatorState,
};

/// The members of the real document, in the same order.
pub(super) async fn configuration(State(state): State<Arc<SimulatorState>>) -> Response {
    let issuer = &state.altinn.identifier;
    let api = format!("{}authentication/api/v1/", state.issuer);
    serialized(serde_json::to_vec(&json!({
        "issuer": issuer,
        "authorization_endpoint": format!("{api}authorize"),
        "token_endpoint": format!("{api}token"),
        "jwks_uri": format!("{issuer}.well-known/openid-configuration/jwks"),
        "response_types_supported": ["token"],
        "subject_types_supported": ["pairwise"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "end_session_endpoint": format!("{api}logout2"),
    })))
}

pub(super) async fn keys(State(state): State<Arc<SimulatorState>>) -> Response {
    let now = state.now(&state.clients());
    match state.altinn.key(now).and_then(|key| key.key_set(true)) {
        Ok(keys) => serialized(serde_json::to_vec(&keys)),
        Err(_) => internal_error(),
    }
}
