//! Endpoints about tokens: userinfo (`OpenID` Connect Core §5.3), introspection (RFC 7662) and revocation (RFC 7009).

use std::sync::Arc;

use axum::{
    Extension,
    extract::State,
    http::{HeaderMap, HeaderValue, Method, StatusCode, header},
    response::Response,
};
use serde_json::{Value, json};

use super::{
    LoginContext, LoginServiceKind, call::LoginCall, client_authentication::authenticate,
    parameters::ReceivedParameters, presented_token, refusal::LoginRefusal,
};
use crate::simulator::{
    faults::responses::{empty, plain, serialized, with_status},
    login_state::hash,
    state::SimulatorState,
};

/// The scope that a client must have to introspect tokens.
const INTROSPECTION: &str = "idporten:token.introspection";

pub(super) async fn userinfo(
    State(state): State<Arc<SimulatorState>>,
    Extension(kind): Extension<LoginServiceKind>,
    method: Method,
    headers: HeaderMap,
) -> Response {
    let context = LoginContext::new(&state, kind);
    let token = match presented_token::verify(&context, &method, &context.service.url("userinfo"), &headers) {
        Ok(token) => token,
        Err(refusal) => return *refusal,
    };
    if !is_active(&context, token.text) {
        let mut response = with_status(StatusCode::UNAUTHORIZED, plain("the token has been revoked\n"));
        let challenge = HeaderValue::from_static("Bearer error=\"invalid_token\"");
        response.headers_mut().insert(header::WWW_AUTHENTICATE, challenge);
        return response;
    }
    let names = ["sub", "pid", "acr", "authorization_details"];
    let claims = names.into_iter().filter_map(|name| Some((name.to_owned(), token.claims.get(name)?.clone())));
    serialized(serde_json::to_vec(&Value::Object(claims.collect())))
}

/// Whether an access token was issued for a login, and neither it nor the login has been revoked.
fn is_active(context: &LoginContext, token: &str) -> bool {
    let mut store = context.service.store();
    let authorization = store.access_tokens.get(&hash(token), context.now).copied();
    authorization.is_some_and(|id| store.authorizations.get(&id, context.now).is_some())
}

pub(super) async fn introspect(LoginCall { state, kind, headers, parameters }: LoginCall) -> Response {
    let context = LoginContext::new(&state, kind);
    match introspected(&context, &headers, &parameters) {
        Ok(body) => serialized(serde_json::to_vec(&body)),
        Err(refusal) => refusal.response(),
    }
}

fn introspected(
    context: &LoginContext,
    headers: &HeaderMap,
    parameters: &ReceivedParameters,
) -> Result<Value, LoginRefusal> {
    let client = authenticate(context, headers, parameters)?;
    if client.is_public() || !client.client.scopes.iter().any(|scope| scope == INTROSPECTION) {
        return Err(LoginRefusal::new("unauthorized_client", format!("The client lacks the scope {INTROSPECTION}.")));
    }
    let token = parameters.require("token")?;
    let claims = context.service.issuer.verified_claims(token, context.now).ok();
    let Some(mut claims) = claims.filter(|_| is_active(context, token)) else { return Ok(json!({ "active": false })) };
    let token_type = if claims.contains_key("cnf") { "DPoP" } else { "Bearer" };
    claims.extend([("active".to_owned(), json!(true)), ("token_type".to_owned(), json!(token_type))]);
    Ok(Value::Object(claims))
}

pub(super) async fn revoke(LoginCall { state, kind, headers, parameters }: LoginCall) -> Response {
    let context = LoginContext::new(&state, kind);
    match revoked(&context, &headers, &parameters) {
        // RFC 7009 §2.2: a token that is not known needs no revocation.
        Ok(is_known) => {
            empty(StatusCode::OK, if is_known { "token revoked" } else { "unknown token, nothing revoked" })
        }
        Err(refusal) => refusal.response(),
    }
}

/// Revokes an access token alone, or with a refresh token the whole login (RFC 7009 §2.1).
fn revoked(context: &LoginContext, headers: &HeaderMap, parameters: &ReceivedParameters) -> Result<bool, LoginRefusal> {
    let client = authenticate(context, headers, parameters)?;
    let token = hash(parameters.require("token")?);
    let now = context.now;
    let mut store = context.service.store();
    if let Some(issued) = store.refresh_tokens.get(&token, now).cloned() {
        let is_own = issued.client_id == client.client.id;
        return Ok(is_own && store.authorizations.remove(&issued.authorization, now).is_some());
    }
    let Some(authorization) = store.access_tokens.get(&token, now).copied() else { return Ok(false) };
    let own = store.authorizations.get(&authorization, now);
    let is_own = own.is_some_and(|own| own.request.target.client_id == client.client.id);
    Ok(is_own && store.access_tokens.remove(&token, now).is_some())
}
