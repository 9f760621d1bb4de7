//! Metadata (RFC 8414) and keys (RFC 7517 §5), as the faults want them.

use std::sync::Arc;

use axum::{extract::State, response::Response};
use serde::Serialize;

use super::Shared;
use crate::simulator::{
    faults::{
        answers::{json, of_document},
        replacing,
    },
    judge::details,
    jwk::PublicRsa,
};

/// The key that signs access tokens.
pub(super) async fn jwk(State(shared): State<Arc<Shared>>) -> Response {
    #[derive(Serialize)]
    struct Set<'a> {
        keys: [&'a PublicRsa; 1],
    }
    let watched = shared.watched();
    let faults = shared.faults(&watched);
    let set = replacing(&Set { keys: [&shared.mint.public] }, &faults.jwk);
    of_document(faults, faults.jwk_answer, json(set.into()))
}

/// The metadata with the members of the real test environment, in its order (RFC 8414).
pub(super) async fn metadata(State(shared): State<Arc<Shared>>) -> Response {
    #[derive(Serialize)]
    struct Metadata<'a> {
        authorization_details_types_supported: [&'a str; 2],
        grant_types_supported: [&'a str; 1],
        issuer: &'a str,
        jwks_uri: String,
        token_endpoint: String,
        token_endpoint_auth_methods_supported: [&'a str; 1],
        token_endpoint_auth_signing_alg_values_supported: Vec<&'a str>,
    }
    let watched = shared.watched();
    let strictness = watched.registry.strictness.as_ref().unwrap_or(&shared.strictness);
    let extra = strictness.allow_algorithms.iter().map(String::as_str);
    let truth = Metadata {
        authorization_details_types_supported: details::TYPES,
        grant_types_supported: ["urn:ietf:params:oauth:grant-type:jwt-bearer"],
        issuer: &shared.issuer,
        jwks_uri: format!("{}jwk", shared.issuer),
        token_endpoint: format!("{}token", shared.issuer),
        token_endpoint_auth_methods_supported: ["private_key_jwt"],
        token_endpoint_auth_signing_alg_values_supported: ["RS256", "RS384", "RS512"]
            .into_iter()
            .chain(extra)
            .collect(),
    };
    let faults = shared.faults(&watched);
    of_document(faults, faults.metadata_answer, json(replacing(&truth, &faults.metadata).into()))
}
