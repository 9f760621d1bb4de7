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
    faults::responses::{Decision, plain, with_status},
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
    let decided = |mut response: Response, decision: &str| {
        response.extensions_mut().insert(Decision(decision.to_owned()));
        response
    };
    if Pid::parse(&query.pid).is_none() {
        let response = with_status(StatusCode::BAD_REQUEST, Response::default());
        return decided(response, "the pid is not that of a person");
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
    if let Some(token) = token {
        return decided(plain(token), &format!("{} token issued", kind.title()));
    }
    let response = with_status(StatusCode::INTERNAL_SERVER_ERROR, Response::default());
    decided(response, "the token could not be signed")
}
