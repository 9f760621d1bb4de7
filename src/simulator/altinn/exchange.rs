//! The exchange of a token of Maskinporten or ID-porten for one of Altinn, and its renewal.
//!
//! The rules are those of Altinn's `AuthenticationController`. Altinn compares the issuer only in part; here it must be
//! the simulator's.

use std::sync::Arc;

use axum::{
    extract::{Path, Query, State},
    http::{HeaderMap, StatusCode, header},
    response::Response,
};
use chrono::{DateTime, TimeDelta, Utc};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::{
    caller::{NO_TOKEN, bearer_token, consumer, refuse},
    person::Person,
    problem,
};
use crate::simulator::{
    clients_file::ClientsSnapshot,
    faults::{
        replacing,
        responses::{Decision, plain, typed, with_status},
    },
    registry::Orgno,
    state::SimulatorState,
    validator::sanitize,
};

/// The lifetime of Altinn's tokens.
const LIFETIME_SECONDS: i64 = 30 * 60;
/// How far the clock of the token's issuer may be off.
const CLOCK_SKEW: TimeDelta = TimeDelta::seconds(10);
/// The header with the user name and password of an enterprise user.
const ENTERPRISE_USER: &str = "x-altinn-enterpriseuser-authentication";
/// The beginnings of scopes that the exchange accepts from ID-porten.
const IDPORTEN_SCOPES: [&str; 4] = [
    "altinn:",
    "skatteetaten:formueinntekt/skattemelding",
    "skatteetaten:mvameldinginnsending",
    "skatteetaten:mvameldingvalidering",
];

#[derive(Deserialize)]
pub(super) struct ExchangeQuery {
    test: Option<String>,
}

pub(super) async fn exchange(
    State(state): State<Arc<SimulatorState>>,
    Path(provider): Path<String>,
    Query(query): Query<ExchangeQuery>,
    headers: HeaderMap,
) -> Response {
    let Some(token) = bearer_token(&headers) else { return refuse(StatusCode::UNAUTHORIZED, NO_TOKEN) };
    let clients = state.clients();
    let now = state.now(&clients);
    let is_test = query.test.is_some_and(|test| test.eq_ignore_ascii_case("true"));
    let exchanged = match provider.to_ascii_lowercase().as_str() {
        "maskinporten" => of_maskinporten(&state, &clients, token, is_test, &headers, now),
        "id-porten" => of_idporten(&state, token, now),
        "altinnstudio" => Err(Box::new(refuse(StatusCode::UNAUTHORIZED, "there is no Altinn Studio here"))),
        _ => {
            let text = format!(
                "Invalid token provider: {}. Trusted token providers are 'Maskinporten', 'Id-porten' and \
                 'AltinnStudio'.",
                sanitize(&provider)
            );
            return with_status(StatusCode::BAD_REQUEST, plain(text));
        }
    };
    match exchanged {
        Ok((claims, subject)) => issue(&state, &clients, &headers, claims, now, &format!("exchanged for {subject}")),
        Err(response) => *response,
    }
}

/// Issues a new token for one of Altinn that is still valid.
pub(super) async fn refresh(State(state): State<Arc<SimulatorState>>, headers: HeaderMap) -> Response {
    let Some(token) = bearer_token(&headers) else { return refuse(StatusCode::UNAUTHORIZED, NO_TOKEN) };
    let clients = state.clients();
    let now = state.now(&clients);
    let mut claims = match state.altinn.verified_claims(token, now) {
        Ok(claims) => claims,
        Err(reason) => return refuse(StatusCode::UNAUTHORIZED, reason),
    };
    claims.insert("exp".to_owned(), json!(now.timestamp() + LIFETIME_SECONDS));
    issue(&state, &clients, &headers, claims, now, "token renewed")
}

/// Returns the claims of the new token, except its times, and whose it is.
fn of_maskinporten(
    state: &SimulatorState,
    clients: &ClientsSnapshot,
    token: &str,
    is_test: bool,
    headers: &HeaderMap,
    now: DateTime<Utc>,
) -> Result<(Map<String, Value>, String), Box<Response>> {
    let unauthorized = |reason| Box::new(refuse(StatusCode::UNAUTHORIZED, reason));
    let verified = state.token_issuer.verified_claims(token, &state.issuer, now - CLOCK_SKEW);
    let mut claims = verified.map_err(unauthorized)?;
    let orgno = consumer(&claims).ok_or_else(|| unauthorized("the token's consumer is not an organisation"))?;
    if headers.get(ENTERPRISE_USER).is_some_and(|value| !value.is_empty()) {
        return Err(Box::new(problem::enterprise_users_are_gone()));
    }
    for name in ["aud", "iss", "client_amr", "jti", "sid"] {
        claims.remove(name);
    }
    collapse(&mut claims);
    if claims.get("scope").and_then(Value::as_str).is_some_and(|scope| scope.contains("altinn:serviceowner"))
        && let Some(org) = service_owner(clients, &orgno, is_test)
    {
        claims.insert("urn:altinn:org".to_owned(), json!(org));
    }
    let new = [
        ("urn:altinn:orgNumber", json!(orgno.as_str())),
        ("urn:altinn:authenticatemethod", json!("maskinporten")),
        ("urn:altinn:authlevel", json!(3)),
        ("exp", json!(now.timestamp() + LIFETIME_SECONDS)),
    ];
    claims.extend(new.map(|(name, value)| (name.to_owned(), value)));
    Ok((claims, orgno.as_str().to_owned()))
}

