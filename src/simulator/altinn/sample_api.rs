//! A sample API that requires a token of Altinn, and says whose it is.

use std::sync::Arc;

use axum::{
    extract::{Query, State},
    http::{HeaderMap, StatusCode},
    response::Response,
};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{
    caller::{Caller, NO_TOKEN, bearer_token, refuse},
    wire::ok,
};
use crate::simulator::{registry::Orgno, state::SimulatorState};

#[derive(Deserialize)]
pub(super) struct WhoamiQuery {
    scope: Option<String>,
}

/// Who calls: the members that the token does not have are left out.
#[derive(Serialize)]
struct Identity<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    organisation: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    service_owner: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    system_user: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    system: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    customer: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    user_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    client_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    scope: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    authentication_method: Option<&'a str>,
}

/// Answers with 401 to a token that is not Altinn's, and with 403 when `?scope=NAME` names a scope that it lacks.
pub(super) async fn whoami(
    State(state): State<Arc<SimulatorState>>,
    Query(query): Query<WhoamiQuery>,
    headers: HeaderMap,
) -> Response {
    let Some(token) = bearer_token(&headers) else { return refuse(StatusCode::UNAUTHORIZED, NO_TOKEN) };
    let now = state.now(&state.clients());
    let caller = match state.altinn.verified_claims(token, now) {
        Ok(claims) => Caller { claims },
        Err(_) if state.token_issuer.verified_claims(token, &state.issuer, now).is_ok() => {
            return refuse(StatusCode::UNAUTHORIZED, "the token is Maskinporten's and has not been exchanged");
        }
        Err(reason) => return refuse(StatusCode::UNAUTHORIZED, reason),
    };
    if query.scope.is_some_and(|scope| !caller.has_scope(&scope)) {
        return refuse(StatusCode::FORBIDDEN, "the token lacks the scope");
    }
    let orgno = caller.orgno();
    let organisation = caller.text("urn:altinn:orgNumber").or(orgno.as_ref().map(Orgno::as_str));
    let detail = caller.claims.get("authorization_details").map(|details| details.get(0).unwrap_or(details));
    let of_detail = |name| detail.and_then(|detail| detail.get(name));
    let first = |value: &'_ Value| value.get(0).and_then(Value::as_str).map(str::to_owned);
    let system_user = of_detail("systemuser_id").and_then(first);
    let customer = of_detail("systemuser_org").and_then(|org| org.get("ID")).and_then(Value::as_str);
    let user_id =
        caller.claims.get("urn:altinn:userid").map(|id| id.as_str().map_or_else(|| id.to_string(), str::to_owned));
    let identity = Identity {
        organisation,
        service_owner: caller.text("urn:altinn:org"),
        system_user: system_user.as_deref(),
        system: of_detail("system_id").and_then(Value::as_str),
        customer: customer.and_then(|id| id.split_once(':')).map(|(_, orgno)| orgno),
        user_id,
        client_id: caller.text("client_id"),
        scope: caller.text("scope"),
        authentication_method: caller.text("urn:altinn:authenticatemethod"),
    };
    let who = match (identity.customer, &identity.user_id) {
        (Some(customer), _) => format!("the system user of {customer}"),
        (None, Some(user)) => format!("user {user}"),
        (None, None) => organisation.unwrap_or("an unknown organisation").to_owned(),
    };
    ok(&identity, format!("hello to {who}"))
}
