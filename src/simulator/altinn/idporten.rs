//! An issuer with the form of ID-porten's, for the exchange of its tokens.
//!
//! The claims are those of a real access token of the test environment.

use std::sync::Arc;

use axum::{
    extract::{Query, State},
    http::StatusCode,
    response::Response,
};
use serde::Deserialize;
use serde_json::json;
use uuid::Uuid;

use super::{caller::refuse, person::Person, wire::ok};
use crate::simulator::{
    faults::responses::{Decision, internal_error, plain, serialized},
    state::SimulatorState,
};

/// The lifetime of access tokens of ID-porten.
const LIFETIME_SECONDS: u32 = 600;

/// The person, the scopes and the security level of a token.
#[derive(Deserialize)]
pub(super) struct TestTokenQuery {
    pid: String,
    #[serde(default = "scope")]
    scope: String,
    #[serde(default = "acr")]
    acr: String,
    lifetime_seconds: Option<u32>,
}

fn scope() -> String {
    "openid profile altinn:instances.read".to_owned()
}

fn acr() -> String {
    "idporten-loa-substantial".to_owned()
}

pub(super) async fn configuration(State(state): State<Arc<SimulatorState>>) -> Response {
    let issuer = &state.idporten.identifier;
    ok(
        &json!({
            "issuer": issuer,
            "jwks_uri": format!("{issuer}/jwks.json"),
            "response_types_supported": ["code"],
            "subject_types_supported": ["pairwise", "public"],
            "id_token_signing_alg_values_supported": ["RS256"],
        }),
        "OK".to_owned(),
    )
}

pub(super) async fn keys(State(state): State<Arc<SimulatorState>>) -> Response {
    let now = state.now(&state.clients());
    match state.idporten.key(now).and_then(|key| key.key_set(false)) {
        Ok(keys) => serialized(serde_json::to_vec(&keys)),
        Err(_) => internal_error(),
    }
}

/// Returns an access token for a person, who does not log in.
pub(super) async fn test_token(
    State(state): State<Arc<SimulatorState>>,
    Query(query): Query<TestTokenQuery>,
) -> Response {
    if Person::find(&query.pid).is_none() {
        return refuse(StatusCode::BAD_REQUEST, "the pid is not that of a person");
    }
    let now = state.now(&state.clients());
    let lifetime = query.lifetime_seconds.unwrap_or(LIFETIME_SECONDS);
    let claims = json!({
        "sub": query.pid,
        "pid": query.pid,
        "acr": query.acr,
        "amr": ["TestID"],
        "scope": query.scope,
        "iss": state.idporten.identifier,
        "client_amr": "private_key_jwt",
        "client_id": "simulator",
        "iat": now.timestamp(),
        "exp": now.timestamp() + i64::from(lifetime),
        "jti": Uuid::new_v4().to_string(),
    });
    let key = state.idporten.key(now).ok();
    let token = key.and_then(|key| key.sign(&json!({ "kid": key.key_id(), "alg": "RS256" }), &claims).ok());
    let Some(token) = token else {
        return refuse(StatusCode::INTERNAL_SERVER_ERROR, "the token could not be signed");
    };
    let mut response = plain(token);
    response.extensions_mut().insert(Decision("ID-porten token issued".to_owned()));
    response
}
