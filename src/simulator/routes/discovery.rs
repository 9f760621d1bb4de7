//! Metadata (RFC 8414) and keys (RFC 7517 §5), modified by the faults.

use std::sync::Arc;

use axum::{extract::State, response::Response};
use serde::Serialize;

use crate::simulator::{
    faults::{
        replacing,
        responses::{replace, serialized},
    },
    jwk::PublicRsaJwk,
    state::SimulatorState,
    validator::details,
};

#[derive(Serialize)]
struct KeySetDocument<'a> {
    keys: [&'a PublicRsaJwk; 1],
}

/// The members of the real test environment's metadata, in the same order (RFC 8414).
#[derive(Serialize)]
struct MetadataDocument<'a> {
    authorization_details_types_supported: [&'a str; 2],
    grant_types_supported: [&'a str; 1],
    issuer: &'a str,
    jwks_uri: String,
    token_endpoint: String,
    token_endpoint_auth_methods_supported: [&'a str; 1],
    token_endpoint_auth_signing_alg_values_supported: Vec<&'a str>,
}

/// Returns the key that signs access tokens.
pub(super) async fn jwk(State(state): State<Arc<SimulatorState>>) -> Response {
    let clients = state.clients();
    let faults = state.faults(&clients);
    let keys = KeySetDocument { keys: [&state.token_issuer.public_jwk] };
    replace(faults, faults.jwk_answer, serialized(replacing(&keys, &faults.jwk)))
}

/// Returns the metadata.
pub(super) async fn metadata(State(state): State<Arc<SimulatorState>>) -> Response {
    let clients = state.clients();
    let faults = state.faults(&clients);
    let mut algorithms = vec!["RS256", "RS384", "RS512"];
    algorithms.extend(state.strictness(&clients).allow_algorithms.iter().map(String::as_str));
    let metadata = MetadataDocument {
        authorization_details_types_supported: details::TYPES,
        grant_types_supported: ["urn:ietf:params:oauth:grant-type:jwt-bearer"],
        issuer: &state.issuer,
        jwks_uri: format!("{}jwk", state.issuer),
        token_endpoint: format!("{}token", state.issuer),
        token_endpoint_auth_methods_supported: ["private_key_jwt"],
        token_endpoint_auth_signing_alg_values_supported: algorithms,
    };
    replace(faults, faults.metadata_answer, serialized(replacing(&metadata, &faults.metadata)))
}
