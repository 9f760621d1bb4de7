//! The REST API of Altinn 2, which was shut down on 2026-06-19 but remains in closed networks and test beds.
//!
//! <https://docs.altinn.studio/api/rest/kom-i-gang/>: every request has an `ApiKey`; a login gives a cookie; an enterprise
//! user also needs the organisation's certificate as TLS client certificate.

use std::sync::{Arc, PoisonError};

use axum::{
    Extension,
    body::Body,
    extract::{RawQuery, State},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::Response,
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use chrono::{DateTime, Utc};
use hyper::ext::ReasonPhrase;
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{
    caller::{bearer_token, consumer},
    wire,
};
use crate::{
    connections::PeerCertificates,
    simulator::{
        clients_file::ClientsSnapshot,
        faults::responses::{Decision, typed, with_status},
        registry::Orgno,
        state::SimulatorState,
        validator,
    },
};

/// The cookie of a login.
const COOKIE: &str = ".ASPXAUTH";
/// The media type of the API.
const HAL: &str = "application/hal+json; charset=utf-8";
/// The audiences that are Altinn, of tokens for its test environment and for production.
const AUDIENCES: [&str; 2] = ["https://tt02.altinn.no/", "https://www.altinn.no/"];
const NO_API_KEY: &str = "Required header 'ApiKey' is missing.";
const WRONG_API_KEY: &str = "Forbidden - The API key is not authorized for this operation";
const NO_ORGANISATION: &str =
    "Authorization failed: There is no authenticated organization number set on this request.";

/// The body of a login.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct PasswordLogin {
    user_name: String,
    user_password: String,
}

/// Logs a user in; with `?ForceEIAuthentication` an enterprise user, whose certificate must be that of its organisation.
pub(super) async fn login(
    State(state): State<Arc<SimulatorState>>,
    RawQuery(query): RawQuery,
    certificates: Option<Extension<PeerCertificates>>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let clients = state.clients();
    if let Some(refusal) = wrong_api_key(&clients, &headers) {
        return refusal;
    }
    let is_enterprise = query.as_deref().is_some_and(|query| {
        url::form_urlencoded::parse(query.as_bytes())
            .any(|(name, _)| name.eq_ignore_ascii_case("ForceEIAuthentication"))
    });
    let orgno = match is_enterprise.then(|| certified_organisation(&state, &clients, certificates.as_deref())) {
        None => None,
        Some(Ok(orgno)) => Some(orgno),
        Some(Err(why)) => return refuse(StatusCode::UNAUTHORIZED, NO_ORGANISATION, &why),
    };
    if !is_json(&headers) {
        let why = "the Content-Type is not application/hal+json";
        return refuse(StatusCode::UNSUPPORTED_MEDIA_TYPE, "Unsupported Media Type", why);
    }
    let credentials: PasswordLogin = match wire::read(body).await {
        Ok(credentials) => credentials,
        Err(response) => return *response,
    };
    let password = SecretString::from(credentials.user_password);
    let user = clients.registry.altinn.user(&credentials.user_name, password.expose_secret());
    let why = match user {
        None => "the user name or the password is wrong",
        Some(user) if user.orgno.as_ref().map(Orgno::as_str) != orgno.as_deref() => {
            "the user is not one of the organisation in the certificate"
        }
        Some(_) => return start_session(&state, &clients, credentials.user_name, orgno),
    };
    refuse(StatusCode::UNAUTHORIZED, "Unauthorized", why)
}

fn start_session(
    state: &SimulatorState,
    clients: &ClientsSnapshot,
    user_name: String,
    orgno: Option<String>,
) -> Response {
    let decision = match &orgno {
        Some(orgno) => format!("enterprise user of {orgno} logged in"),
        None => "user logged in".to_owned(),
    };
    let now = state.now(clients);
    let started = state.sessions.lock().unwrap_or_else(PoisonError::into_inner).start(user_name, orgno, now);
    let Some(cookie) = started.ok().flatten() else {
        return refuse(StatusCode::SERVICE_UNAVAILABLE, "Service Unavailable", "there are too many sessions");
    };
    let secure = if state.issuer.starts_with("https:") { "; secure" } else { "" };
    let mut response = typed(HAL, Body::empty());
    if let Ok(value) = HeaderValue::from_str(&format!("{COOKIE}={cookie}; path=/; HttpOnly{secure}")) {
        response.headers_mut().insert(header::SET_COOKIE, value);
    }
    response.extensions_mut().insert(Decision(decision));
    response
}

/// Returns the organisation number in the client certificate, which the handshake has proved the key of.
fn certified_organisation(
    state: &SimulatorState,
    clients: &ClientsSnapshot,
    certificates: Option<&PeerCertificates>,
) -> Result<String, String> {
    let certificates = certificates.ok_or("the connection has no client certificate")?;
    let chain: Vec<String> = certificates.0.iter().map(|certificate| STANDARD.encode(certificate)).collect();
    let strictness = state.strictness(clients);
    let verified = validator::certificate(Some(&json!(chain)), &state.anchors, strictness, state.now(clients));
    let verified = verified.map_err(|refusal| format!("client certificate: {}", refusal.summary()))?;
    verified.orgno.ok_or_else(|| "the client certificate has no organisation number".to_owned())
}

