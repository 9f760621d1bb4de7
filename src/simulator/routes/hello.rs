//! The sample API, which requires a token (RFC 6750).

use std::sync::Arc;

use axum::{
    extract::{Query, State},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::Response,
};
use serde::{Deserialize, Serialize};

use crate::simulator::{
    faults::responses::{Decision, ok, plain, with_status},
    state::SimulatorState,
};

#[derive(Deserialize)]
pub(super) struct HelloQuery {
    scope: Option<String>,
}

#[derive(Serialize)]
struct Greeting<'a> {
    hello: &'a str,
    client_id: &'a str,
    scope: &'a str,
}

/// Greets the organisation that the token was issued for.
pub(super) async fn hello(
    State(state): State<Arc<SimulatorState>>,
    Query(query): Query<HelloQuery>,
    headers: HeaderMap,
) -> Response {
    let authorization = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let token = match authorization.split_once(' ') {
        Some((scheme, token)) if scheme.eq_ignore_ascii_case("Bearer") => token.trim(),
        _ => return refuse(StatusCode::UNAUTHORIZED, None, "the request has no Bearer token"),
    };
    let now = state.now(&state.clients());
    let token = match state.token_issuer.verify(token, &state.issuer, now) {
        Ok(token) => token,
        Err(reason) => return refuse(StatusCode::UNAUTHORIZED, Some("invalid_token"), reason),
    };
    let has_scope = |required: &str| token.scope.split(' ').any(|scope| scope == required);
    if query.scope.is_some_and(|scope| !has_scope(&scope)) {
        return refuse(StatusCode::FORBIDDEN, Some("insufficient_scope"), "the token lacks the scope");
    }
    let greeting = Greeting { hello: &token.orgno, client_id: &token.client_id, scope: &token.scope };
    ok(&greeting, format!("hello to {}", token.orgno))
}

/// Refuses a request, with the reason in the challenge (RFC 6750 §3), the body and the log.
fn refuse(status: StatusCode, error: Option<&str>, reason: &'static str) -> Response {
    // RFC 6750 §3.1: a request without a token gets no error code.
    let challenge = match error {
        None => "Bearer".to_owned(),
        Some(error) => format!("Bearer error=\"{error}\", error_description=\"{reason}\""),
    };
    let mut response = with_status(status, plain(format!("{reason}\n")));
    if let Ok(challenge) = HeaderValue::from_str(&challenge) {
        response.headers_mut().insert(header::WWW_AUTHENTICATE, challenge);
    }
    response.extensions_mut().insert(Decision(reason.to_owned()));
    response
}
