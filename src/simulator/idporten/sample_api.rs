//! A sample API that requires an access token of ID-porten or Ansattporten, and says whose it is.

use std::sync::Arc;

use axum::{
    extract::{Query, State},
    http::{HeaderMap, HeaderValue, Method, StatusCode, header},
    response::Response,
};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{LoginContext, LoginServiceKind, presented_token};
use crate::simulator::{
    faults::responses::{ok, plain, with_status},
    state::SimulatorState,
    validator::jwt::ReceivedJwt,
};

#[derive(Deserialize)]
pub(super) struct PersonQuery {
    scope: Option<String>,
}

/// Answers with 401 without a valid token and proof, and with 403 when `?scope=NAME` names a scope that the token lacks.
pub(super) async fn person(
    State(state): State<Arc<SimulatorState>>,
    Query(query): Query<PersonQuery>,
    method: Method,
    headers: HeaderMap,
) -> Response {
    let url = format!("{}api/person", state.issuer);
    let context = LoginContext::new(&state, issuer(&state, &headers));
    let token = match presented_token::verify(&context, &method, &url, &headers) {
        Ok(token) => token,
        Err(refusal) => return *refusal,
    };
    let text = |name: &str| token.claims.get(name).and_then(Value::as_str).unwrap_or_default();
    let has_scope = |scope: &str| text("scope").split(' ').any(|own| own == scope);
    if query.scope.is_some_and(|scope| !has_scope(&scope)) {
        let mut response = with_status(StatusCode::FORBIDDEN, plain("the token lacks the scope\n"));
        let challenge = HeaderValue::from_static("Bearer error=\"insufficient_scope\"");
        response.headers_mut().insert(header::WWW_AUTHENTICATE, challenge);
        return response;
    }
    let mut person = json!({
        "pid": text("pid"),
        "client_id": text("client_id"),
        "scope": text("scope"),
        "acr": text("acr"),
        "iss": text("iss"),
        "bound_to_key": token.is_bound,
    });
    if let Some(details) = token.claims.get("authorization_details") {
        person["authorization_details"] = details.clone();
    }
    let proof = if token.is_bound { ", with a proof" } else { "" };
    ok(&person, format!("hello to a person{proof}"))
}

/// Returns the service whose token it probably is; `verify` checks it.
fn issuer(state: &SimulatorState, headers: &HeaderMap) -> LoginServiceKind {
    let authorization = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let token = authorization.split_once(' ').map_or("", |(_, token)| token.trim());
    let claims = ReceivedJwt::parse(token).ok().map(|jwt| jwt.claims);
    let is_ansattporten = |iss: &Value| *iss == state.ansattporten.issuer.identifier.as_str();
    if claims.and_then(|claims| claims.get("iss").map(is_ansattporten)) == Some(true) {
        LoginServiceKind::Ansattporten
    } else {
        LoginServiceKind::Idporten
    }
}