/// Returns the short name of a service owner; a test of Digdir's is one of the fictitious owner `ttd`.
fn service_owner(clients: &ClientsSnapshot, orgno: &Orgno, is_test: bool) -> Option<String> {
    let owner = clients.registry.altinn.service_owners.iter().find(|owner| owner.orgno == *orgno)?;
    Some(if is_test && owner.org == "digdir" { "ttd".to_owned() } else { owner.org.clone() })
}

/// Returns the claims of the new token, which has the expiry of the old one, and whose it is.
fn of_idporten(
    state: &SimulatorState,
    token: &str,
    now: DateTime<Utc>,
) -> Result<(Map<String, Value>, String), Box<Response>> {
    let unauthorized = |reason| Box::new(refuse(StatusCode::UNAUTHORIZED, reason));
    let mut claims = state.idporten.issuer.verified_claims(token, now - CLOCK_SKEW).map_err(unauthorized)?;
    let text = |name| claims.get(name).and_then(Value::as_str).filter(|text| !text.trim().is_empty());
    let accepted = |scope: &str| IDPORTEN_SCOPES.iter().any(|beginning| scope.starts_with(beginning));
    if !text("scope").is_some_and(|scopes| scopes.split(' ').any(accepted)) {
        return Err(Box::new(refuse(StatusCode::FORBIDDEN, "the token has no scope of Altinn's")));
    }
    let (Some(pid), Some(acr)) = (text("pid"), text("acr")) else {
        return Err(unauthorized("the token has no pid or no acr"));
    };
    let person = Person::find(pid).ok_or_else(|| unauthorized("the pid is not that of a person"))?;
    let amr = match claims.get("amr") {
        Some(Value::Array(methods)) => methods.first().and_then(Value::as_str),
        Some(Value::String(method)) => Some(method.as_str()),
        _ => None,
    };
    let method = amr.unwrap_or("NotDefined").to_owned();
    let level = level(acr);
    for name in ["aud", "iss", "at_hash", "jti", "sid", "sub"] {
        claims.remove(name);
    }
    collapse(&mut claims);
    let new = [("urn:altinn:authenticatemethod", json!(method)), ("urn:altinn:authlevel", json!(level))];
    claims.extend(person.claims().into_iter().chain(new).map(|(name, value)| (name.to_owned(), value)));
    Ok((claims, format!("user {}", person.user_id)))
}

/// Returns the security level of an `acr`.
fn level(acr: &str) -> u8 {
    match acr {
        "idporten-loa-substantial" => 3,
        "idporten-loa-high" => 4,
        // `Level3` and `Level4` were those of the former ID-porten.
        _ => acr.bytes().last().filter(u8::is_ascii_digit).map_or(0, |digit| digit - b'0'),
    }
}

/// Replaces each array of one element by the element, as .NET's list of claims does.
fn collapse(claims: &mut Map<String, Value>) {
    for value in claims.values_mut() {
        if let Value::Array(elements) = value
            && elements.len() == 1
        {
            *value = elements.remove(0);
        }
    }
}

/// Signs the new token, and writes it as text, or as JSON to a client that asks for JSON.
fn issue(
    state: &SimulatorState,
    clients: &ClientsSnapshot,
    headers: &HeaderMap,
    mut claims: Map<String, Value>,
    now: DateTime<Utc>,
    decision: &str,
) -> Response {
    let faults = &state.faults(clients).altinn;
    if let Some(seconds) = faults.token_lifetime_seconds {
        claims.insert("exp".to_owned(), json!(now.timestamp() + i64::from(seconds)));
    }
    let identifiers = [("jti", json!(Uuid::new_v4().to_string())), ("sid", json!(Uuid::new_v4().to_string()))];
    let times = [("nbf", json!(now.timestamp())), ("iat", json!(now.timestamp()))];
    let own = identifiers.into_iter().chain(times).chain([("iss", json!(state.altinn.identifier))]);
    claims.extend(own.map(|(name, value)| (name.to_owned(), value)));
    let signed = replacing(&claims, &faults.token)
        .ok()
        .and_then(|claims| serde_json::from_slice::<Map<String, Value>>(&claims).ok())
        .and_then(|claims| {
            let key = state.altinn.key(now).ok()?;
            let header = json!({ "alg": "RS256", "kid": key.key_id(), "x5t": key.x5t(), "typ": "JWT" });
            key.sign(&header, &claims).ok()
        });
    let Some(token) = signed else {
        return refuse(StatusCode::INTERNAL_SERVER_ERROR, "the token could not be signed");
    };
    let mut response = if wants_json(headers) {
        typed("application/json; charset=utf-8", json!(token).to_string().into())
    } else {
        plain(token)
    };
    response.extensions_mut().insert(Decision(decision.to_owned()));
    response
}

/// Whether the client asks for JSON. ASP.NET ignores `Accept` when it contains `*/*`, and writes text.
fn wants_json(headers: &HeaderMap) -> bool {
    let accept = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let accept = accept.to_ascii_lowercase();
    !accept.contains("*/*") && (accept.contains("application/json") || accept.contains("+json"))
}
