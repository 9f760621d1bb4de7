//! An access token for a person, who does not log in.

use std::sync::Arc;

use axum::{
    Extension,
    extract::{Query, State},
    http::StatusCode,
    response::Response,
};
use serde::Deserialize;
use serde_json::json;
use uuid::Uuid;

use super::{LoginContext, LoginServiceKind};
use crate::simulator::{
    faults::responses::{Decision, empty, plain},
    registry::people::Pid,
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

pub(super) async fn test_token(
    State(state): State<Arc<SimulatorState>>,
    Extension(kind): Extension<LoginServiceKind>,
    Query(query): Query<TestTokenQuery>,
) -> Response {
    if Pid::parse(&query.pid).is_none() {
        return empty(StatusCode::BAD_REQUEST, "the pid is not that of a person");
    }
    let LoginContext { service, now, .. } = LoginContext::new(&state, kind);
    let lifetime = query.lifetime_seconds.unwrap_or(LIFETIME_SECONDS);
    let claims = json!({
        "sub": query.pid,
        "pid": query.pid,
        "acr": query.acr,
        "amr": ["TestID"],
        "scope": query.scope,
        "iss": service.issuer.identifier,
        "client_amr": "private_key_jwt",
        "client_id": "simulator",
        "iat": now.timestamp(),
        "exp": now.timestamp() + i64::from(lifetime),
        "jti": Uuid::new_v4().to_string(),
    });
    let key = service.issuer.key(now).ok();
    let token = key.and_then(|key| key.sign(&json!({ "kid": key.key_id(), "alg": "RS256" }), &claims).ok());
    let Some(token) = token else {
        return empty(StatusCode::INTERNAL_SERVER_ERROR, "the token could not be signed");
    };
    let mut response = plain(token);
    response.extensions_mut().insert(Decision(format!("{} token issued", kind.title())));
    response
}