/// The messages of whoever has logged in, of which there are none.
pub(super) async fn messagebox(State(state): State<Arc<SimulatorState>>, headers: HeaderMap) -> Response {
    resource(&state, &headers, "api/my/messagebox", |_| None)
}

/// The organisations that have registered a service owner as their agent, of which there are none.
pub(super) async fn reportees(State(state): State<Arc<SimulatorState>>, headers: HeaderMap) -> Response {
    resource(&state, &headers, "api/serviceowner/reportees", |caller| {
        let is_service_owner = caller.scope.split(' ').any(|scope| scope == "altinn:serviceowner");
        (!is_service_owner).then_some("the caller has no token with the scope altinn:serviceowner")
    })
}

/// Who has logged in, or whose token it is.
struct ApiCaller {
    name: String,
    scope: String,
}

fn resource(
    state: &SimulatorState,
    headers: &HeaderMap,
    path: &str,
    forbidden: impl FnOnce(&ApiCaller) -> Option<&'static str>,
) -> Response {
    let clients = state.clients();
    if let Some(refusal) = wrong_api_key(&clients, headers) {
        return refusal;
    }
    let caller = match caller(state, &clients, headers) {
        Ok(caller) => caller,
        Err(why) => return refuse(StatusCode::UNAUTHORIZED, "Unauthorized", why),
    };
    if let Some(why) = forbidden(&caller) {
        return refuse(StatusCode::FORBIDDEN, "Forbidden", why);
    }
    let body = json!({
        "Name": caller.name,
        "_links": { "self": { "href": format!("{}{path}", state.issuer) } },
        "_embedded": {},
    });
    let mut response = typed(HAL, body.to_string().into());
    response.extensions_mut().insert(Decision(format!("hello to {}", caller.name)));
    response
}

/// Finds the caller by the cookie, or by a token of Altinn, Maskinporten or ID-porten.
fn caller(state: &SimulatorState, clients: &ClientsSnapshot, headers: &HeaderMap) -> Result<ApiCaller, &'static str> {
    let now = state.now(clients);
    if let Some(token) = bearer_token(headers) {
        let claims = state
            .altinn
            .verified_claims(token, now)
            .or_else(|_| state.idporten.issuer.verified_claims(token, now))
            .or_else(|_| of_maskinporten(state, token, now))?;
        let text = |name| claims.get(name).and_then(Value::as_str);
        let organisation = consumer(&claims).map(|orgno| orgno.as_str().to_owned());
        let name = organisation.or_else(|| text("pid").map(str::to_owned)).ok_or("the token names nobody")?;
        return Ok(ApiCaller { name, scope: text("scope").unwrap_or_default().to_owned() });
    }
    let cookies = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut cookies = cookies.flat_map(|value| value.split(';')).filter_map(|pair| pair.trim().split_once('='));
    let (_, cookie) = cookies.find(|(name, _)| *name == COOKIE).ok_or("the request has no cookie and no token")?;
    let sessions = state.sessions.lock().unwrap_or_else(PoisonError::into_inner);
    let session = sessions.find(cookie, now).ok_or("the cookie is not that of a session")?;
    Ok(ApiCaller { name: session.orgno.as_ref().unwrap_or(&session.user_name).clone(), scope: String::new() })
}

/// Verifies a token of Maskinporten, whose audience must be Altinn.
fn of_maskinporten(
    state: &SimulatorState,
    token: &str,
    now: DateTime<Utc>,
) -> Result<Map<String, Value>, &'static str> {
    let claims = state.token_issuer.verified_claims(token, &state.issuer, now)?;
    let is_altinn = |audience: &Value| audience.as_str().is_some_and(|text| AUDIENCES.contains(&text));
    let audience = claims.get("aud");
    if audience
        .is_some_and(|audience| is_altinn(audience) || audience.as_array().is_some_and(|all| all.iter().any(is_altinn)))
    {
        Ok(claims)
    } else {
        Err("the token was not requested for the resource https://tt02.altinn.no/")
    }
}

fn wrong_api_key(clients: &ClientsSnapshot, headers: &HeaderMap) -> Option<Response> {
    let Some(key) = headers.get("apikey").and_then(|value| value.to_str().ok()) else {
        return Some(refuse(StatusCode::BAD_REQUEST, NO_API_KEY, NO_API_KEY));
    };
    let is_known = clients.registry.altinn.api_keys.iter().any(|own| own.is(key));
    (!is_known).then(|| refuse(StatusCode::FORBIDDEN, WRONG_API_KEY, "the API key is not registered"))
}

fn is_json(headers: &HeaderMap) -> bool {
    let content_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let media_type = content_type.split(';').next().unwrap_or_default().trim();
    ["application/hal+json", "application/json"].iter().any(|known| media_type.eq_ignore_ascii_case(known))
}

/// Refuses a request with a reason phrase, which is where this API has its explanations.
fn refuse(status: StatusCode, phrase: &'static str, why: &str) -> Response {
    let mut response = with_status(status, Response::default());
    response.extensions_mut().insert(ReasonPhrase::from_static(phrase.as_bytes()));
    response.extensions_mut().insert(Decision(why.to_owned()));
    response
}
