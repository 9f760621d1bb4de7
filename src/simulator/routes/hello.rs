//! The simulator's own API, which wants a token (RFC 6750).

use std::sync::Arc;

use axum::{
    extract::{Query, State},
    http::{HeaderMap, StatusCode, header},
    response::Response,
};
use serde::{Deserialize, Serialize};

use super::{Decision, Shared, to_json};
use crate::simulator::faults::answers::{plain, with_header, with_status};

#[derive(Deserialize)]
pub(super) struct Wanted {
    scope: Option<String>,
}

/// Says hello to the organisation that the token is for.
pub(super) async fn hello(
    State(shared): State<Arc<Shared>>,
    Query(wanted): Query<Wanted>,
    headers: HeaderMap,
) -> Response {
    #[derive(Serialize)]
    struct Greeting<'a> {
        hello: &'a str,
        client_id: &'a str,
        scope: &'a str,
    }
    let refuse = |status, challenge, reason: &str| {
        let mut response = with_header(header::WWW_AUTHENTICATE, challenge, with_status(status, plain("")));
        response.extensions_mut().insert(Decision(reason.to_owned()));
        response
    };
    let authorization = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let token = match authorization.split_once(' ') {
        Some((scheme, token)) if scheme.eq_ignore_ascii_case("Bearer") => token.trim(),
        _ => return refuse(StatusCode::UNAUTHORIZED, "Bearer", "no Bearer token"),
    };
    let now = shared.now(&shared.watched());
    let caller = match shared.mint.check(token, &shared.issuer, now) {
        Ok(caller) => caller,
        Err(reason) => return refuse(StatusCode::UNAUTHORIZED, "Bearer error=\"invalid_token\"", reason),
    };
    let has = |wanted: &str| caller.scope.split(' ').any(|scope| scope == wanted);
    if wanted.scope.is_some_and(|scope| !has(&scope)) {
        return refuse(StatusCode::FORBIDDEN, "Bearer error=\"insufficient_scope\"", "the token lacks the scope");
    }
    let mut response = to_json(&Greeting { hello: &caller.orgno, client_id: &caller.client_id, scope: &caller.scope });
    response.extensions_mut().insert(Decision(format!("hello to {}", caller.orgno)));
    response
}
